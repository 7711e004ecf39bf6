//! The rotation Lambda's log: which step succeeded or failed, by configurable patterns and the runtimes' own forms.
//!
//! Lines hold user and host names: only their meaning is kept (aws-facts: The rotation Lambda's log).

mod invocation;
mod json;
mod line;
mod meaning;
mod owner;
mod pattern;
mod platform;
mod runtime;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use machine::model::{Evidence, LogFact, LogPatterns, LogReach, LogTrouble, SecretArn, VersionId};

use line::Line;

use super::Answer;
use crate::ports::{LogEvent, LogWanted, Ports};

/// What the rotation Lambda logged about a secret since a moment.
#[derive(Clone, Debug)]
pub struct LogQuestion {
    pub secret: SecretArn,
    pub lambda: String,
    /// The rule's; else the function's own is asked for.
    pub group: Option<String>,
    pub since: Timestamp,
    /// What was logged before was read already; of its invocations the first lines may be missing.
    pub whole_from: Timestamp,
    /// When the question is asked, in AWS's time.
    pub now: Timestamp,
    /// The secret's versions, as far as they are known.
    pub versions: BTreeSet<VersionId>,
    /// The other secrets that the same function rotates.
    pub others: Vec<OtherSecret>,
    pub patterns: Arc<LogPatterns>,
}

/// Another secret of the same rotation function.
#[derive(Clone, Debug)]
pub struct OtherSecret {
    pub secret: SecretArn,
    pub versions: BTreeSet<VersionId>,
    /// It rotates, or did in the time that is read: a line that names none may be its.
    pub rotates: bool,
}

impl LogQuestion {
    /// Whether a line that tells nothing of whose it is may be another secret's.
    fn is_shared(&self) -> bool {
        self.others.iter().any(|other| other.rotates)
    }
}

pub(super) async fn read(ports: &Ports, question: LogQuestion) -> Answer {
    let group = match &question.group {
        Some(group) => group.clone(),
        None => ports.lambda.log_group(&question.lambda).await?.1,
    };
    let wanted = LogWanted {
        group,
        function: question.lambda.clone(),
        since: question.since,
    };
    let (look, found) = ports.logs.events(&wanted).await?;
    let lines = meanings(&found.events, &question);
    let (secret, group, reach) = (question.secret, wanted.group, found.reach);
    if reach == LogReach::Whole {
        return Ok((look, Evidence::Log { secret, lines }));
    }
    let trouble = LogTrouble { group, reach };
    Ok((
        look,
        Evidence::LogTrouble {
            secret,
            lines,
            trouble,
        },
    ))
}

/// What the events say about one secret. A function may rotate many: lines of another secret's invocation are left out.
fn meanings(events: &[LogEvent], question: &LogQuestion) -> Vec<LogFact> {
    let lines: Vec<Line> = events.iter().map(|event| Line::read(event, question)).collect();
    let mut facts: Vec<LogFact> = invocation::split(&lines)
        .iter()
        .filter(|invocation| owner::is_ours(invocation, question))
        .flat_map(|invocation| meaning::of(invocation, question))
        .collect();
    facts.sort();
    facts
}
