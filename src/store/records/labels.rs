//! What looks at a secret told: its staging labels, and which versions have a value.

use jiff::Timestamp;
use machine::model::{Dates, Fact, Labels, Look, SecretArn, VersionId};
use serde::{Deserialize, Serialize};

use super::{LookRecord, text};

#[derive(Serialize, Deserialize)]
pub(super) struct LabelsRecord {
    secret: String,
    look: LookRecord,
    current: Option<String>,
    pending: Option<String>,
    previous: Option<String>,
    changed: Option<Timestamp>,
    /// Left out where it is not told, as in older rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated: Option<Timestamp>,
}

impl LabelsRecord {
    pub(super) fn new(secret: &SecretArn, look: Look, labels: &Labels, dates: Dates) -> Self {
        Self {
            secret: secret.to_string(),
            look: look.into(),
            current: text(&labels.current),
            pending: text(&labels.pending),
            previous: text(&labels.previous),
            changed: dates.changed,
            rotated: dates.rotated,
        }
    }
}

impl From<LabelsRecord> for Fact {
    fn from(record: LabelsRecord) -> Self {
        let version = |text: Option<String>| text.map(VersionId::new);
        Self::Labels {
            secret: SecretArn::new(record.secret),
            look: record.look.into(),
            labels: Labels {
                current: version(record.current),
                pending: version(record.pending),
                previous: version(record.previous),
            },
            dates: Dates {
                changed: record.changed,
                rotated: record.rotated,
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ValuedRecord {
    secret: String,
    version: String,
    look: LookRecord,
    present: bool,
}

impl ValuedRecord {
    pub(super) fn new(secret: &SecretArn, version: &VersionId, look: Look, present: bool) -> Self {
        Self {
            secret: secret.to_string(),
            version: version.to_string(),
            look: look.into(),
            present,
        }
    }
}

impl From<ValuedRecord> for Fact {
    fn from(record: ValuedRecord) -> Self {
        Self::Valued {
            secret: SecretArn::new(record.secret),
            version: VersionId::new(record.version),
            look: record.look.into(),
            present: record.present,
        }
    }
}
