//! Writes. Each is sent once: its answer says whether it may be sent again.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{Outcome, SecretArn, VersionId};

/// The environment variable whose change makes Lambda start new environments.
pub const MARKER_VARIABLE: &str = "ROTATION_WATCHDOG_REFRESH";

/// A write's outcome and the time of its answer, in AWS's time.
pub type WriteResult = (Timestamp, Outcome);

#[async_trait]
pub trait EcsWrites: Send + Sync {
    /// UpdateService with forceNewDeployment and nothing else. `Done` carries the new primary deployment.
    async fn force_deployment(&self, cluster: &str, service: &str) -> WriteResult;
}

#[async_trait]
pub trait LambdaWrites: Send + Sync {
    /// Reads the configuration, merges `name = value` into its variables and updates it, guarded by `revision`.
    ///
    /// `NoEffect` where the environment was not readable in full, would pass 4 KB, or the revision differs
    /// (aws-facts: Lambda).
    async fn merge_variable(&self, function: &str, name: &str, value: &str, revision: &str) -> WriteResult;
    async fn put_concurrency(&self, function: &str, reserved: u32) -> WriteResult;
    async fn delete_concurrency(&self, function: &str) -> WriteResult;
    async fn tag(&self, function: &str, key: &str, value: &str) -> WriteResult;
    async fn untag(&self, function: &str, key: &str) -> WriteResult;
}

#[async_trait]
pub trait SecretWrites: Send + Sync {
    /// UpdateSecretVersionStage: AWSCURRENT moves to `version`, if it is on `from` (aws-facts: Staging labels).
    ///
    /// A conflict where the label is on another version: nothing has moved then. AWSPENDING stays where it is.
    async fn promote(&self, secret: &SecretArn, version: &VersionId, from: &VersionId) -> WriteResult;
}
