//! Reads. Every method answers with its [`Look`](machine::model::Look) in AWS's time and pages to the end, within a bound.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{FunctionSeen, SecretArn, SecretSeen, SecretSummary, ServiceSeen, VersionId};
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

/// One event of a log group.
#[derive(Clone, Debug)]
pub struct LogEvent {
    pub at: Timestamp,
    pub message: String,
}

#[async_trait]
pub trait LogReads: Send + Sync {
    /// FilterLogEvents since `since`, in order of time. An absent group answers with no events and `false`.
    async fn events(&self, group: &str, since: Timestamp) -> ReadResult<(bool, Vec<LogEvent>)>;
}

/// A service as DescribeServices lists it, for discovery.
#[derive(Clone, Debug)]
pub struct ServiceSummary {
    pub name: String,
    pub task_definition: String,
}

/// A task as DescribeTasks lists it, for discovery.
#[derive(Clone, Debug)]
pub struct TaskSummary {
    pub arn: String,
    pub task_definition: String,
    /// `service:NAME` for a service's tasks.
    pub group: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct TaskDefinition {
    pub containers: Vec<ContainerDefinition>,
}

#[derive(Clone, Debug, Default)]
pub struct ContainerDefinition {
    pub name: String,
    pub image: String,
    /// `secrets[].valueFrom` and `logConfiguration.secretOptions[].valueFrom`.
    pub value_from: Vec<String>,
    /// Plain environment. Compared and dropped by discovery: values may be secret.
    pub environment: Vec<EnvironmentVariable>,
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
