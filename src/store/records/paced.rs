//! How long good rotations took: what patience is learned from. Format 1 has no word for it.

use jiff::{SignedDuration, Timestamp};
use machine::model::{Fact, Pace, RotationKey};
use serde::{Deserialize, Serialize};

use super::RotationRecord;

#[derive(Serialize, Deserialize)]
pub(super) struct PacedRecord {
    rotation: RotationRecord,
    took_ms: u32,
    at: Timestamp,
}

impl PacedRecord {
    pub(super) fn new(rotation: &RotationKey, pace: Pace) -> Self {
        Self {
            rotation: rotation.into(),
            took_ms: u32::try_from(pace.took.as_millis()).unwrap_or(u32::MAX),
            at: pace.at,
        }
    }
}

impl From<PacedRecord> for Fact {
    fn from(record: PacedRecord) -> Self {
        Self::Paced {
            rotation: record.rotation.into(),
            pace: Pace {
                took: SignedDuration::from_millis(record.took_ms.into()),
                at: record.at,
            },
        }
    }
}
