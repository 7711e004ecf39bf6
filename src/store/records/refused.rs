//! Refused logins, of which databases count so many before they lock an account. Format 1 has no word for them.

use jiff::Timestamp;
use machine::model::{Fact, Refusal, SecretArn, VersionId};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct RefusedRecord {
    secret: String,
    /// The secret and version that were tried: another's, where both name one account.
    of: String,
    version: String,
    at: Timestamp,
}

impl From<&Refusal> for RefusedRecord {
    fn from(refusal: &Refusal) -> Self {
        Self {
            secret: refusal.secret.to_string(),
            of: refusal.of.to_string(),
            version: refusal.version.to_string(),
            at: refusal.at,
        }
    }
}

impl From<RefusedRecord> for Fact {
    fn from(record: RefusedRecord) -> Self {
        Self::Refused(Refusal {
            at: record.at,
            of: SecretArn::new(record.of),
            version: VersionId::new(record.version),
            secret: SecretArn::new(record.secret),
        })
    }
}
