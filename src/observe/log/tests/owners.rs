//! Whose lines they are.

use super::*;

const THIRD: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:master-AbCdEf";
const TIMEOUT: &str = "2026-11-01T00:00:30.123Z {id} Task timed out after 30.03 seconds";

fn failed_in(step: Option<Step>, found: &[LogLine]) -> bool {
    matches!(found, [LogLine::Failed { step: found, .. }] if *found == step)
}

fn of_id(id: &str, lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.replace("{id}", id)).collect()
}

#[test]
fn b1_a_timeout_in_the_report_line_alone_fails_the_step() {
    let report = format!(
        "REPORT RequestId: {REQUEST}\tDuration: 30000.00 ms\tBilled Duration: 30000 ms\tMemory Size: 128 MB\tMax Memory \
         Used: 80 MB\tStatus: timeout"
    );
    let found = facts(&[report]);
    let why = "the rotation function timed out".to_owned();
    assert_eq!(
        found,
        vec![LogLine::Failed {
            step: None,
            why,
            ended: true
        }]
    );
}

#[test]
fn b2_a_failure_that_names_the_master_secret_is_the_users() {
    let logged = format!(
        "[ERROR]\t2026-11-01T00:00:00.123Z\t{REQUEST}\tsetSecret: Unable to log into database using credentials in master \
         secret {THIRD}"
    );
    let denied = format!(
        "[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the GetSecretValue operation: User: \
         arn:aws:sts::1:assumed-role/rotator/rotator is not authorized to perform: secretsmanager:GetSecretValue on \
         resource: {THIRD} because no identity-based policy allows it\nTraceback (most recent call last):\n  File \
         \"/var/task/lambda_function.py\", line 160, in set_secret"
    );
    for line in [logged, denied] {
        let found = facts(std::slice::from_ref(&line));
        assert!(failed_in(Some(Step::SetSecret), &found), "{found:?} {line}");
    }
}

#[test]
fn b2_a_step_is_done_though_its_line_names_the_master_secret_too() {
    let line = format!("[INFO]\t2026\t{REQUEST}\tsetSecret: done {ARN} {THIRD}");
    assert_eq!(facts(&[line]), vec![done(Step::SetSecret, None, None)]);
}

/// The master secret of one is another that the function rotates just now.
#[test]
fn b2_lines_that_name_no_other_secret_stay_with_their_invocation() {
    let start = format!("START RequestId: {REQUEST} Version: $LATEST");
    let fetched = format!(
        "[INFO]\t2026\t{REQUEST}\tsetSecret: Successfully fetched connection params for Master Secret {OTHER} from \
         DescribeDBInstances API."
    );
    let set = format!(
        "[INFO]\t2026\t{REQUEST}\tsetSecret: Successfully set password for app in MySQL DB for secret arn {ARN}."
    );
    let timeout = TIMEOUT.replace("{id}", REQUEST);
    let alternating = Some(Strategy::AlternatingUsers);
    let found = facts_of(&[start, fetched, set, timeout], true);
    assert!(
        found.contains(&done(Step::SetSecret, None, alternating)),
        "{found:?}"
    );
    let why = "the rotation function timed out".to_owned();
    let step = Some(Step::SetSecret);
    assert!(
        found.contains(&LogLine::Failed {
            step,
            why,
            ended: true
        }),
        "{found:?}"
    );
}

#[test]
fn b3_a_logged_error_is_no_failure_of_the_step() {
    let lines = [
        format!(
            "[ERROR]\t2026-11-01T00:00:00.123Z\t{REQUEST}\tUnable to establish SSL/TLS handshake, SSL/TLS is enforced on \
             the host: db"
        ),
        format!(
            "[INFO]\t2026-11-01T00:00:01.123Z\t{REQUEST}\tsetSecret: Successfully set password for user app in PostgreSQL \
             DB for secret arn {ARN}."
        ),
        "[ERROR] extension: cannot flush".to_owned(),
    ];
    let single = Some(Strategy::SingleUser);
    assert_eq!(facts(&lines), vec![done(Step::SetSecret, None, single)]);
}

#[test]
fn b6_a_cut_version_is_the_known_one_that_begins_so() {
    let create = |version: &str| {
        let line = format!("createSecret: Successfully put secret for ARN {ARN} and version {version}.");
        facts(&[line])
    };
    let known = |version| vec![done(Step::CreateSecret, version, None)];
    for cut in [
        "0a1b2c3d...",
        "0a1b2c3d…",
        "0a1b2c3d-0000-1111…",
        "0a1b2c3d",
        "0a1b2c3d****",
    ] {
        assert_eq!(create(cut), known(Some(VERSION)), "{cut}");
    }
    for none in ["0a1b...", "ffffffff...", "****", "…5445555", "ffffffff"] {
        assert_eq!(create(none), known(None), "{none}");
    }
    let another = "99999999-0000-1111-2222-333344445555";
    assert_eq!(create(another), known(Some(another)), "one that was never seen");
}

#[test]
fn b7_nodes_own_error_fails_the_step() {
    let line = format!(
        "2026-11-01T00:00:02.000Z\t{REQUEST}\tERROR\tInvoke Error \t{{\"errorType\":\"Error\",\"errorMessage\":\"no\",\
         \"stack\":[\"Error: no\",\"    at setSecret (/var/task/index.js:1:1)\"]}}"
    );
    assert!(failed_in(Some(Step::SetSecret), &facts(&[line])));
}

/// What tells whose invocation it was, the strongest sign first.
#[test]
fn of_a_shared_function_the_invocations_own_secret_is_found() {
    let rows = [
        (
            "the event names it",
            vec![format!(
                "{{\"Step\":\"setSecret\",\"SecretId\":\"{ARN}\"}} {{id}}"
            )],
            true,
        ),
        (
            "the event names the other",
            vec![format!("{{'Step': 'setSecret', 'SecretId': '{OTHER}'}} {{id}}")],
            false,
        ),
        ("its version", vec![format!("{{id}} token={VERSION}")], true),
        (
            "the other's version",
            vec![format!("{{id}} token={OTHER_VERSION}")],
            false,
        ),
        ("a line about it", vec![format!("{{id}} rotating {ARN}")], true),
        (
            "a line about the other",
            vec![format!("{{id}} rotating {OTHER}")],
            false,
        ),
        (
            "a secret of nobody's",
            vec![format!("{{id}} reading {THIRD}")],
            false,
        ),
        (
            "the other as its master",
            vec![format!("{{id}} {ARN} with master secret {OTHER}")],
            true,
        ),
        ("nothing", Vec::new(), false),
    ];
    for (what, lines, ours) in rows {
        let mut lines = lines;
        lines.push(TIMEOUT.to_owned());
        let lines: Vec<String> = lines.iter().map(|line| line.replace("{id}", REQUEST)).collect();
        assert_eq!(facts_of(&lines, true).len(), usize::from(ours), "{what}");
    }
}

/// The Python runtime's traceback has no id: it stands between the lines that have.
#[test]
fn a_line_without_an_id_belongs_to_the_invocation_around_it() {
    let theirs = "fedcba98-89ab-cdef-0123-456789abcdef";
    let error =
        "[ERROR] ValueError: no\nTraceback (most recent call last):\n  File \"a.py\", line 1, in set_secret";
    let invocation = |id: &str, arn: &str| {
        let about = format!("[INFO]\t2026-11-01T00:00:00.123Z\t{{id}}\tabout {arn}");
        of_id(
            id,
            &[
                "START RequestId: {id} Version: $LATEST",
                &about,
                error,
                "END RequestId: {id}",
                "REPORT RequestId: {id}\t",
            ],
        )
    };
    let mut both = invocation(theirs, OTHER);
    assert_eq!(facts_of(&both, true), vec![]);
    both.extend(invocation(REQUEST, ARN));
    assert!(failed_in(Some(Step::SetSecret), &facts_of(&both, true)));
}

#[test]
fn streams_are_told_apart() {
    let error =
        "[ERROR] ValueError: no\nTraceback (most recent call last):\n  File \"a.py\", line 1, in set_secret";
    let at = |stream: &str, message: &str| LogEvent {
        stream: format!("2026/11/01/[$LATEST]{stream}"),
        ..event(message)
    };
    let theirs = "fedcba98-89ab-cdef-0123-456789abcdef";
    let events = [
        at("a", &format!("START RequestId: {REQUEST} Version: $LATEST")),
        at("b", &format!("START RequestId: {theirs} Version: $LATEST")),
        at("a", &format!("[INFO]\t2026\t{REQUEST}\tabout {ARN}")),
        at("b", &format!("[INFO]\t2026\t{theirs}\tabout {OTHER}")),
        at("b", error),
        at("a", &format!("REPORT RequestId: {REQUEST}\t")),
    ];
    assert_eq!(lines(&events, &asked(true)), vec![]);
}

/// As many as a group may have.
#[test]
fn a_hundred_thousand_streams_are_a_hundred_thousand_environments() {
    let of = |n: u32| LogEvent {
        stream: n.to_string(),
        ..event("REPORT Status: timeout")
    };
    let mut events: Vec<LogEvent> = (0..100_000).map(of).collect();
    events.push(event(&TIMEOUT.replace("{id}", REQUEST)));
    assert_eq!(lines(&events, &asked(false)).len(), 1);
}

#[test]
fn json_as_deep_as_it_gets_is_no_json() {
    let deep = format!("{}1{}", "{\"a\":".repeat(1_000), "}".repeat(1_000));
    assert_eq!(
        facts(&[deep, "\u{fffd}\u{fffd}[ERROR] \u{fffd}".to_owned()]),
        vec![]
    );
}

/// The line that said that the step is done is older than what was read.
#[test]
fn an_error_that_may_have_been_logged_only_is_none_where_the_invocation_is_cut() {
    let error = "[ERROR] TelemetryError: connection reset".to_owned();
    let end = format!("END RequestId: {REQUEST}");
    let whole_from = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1);
    let events: Vec<LogEvent> = [error, end].iter().map(|line| event(line)).collect();
    assert_eq!(lines(&events, &asked(false)).len(), 1);
    let question = LogQuestion {
        whole_from,
        ..asked(false)
    };
    assert_eq!(lines(&events, &question), vec![]);
}
