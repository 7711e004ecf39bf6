//! Subjects: what findings are about.

use std::fmt;
use std::sync::Arc;

use super::{ConsumerId, LookKey, RdsId, RdsPart, Scope, SecretArn};

/// What something that people should know is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Secret(SecretArn),
    Consumer(ConsumerId),
    /// A database that RDS runs.
    Database(RdsId),
    /// What is one application to people, by its name.
    Application(Arc<str>),
    /// The watchdog itself.
    Watchdog(Part),
}

/// What of the watchdog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Journal,
    RollForward,
    /// All rules together: what they make it watch.
    Rules,
    /// One rule, in words: `rule 1 (prefix "shop/")`.
    Rule(Arc<str>),
    /// An entry of `discovery.database_hosts`.
    DatabaseHost(Arc<str>),
    Look(LookKey),
    /// The way that events take to us.
    Events,
}

impl Subject {
    pub fn consumer(&self) -> Option<&ConsumerId> {
        match self {
            Self::Consumer(consumer) => Some(consumer),
            Self::Secret(_) | Self::Database(_) | Self::Application(_) | Self::Watchdog(_) => None,
        }
    }
}

impl Subject {
    /// In words that no other subject has: those for people leave out which version a login is made with.
    pub fn key(&self) -> String {
        match self {
            Self::Watchdog(Part::Look(LookKey::Login(_, version))) => format!("{self} {version}"),
            Self::Secret(_)
            | Self::Consumer(_)
            | Self::Database(_)
            | Self::Application(_)
            | Self::Watchdog(_) => self.to_string(),
        }
    }
}

impl From<&LookKey> for Subject {
    fn from(key: &LookKey) -> Self {
        match key {
            LookKey::Consumer(consumer) => Self::Consumer(consumer.clone()),
            LookKey::Sweep
            | LookKey::Secret(_)
            | LookKey::Versions(_)
            | LookKey::Log(_)
            | LookKey::Login(..)
            | LookKey::Discovery(_)
            | LookKey::Events
            | LookKey::Rds(_)
            | LookKey::Numbers(_) => Self::Watchdog(Part::Look(key.clone())),
        }
    }
}

impl LookKey {
    /// The secret that it looks at, if it is one secret.
    pub fn secret(&self) -> Option<&SecretArn> {
        match self {
            Self::Secret(secret) | Self::Versions(secret) | Self::Log(secret) | Self::Login(secret, _) => {
                Some(secret)
            }
            Self::Sweep
            | Self::Consumer(_)
            | Self::Discovery(_)
            | Self::Events
            | Self::Rds(_)
            | Self::Numbers(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(secret) => f.write_str(secret.name()),
            Self::Consumer(consumer) => write!(f, "{consumer}"),
            Self::Database(id) => write!(f, "{id}"),
            Self::Application(name) => write!(f, "application {name}"),
            Self::Watchdog(part) => write!(f, "{part}"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal => f.write_str("journal"),
            Self::RollForward => f.write_str("roll forward"),
            Self::Rules => f.write_str("secrets"),
            Self::Rule(rule) => f.write_str(rule),
            Self::DatabaseHost(host) => write!(f, "discovery.database_hosts {host}"),
            Self::Look(key) => write!(f, "{key}"),
            Self::Events => f.write_str("events"),
        }
    }
}

/// What is looked at, in words: `labels of shop/db`.
impl fmt::Display for LookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sweep => f.write_str("list of secrets"),
            Self::Secret(secret) => write!(f, "labels of {}", secret.name()),
            Self::Versions(secret) => write!(f, "versions of {}", secret.name()),
            Self::Log(secret) => write!(f, "rotation log of {}", secret.name()),
            Self::Login(secret, _) => write!(f, "login test of {}", secret.name()),
            Self::Consumer(consumer) => write!(f, "{consumer}"),
            Self::Discovery(Scope::Clusters) => f.write_str("list of clusters"),
            Self::Discovery(Scope::Cluster(cluster)) => write!(f, "services of cluster {cluster}"),
            Self::Discovery(Scope::Tasks(cluster)) => write!(f, "standalone tasks of cluster {cluster}"),
            Self::Discovery(Scope::Functions) => f.write_str("Lambda functions"),
            Self::Discovery(Scope::Proxies) => f.write_str("RDS Proxies"),
            Self::Discovery(Scope::Declared) => f.write_str("declared consumers"),
            Self::Events => f.write_str("queue of events"),
            Self::Rds(RdsPart::Instances) => f.write_str("RDS instances"),
            Self::Rds(RdsPart::Clusters) => f.write_str("RDS clusters"),
            Self::Rds(RdsPart::Events) => f.write_str("events of RDS"),
            Self::Numbers(measured) => write!(f, "numbers of {measured}"),
        }
    }
}
