//! Whatever a task definition or an environment names.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const NAMES: [&str; 6] = [
    "/shop/db",
    "shop",
    "shop-db",
    "shop.db",
    "a-b-c12345",
    "rds!cluster-0a",
];
const FORMS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/corpus/value-from.txt"
));

fn secrets() -> Vec<SecretArn> {
    NAMES
        .map(|name| {
            SecretArn::new(format!(
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
            ))
        })
        .to_vec()
}

/// Its ARN, with the six random characters or without.
fn named(secret: &SecretArn, full: bool) -> &str {
    let arn = secret.as_str();
    if full {
        arn
    } else {
        arn.strip_suffix("-AbCdEf").expect("its end")
    }
}

/// The forms as AWS documents them, character for character.
fn by_the_book(value_from: &str, secret: &SecretArn) -> bool {
    let full = secret.as_str();
    let partial = named(secret, false);
    let is = |arn: &str| {
        value_from
            .strip_prefix(arn)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let by_parameter = value_from.split_once(SSM_REFERENCE).is_some_and(|(_, named)| {
        let rest = named.strip_prefix(secret.name());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    });
    is(full) || is(partial) || by_parameter
}

fn value_from() -> impl Strategy<Value = String> {
    let forms: Vec<&'static str> = FORMS.lines().collect();
    let damaged = (
        select(forms.clone()),
        any::<prop::sample::Index>(),
        "[:a-z/-]{0,3}",
    )
        .prop_map(|(form, at, other)| {
            let at = at.index(form.len());
            format!("{}{other}{}", &form[..at], &form[at + 1..])
        });
    prop_oneof![
        select(forms).prop_map(str::to_owned),
        damaged,
        "[a-z:/!-]{0,60}",
        ".{0,60}"
    ]
}

proptest! {
    #[test]
    fn what_is_named_is_named_by_the_book(value_from in value_from()) {
        let secrets = secrets();
        let found = Known::of(&secrets).named_by(&value_from).map(|reference| reference.secret);
        let expected = secrets.iter().filter(|secret| by_the_book(&value_from, secret));
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn what_was_written_reads_back(
        secret in select(secrets()), full in any::<bool>(), key in "[a-z_]{0,8}",
        stage in select(vec!["", "AWSCURRENT", "AWSPREVIOUS", "mine"]),
        version in select(vec!["", "0a1b-2c3d"]),
        colons in any::<bool>(),
    ) {
        let arn = named(&secret, full);
        let (key, stage, version) = if colons { (&*key, stage, version) } else { ("", "", "") };
        let value_from = if colons { format!("{arn}:{key}:{stage}:{version}") } else { arn.to_owned() };
        let kind = match (stage, version) {
            ("" | "AWSCURRENT", "") => ReferenceKind::Injected,
            (stage, "") => ReferenceKind::Pinned { to: stage.to_owned() },
            (_, version) => ReferenceKind::Pinned { to: format!("version {version}") },
        };
        let expected = Reference { secret, kind };
        prop_assert_eq!(Known::of(&secrets()).named_by(&value_from), Some(expected));
    }

    /// An ARN is found between whatever cannot be a part of it, and nothing else is.
    #[test]
    fn an_environment_is_searched_whole(
        parts in prop::collection::vec(("[ \"{,;'(]{1,3}", select(secrets()), any::<bool>(), "[ \"},;')]{1,3}[a-z ]{0,5}"), 0..5),
    ) {
        let text: String = parts.iter().map(|(before, secret, full, behind)| {
            let arn = named(secret, *full);
            format!("{before}{arn}{behind}")
        }).collect();
        let secrets = secrets();
        let known = Known::of(&secrets);
        let found: Vec<SecretArn> = known.in_environment(&text).map(|reference| reference.secret).collect();
        let expected: Vec<SecretArn> = parts.iter().map(|(_, secret, ..)| secret.clone()).collect();
        prop_assert_eq!(found, expected, "{}", text);
    }

    #[test]
    fn any_environment(value in value_from(), other in ".{0,40}") {
        let secrets = secrets();
        let known = Known::of(&secrets);
        let text = format!("{other}{value}");
        for reference in known.in_environment(&text) {
            prop_assert!(text.contains(named(&reference.secret, false)));
        }
    }
}

/// So many that a search for each secret in each value would be at it for hours.
#[test]
fn thousands_of_secrets_are_found_in_megabytes() {
    let arn = |n: usize| format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/{n}-AbCdEf");
    let secrets: Vec<SecretArn> = (0..20_000).map(|n| SecretArn::new(arn(n))).collect();
    let known = Known::of(&secrets);
    let value: String = (0..20_000).map(|n| arn(n) + ",").collect();
    assert_eq!(known.in_environment(&value).count(), secrets.len());
    for secret in &secrets {
        assert!(known.named_by(secret.as_str()).is_some());
    }
    for part in [
        "arn:aws",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:",
        ":",
        "é",
    ] {
        let text = part.repeat(4 * 1024 * 1024 / part.len());
        assert_eq!(known.in_environment(&text).count(), 0);
        assert_eq!(known.named_by(&text), None);
    }
}
