//! What was decided.

use jiff::Timestamp;
use machine::model::{Action, AttemptId, Decision, RotationKey, SleepTag};
use serde::{Deserialize, Serialize};

use super::{RotationRecord, consumer};

#[derive(Serialize, Deserialize)]
pub(super) struct DecisionRecord {
    attempt: String,
    consumer: String,
    action: ActionRecord,
    rotations: Vec<RotationRecord>,
    at: Timestamp,
    deadline: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActionRecord {
    Redeploy {
        fresh_after: Timestamp,
    },
    UpdateEnvironment {
        marker: String,
        revision: String,
    },
    TagSleep {
        attempt: String,
        former: Option<u32>,
        deadline: Timestamp,
    },
    Sleep {
        former: Option<u32>,
    },
    Restore {
        former: Option<u32>,
    },
    Untag,
}

impl From<&Decision> for DecisionRecord {
    fn from(decision: &Decision) -> Self {
        let action = match decision.action.clone() {
            Action::Redeploy { fresh_after } => ActionRecord::Redeploy { fresh_after },
            Action::UpdateEnvironment { marker, revision } => {
                ActionRecord::UpdateEnvironment { marker, revision }
            }
            Action::TagSleep { tag } => ActionRecord::TagSleep {
                attempt: tag.attempt.to_string(),
                former: tag.former,
                deadline: tag.deadline,
            },
            Action::Sleep { former } => ActionRecord::Sleep { former },
            Action::Restore { former } => ActionRecord::Restore { former },
            Action::Untag => ActionRecord::Untag,
        };
        Self {
            attempt: decision.attempt.to_string(),
            consumer: decision.consumer.to_string(),
            action,
            rotations: decision.rotations.iter().map(RotationRecord::from).collect(),
            at: decision.at,
            deadline: decision.deadline,
        }
    }
}

impl TryFrom<DecisionRecord> for Decision {
    type Error = String;

    fn try_from(record: DecisionRecord) -> Result<Self, String> {
        let action = match record.action {
            ActionRecord::Redeploy { fresh_after } => Action::Redeploy { fresh_after },
            ActionRecord::UpdateEnvironment { marker, revision } => {
                Action::UpdateEnvironment { marker, revision }
            }
            ActionRecord::TagSleep {
                attempt,
                former,
                deadline,
            } => Action::TagSleep {
                tag: SleepTag {
                    attempt: AttemptId::new(attempt),
                    former,
                    deadline,
                },
            },
            ActionRecord::Sleep { former } => Action::Sleep { former },
            ActionRecord::Restore { former } => Action::Restore { former },
            ActionRecord::Untag => Action::Untag,
        };
        Ok(Self {
            attempt: AttemptId::new(record.attempt),
            consumer: consumer(&record.consumer)?,
            action,
            rotations: record.rotations.into_iter().map(RotationKey::from).collect(),
            at: record.at,
            deadline: record.deadline,
        })
    }
}
