//! The brake's tag on a secret. Formats 1 and 2 have no word for it.

use jiff::Timestamp;
use machine::model::{Brake, Fact, SecretArn};
use serde::{Deserialize, Serialize};

use super::words::words;
use super::{Kind, Row};

#[derive(Serialize, Deserialize)]
pub(super) struct BrakedRecord {
    secret: String,
    at: Timestamp,
    brake: Option<BrakeRecord>,
}

words!(BrakeRecord = Brake { Observe, Hold });

impl BrakedRecord {
    fn new(secret: &SecretArn, at: Timestamp, brake: Option<Brake>) -> Self {
        Self {
            secret: secret.to_string(),
            at,
            brake: brake.map(BrakeRecord::from),
        }
    }
}

pub(super) fn row(secret: &SecretArn, at: Timestamp, brake: Option<Brake>) -> Row {
    super::row(Kind::Braked, Some(secret), &BrakedRecord::new(secret, at, brake))
}

impl From<BrakedRecord> for Fact {
    fn from(record: BrakedRecord) -> Self {
        Self::Braked {
            secret: SecretArn::new(record.secret),
            at: record.at,
            brake: record.brake.map(Brake::from),
        }
    }
}
