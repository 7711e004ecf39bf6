//! How invocations end, in every runtime and log format.

use super::*;

const RUNTIMES: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/corpus/log-runtimes.txt"
));

struct Case {
    name: &'static str,
    meaning: Vec<LogLine>,
    events: Vec<String>,
}

fn cases() -> Vec<Case> {
    let (_, cases) = RUNTIMES.split_once("\n== ").expect("a case");
    cases.split("\n== ").map(case).collect()
}

fn case(text: &'static str) -> Case {
    let (head, events) = text.split_once('\n').expect("events");
    let mut parts = head.split(" | ");
    let (name, meaning) = (parts.next().expect("a name"), parts.next().expect("a meaning"));
    assert!(parts.next().is_some(), "{name}: a source");
    let event = |line: &str| {
        line.replace('⏎', "\n")
            .replace('⇥', "\t")
            .replace("{id}", REQUEST)
            .replace("{arn}", ARN)
            .replace("{version}", VERSION)
    };
    Case {
        name,
        meaning: meant(meaning),
        events: events
            .lines()
            .filter(|line| !line.is_empty())
            .map(event)
            .collect(),
    }
}

fn meant(meaning: &str) -> Vec<LogLine> {
    let step = |word: &str| match word {
        "createSecret" => Some(Step::CreateSecret),
        "setSecret" => Some(Step::SetSecret),
        "testSecret" => Some(Step::TestSecret),
        "finishSecret" => Some(Step::FinishSecret),
        "?" => None,
        other => panic!("no such step: {other}"),
    };
    let why = |word: &str| match word {
        "timed-out" => "the rotation function timed out",
        "killed" => "the rotation function was killed: it ran out of memory, most likely",
        "not-loaded" => "the rotation function could not be loaded",
        "exception" => "the rotation function raised an exception",
        "exited" => "the rotation function's process exited",
        other => panic!("no such reason: {other}"),
    };
    match meaning.split(' ').collect::<Vec<_>>().as_slice() {
        ["nothing"] => Vec::new(),
        ["done", word] => vec![done(step(word).expect("a step"), None, None)],
        ["failed", word, because] => vec![LogLine::Failed {
            step: step(word),
            why: why(because).to_owned(),
            ended: true,
        }],
        other => panic!("no such meaning: {other:?}"),
    }
}

/// B1, B3, B7 and B9 in the form of each runtime and logger.
#[test]
fn each_runtime_tells_how_an_invocation_ended() {
    let cases = cases();
    assert!(cases.len() > 60, "{}", cases.len());
    for case in cases {
        let mut found = facts(&case.events);
        // Whether it ended so is not what these are about.
        for line in &mut found {
            if let LogLine::Failed { ended, .. } = line {
                *ended = true;
            }
        }
        assert_eq!(found, case.meaning, "{}", case.name);
    }
}

/// What has the runtime's own form may have been logged, too.
#[test]
fn b3_a_success_that_lambda_tells_of_withdraws_what_only_looked_like_a_failure() {
    let error = "[ERROR] OperationalError: gone\nTraceback (most recent call last):\n  File \"app.py\", line 3, in set_secret";
    let report = |status: &str| {
        format!(
            r#"{{"time":"2026-11-01T00:00:03.000Z","type":"platform.report","record":{{"requestId":"{REQUEST}","status":"{status}"}}}}"#
        )
    };
    let of = |status: &str| facts(&[error.to_owned(), report(status)]);
    assert_eq!(of("success"), vec![]);
    assert!(matches!(
        of("error").as_slice(),
        [LogLine::Failed {
            step: Some(Step::SetSecret),
            ..
        }]
    ));
}

/// Every prefix of what an invocation logs: a look may come at any moment. What it tells then is not taken back.
#[test]
fn what_is_told_of_a_part_of_an_invocation_holds_for_all_of_it() {
    for case in cases() {
        for n in 0..case.events.len() {
            let events: Vec<LogEvent> = case.events[..n].iter().map(|message| event(message)).collect();
            // Just after its last line.
            let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1);
            let told = lines(&events, &LogQuestion { now, ..asked(false) });
            let failed = |lines: &[LogLine]| lines.iter().any(|line| matches!(line, LogLine::Failed { .. }));
            assert!(
                !failed(&told) || failed(&case.meaning),
                "{} after {n}: {told:?}",
                case.name
            );
        }
    }
}
