//! Databases that RDS runs, as DescribeDBInstances and its like tell of them (aws-facts: RDS).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{AccountId, DatabaseId, IdentifierId, SecretArn};

/// An instance or a cluster of RDS, by its identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RdsId {
    Instance(Arc<str>),
    Cluster(Arc<str>),
}

impl RdsId {
    /// RDS keeps identifiers in small letters, whatever a person writes.
    pub fn instance(identifier: &str) -> Self {
        Self::Instance(identifier.to_ascii_lowercase().into())
    }

    pub fn cluster(identifier: &str) -> Self {
        Self::Cluster(identifier.to_ascii_lowercase().into())
    }

    pub fn identifier(&self) -> &str {
        match self {
            Self::Instance(identifier) | Self::Cluster(identifier) => identifier,
        }
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, identifier) = text.split_once(':')?;
        match kind {
            _ if identifier.is_empty() => None,
            "rds-instance" => Some(Self::instance(identifier)),
            "rds-cluster" => Some(Self::cluster(identifier)),
            _ => None,
        }
    }
}

impl fmt::Display for RdsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(identifier) => write!(f, "rds-instance:{identifier}"),
            Self::Cluster(identifier) => write!(f, "rds-cluster:{identifier}"),
        }
    }
}

/// What RDS is asked for: each part is seen whole or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RdsPart {
    /// DescribeDBInstances.
    Instances,
    /// DescribeDBClusters.
    Clusters,
    /// DescribeEvents.
    Events,
}

impl RdsPart {
    /// The parts that list databases.
    pub const LISTS: [Self; 2] = [Self::Instances, Self::Clusters];

    /// The list that has a database.
    pub fn of(id: &RdsId) -> Self {
        match id {
            RdsId::Instance(_) => Self::Instances,
            RdsId::Cluster(_) => Self::Clusters,
        }
    }
}

/// A database as RDS lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdsDatabase {
    pub id: RdsId,
    pub engine: Arc<str>,
    /// DBInstanceStatus or DBCluster's Status, in AWS's words.
    pub status: Arc<str>,
    /// PendingModifiedValues.MasterUserPassword: a password was asked for, and has not come true.
    pub password_pending: bool,
    /// The secret that RDS itself keeps for the master user.
    pub managed: Option<ManagedSecret>,
    /// Of an instance: the cluster that it belongs to. Its master user is the cluster's.
    pub cluster: Option<RdsId>,
    /// By what secrets name it: `dbInstanceIdentifier` or `dbClusterIdentifier`.
    pub named: IdentifierId,
    /// What logins at its endpoints are known by.
    pub databases: BTreeSet<DatabaseId>,
    /// The master user at each of its endpoints, and by its identifier.
    pub masters: BTreeSet<AccountId>,
}

/// Statuses in which a database serves nobody, or needs a person, and what a person can do (RDS User Guide, "Viewing Amazon
/// RDS DB instance status"; "Viewing DB cluster status").
const UNWELL: [(&str, &str); 14] = [
    ("failed", "restore it from a snapshot or to a point in time"),
    (
        "inaccessible-encryption-credentials",
        "restore its KMS key, then start it, or restore a backup",
    ),
    (
        "inaccessible-encryption-credentials-recoverable",
        "enable its KMS key again within seven days, and start it",
    ),
    ("incompatible-create", "see its events, and create it anew"),
    (
        "incompatible-network",
        "give its subnets free addresses, and its security group a way in",
    ),
    (
        "incompatible-option-group",
        "see its events: an option could not be set or removed",
    ),
    (
        "incompatible-parameters",
        "reset the parameters that do not fit its engine or size, and reboot it",
    ),
    (
        "incompatible-restore",
        "see its events, and restore to another time",
    ),
    (
        "insufficient-capacity",
        "try again later, or with another class or zone",
    ),
    ("restore-error", "see its events, and restore it anew"),
    ("stopped", "start it"),
    (
        "storage-full",
        "give it more storage, or switch storage autoscaling on",
    ),
    ("cloning-failed", "see its events, and clone it anew"),
    ("migration-failed", "see its events, and migrate it anew"),
];

impl RdsDatabase {
    /// A new password is on its way into the database, or has just come true.
    pub fn is_resetting(&self) -> bool {
        self.password_pending || &*self.status == "resetting-master-credentials"
    }

    /// Every word of [`Self::health`].
    pub const HEALTH: [&'static str; 3] = ["available", "busy", "unwell"];

    /// Whether it serves; in AWS's words it may be busy in many ways.
    pub fn health(&self) -> &'static str {
        match (self.unwell(), &*self.status) {
            (Some(_), _) => "unwell",
            (None, "available") => "available",
            (None, _) => "busy",
        }
    }

    /// What a person can do about its status, where it is one in which it serves nobody.
    pub fn unwell(&self) -> Option<&'static str> {
        let mut unwell = UNWELL.iter();
        let (_, remedy) = unwell.find(|(status, _)| *status == &*self.status)?;
        Some(remedy)
    }
}

/// MasterUserSecret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedSecret {
    pub secret: SecretArn,
    pub status: ManagedStatus,
}

/// MasterUserSecret.SecretStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManagedStatus {
    Creating,
    Active,
    Rotating,
    /// It can be used, and it can not be rotated.
    Impaired,
    /// A word that is not documented.
    Other,
}

impl ManagedStatus {
    pub fn read(word: &str) -> Self {
        match word {
            "creating" => Self::Creating,
            "active" => Self::Active,
            "rotating" => Self::Rotating,
            "impaired" => Self::Impaired,
            _ => Self::Other,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Active => "active",
            Self::Rotating => "rotating",
            Self::Impaired => "impaired",
            Self::Other => "other",
        }
    }
}

/// How the master user's password stood at one look, for the secret that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MasterState {
    /// [`RdsDatabase::is_resetting`].
    pub resetting: bool,
    /// Of a secret that RDS itself keeps.
    pub managed: Option<ManagedStatus>,
}

/// What an event of RDS says of the master user's password. Events have no ids there: they are told by their message
/// (aws-facts: RDS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reset {
    pub at: Timestamp,
    /// "Unable to reset your password."
    pub failed: bool,
}

/// The same, with the database that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdsEvent {
    pub of: RdsId,
    pub reset: Reset,
}

/// What a rule says of its secrets' database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdsRule {
    pub database: RdsId,
    /// Whether its secrets are the master user's. Nothing where the rule leaves that to logins.
    pub master_user: Option<bool>,
}

/// The database of RDS that a secret belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belongs {
    pub database: RdsId,
    /// The secret is the master user's.
    pub master_user: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_write() {
        for id in [RdsId::instance("Orders"), RdsId::cluster("shop")] {
            assert_eq!(RdsId::parse(&id.to_string()), Some(id));
        }
        for broken in ["rds-instance:", "rds-proxy:x", "orders", ""] {
            assert_eq!(RdsId::parse(broken), None, "{broken}");
        }
    }
}
