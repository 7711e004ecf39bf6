//! Reads. Every method answers with its [`Look`](machine::model::Look) in AWS's time and pages to the end, within a bound.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{
    FunctionSeen, LogReach, SecretArn, SecretSeen, SecretSummary, ServiceSeen, ServiceSettings, VersionId,
};
use secrecy::SecretString;

use super::ReadResult;

#[async_trait]
pub trait SecretReads: Send + Sync {
    /// ListSecrets, all pages.
    async fn list(&self) -> ReadResult<Vec<SecretSummary>>;
    /// DescribeSecret; `None` where there is no such secret.
    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>>;
    /// ListSecretVersionIds with deprecated versions left out: the versions that have a value.
    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>>;
    /// GetSecretValue of one version that carries `stage` (AWSCURRENT, AWSPENDING or AWSPREVIOUS), for login tests only.
    /// `None` where the value is binary or the version has none.
    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>>;
}

/// Which events of a log group are asked for.
#[derive(Clone, Debug)]
pub struct LogWanted {
    pub group: String,
    /// Where functions share the group, the others' events are left out.
    pub function: String,
    pub since: Timestamp,
}

impl LogWanted {
    /// Whether a stream may be the function's: Lambda names it `YYYY/MM/DD/NAME[VERSION]…` in a group that was given to
    /// the function, and `YYYY/MM/DD/[VERSION]…` in the function's own (aws-facts: The rotation Lambda's log).
    pub fn takes(&self, stream: &str) -> bool {
        let named = stream.splitn(4, '/').nth(3).and_then(|rest| rest.split_once('['));
        named.is_none_or(|(name, _)| name.is_empty() || name == self.function)
    }
}

/// One event of a log group.
#[derive(Clone, Debug)]
pub struct LogEvent {
    pub at: Timestamp,
    /// The log stream: of one execution environment.
    pub stream: String,
    pub message: String,
}

/// What was read of a log group.
#[derive(Clone, Debug)]
pub struct LogRead {
    pub reach: LogReach,
    pub events: Vec<LogEvent>,
}

#[async_trait]
pub trait LogReads: Send + Sync {
    /// FilterLogEvents, in order of time. What keeps the group from being read for good is an answer, too.
    async fn events(&self, wanted: &LogWanted) -> ReadResult<LogRead>;
}

/// A service as DescribeServices lists it, for discovery.
#[derive(Clone, Debug)]
pub struct ServiceSummary {
    pub name: String,
    pub task_definition: String,
    /// `valueFrom` of the service itself: Service Connect's log configuration in its primary deployment.
    pub value_from: Vec<String>,
    /// Nothing where the answer does not tell.
    pub settings: Option<ServiceSettings>,
    /// Of a load balancer in front of it: `targetgroup/NAME/ID`.
    pub target_groups: Vec<String>,
}

/// A task as DescribeTasks lists it, for discovery.
#[derive(Clone, Debug)]
pub struct TaskSummary {
    pub arn: String,
    pub task_definition: String,
    /// `service:NAME` for a service's tasks.
    pub group: Option<String>,
    pub created: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub struct TaskDefinition {
    pub containers: Vec<ContainerDefinition>,
    /// What its volumes log in with (FSx for Windows: `authorizationConfig.credentialsParameter`).
    pub of_volumes: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct ContainerDefinition {
    pub name: String,
    pub image: String,
    /// `secrets[].valueFrom` and `logConfiguration.secretOptions[].valueFrom`.
    pub value_from: Vec<String>,
    /// Plain environment. Compared and dropped by discovery: values may be secret.
    pub environment: Vec<EnvironmentVariable>,
    /// Entry point, command and the health check's command, each with its words on lines of their own. Compared and
    /// dropped as well.
    pub commands: Vec<SecretString>,
}

/// One environment variable. `Debug` never shows its value.
#[derive(Clone)]
pub struct EnvironmentVariable {
    pub name: String,
    pub value: SecretString,
}

impl std::fmt::Debug for EnvironmentVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

#[async_trait]
pub trait EcsReads: Send + Sync {
    async fn clusters(&self) -> ReadResult<Vec<String>>;
    /// ListServices, then DescribeServices by ten.
    async fn services(&self, cluster: &str) -> ReadResult<Vec<ServiceSummary>>;
    /// Running tasks of the cluster that no service started.
    async fn standalone_tasks(&self, cluster: &str) -> ReadResult<Vec<TaskSummary>>;
    /// By its ARN with the revision, which never changes.
    async fn task_definition(&self, arn: &str) -> ReadResult<TaskDefinition>;
    /// DescribeServices, ListTasks and DescribeTasks of one service; `None` where it is gone or inactive.
    async fn service(&self, cluster: &str, service: &str) -> ReadResult<Option<ServiceSeen>>;
}

/// A function as ListFunctions lists it.
#[derive(Clone, Debug)]
pub struct FunctionSummary {
    pub name: String,
    pub arn: String,
    pub environment: Vec<EnvironmentVariable>,
    /// Entry point and command of a container image, as of a container.
    pub commands: Vec<SecretString>,
    /// The environment could not be decrypted for us.
    pub environment_error: Option<String>,
}

#[async_trait]
pub trait LambdaReads: Send + Sync {
    async fn functions(&self) -> ReadResult<Vec<FunctionSummary>>;
    /// GetFunction, GetFunctionConcurrency, aliases and provisioned concurrency; `None` where it is gone.
    async fn function(&self, name: &str) -> ReadResult<Option<FunctionSeen>>;
    /// Where a function logs: its `LoggingConfig.LogGroup`, else `/aws/lambda/NAME` (aws-facts: The rotation Lambda's log).
    async fn log_group(&self, name: &str) -> ReadResult<String>;
}
