//! What the rotation Lambda's log told.

use jiff::Timestamp;
use machine::model::{Fact, LogFact, LogLine, SecretArn, VersionId};
use serde::{Deserialize, Serialize};

use super::text;
use super::words::{StepRecord, StrategyRecord};

#[derive(Serialize, Deserialize)]
pub(super) struct LogRecord {
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<EndRecord>,
    },
    SetEnded,
}

/// The log tells that the invocation ended so.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndRecord {
    Told,
}

impl LogRecord {
    pub(super) fn new(secret: &SecretArn, fact: &LogFact) -> Self {
        Self {
            secret: secret.to_string(),
            at: fact.at,
            line: LineRecord::from(&fact.line),
        }
    }
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
            LogLine::SetEnded => Self::SetEnded,
            LogLine::Failed { step, why, ended } => Self::Failed {
                step: step.map(Into::into),
                why: why.clone(),
                end: ended.then_some(EndRecord::Told),
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
            LineRecord::SetEnded => LogLine::SetEnded,
            LineRecord::Failed { step, why, end } => LogLine::Failed {
                step: step.map(Into::into),
                why,
                ended: end.is_some(),
            },
        };
        Self::Log {
            secret: SecretArn::new(record.secret),
            fact: LogFact { at: record.at, line },
        }
    }
}
