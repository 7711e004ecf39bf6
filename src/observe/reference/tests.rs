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

/// The variable's name, its value, and what that makes of a secret called `shop/db`.
const BY_NAME: &[(&str, &str, &[ReferenceKind])] = &[
    ("SECRET_NAME", "shop/db", &[Named]),
    ("DB_CONFIG", "shop/db", &[Named]),
    ("DB_CONFIG", " shop/db\n", &[Named]),
    ("DB_SECRETS", "shop/mail,shop/db", &[Named]),
    ("CONFIG", r#"{"db":{"secretId":"shop/db"}}"#, &[Named]),
    ("CONFIG", r#"{"db":"shop\/db"}"#, &[Named]),
    ("SPRING_CONFIG_IMPORT", "aws-secretsmanager:shop/db", &[Named]),
    (
        "SPRING_CONFIG_IMPORT",
        "optional:aws-secretsmanager:shop/mail;shop/db?prefix=db.",
        &[Named],
    ),
    (
        "SPRING_APPLICATION_JSON",
        r#"{"spring.config.import":"aws-secretsmanager:shop/db"}"#,
        &[Named],
    ),
    ("DB_PASSWORD", "secretsmanager://shop/db", &[Named]),
    ("DB_PASSWORD", "secretsmanager://shop/db?key=password", &[Named]),
    ("DB_PASSWORD", "awssm://shop/db/password", &[Named]),
    (
        "DB_PASSWORD",
        "{{resolve:secretsmanager:shop/db:SecretString:password}}",
        &[Named],
    ),
    ("DB_PASSWORD", "{{runtime-secret:shop/db:password}}", &[Named]),
    ("SPRING_DATASOURCE_USERNAME", "shop/db", &[Named]),
    ("PARAMETER", "/aws/reference/secretsmanager/shop/db", &[Fetches]),
    (
        "PARAMETER",
        "ssm:/aws/reference/secretsmanager/shop/db",
        &[Fetches],
    ),
    (
        "",
        "sh\n-c\naws secretsmanager get-secret-value --secret-id shop/db --query x",
        &[Named],
    ),
    ("", "app\n--secret-id\nshop/db", &[Named]),
    ("", "app\n--secret-id=shop/db", &[Named]),
    ("", "app\n--config=shop/db", &[Named]),
    ("NOTE", "it was called shop/db once", &[Suspected]),
    ("SECRET_PREFIX", "shop/", &[Suspected]),
    ("BUCKET", "s3://shop/db", &[Suspected]),
    ("IMAGE", "shop/db:1.4", &[Suspected]),
    ("DATABASE_URL", "postgres://shop/db", &[Suspected]),
    ("TEMPLATE", "classpath:shop/db", &[Suspected]),
    ("URL", "https://app.example/?next=shop/db", &[Suspected]),
    ("URL", "https://app.example/?secret=shop/db", &[Named]),
    ("NOTE", "it was called 'shop/db' once", &[Suspected]),
    ("NOTE", "(shop/db)", &[Suspected]),
    ("CONFIG", r#"{"all": ["shop/mail", "shop/db"]}"#, &[Named]),
    ("CONFIG", "db: 'shop/db'\nmail: 'shop/mail'", &[Named]),
    ("SECRET_NAME", "shop/db:password", &[Named]),
    ("SECRET_MAP", "shop/db=DB_PASSWORD,shop/mail=MAIL", &[Named]),
    ("MAP", "shop/db=DB_PASSWORD", &[Named]),
    ("SECRET_NAME", r"shop\/db", &[Named]),
    (
        "PARAMETER",
        "/aws/reference/secretsmanager/shop/db:AWSCURRENT",
        &[Fetches],
    ),
    (
        "SECRETS",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf=DB_PASSWORD",
        &[Fetches],
    ),
    (
        "DB_PASSWORD",
        "secretsmanager://arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf/password",
        &[Fetches],
    ),
    (
        "ALLOWED",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-??????",
        &[Suspected],
    ),
    (
        "ALLOWED",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/*",
        &[Suspected],
    ),
    (
        "SECRET_ARN",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db/x-AbCdEf",
        &[],
    ),
    ("SECRET_NAME", "shop/db-old", &[]),
    ("SECRET_NAME", "shop/d", &[]),
    ("SECRET_NAME", "Shop/db", &[]),
    ("SECRET_NAME", "other/shop/db", &[]),
    ("URL", "https://example/shop/db", &[]),
    ("PREFIX", "shop/", &[]),
    (
        "SECRET_ARN",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf",
        &[],
    ),
    (
        "SECRET_ARN",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db",
        &[],
    ),
    ("ROLE", "arn:aws:iam::123456789012:role/shop/db", &[]),
    ("EMPTY", "", &[]),
];

#[test]
fn c2_an_exact_name_makes_a_consumer_and_less_only_a_suspect() {
    for (place, text, expected) in BY_NAME {
        assert_eq!(
            kinds_in(place, text, &[secret("shop/db")]),
            *expected,
            "{place}={text}"
        );
    }
}

/// The same of a secret called `db`, and of one that is called as an application is.
#[test]
fn c2_a_short_or_common_word_is_a_name_only_where_a_secret_is_spoken_of() {
    let table: &[(&str, &str, &str, &[ReferenceKind])] = &[
        ("db", "DB_SECRET", "db", &[Named]),
        ("db", "SECRET_NAMES", "mail,db", &[Named]),
        ("db", "SPRING_CONFIG_IMPORT", "aws-secretsmanager:db", &[Named]),
        ("db", "CONFIG", r#"{"secretId":"db"}"#, &[Named]),
        ("db", "", "app\n--secret-id\ndb", &[Named]),
        ("db", "STAGE", "db", &[Suspected]),
        ("db", "HOST", "db:5432", &[]),
        ("db", "URL", "postgres://app@db:5432/db", &[]),
        ("db", "CONFIG", r#"{"secretKey":"x","stage":"db"}"#, &[]),
        ("db", "SECRET_NOTE", "ask those of db for it", &[]),
        ("db", "LIST", "web,db", &[]),
        (
            "orders-service",
            "OTEL_SERVICE_NAME",
            "orders-service",
            &[Suspected],
        ),
        ("orders-service", "APP_SECRET_NAME", "orders-service", &[Named]),
        (
            "orders-service-credentials",
            "CONFIG",
            "orders-service-credentials",
            &[Named],
        ),
        ("rds!cluster-0a1b", "CONFIG", "rds!cluster-0a1b", &[Named]),
        ("/db", "BASE_PATH", "/db", &[Suspected]),
        (
            "shop",
            "",
            "mysqldump --password=$DB_PASSWORD --database=shop",
            &[],
        ),
        ("shop", "", "mysqldump --password=$DB_PASSWORD shop", &[]),
        ("shop", "", "app\n--password=x\nshop", &[]),
        (
            "shop",
            "JAVA_OPTS",
            "-Dtrust.storePassword=changeit -Dprofiles.active=shop",
            &[],
        ),
        ("shop", "", "app --secret-id= shop", &[Named]),
        (
            "rds!cluster-0a1b",
            "",
            r"get-secret-value --secret-id rds\!cluster-0a1b",
            &[Named],
        ),
    ];
    for (name, place, text, expected) in table {
        assert_eq!(
            kinds_in(place, text, &[secret(name)]),
            *expected,
            "{name}: {place}={text}"
        );
    }
}

/// A label in SSM's path is of that version for ever.
#[test]
fn a_label_in_a_parameter_pins_it() {
    let text = "/aws/reference/secretsmanager/shop/db:AWSPREVIOUS";
    let to = "AWSPREVIOUS".to_owned();
    let pinned = ReferenceKind::Pinned { to };
    assert_eq!(kinds_in("PARAMETER", text, &[secret("shop/db")]), [pinned]);
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
