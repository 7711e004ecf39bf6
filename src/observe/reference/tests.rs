//! Every way to name a secret.

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

#[test]
fn an_environment_names_a_secret_by_its_arn() {
    let secrets = [SecretArn::new(ARN)];
    let known = Known::of(&secrets);
    let found = |value: &str| known.in_environment(value).count();
    assert_eq!(found(ARN), 1);
    assert_eq!(found(&format!("{{\"secret\":\"{ARN}\"}}")), 1);
    assert_eq!(found(BARE), 1);
    assert_eq!(found(&format!("SECRET={BARE}, else")), 1);
    assert_eq!(found(&format!("{ARN}:password::")), 1);
    assert_eq!(found(&format!("{ARN}gh")), 0, "another secret");
    assert_eq!(found("/shop/db"), 0);
    assert_eq!(found(""), 0);
}
