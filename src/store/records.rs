//! The journal's records, format 1: types of their own, so that the machine's may change while old files still open.

mod reached;

use jiff::Timestamp;
use machine::model::{
    Action, AttemptId, ConsumerId, Decision, DeploymentId, Done, Fact, Labels, LogFact, LogLine, LoginAnswer,
    Look, NoEffect, Outcome, RotationKey, SecretArn, SleepTag, Stage, Step, Strategy, VersionId,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use reached::ReachedRecord;

/// One row: what it is about, what it is, and its JSON.
pub(super) struct Row {
    pub(super) secret: Option<String>,
    pub(super) kind: &'static str,
    pub(super) body: String,
}

pub(super) fn write(fact: &Fact) -> Row {
    match fact {
        Fact::Labels {
            secret,
            look,
            labels,
            changed,
        } => {
            let body = LabelsRecord {
                secret: secret.to_string(),
                look: (*look).into(),
                current: text(&labels.current),
                pending: text(&labels.pending),
                previous: text(&labels.previous),
                changed: *changed,
            };
            row(Some(secret), "labels", &body)
        }
        Fact::Valued {
            secret,
            version,
            look,
            present,
        } => {
            let (secret_text, version) = (secret.to_string(), version.to_string());
            row(
                Some(secret),
                "valued",
                &ValuedRecord {
                    secret: secret_text,
                    version,
                    look: (*look).into(),
                    present: *present,
                },
            )
        }
        Fact::Log { secret, fact } => {
            let body = LogRecord {
                secret: secret.to_string(),
                at: fact.at,
                line: LineRecord::from(&fact.line),
            };
            row(Some(secret), "log", &body)
        }
        Fact::Login {
            secret,
            version,
            look,
            answer,
        } => {
            let body = LoginRecord {
                secret: secret.to_string(),
                version: version.to_string(),
                look: (*look).into(),
                answer: AnswerRecord::from(answer),
            };
            row(Some(secret), "login", &body)
        }
        Fact::Decided(decision) => row(None, "decided", &DecisionRecord::from(decision)),
        Fact::Ended { attempt, at, outcome } => {
            let body = EndedRecord {
                attempt: attempt.to_string(),
                at: *at,
                outcome: OutcomeRecord::from(outcome),
            };
            row(None, "ended", &body)
        }
        Fact::Reached {
            rotation,
            consumer,
            stage,
            at,
            why,
        } => {
            let body = ReachedRecord::new(rotation, consumer, *stage, *at, why);
            row(Some(&rotation.secret), "reached", &body)
        }
    }
}

fn row(secret: Option<&SecretArn>, kind: &'static str, body: &impl Serialize) -> Row {
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
    match kind {
        "labels" => parse::<LabelsRecord>(body).map(Fact::from),
        "valued" => parse::<ValuedRecord>(body).map(Fact::from),
        "log" => parse::<LogRecord>(body).map(Fact::from),
        "login" => parse::<LoginRecord>(body).map(Fact::from),
        "decided" => Ok(Fact::Decided(parse::<DecisionRecord>(body)?.try_into()?)),
        "ended" => parse::<EndedRecord>(body).map(Fact::from),
        "reached" => parse::<ReachedRecord>(body)?.try_into(),
        other => Err(format!("unknown kind {other:?}")),
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
struct LabelsRecord {
    secret: String,
    look: LookRecord,
    current: Option<String>,
    pending: Option<String>,
    previous: Option<String>,
    changed: Option<Timestamp>,
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
            changed: record.changed,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ValuedRecord {
    secret: String,
    version: String,
    look: LookRecord,
    present: bool,
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

#[derive(Serialize, Deserialize)]
struct LogRecord {
    secret: String,
    at: Timestamp,
    line: LineRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LineRecord {
    Done {
        step: StepRecord,
        version: Option<String>,
        strategy: Option<StrategyRecord>,
    },
    Failed {
        step: Option<StepRecord>,
        why: String,
    },
}

impl From<&LogLine> for LineRecord {
    fn from(line: &LogLine) -> Self {
        match line {
            LogLine::Done {
                step,
                version,
                strategy,
            } => Self::Done {
                step: (*step).into(),
                version: text(version),
                strategy: strategy.map(Into::into),
            },
            LogLine::Failed { step, why } => Self::Failed {
                step: step.map(Into::into),
                why: why.clone(),
            },
        }
    }
}

impl From<LogRecord> for Fact {
    fn from(record: LogRecord) -> Self {
        let line = match record.line {
            LineRecord::Done {
                step,
                version,
                strategy,
            } => LogLine::Done {
                step: step.into(),
                version: version.map(VersionId::new),
                strategy: strategy.map(Into::into),
            },
            LineRecord::Failed { step, why } => LogLine::Failed {
                step: step.map(Into::into),
                why,
            },
        };
        Self::Log {
            secret: SecretArn::new(record.secret),
            fact: LogFact { at: record.at, line },
        }
    }
}

/// An enum of plain words, the same on both sides.
macro_rules! words {
    ($(#[$attribute:meta])* $record:ident = $model:ident { $($word:ident),* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        $(#[$attribute])*
        enum $record { $($word),* }

        impl From<$model> for $record {
            fn from(word: $model) -> Self {
                match word { $($model::$word => Self::$word),* }
            }
        }

        impl From<$record> for $model {
            fn from(word: $record) -> Self {
                match word { $($record::$word => Self::$word),* }
            }
        }
    };
}

words!(
    #[expect(clippy::enum_variant_names, reason = "the steps as AWS calls them")]
    StepRecord = Step {
        CreateSecret,
        SetSecret,
        TestSecret,
        FinishSecret
    }
);
words!(
    StrategyRecord = Strategy {
        SingleUser,
        AlternatingUsers,
        Managed,
        Unknown
    }
);
words!(
    StageRecord = Stage {
        Unknown,
        Stale,
        Refreshing,
        Presumed,
        Fresh,
        Beyond
    }
);

#[derive(Serialize, Deserialize)]
struct LoginRecord {
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

#[derive(Serialize, Deserialize)]
struct DecisionRecord {
    attempt: String,
    consumer: String,
    action: ActionRecord,
    rotations: Vec<RotationRecord>,
    at: Timestamp,
    deadline: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActionRecord {
    Redeploy {
        fresh_after: Timestamp,
    },
    UpdateEnvironment {
        marker: String,
        revision: String,
    },
    TagSleep {
        attempt: String,
        former: Option<u32>,
        deadline: Timestamp,
    },
    Sleep {
        former: Option<u32>,
    },
    Restore {
        former: Option<u32>,
    },
    Untag,
}

impl From<&Decision> for DecisionRecord {
    fn from(decision: &Decision) -> Self {
        let action = match decision.action.clone() {
            Action::Redeploy { fresh_after } => ActionRecord::Redeploy { fresh_after },
            Action::UpdateEnvironment { marker, revision } => {
                ActionRecord::UpdateEnvironment { marker, revision }
            }
            Action::TagSleep { tag } => ActionRecord::TagSleep {
                attempt: tag.attempt.to_string(),
                former: tag.former,
                deadline: tag.deadline,
            },
            Action::Sleep { former } => ActionRecord::Sleep { former },
            Action::Restore { former } => ActionRecord::Restore { former },
            Action::Untag => ActionRecord::Untag,
        };
        Self {
            attempt: decision.attempt.to_string(),
            consumer: decision.consumer.to_string(),
            action,
            rotations: decision.rotations.iter().map(RotationRecord::from).collect(),
            at: decision.at,
            deadline: decision.deadline,
        }
    }
}

impl TryFrom<DecisionRecord> for Decision {
    type Error = String;

    fn try_from(record: DecisionRecord) -> Result<Self, String> {
        let action = match record.action {
            ActionRecord::Redeploy { fresh_after } => Action::Redeploy { fresh_after },
            ActionRecord::UpdateEnvironment { marker, revision } => {
                Action::UpdateEnvironment { marker, revision }
            }
            ActionRecord::TagSleep {
                attempt,
                former,
                deadline,
            } => Action::TagSleep {
                tag: SleepTag {
                    attempt: AttemptId::new(attempt),
                    former,
                    deadline,
                },
            },
            ActionRecord::Sleep { former } => Action::Sleep { former },
            ActionRecord::Restore { former } => Action::Restore { former },
            ActionRecord::Untag => Action::Untag,
        };
        Ok(Self {
            attempt: AttemptId::new(record.attempt),
            consumer: consumer(&record.consumer)?,
            action,
            rotations: record.rotations.into_iter().map(RotationKey::from).collect(),
            at: record.at,
            deadline: record.deadline,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct EndedRecord {
    attempt: String,
    at: Timestamp,
    outcome: OutcomeRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeRecord {
    Written { deployment: Option<String> },
    AlreadySo,
    Throttled,
    Denied { iam_action: String, resource: String },
    Conflict { expected: String, found: String },
    Rejected { why: String },
    NotSent { why: String },
    InDoubt { why: String },
}

impl From<&Outcome> for OutcomeRecord {
    fn from(outcome: &Outcome) -> Self {
        match outcome.clone() {
            Outcome::Done(Done::Written { deployment }) => Self::Written {
                deployment: deployment.map(|id| id.to_string()),
            },
            Outcome::Done(Done::AlreadySo) => Self::AlreadySo,
            Outcome::NoEffect(NoEffect::Throttled) => Self::Throttled,
            Outcome::NoEffect(NoEffect::Denied { iam_action, resource }) => {
                Self::Denied { iam_action, resource }
            }
            Outcome::NoEffect(NoEffect::Conflict { expected, found }) => Self::Conflict { expected, found },
            Outcome::NoEffect(NoEffect::Rejected { why }) => Self::Rejected { why },
            Outcome::NoEffect(NoEffect::NotSent { why }) => Self::NotSent { why },
            Outcome::InDoubt { why } => Self::InDoubt { why },
        }
    }
}

impl From<EndedRecord> for Fact {
    fn from(record: EndedRecord) -> Self {
        let outcome = match record.outcome {
            OutcomeRecord::Written { deployment } => Outcome::Done(Done::Written {
                deployment: deployment.map(DeploymentId::new),
            }),
            OutcomeRecord::AlreadySo => Outcome::Done(Done::AlreadySo),
            OutcomeRecord::Throttled => Outcome::NoEffect(NoEffect::Throttled),
            OutcomeRecord::Denied { iam_action, resource } => {
                Outcome::NoEffect(NoEffect::Denied { iam_action, resource })
            }
            OutcomeRecord::Conflict { expected, found } => {
                Outcome::NoEffect(NoEffect::Conflict { expected, found })
            }
            OutcomeRecord::Rejected { why } => Outcome::NoEffect(NoEffect::Rejected { why }),
            OutcomeRecord::NotSent { why } => Outcome::NoEffect(NoEffect::NotSent { why }),
            OutcomeRecord::InDoubt { why } => Outcome::InDoubt { why },
        };
        Self::Ended {
            attempt: AttemptId::new(record.attempt),
            at: record.at,
            outcome,
        }
    }
}
