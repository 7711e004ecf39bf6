//! The journal's records: types of their own, so that the machine's may change while old files still open.

mod braked;
mod decided;
mod ended;
mod finding;
mod labels;
mod log;
mod login;
mod master;
mod paced;
mod reached;
mod refused;
#[cfg(test)]
mod tests;
mod words;

use jiff::Timestamp;
use machine::findings::Kind as Finding;
use machine::model::{
    ConsumerId, Fact, LogLine, Look, LookKey, NoEffect, Outcome, Part, Procedure, RotationKey, Scope,
    SecretArn, Subject, VersionId, WriteKind,
};
use serde::de::value::{Error as DeError, StrDeserializer};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use braked::BrakedRecord;
use decided::DecisionRecord;
use ended::EndedRecord;
use finding::FindingRecord;
use labels::{LabelsRecord, ValuedRecord};
use log::LogRecord;
use login::LoginRecord;
use master::{BelongsRecord, MasterRecord, ResetRecord};
use paced::PacedRecord;
use reached::{ReachedRecord, UsersRecord};
use refused::RefusedRecord;

/// What a new journal is, until its first record that this format does not know: so long an older program reads it.
pub(super) const FIRST_FORMAT: i64 = 1;
/// The newest format that this program reads and writes.
pub(super) const FORMAT: i64 = 4;

/// What a record tells of. Its word stands in the row, beside the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Labels,
    Valued,
    Log,
    Login,
    Decided,
    Ended,
    Reached,
    Refused,
    Paced,
    Finding,
    Braked,
    Users,
    Master,
    Reset,
    Belongs,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Valued => "valued",
            Self::Log => "log",
            Self::Login => "login",
            Self::Decided => "decided",
            Self::Ended => "ended",
            Self::Reached => "reached",
            Self::Refused => "refused",
            Self::Paced => "paced",
            Self::Finding => "finding",
            Self::Braked => "braked",
            Self::Users => "users",
            Self::Master => "master",
            Self::Reset => "reset",
            Self::Belongs => "belongs",
        }
    }

    fn parse(word: &str) -> Result<Self, String> {
        let word_of = StrDeserializer::<DeError>::new(word);
        Self::deserialize(word_of).map_err(|_| format!("unknown kind {word:?}"))
    }
}

/// One row: what it is about, what it is, and its JSON.
pub(super) struct Row {
    pub(super) secret: Option<String>,
    pub(super) kind: Kind,
    pub(super) body: String,
}

/// The first format that has words for a fact.
pub(super) fn format(fact: &Fact) -> i64 {
    if is_of_the_fourth(fact) {
        return 4;
    }
    let is_of_the_second = match fact {
        Fact::Master { .. } | Fact::Reset { .. } | Fact::Belongs { .. } => return 4,
        Fact::Finding(_) | Fact::Braked { .. } | Fact::Users { .. } => return 3,
        Fact::Refused(_) | Fact::Paced { .. } => true,
        Fact::Decided(decision) => decision.write.kind() == WriteKind::Promote,
        Fact::Ended { outcome, .. } => matches!(outcome, Outcome::NoEffect(NoEffect::Unfit { .. })),
        Fact::WouldAct(would) => would.procedure == Procedure::RollForward,
        Fact::Log { fact, .. } => fact.line == LogLine::SetEnded,
        Fact::Labels { .. } | Fact::Valued { .. } | Fact::Login { .. } | Fact::Reached { .. } => false,
    };
    if is_of_the_second { 2 } else { 1 }
}

/// Facts of kinds that formats before the fourth know, about what they have no words for: databases and proxies of RDS.
fn is_of_the_fourth(fact: &Fact) -> bool {
    let is_proxy = |consumer: &ConsumerId| matches!(consumer, ConsumerId::Proxy { .. });
    match fact {
        Fact::Reached { consumer, .. } => is_proxy(consumer),
        Fact::Users { consumers, .. } => consumers.iter().any(is_proxy),
        Fact::Finding(fact) => {
            let is_of_rds = match &fact.id.subject {
                Subject::Database(_) | Subject::Application(_) => true,
                Subject::Consumer(consumer) => is_proxy(consumer),
                Subject::Watchdog(Part::Look(
                    LookKey::Rds(_) | LookKey::Numbers(_) | LookKey::Discovery(Scope::Proxies),
                )) => true,
                Subject::Secret(_) | Subject::Watchdog(_) => false,
            };
            is_of_rds || fact.id.kind == Finding::MasterSecretImpaired
        }
        Fact::Labels { .. }
        | Fact::Valued { .. }
        | Fact::Log { .. }
        | Fact::Login { .. }
        | Fact::Decided(_)
        | Fact::Ended { .. }
        | Fact::WouldAct(_)
        | Fact::Refused(_)
        | Fact::Paced { .. }
        | Fact::Braked { .. }
        | Fact::Master { .. }
        | Fact::Reset { .. }
        | Fact::Belongs { .. } => false,
    }
}

pub(super) fn write(fact: &Fact) -> Row {
    match fact {
        Fact::Labels {
            secret,
            look,
            labels,
            dates,
        } => {
            let record = LabelsRecord::new(secret, *look, labels, *dates);
            row(Kind::Labels, Some(secret), &record)
        }
        Fact::Valued {
            secret,
            version,
            look,
            present,
        } => {
            let record = ValuedRecord::new(secret, version, *look, *present);
            row(Kind::Valued, Some(secret), &record)
        }
        Fact::Log { secret, fact } => row(Kind::Log, Some(secret), &LogRecord::new(secret, fact)),
        Fact::Login {
            secret,
            version,
            look,
            answer,
        } => {
            let record = LoginRecord::new(secret, version, *look, answer);
            row(Kind::Login, Some(secret), &record)
        }
        Fact::Decided(decision) => row(Kind::Decided, None, &DecisionRecord::from(decision)),
        Fact::Paced { rotation, pace } => {
            let record = PacedRecord::new(rotation, *pace);
            row(Kind::Paced, Some(&rotation.secret), &record)
        }
        Fact::Braked { secret, at, brake } => braked::row(secret, *at, *brake),
        Fact::Users {
            rotation,
            at,
            consumers,
        } => {
            let record = UsersRecord::new(rotation, *at, consumers);
            row(Kind::Users, Some(&rotation.secret), &record)
        }
        Fact::Master { secret, look, state } => master::row(secret, *look, *state),
        Fact::Reset { secret, reset } => master::reset_row(secret, *reset),
        Fact::Belongs { secret, belongs } => master::belongs_row(secret, belongs),
        Fact::Finding(fact) => row(Kind::Finding, fact.id.secret.as_ref(), &FindingRecord::from(fact)),
        Fact::Ended { attempt, at, outcome } => {
            row(Kind::Ended, None, &EndedRecord::new(attempt, *at, outcome))
        }
        Fact::Reached {
            rotation,
            consumer,
            stage,
            at,
            why,
            old,
        } => {
            let record = ReachedRecord::new(rotation, consumer, *stage, *at, why).holding_old(*old);
            row(Kind::Reached, Some(&rotation.secret), &record)
        }
        Fact::WouldAct(would) => {
            let secret = &would.rotation.secret;
            row(Kind::Reached, Some(secret), &ReachedRecord::would(would))
        }
        Fact::Refused(refusal) => row(
            Kind::Refused,
            Some(&refusal.secret),
            &RefusedRecord::from(refusal),
        ),
    }
}

fn row(kind: Kind, secret: Option<&SecretArn>, body: &impl Serialize) -> Row {
    // Plain structs of texts and numbers: there is nothing in them that JSON cannot say.
    let body = serde_json::to_string(body).unwrap_or_default();
    Row {
        secret: secret.map(SecretArn::to_string),
        kind,
        body,
    }
}

/// Reads a row back. The error says what does not fit.
pub(super) fn read(kind: &str, body: &str) -> Result<Fact, String> {
    match Kind::parse(kind)? {
        Kind::Labels => parse::<LabelsRecord>(body).map(Fact::from),
        Kind::Valued => parse::<ValuedRecord>(body).map(Fact::from),
        Kind::Log => parse::<LogRecord>(body).map(Fact::from),
        Kind::Login => parse::<LoginRecord>(body).map(Fact::from),
        Kind::Decided => Ok(Fact::Decided(parse::<DecisionRecord>(body)?.try_into()?)),
        Kind::Ended => parse::<EndedRecord>(body).map(Fact::from),
        Kind::Reached => parse::<ReachedRecord>(body)?.try_into(),
        Kind::Refused => parse::<RefusedRecord>(body).map(Fact::from),
        Kind::Paced => parse::<PacedRecord>(body).map(Fact::from),
        Kind::Finding => parse::<FindingRecord>(body)?.try_into(),
        Kind::Braked => parse::<BrakedRecord>(body).map(Fact::from),
        Kind::Users => parse::<UsersRecord>(body)?.try_into(),
        Kind::Master => parse::<MasterRecord>(body).map(Fact::from),
        Kind::Reset => parse::<ResetRecord>(body).map(Fact::from),
        Kind::Belongs => parse::<BelongsRecord>(body)?.try_into(),
    }
}

fn parse<T: DeserializeOwned>(body: &str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

fn text(version: &Option<VersionId>) -> Option<String> {
    version.as_ref().map(VersionId::to_string)
}

fn consumer(text: &str) -> Result<ConsumerId, String> {
    ConsumerId::parse(text).ok_or_else(|| format!("{text:?} is no consumer"))
}

#[derive(Serialize, Deserialize)]
struct LookRecord {
    sent: Timestamp,
    arrived: Timestamp,
}

impl From<Look> for LookRecord {
    fn from(look: Look) -> Self {
        Self {
            sent: look.sent,
            arrived: look.arrived,
        }
    }
}

impl From<LookRecord> for Look {
    fn from(record: LookRecord) -> Self {
        Self {
            sent: record.sent,
            arrived: record.arrived,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct RotationRecord {
    secret: String,
    version: String,
    n: u32,
}

impl From<&RotationKey> for RotationRecord {
    fn from(key: &RotationKey) -> Self {
        Self {
            secret: key.secret.to_string(),
            version: key.version.to_string(),
            n: key.n,
        }
    }
}

impl From<RotationRecord> for RotationKey {
    fn from(record: RotationRecord) -> Self {
        Self {
            secret: SecretArn::new(record.secret),
            version: VersionId::new(record.version),
            n: record.n,
        }
    }
}
