//! Login tests against real MariaDB and PostgreSQL servers, with and without TLS.

mod pair;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use machine::model::LoginAnswer;
use rotation_watchdog::database::{DatabaseOptions, Databases};
use rotation_watchdog::ports::{Credentials, Identities, Login, LoginTarget, TlsMode};

use crate::support::servers::{self, Server};

const RIGHT: &str = "r1ght-pässword";
const WRONG: &str = "wr0ng";

/// One login: as whom, how, and the beginning of the answer's `Debug`.
struct Row {
    user: &'static str,
    password: &'static str,
    tls: TlsMode,
    expected: &'static str,
}

fn row(user: &'static str, password: &'static str, tls: TlsMode, expected: &'static str) -> Row {
    Row {
        user,
        password,
        tls,
        expected,
    }
}

#[expect(clippy::disallowed_methods, reason = "real servers have real time")]
fn databases(server: &Server, trusted: bool) -> Databases {
    let options = DatabaseOptions {
        login_timeout: Duration::from_secs(20),
        ca_file: trusted.then(|| server.folder.path().join("ca.pem")),
    };
    Databases::new(options, Identities::new(&[7; 64]), Arc::new(Timestamp::now)).unwrap()
}

async fn login(
    databases: &Databases,
    engine: &str,
    host: &str,
    port: u16,
    row: &Row,
    dbname: &str,
) -> LoginAnswer {
    let target = LoginTarget {
        dbname: Some(dbname.to_owned()).filter(|name| !name.is_empty()),
        tls: Some(row.tls),
        ..LoginTarget::default()
    };
    let (user, password) = (row.user, row.password);
    let value = format!(
        r#"{{"engine":"{engine}","host":"{host}","port":{port},"username":"{user}","password":"{password}"}}"#
    );
    let (look, answer, seen) = databases.login(&target, &Credentials(value.into())).await;
    assert!(look.sent <= look.arrived);
    assert_eq!(
        seen.map(|seen| seen.host),
        Some(databases.identities().host(host))
    );
    let text = format!("{answer:?}");
    for value in [user, password, host] {
        assert!(!text.contains(value), "{text}");
    }
    answer
}

/// Tries every row and reports all that differ.
async fn check(server: &Server, engine: &str, rows: &[Row]) {
    let databases = databases(server, true);
    let mut wrong = Vec::new();
    for row in rows {
        let answer = login(&databases, engine, "localhost", server.port, row, "").await;
        if !format!("{answer:?}").starts_with(row.expected) {
            wrong.push(format!(
                "{} {} {:?}: {answer:?}, expected {}",
                row.user, row.password, row.tls, row.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A certificate that must not pass: of an unknown authority, or for another name.
async fn check_certificate(server: &Server, engine: &str) {
    let app = row("app_user", RIGHT, TlsMode::Verified, "");
    let stranger = login(
        &databases(server, false),
        engine,
        "localhost",
        server.port,
        &app,
        "",
    )
    .await;
    assert!(is_tls(&stranger, "unknown authority"), "{stranger:?}");
    let other_name = login(
        &databases(server, true),
        engine,
        "127.0.0.1",
        server.port,
        &app,
        "",
    )
    .await;
    assert!(is_tls(&other_name, "another host name"), "{other_name:?}");
    let unverified = row("app_user", RIGHT, TlsMode::Unverified, "");
    let answer = login(
        &databases(server, false),
        engine,
        "127.0.0.1",
        server.port,
        &unverified,
        "",
    )
    .await;
    assert_eq!(answer, LoginAnswer::Accepted);
}

fn is_tls(answer: &LoginAnswer, words: &str) -> bool {
    matches!(answer, LoginAnswer::Tls { why } if why.contains(words))
}

/// What is wrong with the database comes after the password: the right one is accepted, the wrong one refused.
async fn check_databases(server: &Server, engine: &str, rows: &[(&'static str, &'static str, &str, &str)]) {
    let databases = databases(server, true);
    for (user, password, dbname, expected) in rows {
        let tried = row(user, password, TlsMode::Verified, "");
        let answer = login(&databases, engine, "localhost", server.port, &tried, dbname).await;
        let found = format!("{answer:?}");
        assert!(found.starts_with(expected), "{user} {password} {dbname}: {found}");
    }
}

fn mariadb_users() -> String {
    let users = [
        format!("app_user@'%' IDENTIFIED BY '{RIGHT}'"),
        format!("tlsonly_user@'%' IDENTIFIED BY '{RIGHT}' REQUIRE SSL"),
        format!("locked_user@'%' IDENTIFIED BY '{RIGHT}' ACCOUNT LOCK"),
        format!("expired_user@'%' IDENTIFIED BY '{RIGHT}' PASSWORD EXPIRE"),
        format!("modern_user@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{RIGHT}')"),
        format!("busy_user@'%' IDENTIFIED BY '{RIGHT}' WITH MAX_CONNECTIONS_PER_HOUR 1"),
        "socket_user@'%' IDENTIFIED VIA unix_socket".to_owned(),
    ];
    users.map(|user| format!("CREATE USER {user};")).concat() + "GRANT ALL ON *.* TO app_user@'%';"
}

#[tokio::test]
async fn mariadb_with_tls() {
    use TlsMode::{None, Preferred, Unverified, Verified};
    let server = servers::mariadb(true, &mariadb_users());
    let rows = [
        row("app_user", RIGHT, Verified, "Accepted"),
        row("app_user", RIGHT, Unverified, "Accepted"),
        row("app_user", RIGHT, Preferred, "Accepted"),
        row("app_user", RIGHT, None, "Accepted"),
        row("app_user", WRONG, Verified, r#"Refused { code: "1045" }"#),
        row("app_user", WRONG, Preferred, r#"Refused { code: "1045" }"#),
        row("app_user", WRONG, None, "Tls { why: \"denied without TLS (1045)"),
        row("nobody_user", RIGHT, Verified, r#"Refused { code: "1045" }"#),
        row("tlsonly_user", RIGHT, Verified, "Accepted"),
        row("tlsonly_user", RIGHT, Preferred, "Accepted"),
        row(
            "tlsonly_user",
            RIGHT,
            None,
            "Tls { why: \"denied without TLS (1045)",
        ),
        row("tlsonly_user", WRONG, Verified, "Refused"),
        row("locked_user", RIGHT, Verified, r#"Account { code: "4151" }"#),
        row("expired_user", RIGHT, Verified, r#"Account { code: "1820" }"#),
        row("locked_user", WRONG, Verified, r#"Refused { code: "1045" }"#),
        row("modern_user", RIGHT, Verified, "Accepted"),
        row("modern_user", WRONG, Verified, "Refused"),
        row("busy_user", RIGHT, Verified, "Accepted"),
        row("busy_user", RIGHT, Verified, r#"Busy { code: "1226" }"#),
        row("socket_user", RIGHT, Verified, r#"Refused { code: "1698" }"#),
    ];
    check(&server, "mariadb", &rows).await;
    check_certificate(&server, "mysql").await;
    let absent = "Admitted { but: \"there is no database by the name of `dbname` (1049)";
    let denied = "Admitted { but: \"the account may not use the database of `dbname` (1044)";
    let refused = r#"Refused { code: "1045" }"#;
    let rows = [
        ("app_user", RIGHT, "nowhere", absent),
        ("app_user", WRONG, "nowhere", refused),
        ("modern_user", RIGHT, "mysql", denied),
        ("modern_user", WRONG, "mysql", refused),
    ];
    check_databases(&server, "mysql", &rows).await;
}

#[tokio::test]
async fn mariadb_without_tls() {
    use TlsMode::{None, Preferred, Unverified, Verified};
    let server = servers::mariadb(false, &mariadb_users());
    let rows = [
        row(
            "app_user",
            RIGHT,
            Verified,
            "Tls { why: \"the server does not offer TLS",
        ),
        row(
            "app_user",
            RIGHT,
            Unverified,
            "Tls { why: \"the server does not offer TLS",
        ),
        row("app_user", RIGHT, Preferred, "Accepted"),
        row("app_user", RIGHT, None, "Accepted"),
        row("app_user", WRONG, Preferred, r#"Refused { code: "1045" }"#),
        row("app_user", WRONG, None, r#"Refused { code: "1045" }"#),
        row("modern_user", RIGHT, None, "Accepted"),
    ];
    check(&server, "mysql", &rows).await;
}

#[tokio::test]
async fn mariadb_that_requires_tls() {
    let sql = format!("{}SET GLOBAL require_secure_transport = ON;", mariadb_users());
    let server = servers::mariadb(true, &sql);
    let rows = [
        row("app_user", RIGHT, TlsMode::Verified, "Accepted"),
        row(
            "app_user",
            RIGHT,
            TlsMode::None,
            "Tls { why: \"denied without TLS (1045)",
        ),
    ];
    check(&server, "mariadb", &rows).await;
}

const POSTGRES_USERS: [&str; 8] = [
    "CREATE ROLE app_user LOGIN PASSWORD 'r1ght-pässword'",
    "CREATE ROLE tlsonly_user LOGIN PASSWORD 'r1ght-pässword'",
    "CREATE ROLE clear_user LOGIN PASSWORD 'r1ght-pässword'",
    "CREATE ROLE locked_user NOLOGIN PASSWORD 'r1ght-pässword'",
    "CREATE ROLE busy_user LOGIN CONNECTION LIMIT 0 PASSWORD 'r1ght-pässword'",
    "CREATE DATABASE guarded",
    "REVOKE CONNECT ON DATABASE guarded FROM PUBLIC",
    "SET password_encryption = 'md5'; CREATE ROLE old_user LOGIN PASSWORD 'r1ght-pässword'",
];

const POSTGRES_RULES: &str = "hostssl all tlsonly_user all scram-sha-256\nhost all tlsonly_user all reject\n\
    host all clear_user all password\nhost all old_user all md5\nhost all all all scram-sha-256\n";

#[tokio::test]
async fn postgres_with_tls() {
    use TlsMode::{None, Preferred, Unverified, Verified};
    let server = servers::postgres(true, POSTGRES_RULES, &POSTGRES_USERS);
    let rows = [
        row("app_user", RIGHT, Verified, "Accepted"),
        row("app_user", RIGHT, Unverified, "Accepted"),
        row("app_user", RIGHT, Preferred, "Accepted"),
        row("app_user", RIGHT, None, "Accepted"),
        row("app_user", WRONG, Verified, r#"Refused { code: "28P01" }"#),
        row("app_user", WRONG, None, r#"Refused { code: "28P01" }"#),
        row("nobody_user", RIGHT, Verified, r#"Refused { code: "28P01" }"#),
        row("tlsonly_user", RIGHT, Verified, "Accepted"),
        row("tlsonly_user", RIGHT, Preferred, "Accepted"),
        row(
            "tlsonly_user",
            RIGHT,
            None,
            r#"Account { code: "28000: pg_hba.conf rejects it"#,
        ),
        row("clear_user", RIGHT, Verified, "Accepted"),
        row(
            "clear_user",
            RIGHT,
            None,
            "Tls { why: \"the server asks for a cleartext password",
        ),
        row("old_user", RIGHT, None, "Accepted"),
        row(
            "locked_user",
            RIGHT,
            Verified,
            r#"Account { code: "28000: the role may not log in (NOLOGIN)" }"#,
        ),
        row("locked_user", WRONG, Verified, r#"Refused { code: "28P01" }"#),
        row("busy_user", RIGHT, Verified, r#"Busy { code: "53300" }"#),
    ];
    check(&server, "postgres", &rows).await;
    check_certificate(&server, "postgresql").await;
    let absent = "Admitted { but: \"there is no database by the name of `dbname` (3D000)";
    let denied = "Admitted { but: \"the account may not use the database of `dbname` (42501)";
    let closed = "Admitted { but: \"the database of `dbname` takes no connections (55000)";
    let refused = r#"Refused { code: "28P01" }"#;
    let rows = [
        ("app_user", RIGHT, "nowhere", absent),
        ("app_user", WRONG, "nowhere", refused),
        ("app_user", RIGHT, "guarded", denied),
        ("app_user", WRONG, "guarded", refused),
        ("app_user", RIGHT, "template0", closed),
        ("app_user", WRONG, "template0", refused),
    ];
    check_databases(&server, "postgres", &rows).await;
}

#[tokio::test]
async fn postgres_without_tls() {
    use TlsMode::{None, Preferred, Unverified, Verified};
    let server = servers::postgres(false, POSTGRES_RULES, &POSTGRES_USERS);
    let rows = [
        row(
            "app_user",
            RIGHT,
            Verified,
            "Tls { why: \"the server does not offer TLS",
        ),
        row(
            "app_user",
            RIGHT,
            Unverified,
            "Tls { why: \"the server does not offer TLS",
        ),
        row("app_user", RIGHT, Preferred, "Accepted"),
        row("app_user", RIGHT, None, "Accepted"),
        row("app_user", WRONG, Preferred, r#"Refused { code: "28P01" }"#),
        row(
            "clear_user",
            RIGHT,
            Preferred,
            "Tls { why: \"the server asks for a cleartext password",
        ),
        row(
            "clear_user",
            RIGHT,
            None,
            "Tls { why: \"the server asks for a cleartext password",
        ),
    ];
    check(&server, "postgres", &rows).await;
}
