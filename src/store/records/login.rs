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
    /// What a later program learned to tell: what else is wrong where it was accepted, the code where it was
    /// unreachable. Records are only added to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    more: String,
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
            more: more(answer),
        }
    }
}

fn more(answer: &LoginAnswer) -> String {
    match answer {
        LoginAnswer::Admitted { but } => but.clone(),
        LoginAnswer::Unknown { code } => code.clone(),
        LoginAnswer::Accepted
        | LoginAnswer::Refused { .. }
        | LoginAnswer::Account { .. }
        | LoginAnswer::Busy { .. }
        | LoginAnswer::Unreachable { .. }
        | LoginAnswer::Tls { .. }
        | LoginAnswer::Unusable { .. } => String::new(),
    }
}

impl From<&LoginAnswer> for AnswerRecord {
    fn from(answer: &LoginAnswer) -> Self {
        match answer.clone() {
            LoginAnswer::Accepted | LoginAnswer::Admitted { .. } => Self::Accepted,
            LoginAnswer::Refused { code } => Self::Refused { code },
            LoginAnswer::Account { code } => Self::Account { code },
            LoginAnswer::Busy { code } => Self::Busy { code },
            LoginAnswer::Unreachable { why } => Self::Unreachable { why },
            LoginAnswer::Unknown { code } => Self::Unreachable {
                why: format!("the server answered with error {code}"),
            },
            LoginAnswer::Tls { why } => Self::Tls { why },
            LoginAnswer::Unusable { why } => Self::Unusable { why },
        }
    }
}

impl From<LoginRecord> for Fact {
    fn from(record: LoginRecord) -> Self {
        let more = record.more;
        let answer = match record.answer {
            AnswerRecord::Accepted if !more.is_empty() => LoginAnswer::Admitted { but: more },
            AnswerRecord::Unreachable { .. } if !more.is_empty() => LoginAnswer::Unknown { code: more },
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
