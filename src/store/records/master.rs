//! What is known of a secret's database of RDS, and what RDS told of its master user's password. Formats 1 to 3 have no word for it.

use jiff::Timestamp;
use machine::model::{Belongs, Fact, Look, ManagedStatus, MasterState, RdsId, Reset, SecretArn};
use serde::{Deserialize, Serialize};

use super::words::words;
use super::{Kind, LookRecord, Row};

#[derive(Serialize, Deserialize)]
pub(super) struct MasterRecord {
    secret: String,
    look: LookRecord,
    resetting: bool,
    managed: Option<ManagedRecord>,
}

words!(
    ManagedRecord = ManagedStatus {
        Creating,
        Active,
        Rotating,
        Impaired,
        Other
    }
);

impl MasterRecord {
    fn new(secret: &SecretArn, look: Look, state: MasterState) -> Self {
        Self {
            secret: secret.to_string(),
            look: look.into(),
            resetting: state.resetting,
            managed: state.managed.map(ManagedRecord::from),
        }
    }
}

pub(super) fn row(secret: &SecretArn, look: Look, state: MasterState) -> Row {
    super::row(
        Kind::Master,
        Some(secret),
        &MasterRecord::new(secret, look, state),
    )
}

impl From<MasterRecord> for Fact {
    fn from(record: MasterRecord) -> Self {
        Self::Master {
            secret: SecretArn::new(record.secret),
            look: record.look.into(),
            state: MasterState {
                resetting: record.resetting,
                managed: record.managed.map(ManagedStatus::from),
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ResetRecord {
    secret: String,
    at: Timestamp,
    failed: bool,
}

impl ResetRecord {
    fn new(secret: &SecretArn, reset: Reset) -> Self {
        Self {
            secret: secret.to_string(),
            at: reset.at,
            failed: reset.failed,
        }
    }
}

pub(super) fn reset_row(secret: &SecretArn, reset: Reset) -> Row {
    super::row(Kind::Reset, Some(secret), &ResetRecord::new(secret, reset))
}

impl From<ResetRecord> for Fact {
    fn from(record: ResetRecord) -> Self {
        let ResetRecord { secret, at, failed } = record;
        Self::Reset {
            secret: SecretArn::new(secret),
            reset: Reset { at, failed },
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct BelongsRecord {
    secret: String,
    database: String,
    master_user: bool,
}

impl BelongsRecord {
    fn new(secret: &SecretArn, belongs: &Belongs) -> Self {
        Self {
            secret: secret.to_string(),
            database: belongs.database.to_string(),
            master_user: belongs.master_user,
        }
    }
}

pub(super) fn belongs_row(secret: &SecretArn, belongs: &Belongs) -> Row {
    super::row(Kind::Belongs, Some(secret), &BelongsRecord::new(secret, belongs))
}

impl TryFrom<BelongsRecord> for Fact {
    type Error = String;

    fn try_from(record: BelongsRecord) -> Result<Self, String> {
        let belongs = Belongs {
            database: database(&record.database)?,
            master_user: record.master_user,
        };
        let secret = SecretArn::new(record.secret);
        Ok(Self::Belongs { secret, belongs })
    }
}

/// A database of RDS as records name it.
pub(super) fn database(text: &str) -> Result<RdsId, String> {
    RdsId::parse(text).ok_or_else(|| format!("{text:?} is no database of RDS"))
}
