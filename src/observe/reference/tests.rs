//! Every way to name a secret.

mod names;
mod properties;

use super::*;

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:/shop/db-AbCdEf";
const BARE: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:/shop/db";

fn kind(value_from: &str) -> Option<ReferenceKind> {
    Known::of(&[SecretArn::new(ARN)])
        .named_by(value_from)
        .map(|reference| reference.kind)
}

#[test]
fn every_form_of_value_from() {
    let pinned = |to: &str| Some(ReferenceKind::Pinned { to: to.to_owned() });
    let table = [
        (ARN.to_owned(), Some(ReferenceKind::Injected)),
        (BARE.to_owned(), Some(ReferenceKind::Injected)),
        (format!("{ARN}:password::"), Some(ReferenceKind::Injected)),
        (
            format!("{BARE}:password:AWSCURRENT:"),
            Some(ReferenceKind::Injected),
        ),
        (format!("{ARN}:password:AWSPREVIOUS:"), pinned("AWSPREVIOUS")),
        (format!("{ARN}:::0a1b"), pinned("version 0a1b")),
        (
            "/aws/reference/secretsmanager//shop/db".to_owned(),
            Some(ReferenceKind::Injected),
        ),
        (
            "arn:aws:ssm:eu-west-1:1:parameter/aws/reference/secretsmanager//shop/db".to_owned(),
            Some(ReferenceKind::Injected),
        ),
        (
            "/aws/reference/secretsmanager//shop/db:AWSPREVIOUS".to_owned(),
            pinned("AWSPREVIOUS"),
        ),
        (
            "arn:aws:ssm:us-east-1:1:parameter/aws/reference/secretsmanager//shop/db".to_owned(),
            None,
        ),
        ("/shop/db".to_owned(), None),
        (format!("{BARE}-other-AbCdEf"), None),
        (format!("{BARE}-2"), None),
        ("arn:aws:secretsmanager:eu-west-1:1:secret".to_owned(), None),
        (String::new(), None),
    ];
    for (value_from, expected) in table {
        assert_eq!(kind(&value_from), expected, "{value_from}");
    }
}

const PARTITIONS: [&str; 7] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-f",
    "aws-eusc",
];

#[test]
fn secrets_of_every_partition_are_found() {
    for partition in PARTITIONS {
        let bare = format!("arn:{partition}:secretsmanager:eu-west-1:123456789012:secret:shop/db");
        let full = format!("{bare}-AbCdEf");
        let secrets = [SecretArn::new(&full)];
        let known = Known::of(&secrets);
        for named in [&bare, &full] {
            assert!(known.named_by(named).is_some(), "{named}");
            assert!(
                known.named_by(&format!("{named}:password::")).is_some(),
                "{named}"
            );
            assert_eq!(
                kinds_in("", &format!("{{\"id\":\"{named}\"}}"), &secrets),
                [Fetches],
                "{named}"
            );
        }
    }
}

impl Known<'_> {
    fn in_text(&self, place: &str, text: &str) -> BTreeSet<Reference> {
        self.in_readings(place, &readings(text))
    }
}

/// The kinds of references that a text makes to one of these.
fn kinds_in(place: &str, text: &str, secrets: &[SecretArn]) -> Vec<ReferenceKind> {
    let found = settled(&Known::of(secrets).in_text(place, text));
    found.into_iter().map(|reference| reference.kind).collect()
}

fn secret(name: &str) -> SecretArn {
    SecretArn::new(format!(
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
    ))
}

use ReferenceKind::{Fetches, Named, Suspected};

#[test]
fn an_environment_names_a_secret_by_its_arn() {
    let table = [
        (ARN.to_owned(), 1),
        (format!("{{\"secret\":\"{ARN}\"}}"), 1),
        (BARE.to_owned(), 1),
        (format!("SECRET={BARE}, else"), 1),
        (format!("{ARN}:password::"), 1),
        (
            format!("{{{{resolve:secretsmanager:{ARN}:SecretString:password}}}}"),
            1,
        ),
        (format!("{ARN}gh"), 0),
        (String::new(), 0),
    ];
    for (value, expected) in table {
        let found = kinds_in("", &value, &[SecretArn::new(ARN)]);
        assert_eq!(found, vec![Fetches; expected], "{value}");
    }
}

#[test]
fn an_arn_is_found_behind_what_encodes_it() {
    let arn = secret("shop/db");
    let encoded = [
        arn.as_str().replace('/', r"\/"),
        arn.as_str().replace('/', r"\u002f"),
        arn.as_str().replace(':', "%3A").replace('/', "%2F"),
        arn.as_str().replace(':', "%253A").replace('/', "%252F"),
        format!(r#"{{\"secret\":\"{}\"}}"#, arn.as_str().replace('/', r"\\/")),
        format!(
            "https://app.example/?secret={}&x=1",
            arn.as_str().replace(':', "%3a")
        ),
        "YXJuOmF3czpzZWNyZXRzbWFuYWdlcjpldS13ZXN0LTE6MTIzNDU2Nzg5MDEyOnNlY3JldDpzaG9wL2RiLUFiQ2RFZg=="
            .to_owned(),
    ];
    for text in encoded {
        assert_eq!(
            kinds_in("CONFIG", &text, std::slice::from_ref(&arn)),
            [Fetches],
            "{text}"
        );
    }
}

/// Who is known to use it is not suspected of it, and whose ARN stands there is not told by its name.
#[test]
fn the_surest_sign_is_told() {
    let arn = secret("shop/db");
    let text = format!("ask for shop/db, that is {arn}");
    assert_eq!(kinds_in("", &text, std::slice::from_ref(&arn)), [Fetches]);
    assert_eq!(kinds_in("", "shop/db\nit is shop/db", &[arn]), [Named]);
}

#[test]
fn a1_names_and_partial_arns_are_those_of_the_first_that_is_given() {
    let arn = |suffix: &str| {
        SecretArn::new(format!(
            "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-{suffix}"
        ))
    };
    for (living, dead) in [(arn("AAAAAA"), arn("zzzzzz")), (arn("zzzzzz"), arn("AAAAAA"))] {
        let secrets = [living.clone(), dead.clone()];
        let known = Known::of(&secrets);
        let of = |value_from: &str| known.named_by(value_from).map(|reference| reference.secret);
        let partial = "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db";
        assert_eq!(of(partial), Some(living.clone()));
        assert_eq!(of(&format!("{partial}:password::")), Some(living.clone()));
        assert_eq!(of("/aws/reference/secretsmanager/shop/db"), Some(living.clone()));
        assert_eq!(of(dead.as_str()), Some(dead), "the full ARN is its own");
        let by_name = known.in_text("SECRET_NAME", "shop/db");
        assert_eq!(
            by_name.into_iter().map(|one| one.secret).collect::<Vec<_>>(),
            [living]
        );
    }
}

/// A name of 512 characters is found; a word that is longer than any is not even asked for.
#[test]
fn names_of_any_length() {
    let name = format!("shop/{}", "x".repeat(507));
    assert_eq!(kinds_in("A", &name, &[secret(&name)]), [Named]);
    assert_eq!(kinds_in("A", &format!("{name}x"), &[secret(&name)]), []);
}
