//! The stages that consumers came to.

use jiff::Timestamp;
use machine::model::{ConsumerId, Fact, RotationKey, Stage};
use serde::{Deserialize, Serialize};

use super::words::StageRecord;
use super::{RotationRecord, consumer};

#[derive(Serialize, Deserialize)]
pub(super) struct ReachedRecord {
    rotation: RotationRecord,
    consumer: String,
    stage: StageRecord,
    at: Timestamp,
    why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    old: Option<Timestamp>,
}

impl ReachedRecord {
    pub(super) fn new(
        rotation: &RotationKey,
        consumer: &ConsumerId,
        stage: Stage,
        at: Timestamp,
        why: &str,
    ) -> Self {
        Self {
            rotation: rotation.into(),
            consumer: consumer.to_string(),
            stage: stage.into(),
            at,
            why: why.to_owned(),
            old: None,
        }
    }

    pub(super) fn holding_old(self, old: Option<Timestamp>) -> Self {
        Self { old, ..self }
    }
}

impl TryFrom<ReachedRecord> for Fact {
    type Error = String;

    fn try_from(record: ReachedRecord) -> Result<Self, String> {
        Ok(Self::Reached {
            consumer: consumer(&record.consumer)?,
            rotation: record.rotation.into(),
            stage: record.stage.into(),
            at: record.at,
            why: record.why,
            old: record.old,
        })
    }
}
