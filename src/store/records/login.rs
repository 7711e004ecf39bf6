//! What logins answered.

use machine::model::{Fact, LoginAnswer, Look, SecretArn, VersionId};
use serde::{Deserialize, Serialize};

use super::LookRecord;

#[derive(Serialize, Deserialize)]
pub(super) struct LoginRecord {
    secret: String,
    version: String,
    look: LookRecord,
    answer: AnswerRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AnswerRecord {
    Accepted,
    Refused { code: String },
    Account { code: String },
    Busy { code: String },
    Unreachable { why: String },
    Tls { why: String },
    Unusable { why: String },
}

impl LoginRecord {
    pub(super) fn new(secret: &SecretArn, version: &VersionId, look: Look, answer: &LoginAnswer) -> Self {
        Self {
            secret: secret.to_string(),
            version: version.to_string(),
            look: look.into(),
            answer: AnswerRecord::from(answer),
        }
    }
}

impl From<&LoginAnswer> for AnswerRecord {
    fn from(answer: &LoginAnswer) -> Self {
        match answer.clone() {
            LoginAnswer::Accepted => Self::Accepted,
            LoginAnswer::Refused { code } => Self::Refused { code },
            LoginAnswer::Account { code } => Self::Account { code },
            LoginAnswer::Busy { code } => Self::Busy { code },
            LoginAnswer::Unreachable { why } => Self::Unreachable { why },
            LoginAnswer::Tls { why } => Self::Tls { why },
            LoginAnswer::Unusable { why } => Self::Unusable { why },
        }
    }
}

impl From<LoginRecord> for Fact {
    fn from(record: LoginRecord) -> Self {
        let answer = match record.answer {
            AnswerRecord::Accepted => LoginAnswer::Accepted,
            AnswerRecord::Refused { code } => LoginAnswer::Refused { code },
            AnswerRecord::Account { code } => LoginAnswer::Account { code },
            AnswerRecord::Busy { code } => LoginAnswer::Busy { code },
            AnswerRecord::Unreachable { why } => LoginAnswer::Unreachable { why },
            AnswerRecord::Tls { why } => LoginAnswer::Tls { why },
            AnswerRecord::Unusable { why } => LoginAnswer::Unusable { why },
        };
        Self::Login {
            secret: SecretArn::new(record.secret),
            version: VersionId::new(record.version),
            look: record.look.into(),
            answer,
        }
    }
}
