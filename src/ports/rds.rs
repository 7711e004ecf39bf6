//! Reads of RDS: what runs the databases, and what stands in front of them.

use async_trait::async_trait;
use machine::model::{ManagedSecret, RdsEvent, RdsId};

use super::ReadResult;

/// A database as DescribeDBInstances or DescribeDBClusters lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdsSummary {
    pub id: RdsId,
    pub engine: String,
    pub status: String,
    /// PendingModifiedValues.MasterUserPassword is there; AWS never shows the password.
    pub password_pending: bool,
    pub managed: Option<ManagedSecret>,
    /// Of an instance: the cluster that it belongs to.
    pub cluster: Option<RdsId>,
    /// Hosts and ports at which it takes logins.
    pub endpoints: Vec<(String, u16)>,
    pub master_user: Option<String>,
}

/// An RDS Proxy as DescribeDBProxies lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySummary {
    pub name: String,
    pub endpoint: Option<String>,
    /// The secrets that it logs in with, by ARN (Auth[].SecretArn).
    pub secrets: Vec<String>,
}

#[async_trait]
pub trait RdsReads: Send + Sync {
    async fn instances(&self) -> ReadResult<Vec<RdsSummary>>;
    async fn clusters(&self) -> ReadResult<Vec<RdsSummary>>;
    async fn proxies(&self) -> ReadResult<Vec<ProxySummary>>;
    /// DescribeEvents of the last hour: those that tell of a master user's password, by their message.
    async fn events(&self) -> ReadResult<Vec<RdsEvent>>;
}
