//! The ports on AWS. SDK types and SDK errors stop here.
//!
//! Reading clients try three times; writing clients send a request once (design rule 2).

mod address;
mod attempts;
mod call;
mod clock;
mod connect;
mod ecs;
mod lambda;
mod logs;
mod metrics;
mod pages;
mod queue;
mod rds;
mod secrets;
mod trouble;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::shared::IntoShared;

pub use attempts::Observer;
pub use clock::{AwsClock, Now};
pub use connect::{AssumeRole, AwsOptions, ConnectError, Timeouts};

use crate::ports::{EventQueue, Login, Ports};
use address::Addressed;
use attempts::Attempts;
use ecs::Ecs;
use lambda::Lambda;
use logs::Logs;
use metrics::Metrics;
use queue::Queue;
use rds::Rds;
use secrets::Secrets;

const READ_ATTEMPTS: u32 = 3;

/// An account and region of AWS, as one set of credentials sees it.
#[derive(Clone)]
pub struct Aws {
    region: String,
    clock: AwsClock,
    secrets: Arc<Secrets>,
    logs: Arc<Logs>,
    ecs: Arc<Ecs>,
    lambda: Arc<Lambda>,
    rds: Arc<Rds>,
    metrics: Arc<Metrics>,
    queues: aws_sdk_sqs::Client,
}

/// A client of one service, made of what all clients share.
macro_rules! client {
    ($sdk:ident, $shared:expr, $retry:expr, $watch:expr) => {{
        let config = $sdk::config::Builder::from($shared);
        let config = config.retry_config($retry.clone()).interceptor($watch);
        $sdk::Client::from_conf(config.build())
    }};
}

impl Aws {
    fn new(shared: &SdkConfig, observer: &Observer, clock: AwsClock) -> Self {
        let shared = &addressed(shared);
        let read = RetryConfig::standard().with_max_attempts(READ_ATTEMPTS);
        let once = RetryConfig::standard().with_max_attempts(1);
        let watch = |service| Attempts {
            service,
            clock: clock.clone(),
            observer: observer.clone(),
        };
        let secrets = Secrets {
            reader: client!(aws_sdk_secretsmanager, shared, read, watch("secretsmanager")),
            writer: client!(aws_sdk_secretsmanager, shared, once, watch("secretsmanager")),
            clock: clock.clone(),
        };
        let logs = Logs {
            reader: client!(aws_sdk_cloudwatchlogs, shared, read, watch("logs")),
            clock: clock.clone(),
        };
        let ecs = Ecs::new(
            client!(aws_sdk_ecs, shared, read, watch("ecs")),
            client!(aws_sdk_ecs, shared, once, watch("ecs")),
            clock.clone(),
        );
        let lambda = Lambda {
            reader: client!(aws_sdk_lambda, shared, read, watch("lambda")),
            writer: client!(aws_sdk_lambda, shared, once, watch("lambda")),
            clock: clock.clone(),
        };
        let rds = Rds {
            reader: client!(aws_sdk_rds, shared, read, watch("rds")),
            clock: clock.clone(),
        };
        let metrics = Metrics {
            reader: client!(aws_sdk_cloudwatch, shared, read, watch("cloudwatch")),
            clock: clock.clone(),
            balancers: Mutex::default(),
        };
        let queues = client!(aws_sdk_sqs, &patient(shared), read, watch("sqs"));
        let region = shared.region().map(ToString::to_string);
        Self {
            region: region.unwrap_or_default(),
            clock,
            secrets: Arc::new(secrets),
            logs: Arc::new(logs),
            ecs: Arc::new(ecs),
            lambda: Arc::new(lambda),
            rds: Arc::new(rds),
            metrics: Arc::new(metrics),
            queues,
        }
    }

    /// All ports; logging in to databases is not AWS's.
    pub fn ports(&self, login: Arc<dyn Login>) -> Ports {
        Ports {
            secrets: self.secrets.clone(),
            secret_writes: self.secrets.clone(),
            logs: self.logs.clone(),
            ecs: self.ecs.clone(),
            ecs_writes: self.ecs.clone(),
            lambda: self.lambda.clone(),
            lambda_writes: self.lambda.clone(),
            rds: self.rds.clone(),
            metrics: self.metrics.clone(),
            login,
            events: None,
        }
    }

    /// The queue at this address.
    pub fn queue(&self, url: &str) -> Arc<dyn EventQueue> {
        Arc::new(Queue {
            client: self.queues.clone(),
            url: url.to_owned(),
            clock: self.clock.clone(),
        })
    }

    /// AWS's time, for the program's one clock.
    pub fn clock(&self) -> &AwsClock {
        &self.clock
    }

    pub fn region(&self) -> &str {
        &self.region
    }
}

/// The same, told where each call is sent.
fn addressed(shared: &SdkConfig) -> SdkConfig {
    let mut config = shared.to_builder();
    if let Some(client) = shared.http_client() {
        config.set_http_client(Some(Addressed(client).into_shared()));
    }
    config.build()
}

/// The same with time for a call that SQS answers after up to 20 seconds.
fn patient(shared: &SdkConfig) -> SdkConfig {
    let configured = shared.timeout_config().cloned();
    let mut timeouts = configured.map_or_else(TimeoutConfig::builder, TimeoutConfig::into_builder);
    let longer = |timeout: Option<Duration>| timeout.map(|timeout| timeout + queue::LONG_POLL);
    let was = shared.timeout_config();
    timeouts.set_read_timeout(longer(was.and_then(TimeoutConfig::read_timeout)));
    timeouts.set_operation_attempt_timeout(longer(was.and_then(TimeoutConfig::operation_attempt_timeout)));
    timeouts.set_operation_timeout(longer(was.and_then(TimeoutConfig::operation_timeout)));
    shared.to_builder().timeout_config(timeouts.build()).build()
}

/// Pinned: a new version of the SDK does not change retries or timeouts by itself.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}
