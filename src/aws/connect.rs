//! Region, credentials and the shared HTTP client, resolved at the start.

use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::attempts::Observer;
use super::clock::{AwsClock, Now};
use super::trouble::chain;
use super::{Aws, behavior};

/// In the User-Agent, so that CloudTrail shows who acted.
const APP_NAME: &str = "rotation-watchdog";
/// For region and credentials together: a metadata service that is not there answers nobody.
const START_DEADLINE: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS: usize = 2;

/// How to reach AWS. What is absent comes from the environment, as the AWS SDKs define it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsOptions {
    pub region: Option<String>,
    /// Instead of AWS's own, for all services.
    pub endpoint_url: Option<String>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    pub assume_role: Option<AssumeRole>,
    pub timeouts: Timeouts,
}

/// A role to act as, with the credentials that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    pub role_arn: String,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
}

/// An operation is all its attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    pub read: Duration,
    pub attempt: Duration,
    pub operation: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            read: Duration::from_secs(8),
            attempt: Duration::from_secs(8),
            operation: Duration::from_secs(20),
        }
    }
}

/// Why the adapters cannot start: what was tried, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(
        "no AWS region: tried the configuration's aws.region, AWS_REGION, AWS_DEFAULT_REGION, profile {profile} \
         and the instance metadata service; set aws.region or AWS_REGION{way_out}"
    )]
    NoRegion { profile: String, way_out: String },
    #[error(
        "no AWS credentials: tried the environment, profile {profile}, a web identity token, the container's role \
         and the instance's role ({why}); give the process a role{way_out}"
    )]
    NoCredentials {
        profile: String,
        why: String,
        way_out: String,
    },
    #[error(
        "cannot act as {role_arn}: {why}; the role's trust policy must allow sts:AssumeRole to the credentials \
         found{external_id}"
    )]
    AssumeRole {
        role_arn: String,
        /// How the message goes on where an external id is sent.
        external_id: &'static str,
        why: String,
    },
    #[error(
        "region and credentials were not found within {} s, with profile {profile}: a metadata service does not answer; \
         set AWS_REGION and give the process a role, or set AWS_EC2_METADATA_DISABLED=true",
        START_DEADLINE.as_secs()
    )]
    Deadline { profile: String },
}

impl Aws {
    /// Finds region and credentials. Every attempt at a call is told to `observer`; `now` is the local clock.
    pub async fn connect(options: &AwsOptions, observer: Observer, now: Now) -> Result<Self, ConnectError> {
        Self::connect_as(options, None, observer, now).await
    }

    /// The same with credentials of the caller's, where there are any.
    pub async fn connect_as(
        options: &AwsOptions,
        credentials: Option<SharedCredentialsProvider>,
        observer: Observer,
        now: Now,
    ) -> Result<Self, ConnectError> {
        let clock = AwsClock::new(now);
        let resolving = resolve(options, credentials, &clock);
        let resolved = tokio::time::timeout(START_DEADLINE, resolving).await;
        let shared = resolved.map_err(|_| {
            let profile = profile(options);
            ConnectError::Deadline { profile }
        })??;
        Ok(Self::new(&shared, &observer, clock))
    }
}

async fn resolve(
    options: &AwsOptions,
    credentials: Option<SharedCredentialsProvider>,
    clock: &AwsClock,
) -> Result<SdkConfig, ConnectError> {
    let shared = load(options, credentials, clock).await;
    if shared.region().is_none() {
        return Err(no_region(options));
    }
    let Some(provider) = shared.credentials_provider() else {
        return Err(no_credentials(options, "no provider".to_owned()));
    };
    let found = provider.provide_credentials().await;
    found.map_err(|error| no_credentials(options, chain(&error)))?;
    match &options.assume_role {
        Some(role) => assume(shared, role).await,
        None => Ok(shared),
    }
}

async fn load(
    options: &AwsOptions,
    credentials: Option<SharedCredentialsProvider>,
    clock: &AwsClock,
) -> SdkConfig {
    let mut loader = aws_config::defaults(behavior())
        .http_client(http_client())
        .time_source(clock.clone())
        .timeout_config(timeouts(options.timeouts));
    if let Ok(name) = AppName::new(APP_NAME) {
        loader = loader.app_name(name);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(credentials) = credentials {
        loader = loader.credentials_provider(credentials);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

/// Acts as the role, once it has been tried.
async fn assume(shared: SdkConfig, role: &AssumeRole) -> Result<SdkConfig, ConnectError> {
    let session = role.session_name.as_deref().unwrap_or(APP_NAME);
    let mut provider = AssumeRoleProvider::builder(&role.role_arn)
        .session_name(session)
        .configure(&shared);
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    let tried = provider.provide_credentials().await;
    tried.map_err(|error| ConnectError::AssumeRole {
        role_arn: role.role_arn.clone(),
        external_id: role.external_id.as_ref().map_or("", |_| " with this external id"),
        why: chain(&error),
    })?;
    Ok(shared.into_builder().credentials_provider(provider).build())
}

fn http_client() -> SharedHttpClient {
    HttpBuilder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build_https()
}

pub(super) fn timeouts(timeouts: Timeouts) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.operation)
        .build()
}

fn no_region(options: &AwsOptions) -> ConnectError {
    ConnectError::NoRegion {
        profile: profile(options),
        way_out: with_the_profile(options).unwrap_or_default(),
    }
}

fn no_credentials(options: &AwsOptions, why: String) -> ConnectError {
    ConnectError::NoCredentials {
        profile: profile(options),
        why,
        way_out: with_the_profile(options).unwrap_or_else(|| ", or set AWS_PROFILE".to_owned()),
    }
}

/// Where the configuration names a profile, it may be mistyped.
fn with_the_profile(options: &AwsOptions) -> Option<String> {
    let name = options.profile.as_ref()?;
    Some(format!(
        ", or see that ~/.aws/config or ~/.aws/credentials has the profile {name:?} that aws.profile names"
    ))
}

fn profile(options: &AwsOptions) -> String {
    let named = options.profile.clone();
    named.unwrap_or_else(|| "AWS_PROFILE or default".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f10_a_profile_that_gives_nothing_is_named() {
        let named = AwsOptions {
            profile: Some("nosuch".to_owned()),
            ..AwsOptions::default()
        };
        let why = || "none in the chain".to_owned();
        let expected = "has the profile \"nosuch\" that aws.profile names";
        for error in [no_credentials(&named, why()), no_region(&named)] {
            assert!(error.to_string().ends_with(expected), "{error}");
        }
        let unnamed = no_credentials(&AwsOptions::default(), why()).to_string();
        assert!(unnamed.ends_with("or set AWS_PROFILE"), "{unnamed}");
    }
}
