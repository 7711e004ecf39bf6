//! Whatever a function logs: no panic, only meanings come out, and each way of logging means the same.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::Strategy;

use super::super::pattern::matches;
use super::*;

const FAILURES: [&str; 9] = [
    "AWSPENDING does not log in; the database may hold it already",
    "no version of the secret logs in",
    "the rotation function timed out",
    "the rotation function was killed: it ran out of memory, most likely",
    "the rotation function could not be loaded",
    "the rotation function raised an exception",
    "the rotation function's process exited",
    "the rotation function failed",
    "the rotation function says that it failed",
];

/// A line that a rotation function was seen to log, or one of AWS's templates does.
fn known_line() -> impl Strategy<Value = &'static str> {
    const CORPUS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/log-lines.txt"));
    select(CORPUS.lines().collect::<Vec<_>>())
}

/// A known line with a part of it left out, repeated or overwritten.
fn damaged_line() -> impl Strategy<Value = String> {
    let part = (any::<Index>(), any::<Index>());
    (known_line(), part, 0..3_usize, "[ -~]{0,8}|\\PC{0,4}").prop_map(|(line, (from, to), times, other)| {
        let letters: Vec<char> = line.chars().collect();
        let (from, to) = (from.index(letters.len()), to.index(letters.len()));
        let (from, to) = (from.min(to), from.max(to));
        let text = |letters: &[char]| letters.iter().collect::<String>();
        let middle = text(&letters[from..to]).repeat(times);
        text(&letters[..from]) + &middle + &other + &text(&letters[to..])
    })
}

fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![known_line().prop_map(str::to_owned), damaged_line(), ".{0,200}"]
}

/// A line that is no JSON.
fn plain_line() -> impl Strategy<Value = String> {
    let plain = |line: String| {
        if line.trim_start().starts_with('{') {
            format!("-{line}")
        } else {
            line
        }
    };
    any_line().prop_map(plain)
}

/// The patterns that are built in.
pub(super) fn patterns() -> Vec<String> {
    let LogPatterns {
        create,
        set_single_user,
        set_alternating_users,
        set_retried,
        test,
        finish,
        test_failed,
        locked_out,
        failed,
        timed_out,
        exception,
    } = LogPatterns::default();
    let all = [
        create,
        set_single_user,
        set_alternating_users,
        set_retried,
        test,
        finish,
        test_failed,
        locked_out,
        failed,
        timed_out,
        exception,
    ];
    all.concat()
}

fn with_arn() -> Vec<String> {
    let mut patterns = patterns();
    patterns.retain(|pattern| pattern.contains("<arn>"));
    patterns
}

/// The line that a pattern describes.
fn filled(pattern: &str, arn: &str, version: &str, other: &str) -> String {
    let mut parts = pattern.split('<');
    let mut line = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, words) = part.split_once('>').expect("placeholders are closed");
        line += match name {
            "arn" => arn,
            "version" => version,
            _ => other,
        };
        line += words;
    }
    line
}

proptest! {
    #[test]
    fn only_meanings_come_out(lines in prop::collection::vec(any_line(), 0..6), shared in any::<bool>()) {
        let found = facts_of(&lines, shared);
        prop_assert!(found.len() <= lines.len());
        for line in found {
            match line {
                LogLine::Failed { why, .. } => prop_assert!(FAILURES.contains(&why.as_str())),
                LogLine::Done { version: Some(version), .. } => {
                    prop_assert!(version.as_str().len() <= 64 && !version.as_str().contains(char::is_whitespace));
                    // A cut id is completed, so that its beginning is enough.
                    let beginning: String = version.as_str().chars().take(8).collect();
                    prop_assert!(lines.iter().any(|line| line.contains(&beginning)));
                }
                LogLine::Done { version: None, .. } | LogLine::SetEnded => {}
            }
        }
    }

    #[test]
    fn a_line_means_the_same_in_json(line in plain_line(), shared in any::<bool>()) {
        prop_assume!(super::super::platform::read(&line).is_none(), "Lambda writes no messages");
        let request = super::super::line::request_id(&line, &asked(shared)).map(str::to_owned);
        let json = serde_json::json!({ "level": "INFO", "message": line, "requestId": request });
        prop_assert_eq!(facts_of(&[json.to_string()], shared), facts_of(&[line], shared));
    }

    #[test]
    fn a_filled_pattern_matches_wherever_it_stands(
        pattern in select(patterns()),
        version in "[0-9a-f]{8}-[0-9a-f-]{23}[0-9a-f]",
        before in "[a-z0-9 \\[\\]ü]{0,20}",
        behind in "( [a-z.:]{0,9})?", other in "[a-zA-Z0-9_]{1,9}", name in "[a-zA-Z0-9/_+=.@!-]{0,19}[a-zA-Z0-9]",
    ) {
        let secret = SecretArn::new(format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf"));
        // A bare name that ends in a full stop cannot be told from the end of a sentence, so none does.
        let named = pattern.contains("<version>").then(|| VersionId::new(&version));
        for arn in [secret.as_str(), secret.as_str().strip_suffix("-AbCdEf").expect("its end")] {
            let line = format!("{before}{}{behind}", filled(&pattern, arn, &version, &other));
            let found = matches(&pattern, &line).expect("it matches");
            let version = found.version.and_then(|told| told.version(named.iter()));
            prop_assert_eq!(&version, &named, "{}", line);
            let expected = pattern.contains("<arn>").then_some(arn);
            prop_assert_eq!(found.arn, expected, "{}", line);
        }
    }

    #[test]
    fn a_pattern_filled_with_another_secret_is_not_ours(
        pattern in select(with_arn()),
        name in "[a-zA-Z0-9/_+=.@!-]{1,20}",
        other in "[a-zA-Z0-9/_+=.@!-]{1,20}",
    ) {
        let arn = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf");
        prop_assume!(name != other && arn(&other) != format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}"));
        let line = filled(&pattern, &arn(&other), "0a1b", "app");
        let question = LogQuestion { secret: SecretArn::new(arn(&name)), ..asked(false) };
        prop_assert_eq!(super::lines(&[event(&line)], &question), vec![], "{}", line);
    }

    /// What a rule's own patterns may be, and whatever is logged.
    #[test]
    fn any_pattern_on_any_line(pattern in "[a-c<>. ]{0,12}|.{0,20}", line in "[a-c. ]{0,40}|.{0,60}") {
        let found = matches(&pattern, &line);
        if !pattern.contains(['<', '>']) {
            prop_assert_eq!(found.is_some(), line.contains(&pattern));
        }
    }
}

/// So long that a reader which looked at each pair of places would be at it for hours.
const LONG: usize = 1024 * 1024;

#[test]
fn a_line_of_megabytes_is_read_like_any_other() {
    let repeated = |part: &str| part.repeat(LONG / part.len());
    for line in [
        repeated("createSecret: Successfully put secret for ARN "),
        repeated("setSecret: Successfully set password for user a in b DB for secret arn "),
        repeated("arn:aws:secretsmanager:eu-west-1:1:secret:"),
        repeated("arn:aws"),
        repeated("[ERROR"),
        repeated("01234567-89ab-cdef-0123-456789abcde "),
        repeated("{\"message\":"),
        repeated("{"),
        repeated("\\"),
        repeated("é"),
        format!("{{\"message\":\"{}\"}}", repeated("\\u005b")),
    ] {
        assert_eq!(facts(&[line]), vec![]);
    }
    let end = format!("testSecret: Successfully signed into MySQL DB with AWSPENDING secret in {ARN}.");
    let line = repeated("testSecret: Successfully signed into ") + &end;
    assert_eq!(facts(&[line]), vec![done(Step::TestSecret, None, None)]);
    let any = "<x>a".repeat(1000);
    assert!(matches(&any, &repeated("a")).is_some());
    assert_eq!(matches(&format!("{any}<x>b"), &repeated("a")), None);
}
