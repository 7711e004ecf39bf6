//! What was decided.

use std::sync::Arc;

use jiff::Timestamp;
use machine::model::{
    AttemptId, ConsumerId, CycleStep, Decision, RotationKey, SecretArn, SleepTag, Target, VersionId, Write,
};
use serde::{Deserialize, Serialize};

use super::{RotationRecord, consumer};

#[derive(Serialize, Deserialize)]
pub(super) struct DecisionRecord {
    attempt: String,
    /// Whom it refreshes; empty where it is a write to a secret.
    consumer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    action: ActionRecord,
    rotations: Vec<RotationRecord>,
    at: Timestamp,
    deadline: Timestamp,
}

/// A write without its subject.
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
    /// From format 2 on.
    Promote {
        version: String,
        from: String,
    },
}

impl From<&Decision> for DecisionRecord {
    fn from(decision: &Decision) -> Self {
        Self {
            attempt: decision.attempt.to_string(),
            consumer: decision
                .target()
                .consumer()
                .map(ToString::to_string)
                .unwrap_or_default(),
            secret: match decision.target() {
                Target::Secret(secret) => Some(secret.to_string()),
                Target::Consumer(_) => None,
            },
            action: ActionRecord::from(&decision.write),
            rotations: decision.serves.iter().map(RotationRecord::from).collect(),
            at: decision.at,
            deadline: decision.deadline,
        }
    }
}

impl From<&Write> for ActionRecord {
    fn from(write: &Write) -> Self {
        match write.clone() {
            Write::Redeploy { fresh_after, .. } => Self::Redeploy { fresh_after },
            Write::UpdateEnvironment { marker, revision, .. } => Self::UpdateEnvironment { marker, revision },
            Write::Cycle { step, .. } => match step {
                CycleStep::TagSleep { tag } => Self::TagSleep {
                    attempt: tag.attempt.to_string(),
                    former: tag.former,
                    deadline: tag.deadline,
                },
                CycleStep::Sleep { former } => Self::Sleep { former },
                CycleStep::Restore { former } => Self::Restore { former },
                CycleStep::Untag => Self::Untag,
            },
            Write::Promote { version, from, .. } => Self::Promote {
                version: version.to_string(),
                from: from.to_string(),
            },
        }
    }
}

impl TryFrom<DecisionRecord> for Decision {
    type Error = String;

    fn try_from(record: DecisionRecord) -> Result<Self, String> {
        let subject = match record.secret {
            Some(secret) => Target::Secret(SecretArn::new(secret)),
            None => Target::Consumer(consumer(&record.consumer)?),
        };
        Ok(Self {
            attempt: AttemptId::new(record.attempt),
            write: record.action.of(subject)?,
            guards: Vec::new(),
            serves: record.rotations.into_iter().map(RotationKey::from).collect(),
            at: record.at,
            deadline: record.deadline,
        })
    }
}

impl ActionRecord {
    /// The write, with its subject. The error says that they do not fit.
    fn of(self, subject: Target) -> Result<Write, String> {
        match subject {
            Target::Secret(secret) => self.of_secret(secret),
            Target::Consumer(consumer) => self.of_consumer(consumer),
        }
    }

    fn of_secret(self, secret: SecretArn) -> Result<Write, String> {
        match self {
            Self::Promote { version, from } => Ok(Write::Promote {
                secret,
                version: VersionId::new(version),
                from: VersionId::new(from),
            }),
            _ => Err(format!("its action is not one for secret {}", secret.name())),
        }
    }

    fn of_consumer(self, consumer: ConsumerId) -> Result<Write, String> {
        match (self, consumer) {
            (Self::Redeploy { fresh_after }, ConsumerId::Service { cluster, name }) => Ok(Write::Redeploy {
                cluster,
                service: name,
                fresh_after,
            }),
            (Self::UpdateEnvironment { marker, revision }, ConsumerId::Function { name }) => {
                Ok(Write::UpdateEnvironment {
                    function: name,
                    marker,
                    revision,
                })
            }
            (
                Self::TagSleep {
                    attempt,
                    former,
                    deadline,
                },
                ConsumerId::Function { name },
            ) => {
                let tag = SleepTag {
                    attempt: AttemptId::new(attempt),
                    former,
                    deadline,
                };
                Ok(cycle(name, CycleStep::TagSleep { tag }))
            }
            (Self::Sleep { former }, ConsumerId::Function { name }) => {
                Ok(cycle(name, CycleStep::Sleep { former }))
            }
            (Self::Restore { former }, ConsumerId::Function { name }) => {
                Ok(cycle(name, CycleStep::Restore { former }))
            }
            (Self::Untag, ConsumerId::Function { name }) => Ok(cycle(name, CycleStep::Untag)),
            (_, consumer) => Err(format!("its action is not one for {consumer}")),
        }
    }
}

fn cycle(function: Arc<str>, step: CycleStep) -> Write {
    Write::Cycle { function, step }
}
