//! What a secret's name means where it stands.

use super::*;

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
    ("DB_CONFIG", "c2hvcC9kYg==", &[Named]),
    ("DB_CONFIG", "c2hvcC9kYgo", &[Named]),
    ("DB_CONFIG", "xc2hvcC9kYg==", &[]),
    ("NOTE", "it was c2hvcC9kYg==", &[]),
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
    (
        "CONFIG",
        r#"{"note":"it was called \"shop/db\" once"}"#,
        &[Suspected],
    ),
    ("CONFIG", "all:\n- \"shop/mail\"\n- \"shop/db\"", &[Named]),
    ("SECRETS", "shop/mail, shop/db", &[Named]),
    ("FILES", "shop/db*", &[Suspected]),
    ("SECRET_PATTERN", "shop/db*", &[Suspected]),
    ("DATA_DIR", "${HOME}shop/db", &[Suspected]),
    ("", "app\n--set=secret.name=shop/db", &[Named]),
    (
        "PARAMETERS",
        "/aws/reference/secretsmanager/shop/db: DB",
        &[Fetches],
    ),
    (
        "PARAMETERS",
        "/aws/reference/secretsmanager/shop/mail:/aws/reference/secretsmanager/shop/db",
        &[Fetches],
    ),
    (
        "ALLOWED",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db*",
        &[Suspected],
    ),
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

/// A secret's name, the variable's, its value, and what that makes of the secret.
const BY_COMMON_WORD: &[(&str, &str, &str, &[ReferenceKind])] = &[
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
    ("shop-db", "SECRET_NAMES", "shop-db shop-cache", &[Named]),
    ("shop-cache", "SECRET_NAMES", "shop-db shop-cache", &[Named]),
    ("db", "SECRET_NAMES", "shop-cache\tdb", &[Named]),
    ("db", "SECRET_NOTE", "the well-known db", &[]),
    ("db", "SECRET_NOTE", "what - db", &[]),
    ("shop-db", "CONFIG", "secrets:\n- shop-db\n- shop-cache", &[Named]),
    (
        "shop-cache",
        "CONFIG",
        "secrets:\n- shop-db\n- shop-cache",
        &[Named],
    ),
    ("db", "CONFIG", "app:\n  secrets:\n    - name: db", &[Named]),
    ("db", "CONFIG", "stages:\n- shop\n- db", &[]),
    ("db", "CONFIG", "secrets:\n- mail\nstages:\n- db", &[]),
    ("db", "CONFIG", "secrets:\n- name: mail\n  stage: db", &[]),
    ("shop-db", "APP_SECRETS", "{db: shop-db}", &[Named]),
    ("db", "APP_SECRETS", "{mail: shop-mail, db: db}", &[Named]),
    ("db", "APP_SECRETS", "{db: shop-db}", &[]),
    ("shop-db", "CONFIG", "{db: shop-db}", &[]),
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
    ("shop", "", "pg_dump\n--no-password\nshop", &[]),
    ("db", "CONFIG", "secret_id = \"db\"", &[Named]),
    ("db", "SECRET_NAMES", "mail, db", &[Named]),
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

/// The same of a secret called `db`, and of one that is called as an application is.
#[test]
fn c2_a_short_or_common_word_is_a_name_only_where_a_secret_is_spoken_of() {
    for (name, place, text, expected) in BY_COMMON_WORD {
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
