//! The rotation Lambda's log: which step succeeded or failed, by configurable patterns (C2.1).
//!
//! Lines hold user and host names: only their meaning is kept (aws-facts: The rotation Lambda's log).

mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use machine::model::{Evidence, LogFact, LogLine, LogPatterns, SecretArn, Step, Strategy};
use serde_json::Value;

use pattern::matches;

use super::{Answer, arn};
use crate::ports::{LogEvent, Ports};

/// What the rotation Lambda logged about a secret since a moment.
#[derive(Clone, Debug)]
pub struct LogQuestion {
    pub secret: SecretArn,
    pub lambda: String,
    /// The rule's; else the function's own is asked for.
    pub group: Option<String>,
    pub since: Timestamp,
    /// Another secret that the same function rotates is on its way too: a line that names none may be the other's.
    pub shared: bool,
    pub patterns: Arc<LogPatterns>,
}

pub(super) async fn read(ports: &Ports, question: LogQuestion) -> Answer {
    let group = match &question.group {
        Some(group) => group.clone(),
        None => ports.lambda.log_group(&question.lambda).await?.1,
    };
    let (look, (_, events)) = ports.logs.events(&group, question.since).await?;
    let lines = meanings(&events, &question);
    let secret = question.secret;
    Ok((look, Evidence::Log { secret, lines }))
}

/// What the events say about one secret. A function may rotate many: lines of another secret's invocation are left out.
fn meanings(events: &[LogEvent], question: &LogQuestion) -> Vec<LogFact> {
    let LogQuestion { secret, patterns, .. } = question;
    let lines: Vec<Line> = events.iter().map(Line::read).collect();
    let owners: BTreeMap<&str, &str> = lines
        .iter()
        .filter_map(|line| Some((line.request.as_deref()?, line.arn()?)))
        .collect();
    let is_ours = |line: &&Line| match line
        .arn()
        .or_else(|| owners.get(line.request.as_deref()?).copied())
    {
        Some(arn) => arn::names(arn, secret),
        None => !question.shared,
    };
    let meaning = |line: &Line| {
        Some(LogFact {
            at: line.at,
            line: meaning(&line.text, secret, patterns)?,
        })
    };
    lines.iter().filter(is_ours).filter_map(meaning).collect()
}

/// A line of the log, taken out of its JSON where the function logs JSON.
struct Line {
    at: Timestamp,
    text: String,
    request: Option<String>,
}

impl Line {
    fn read(event: &LogEvent) -> Self {
        let (text, request) =
            from_json(&event.message).unwrap_or_else(|| (event.message.clone(), request_id(&event.message)));
        Self {
            at: event.at,
            text,
            request,
        }
    }

    /// The secret's ARN as the line names it, without what follows.
    fn arn(&self) -> Option<&str> {
        arn::all(&self.text).next()
    }
}

/// The text of a line in JSON, as the function would have logged it without, and its invocation.
///
/// What the function logs stands in `message`; an exception that nobody caught has fields of its own, and the runtime
/// calls its level `log_level` or `level` (aws-lambda-python-runtime-interface-client, release 4.0.4).
fn from_json(message: &str) -> Option<(String, Option<String>)> {
    if !message.trim_start().starts_with('{') {
        return None;
    }
    let json: Value = serde_json::from_str(message).ok()?;
    let field = |name: &str| json.get(name)?.as_str();
    let said = field("message").map(str::to_owned).or_else(|| uncaught(&json))?;
    let is_error = ["level", "log_level"]
        .iter()
        .any(|name| field(name) == Some("ERROR"));
    let level = if is_error { "[ERROR] " } else { "" };
    let request = field("requestId").or_else(|| field("AWSRequestId"));
    Some((format!("{level}{said}"), request.map(str::to_owned)))
}

/// An exception with its traceback.
fn uncaught(json: &Value) -> Option<String> {
    let error = json.get("errorMessage")?.as_str()?;
    let trace = json.get("stackTrace").and_then(Value::as_array);
    let trace = trace.into_iter().flatten().filter_map(Value::as_str);
    Some([error].into_iter().chain(trace).collect::<Vec<_>>().join("\n"))
}

/// The invocation's id: the first word that looks like a UUID.
fn request_id(message: &str) -> Option<String> {
    let is_uuid = |word: &&str| {
        word.len() == 36
            && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
            && word.matches('-').count() == 4
    };
    message.split_whitespace().find(is_uuid).map(str::to_owned)
}

fn meaning(text: &str, secret: &SecretArn, patterns: &LogPatterns) -> Option<LogLine> {
    let find = |list: &[String]| list.iter().find_map(|pattern| matches(pattern, text, secret));
    let done = |step, strategy| {
        move |version| LogLine::Done {
            step,
            version,
            strategy,
        }
    };
    let failed = |step, why: &str| LogLine::Failed {
        step,
        why: why.to_owned(),
    };
    if find(&patterns.test_failed).is_some() {
        return Some(failed(
            Some(Step::TestSecret),
            "AWSPENDING does not log in; the database may hold it already",
        ));
    }
    if find(&patterns.locked_out).is_some() {
        return Some(failed(Some(Step::SetSecret), "no version of the secret logs in"));
    }
    if find(&patterns.timed_out).is_some() {
        return Some(failed(None, "the rotation function timed out"));
    }
    if find(&patterns.exception).is_some() {
        return Some(failed(
            step_named(text),
            "the rotation function raised an exception",
        ));
    }
    find(&patterns.create)
        .map(done(Step::CreateSecret, None))
        .or_else(|| find(&patterns.set_single_user).map(done(Step::SetSecret, Some(Strategy::SingleUser))))
        .or_else(|| {
            find(&patterns.set_alternating_users).map(done(Step::SetSecret, Some(Strategy::AlternatingUsers)))
        })
        .or_else(|| find(&patterns.set_retried).map(done(Step::SetSecret, None)))
        .or_else(|| find(&patterns.test).map(done(Step::TestSecret, None)))
        .or_else(|| find(&patterns.finish).map(done(Step::FinishSecret, None)))
}

/// The step whose name stands in an error: as a prefix, or as the function in a traceback.
fn step_named(text: &str) -> Option<Step> {
    let steps = [
        (Step::CreateSecret, ["createSecret", "create_secret"]),
        (Step::SetSecret, ["setSecret", "set_secret"]),
        (Step::TestSecret, ["testSecret", "test_secret"]),
        (Step::FinishSecret, ["finishSecret", "finish_secret"]),
    ];
    steps
        .into_iter()
        .find(|(_, names)| names.iter().any(|name| text.contains(name)))
        .map(|(step, _)| step)
}
