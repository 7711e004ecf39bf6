//! Targets: what a write changes, and what attempts and their outcomes belong to.

use std::fmt;

use super::{ConsumerId, SecretArn};

/// What a write changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Secret(SecretArn),
    Consumer(ConsumerId),
}

impl Target {
    pub fn consumer(&self) -> Option<&ConsumerId> {
        match self {
            Self::Consumer(consumer) => Some(consumer),
            Self::Secret(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(secret) => f.write_str(secret.name()),
            Self::Consumer(consumer) => write!(f, "{consumer}"),
        }
    }
}
