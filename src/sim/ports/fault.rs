//! What goes wrong with calls, as data.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// What is to go wrong, in no order.
pub type Faults = Arc<Mutex<Vec<Fault>>>;

/// A failure of the next `times` calls of an operation, within its window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub operation: &'static str,
    pub times: u32,
    pub kind: FaultKind,
    /// From when until when; nothing for always.
    pub window: Option<(Timestamp, Timestamp)>,
}

impl Fault {
    fn is_met(&self, operation: &str, now: Timestamp) -> bool {
        let in_time = self.window.is_none_or(|(from, to)| (from..to).contains(&now));
        self.operation == operation && self.times > 0 && in_time
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Throttled,
    Denied,
    /// Nothing happened, and there is no answer.
    LostBefore,
    /// It happened, and there is no answer: the connection is cut.
    LostAfter,
    /// The answer takes so long.
    Slow(SignedDuration),
    /// The answer is as old as this.
    Stale(SignedDuration),
    /// Something is missing in the answer.
    Partial,
    /// The journal's disk has no room.
    Full,
}

impl FaultKind {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::LostBefore => "lost before its effect",
            Self::LostAfter => "lost after its effect",
            Self::Slow(_) => "slow",
            Self::Stale(_) => "stale",
            Self::Partial => "partial",
            Self::Full => "disk full",
        }
    }

    /// Whether it makes a difference to this operation: an answer is old or lacks something only where the account keeps
    /// what was before, or where there are lists.
    pub fn disturbs(&self, operation: &str) -> bool {
        match self {
            Self::Stale(_) => WITH_A_PAST.contains(&operation),
            Self::Partial => LISTS.contains(&operation),
            Self::Throttled
            | Self::Denied
            | Self::LostBefore
            | Self::LostAfter
            | Self::Slow(_)
            | Self::Full => true,
        }
    }

    /// What it adds to one way through the network.
    pub(super) fn delay(&self) -> SignedDuration {
        match self {
            Self::Slow(delay) => *delay / 2,
            _ => SignedDuration::ZERO,
        }
    }

    /// Whether no answer arrives.
    pub(super) fn loses(&self) -> bool {
        matches!(self, Self::LostBefore | Self::LostAfter)
    }

    pub(super) fn lag(&self) -> SignedDuration {
        match self {
            Self::Stale(lag) => *lag,
            _ => SignedDuration::ZERO,
        }
    }
}

const WITH_A_PAST: [&str; 8] = [
    "secretsmanager:ListSecrets",
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:GetSecretValue",
    "logs:FilterLogEvents",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "rds:DescribeEvents",
];
const LISTS: [&str; 6] = [
    "secretsmanager:ListSecrets",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "lambda:ListFunctions",
    "rds:DescribeDBInstances",
    "cloudwatch:GetMetricData",
];

/// The fault that this call meets, if any.
pub(in crate::sim) fn next_fault(faults: &Faults, operation: &str, now: Timestamp) -> Option<FaultKind> {
    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    let fault = faults.iter_mut().find(|fault| fault.is_met(operation, now))?;
    fault.times -= 1;
    Some(fault.kind.clone())
}
