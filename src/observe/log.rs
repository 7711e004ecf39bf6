//! The rotation Lambda's log: which step succeeded or failed, by configurable patterns (C2.1).
//!
//! Lines hold user and host names: only their meaning is kept (aws-facts: The rotation Lambda's log).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use machine::model::{Evidence, LogFact, LogLine, LogPatterns, SecretArn, Step, Strategy, VersionId};

use super::Answer;
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
        Some(arn) => is_named(secret, arn),
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

/// Whether a line's ARN is the secret's, with the hyphen and six random characters or without.
fn is_named(secret: &SecretArn, arn: &str) -> bool {
    let rest = secret.as_str().strip_prefix(arn);
    rest.is_some_and(|rest| rest.is_empty() || rest.len() == 7 && rest.starts_with('-'))
}

/// A line of the log, taken out of its JSON where the function logs JSON.
struct Line {
    at: Timestamp,
    text: String,
    request: Option<String>,
}

impl Line {
    fn read(event: &LogEvent) -> Self {
        let json: Option<serde_json::Value> = event
            .message
            .trim_start()
            .starts_with('{')
            .then(|| serde_json::from_str(&event.message).ok())
            .flatten();
        let field = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
        match field("message") {
            Some(message) => {
                let level = field("level")
                    .filter(|level| level == "ERROR")
                    .map(|level| format!("[{level}] "));
                let text = level.unwrap_or_default() + &message;
                Self {
                    at: event.at,
                    text,
                    request: field("requestId").or_else(|| field("AWSRequestId")),
                }
            }
            None => Self {
                at: event.at,
                request: request_id(&event.message),
                text: event.message.clone(),
            },
        }
    }

    /// The secret's ARN as the line names it, without what follows.
    fn arn(&self) -> Option<&str> {
        let start = self.text.find("arn:aws")?;
        let rest = self.text[start..]
            .split(|c: char| c.is_whitespace() || c == '"' || c == ',')
            .next()?;
        rest.contains(":secret:")
            .then(|| rest.trim_end_matches(['.', ':', ';']))
    }
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

/// Whether a line has the pattern's literal parts in order. The version it names, if it names one.
fn matches(pattern: &str, text: &str, secret: &SecretArn) -> Option<Option<VersionId>> {
    let mut version = None;
    let mut rest = text;
    let mut placeholder = Some("");
    for part in pattern.split('<') {
        let (name, literal) = part.split_once('>').unwrap_or(("", part));
        let found = if literal.is_empty() {
            rest.len()
        } else {
            rest.find(literal)?
        };
        let value = &rest[..found];
        match placeholder.replace(name).map(|_| name) {
            Some("arn") if !secret.as_str().starts_with(value.trim_end_matches('.')) || value.is_empty() => {
                return None;
            }
            Some("version") => version = Some(VersionId::new(value.trim_end_matches('.'))),
            _ => {}
        }
        rest = &rest[(found + literal.len()).min(rest.len())..];
    }
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:shop-AbCdEf";
    const OTHER: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:blog-AbCdEf";
    const REQUEST: &str = "01234567-89ab-cdef-0123-456789abcdef";

    fn facts(messages: &[String]) -> Vec<LogLine> {
        facts_of(messages, false)
    }

    fn facts_of(messages: &[String], shared: bool) -> Vec<LogLine> {
        let events: Vec<LogEvent> = messages
            .iter()
            .map(|message| LogEvent {
                at: Timestamp::UNIX_EPOCH,
                message: message.clone(),
            })
            .collect();
        let question = LogQuestion {
            secret: SecretArn::new(ARN),
            lambda: "rotator".to_owned(),
            group: None,
            since: Timestamp::UNIX_EPOCH,
            shared,
            patterns: Arc::default(),
        };
        meanings(&events, &question)
            .into_iter()
            .map(|fact| fact.line)
            .collect()
    }

    fn done(step: Step, version: Option<&str>, strategy: Option<Strategy>) -> LogLine {
        LogLine::Done {
            step,
            version: version.map(VersionId::new),
            strategy,
        }
    }

    #[test]
    fn the_lines_of_the_templates() {
        let table = [
            (
                format!(
                    "[INFO] 2026-11-01T00:00:00Z {REQUEST} createSecret: Successfully put secret for ARN {ARN} and version v2."
                ),
                done(Step::CreateSecret, Some("v2"), None),
            ),
            (
                format!(
                    "setSecret: Successfully set password for user app in MySQL DB for secret arn {ARN}."
                ),
                done(Step::SetSecret, None, Some(Strategy::SingleUser)),
            ),
            (
                format!(
                    "setSecret: Successfully set password for app_clone in PostgreSQL DB for secret arn {ARN}."
                ),
                done(Step::SetSecret, None, Some(Strategy::AlternatingUsers)),
            ),
            (
                format!("testSecret: Successfully signed into MySQL DB with AWSPENDING secret in {ARN}."),
                done(Step::TestSecret, None, None),
            ),
            (
                format!("finishSecret: Successfully set AWSCURRENT stage to version v2 for secret {ARN}."),
                done(Step::FinishSecret, Some("v2"), None),
            ),
            (
                "Successfully completed finishSecret".to_owned(),
                done(Step::FinishSecret, None, None),
            ),
        ];
        for (line, expected) in table {
            assert_eq!(facts(std::slice::from_ref(&line)), vec![expected], "{line}");
        }
    }

    #[test]
    fn failures_name_their_step() {
        let failed = |lines: &[String]| match facts(lines).as_slice() {
            [LogLine::Failed { step, .. }] => *step,
            other => panic!("{other:?}"),
        };
        let unable = format!(
            "[ERROR] testSecret: Unable to log into database with pending secret of secret ARN {ARN}"
        );
        assert_eq!(failed(&[unable]), Some(Step::TestSecret));
        assert_eq!(
            failed(&[format!("2026-11-01 {REQUEST} Task timed out after 30.03 seconds")]),
            None
        );
        let traceback =
            "[ERROR] ValueError: no\nTraceback:\n  File \"app.py\", line 3, in set_secret".to_owned();
        assert_eq!(failed(&[traceback]), Some(Step::SetSecret));
    }

    #[test]
    fn lines_of_another_secret_are_left_out() {
        let theirs = format!(
            "{REQUEST} testSecret: Successfully signed into MySQL DB with AWSPENDING secret in {OTHER}."
        );
        let their_error = format!("[ERROR] 2026 {REQUEST} setSecret: something");
        assert_eq!(facts(&[theirs, their_error.clone()]), vec![]);
        assert_eq!(
            facts(std::slice::from_ref(&their_error)).len(),
            1,
            "only ours rotates"
        );
        assert_eq!(facts_of(&[their_error], true), vec![], "nothing says whose it is");
    }

    #[test]
    fn json_logging_is_read_by_its_message() {
        let line = format!(
            r#"{{"level":"INFO","message":"testSecret: Successfully signed into MySQL DB with AWSPENDING secret in {ARN}.","requestId":"{REQUEST}"}}"#
        );
        assert_eq!(facts(&[line]), vec![done(Step::TestSecret, None, None)]);
        assert_eq!(facts(&["{ not json".to_owned(), String::new()]), vec![]);
    }
}
