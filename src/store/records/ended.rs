//! What became of what was decided.

use jiff::Timestamp;
use machine::model::{AttemptId, Done, Fact, NoEffect, Outcome};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct EndedRecord {
    attempt: String,
    at: Timestamp,
    outcome: OutcomeRecord,
}

impl EndedRecord {
    pub(super) fn new(attempt: &AttemptId, at: Timestamp, outcome: &Outcome) -> Self {
        Self {
            attempt: attempt.to_string(),
            at,
            outcome: OutcomeRecord::from(outcome),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeRecord {
    Written {
        deployment: Option<String>,
    },
    AlreadySo,
    Throttled,
    Denied {
        iam_action: String,
        resource: String,
    },
    Conflict {
        expected: String,
        found: String,
    },
    Rejected {
        why: String,
    },
    NotSent {
        why: String,
    },
    /// From format 2 on.
    Unfit {
        why: String,
    },
    InDoubt {
        why: String,
    },
}

impl From<&Outcome> for OutcomeRecord {
    fn from(outcome: &Outcome) -> Self {
        match outcome.clone() {
            Outcome::Done(Done::Written { began }) => Self::Written { deployment: began },
            Outcome::Done(Done::AlreadySo) => Self::AlreadySo,
            Outcome::NoEffect(NoEffect::Throttled) => Self::Throttled,
            Outcome::NoEffect(NoEffect::Denied { iam_action, resource }) => {
                Self::Denied { iam_action, resource }
            }
            Outcome::NoEffect(NoEffect::Conflict { expected, found }) => Self::Conflict { expected, found },
            Outcome::NoEffect(NoEffect::Rejected { why }) => Self::Rejected { why },
            Outcome::NoEffect(NoEffect::NotSent { why }) => Self::NotSent { why },
            Outcome::NoEffect(NoEffect::Unfit { why }) => Self::Unfit { why },
            Outcome::InDoubt { why } => Self::InDoubt { why },
        }
    }
}

impl From<EndedRecord> for Fact {
    fn from(record: EndedRecord) -> Self {
        let outcome = match record.outcome {
            OutcomeRecord::Written { deployment } => Outcome::Done(Done::Written { began: deployment }),
            OutcomeRecord::AlreadySo => Outcome::Done(Done::AlreadySo),
            OutcomeRecord::Throttled => Outcome::NoEffect(NoEffect::Throttled),
            OutcomeRecord::Denied { iam_action, resource } => {
                Outcome::NoEffect(NoEffect::Denied { iam_action, resource })
            }
            OutcomeRecord::Conflict { expected, found } => {
                Outcome::NoEffect(NoEffect::Conflict { expected, found })
            }
            OutcomeRecord::Rejected { why } => Outcome::NoEffect(NoEffect::Rejected { why }),
            OutcomeRecord::NotSent { why } => Outcome::NoEffect(NoEffect::NotSent { why }),
            OutcomeRecord::Unfit { why } => Outcome::NoEffect(NoEffect::Unfit { why }),
            OutcomeRecord::InDoubt { why } => Outcome::InDoubt { why },
        };
        Self::Ended {
            attempt: AttemptId::new(record.attempt),
            at: record.at,
            outcome,
        }
    }
}
