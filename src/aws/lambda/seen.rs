//! Lambda's answers in our own words.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{AliasConfiguration, FunctionConfiguration, LastUpdateStatus, SnapStartApplyOn};
use jiff::Timestamp;
use jiff::fmt::strtime;
use machine::model::{Alias, FunctionSeen, SleepTag, UpdateStatus};
use secrecy::SecretString;

use super::super::clock::from_millisecond;
use super::environment;
use crate::ports::{EnvironmentVariable, FunctionSummary};

/// What other calls than GetFunction tell.
pub(super) struct Parts {
    pub(super) reserved: Option<u32>,
    pub(super) pinned_aliases: Vec<Alias>,
    pub(super) provisioned: bool,
}

/// Fails with what is missing in the answer.
pub(super) fn function(answer: &GetFunctionOutput, parts: Parts) -> Result<FunctionSeen, String> {
    let configuration = answer.configuration().ok_or("no configuration")?;
    let revision = configuration.revision_id().ok_or("no RevisionId")?;
    let sleep_tag = answer.tags().and_then(|tags| tags.get(SleepTag::KEY));
    Ok(FunctionSeen {
        revision: revision.to_owned(),
        last_modified: configuration.last_modified().and_then(last_modified),
        update: update_status(configuration),
        environment: environment::seen(configuration.environment()),
        reserved: parts.reserved,
        provisioned: parts.provisioned,
        snap_start: has_snap_start(configuration),
        managed_instances: configuration.capacity_provider_config().is_some(),
        tenants: configuration.tenancy_config().is_some(),
        durable: configuration.durable_config().is_some(),
        pinned_aliases: parts.pinned_aliases,
        sleep_tag: sleep_tag.and_then(|value| SleepTag::parse(value)),
    })
}

pub(super) fn summary(configuration: FunctionConfiguration) -> Option<FunctionSummary> {
    let image = configuration
        .image_config_response()
        .and_then(|image| image.image_config());
    let commands = image.map(|image| [image.entry_point(), image.command()]);
    let commands = commands.into_iter().flatten().filter(|words| !words.is_empty());
    let commands = commands
        .map(|words| SecretString::from(words.join("\n")))
        .collect();
    let environment = configuration.environment;
    let error = environment.as_ref().and_then(|found| found.error());
    let environment_error = error.map(environment::unreadable);
    let variables = environment.and_then(|found| found.variables).unwrap_or_default();
    let variable = |(name, value)| EnvironmentVariable {
        name,
        value: SecretString::from(value),
    };
    Some(FunctionSummary {
        name: configuration.function_name?,
        arn: configuration.function_arn?,
        environment: variables.into_iter().map(variable).collect(),
        commands,
        environment_error,
    })
}

/// An alias on $LATEST follows every update.
pub(super) fn pinned_alias(alias: &AliasConfiguration) -> Option<Alias> {
    let version = alias.function_version().filter(|version| *version != "$LATEST")?;
    Some(Alias {
        name: alias.name()?.to_owned(),
        version: version.to_owned(),
    })
}

pub(super) fn log_group(configuration: &GetFunctionConfigurationOutput, asked: &str) -> String {
    let logging = configuration.logging_config();
    let named = logging
        .and_then(|logging| logging.log_group())
        .filter(|group| !group.is_empty());
    named.map_or_else(
        || format!("/aws/lambda/{}", configuration.function_name().unwrap_or(asked)),
        str::to_owned,
    )
}

fn update_status(configuration: &FunctionConfiguration) -> UpdateStatus {
    match configuration.last_update_status() {
        None | Some(LastUpdateStatus::Successful) => UpdateStatus::Successful,
        Some(LastUpdateStatus::Failed) => UpdateStatus::Failed,
        Some(_) => UpdateStatus::InProgress,
    }
}

fn has_snap_start(configuration: &FunctionConfiguration) -> bool {
    let applies = configuration.snap_start().and_then(|found| found.apply_on());
    applies == Some(&SnapStartApplyOn::PublishedVersions)
}

/// `2026-01-31T23:59:59.000+0000`.
fn last_modified(text: &str) -> Option<Timestamp> {
    let parsed = strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
    from_millisecond(parsed.to_timestamp().ok()?.as_millisecond())
}
