//! What lines mean.

mod owners;
mod properties;
mod runtimes;
mod templates;

use jiff::Timestamp;
use machine::model::{LogLine, Step, Strategy, VersionId};

use super::*;

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:shop-AbCdEf";
const OTHER: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:blog-AbCdEf";
const VERSION: &str = "0a1b2c3d-0000-1111-2222-333344445555";
const OTHER_VERSION: &str = "f0e1d2c3-0000-1111-2222-333344445555";
const REQUEST: &str = "01234567-89ab-cdef-0123-456789abcdef";

fn facts(messages: &[String]) -> Vec<LogLine> {
    facts_of(messages, false)
}

fn facts_of(messages: &[String], shared: bool) -> Vec<LogLine> {
    let events: Vec<LogEvent> = messages.iter().map(|message| event(message)).collect();
    lines(&events, &asked(shared))
}

fn lines(events: &[LogEvent], question: &LogQuestion) -> Vec<LogLine> {
    let facts = meanings(events, question);
    facts.into_iter().map(|fact| fact.line).collect()
}

/// In the one stream of the function.
fn event(message: &str) -> LogEvent {
    LogEvent {
        at: Timestamp::UNIX_EPOCH,
        stream: "2026/11/01/[$LATEST]0a1b2c3d".to_owned(),
        message: message.to_owned(),
    }
}

/// About a secret with one known version, whose function may rotate another one just now; asked a minute later.
fn asked(shared: bool) -> LogQuestion {
    let other = OtherSecret {
        secret: SecretArn::new(OTHER),
        versions: BTreeSet::from([VersionId::new(OTHER_VERSION)]),
        rotates: true,
    };
    LogQuestion {
        secret: SecretArn::new(ARN),
        lambda: "rotator".to_owned(),
        group: None,
        since: Timestamp::UNIX_EPOCH,
        whole_from: Timestamp::UNIX_EPOCH,
        now: Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(1),
        versions: BTreeSet::from([VersionId::new(VERSION)]),
        others: Vec::from_iter(shared.then_some(other)),
        patterns: Arc::default(),
    }
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
                "[INFO] 2026-11-01T00:00:00Z {REQUEST} createSecret: Successfully put secret for ARN {ARN} and version {VERSION}."
            ),
            done(Step::CreateSecret, Some(VERSION), None),
        ),
        (
            format!("setSecret: Successfully set password for user app in MySQL DB for secret arn {ARN}."),
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
            format!("finishSecret: Successfully set AWSCURRENT stage to version {VERSION} for secret {ARN}."),
            done(Step::FinishSecret, Some(VERSION), None),
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
    let unable =
        format!("[ERROR] testSecret: Unable to log into database with pending secret of secret ARN {ARN}");
    assert_eq!(failed(&[unable]), Some(Step::TestSecret));
    assert_eq!(
        failed(&[format!("2026-11-01 {REQUEST} Task timed out after 30.03 seconds")]),
        None
    );
    let traceback = "[ERROR] ValueError: no\nTraceback:\n  File \"app.py\", line 3, in set_secret".to_owned();
    assert_eq!(failed(&[traceback]), Some(Step::SetSecret));
}

#[test]
fn lines_of_another_secret_are_left_out() {
    let theirs =
        format!("{REQUEST} testSecret: Successfully signed into MySQL DB with AWSPENDING secret in {OTHER}.");
    let their_error = format!("2026-11-01T00:00:01.000Z {REQUEST} Task timed out after 30.00 seconds");
    assert_eq!(facts(&[theirs, their_error.clone()]), vec![]);
    assert_eq!(
        facts(std::slice::from_ref(&their_error)).len(),
        1,
        "only ours rotates"
    );
    assert_eq!(facts_of(&[their_error], true), vec![], "nothing says whose it is");
}

/// A line may name a role first.
#[test]
fn a_refusal_about_another_secret_is_not_ours() {
    let refused = |resource: &str| {
        format!(
            "[ERROR] ClientError: User: arn:aws:sts::1:assumed-role/rotator/rotator is not authorized to perform: \
             secretsmanager:GetSecretValue on resource: {resource} because no identity-based policy allows it"
        )
    };
    assert_eq!(facts_of(&[refused(OTHER)], true), vec![]);
    assert_eq!(facts_of(&[refused(ARN)], true).len(), 1);
}

#[test]
fn an_exception_that_nobody_caught_is_read_from_json() {
    for level in ["level", "log_level"] {
        let line = format!(
            r#"{{"{level}":"ERROR","errorType":"ValueError","errorMessage":"no","requestId":"{REQUEST}","stackTrace":["  File \"app.py\", line 3, in set_secret\n"]}}"#
        );
        let why = "the rotation function raised an exception".to_owned();
        let step = Some(Step::SetSecret);
        assert_eq!(
            facts(&[line]),
            vec![LogLine::Failed {
                step,
                why,
                ended: true
            }]
        );
    }
}

#[test]
fn json_logging_is_read_by_its_message() {
    let line = format!(
        r#"{{"level":"INFO","message":"testSecret: Successfully signed into MySQL DB with AWSPENDING secret in {ARN}.","requestId":"{REQUEST}"}}"#
    );
    assert_eq!(facts(&[line]), vec![done(Step::TestSecret, None, None)]);
    assert_eq!(facts(&["{ not json".to_owned(), String::new()]), vec![]);
}

/// A function may get over an error that it logs, or set the database back after it.
#[test]
fn a_failure_says_whether_the_invocation_ended_with_it() {
    let logged = format!(
        "[ERROR]\t2026-11-01T00:00:00Z\t{REQUEST}\ttestSecret: Unable to log into database with pending secret of secret ARN {ARN}"
    );
    let raised = format!(
        "[ERROR] ValueError: Unable to log into database with pending secret of secret ARN {ARN}\nTraceback (most recent call last):\n  File \"app.py\", line 3, in test_secret"
    );
    let end = format!("END RequestId: {REQUEST}");
    let ended = |lines: &[String]| match facts(lines).as_slice() {
        [LogLine::Failed { ended, .. }] => Some(*ended),
        _ => None,
    };
    assert_eq!(ended(std::slice::from_ref(&logged)), Some(false));
    assert_eq!(ended(&[logged, end]), Some(true));
    assert_eq!(ended(&[raised]), Some(true));
}

/// The line that an invocation timed out may come behind its report.
#[test]
fn set_secret_ended_where_its_report_has_the_last_word() {
    let set = format!(
        "[INFO]\t2026-11-01T00:00:00Z\t{REQUEST}\tsetSecret: Successfully set password for user app in MySQL DB for secret arn {ARN}."
    );
    let report = |status: &str| format!("REPORT RequestId: {REQUEST}\tDuration: 84.12 ms\t{status}");
    let timed_out = format!("2026-11-01T00:00:00.123Z {REQUEST} Task timed out after 30.00 seconds");
    let ended = |messages: &[&str], seconds: i64| {
        let events: Vec<LogEvent> = messages.iter().map(|line| event(line)).collect();
        let question = LogQuestion {
            now: Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(seconds),
            ..asked(false)
        };
        lines(&events, &question).contains(&LogLine::SetEnded)
    };
    let (plain, success) = (report(""), report("Status: success"));
    assert!(!ended(&[&set], 60), "it may be going on");
    assert!(!ended(&[&set, &plain], 9), "the line may come");
    assert!(ended(&[&set, &plain], 10));
    assert!(ended(&[&set, &success], 0), "Lambda says so");
    assert!(!ended(&[&set, &plain, &timed_out], 60));
    assert!(!ended(&[&set, &report("Status: timeout")], 60));
    assert!(!ended(&[&plain], 60), "of another step");
}
