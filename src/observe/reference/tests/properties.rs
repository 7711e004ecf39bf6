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
    let by_parameter = value_from
        .split_once(SSM_REFERENCE)
        .is_some_and(|(before, named)| {
            let rest = named.strip_prefix(secret.name());
            let here = !before.starts_with("arn:") || before.split(':').nth(3) == Some("eu-west-1");
            here && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
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
    fn a_text_is_searched_whole(
        parts in prop::collection::vec(("[ \"{,;'(]{1,3}", select(secrets()), any::<bool>(), "[ \"},;')]{1,3}[a-z ]{0,5}"), 0..5),
    ) {
        let text: String = parts.iter().map(|(before, secret, full, behind)| {
            let arn = named(secret, *full);
            format!("{before}{arn}{behind}")
        }).collect();
        let secrets = secrets();
        let known = Known::of(&secrets);
        let found = known.in_text("", &text).into_iter();
        let by_arn = found.filter(|reference| reference.kind == ReferenceKind::Fetches);
        let found: BTreeSet<SecretArn> = by_arn.map(|reference| reference.secret).collect();
        let expected: BTreeSet<SecretArn> = parts.iter().map(|(_, secret, ..)| secret.clone()).collect();
        prop_assert_eq!(found, expected, "{}", text);
    }

    /// Whatever is found stands there, or in what it encodes: by its ARN or by its name.
    #[test]
    fn any_text(value in value_from(), other in ".{0,40}", place in "[A-Z_]{0,12}") {
        let secrets = secrets();
        let known = Known::of(&secrets);
        let text = format!("{other}{value}");
        for reference in known.in_text(&place, &text) {
            let readings = decoding::readings(&text);
            let name = reference.secret.name();
            prop_assert!(readings.iter().any(|reading| reading.contains(name)), "{:?}", reference);
        }
    }

    /// A word among others that are not its own makes nobody a consumer, whatever it is called.
    #[test]
    fn a_plain_word_is_never_more_than_suspected(
        name in "[a-z]{1,12}", place in "[A-Z_]{0,12}", before in "[a-z ]{0,12}", behind in "[a-z ]{0,12}",
    ) {
        let silent = |text: &str| !["SECRET", "CREDENTIAL", "PASSW"].iter().any(|sign| text.to_uppercase().contains(sign));
        prop_assume!(silent(&place) && silent(&before) && silent(&behind) && silent(&name));
        let arn = SecretArn::new(format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf"));
        let secrets = [arn];
        for reference in Known::of(&secrets).in_text(&place, &format!("{before} {name} {behind}")) {
            prop_assert_eq!(reference.kind, ReferenceKind::Suspected);
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
    assert_eq!(known.in_text("", &value).len(), secrets.len());
    for secret in &secrets {
        assert!(known.named_by(secret.as_str()).is_some());
    }
    for part in [
        "arn:aws",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:",
        ":",
        "é",
        "\\\\",
        "%25",
        "shop/",
        "=",
        "x ",
        "c2hv",
    ] {
        let text = part.repeat(4 * 1024 * 1024 / part.len());
        assert_eq!(known.in_text("SECRET", &text).len(), 0);
        assert_eq!(known.named_by(&text), None);
    }
}
