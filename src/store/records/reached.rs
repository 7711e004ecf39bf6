//! The stages that consumers came to, and what only the mode kept from being done for them.

use jiff::Timestamp;
use machine::model::{ConsumerId, Fact, RotationKey, Stage, WouldAct};
use serde::{Deserialize, Serialize};

use super::words::{ProcedureRecord, StageRecord};
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
    /// What would have been done. A version that does not know it reads one more look at a stale consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    would: Option<ProcedureRecord>,
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
            would: None,
        }
    }

    pub(super) fn would(would: &WouldAct) -> Self {
        let WouldAct {
            rotation,
            consumer,
            procedure,
            at,
            why,
        } = would;
        Self {
            would: Some((*procedure).into()),
            ..Self::new(rotation, consumer, Stage::Stale, *at, why)
        }
    }

    pub(super) fn holding_old(self, old: Option<Timestamp>) -> Self {
        Self { old, ..self }
    }
}

impl TryFrom<ReachedRecord> for Fact {
    type Error = String;

    fn try_from(record: ReachedRecord) -> Result<Self, String> {
        let consumer = consumer(&record.consumer)?;
        let rotation = record.rotation.into();
        let (at, why) = (record.at, record.why);
        Ok(match record.would {
            Some(procedure) => Self::WouldAct(WouldAct {
                rotation,
                consumer,
                procedure: procedure.into(),
                at,
                why,
            }),
            None => Self::Reached {
                rotation,
                consumer,
                stage: record.stage.into(),
                at,
                why,
                old: record.old,
            },
        })
    }
}

/// Who uses what was promoted. Formats 1 and 2 have no word for it.
#[derive(Serialize, Deserialize)]
pub(super) struct UsersRecord {
    rotation: RotationRecord,
    at: Timestamp,
    consumers: Vec<String>,
}

impl UsersRecord {
    pub(super) fn new(rotation: &RotationKey, at: Timestamp, consumers: &[ConsumerId]) -> Self {
        Self {
            rotation: rotation.into(),
            at,
            consumers: consumers.iter().map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<UsersRecord> for Fact {
    type Error = String;

    fn try_from(record: UsersRecord) -> Result<Self, String> {
        let consumers = record.consumers.iter().map(|text| consumer(text));
        Ok(Self::Users {
            rotation: record.rotation.into(),
            at: record.at,
            consumers: consumers.collect::<Result<_, _>>()?,
        })
    }
}
