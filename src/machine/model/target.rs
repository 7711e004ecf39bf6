//! Subjects: what facts, attempts, waits and findings belong to.

use std::fmt;

use super::{ConsumerId, SecretArn};

/// What something is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Secret(SecretArn),
    Consumer(ConsumerId),
}

impl Subject {
    pub fn consumer(&self) -> Option<&ConsumerId> {
        match self {
            Self::Consumer(consumer) => Some(consumer),
            Self::Secret(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(secret) => f.write_str(secret.name()),
            Self::Consumer(consumer) => write!(f, "{consumer}"),
        }
    }
}
