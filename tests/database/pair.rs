//! Both values of a secret side by side, at real servers: writers, and those that only read.

use rotation_watchdog::ports::{Comparison, Credentials, Login, LoginTarget};

use super::{POSTGRES_RULES, databases};
use crate::support::servers::{self, Server};

const SET: &str = "the-pässword-that-is-set";
const OLD: &str = "the-old-one";
const NEW: &str = "the-new-one";

/// How the server's two answers and the objection begin.
struct Row<'a> {
    user: &'a str,
    /// AWSCURRENT's password and AWSPENDING's.
    passwords: [&'a str; 2],
    answers: [&'a str; 2],
    objection: &'a str,
}

fn row<'a>(user: &'a str, passwords: [&'a str; 2], answers: [&'a str; 2], objection: &'a str) -> Row<'a> {
    Row {
        user,
        passwords,
        answers,
        objection,
    }
}

async fn compare(server: &Server, engine: &str, user: &str, [current, pending]: [&str; 2]) -> Comparison {
    let value = |password: &str| {
        let port = server.port;
        let value = format!(
            r#"{{"engine":"{engine}","host":"localhost","port":{port},"username":"{user}","password":"{password}"}}"#
        );
        Credentials(value.into())
    };
    let (current_value, pending_value) = (value(current), value(pending));
    let (look, comparison) = databases(server, true)
        .compare(&LoginTarget::default(), false, &current_value, &pending_value)
        .await;
    assert!(look.sent <= look.arrived);
    let text = format!("{comparison:?} {:?}", comparison.objection());
    for value in [user, current, pending, "localhost"] {
        assert!(!text.contains(value), "{text}");
    }
    comparison
}

/// Tries every row and reports all that differ. No objection is told by an empty text.
async fn check(server: &Server, engine: &str, rows: &[Row<'_>]) {
    let mut wrong = Vec::new();
    for row in rows {
        let comparison = compare(server, engine, row.user, row.passwords).await;
        let Comparison::Tried { current, pending, .. } = &comparison else {
            panic!("{comparison:?}")
        };
        let found = [current, pending].map(|answer| format!("{answer:?}"));
        let objection = comparison.objection().unwrap_or_default();
        let are_expected = found
            .iter()
            .zip(row.answers)
            .all(|(found, expected)| found.starts_with(expected));
        let is_objected =
            objection.starts_with(row.objection) && objection.is_empty() == row.objection.is_empty();
        if !are_expected || !is_objected {
            wrong.push(format!(
                "{} {:?}: {comparison:?}: {objection}",
                row.user, row.passwords
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whom it lets in decides; then nothing objects, at a writer.
fn by_password(refused: &str) -> [Row<'_>; 4] {
    let none = "the login with AWSPENDING is not accepted: refused";
    [
        row("app_user", [OLD, SET], [refused, "Accepted"], ""),
        row("app_user", [SET, NEW], ["Accepted", refused], none),
        row("app_user", [OLD, NEW], [refused, refused], none),
        row(
            "app_user",
            [SET, SET],
            ["Accepted", "Accepted"],
            "the login with AWSCURRENT is not refused: accepted",
        ),
    ]
}

async fn check_no_writer(server: &Server, engine: &str, refused: &str, objection: &str) {
    let rows = [row("app_user", [OLD, SET], [refused, "Accepted"], objection)];
    check(server, engine, &rows).await;
}

/// With nobody there, and one who was.
async fn check_down(mut server: Server, engine: &str) {
    server.stop();
    let unreachable = "Unreachable { why: \"connection refused";
    let objection = "the login with AWSPENDING is not accepted: unreachable: connection refused";
    let rows = [row("app_user", [OLD, SET], [unreachable, unreachable], objection)];
    check(&server, engine, &rows).await;
}

#[tokio::test]
async fn mariadb_that_writes_and_that_does_not() {
    let refused = r#"Refused { code: "1045" }"#;
    let mut server = servers::mariadb(
        true,
        &format!(
            "CREATE USER app_user@'%' IDENTIFIED BY '{SET}'; CREATE USER locked_user@'%' IDENTIFIED BY '{SET}' ACCOUNT LOCK; \
             CREATE USER expired_user@'%' IDENTIFIED BY '{SET}' PASSWORD EXPIRE;"
        ),
    );
    // No right is needed to see the settings: this account has none.
    check(&server, "mariadb", &by_password(refused)).await;
    let rows = [
        row(
            "locked_user",
            [OLD, SET],
            [refused, "Account"],
            "the login with AWSPENDING is not accepted: the account's state (4151)",
        ),
        row(
            "expired_user",
            [OLD, SET],
            [refused, "Account"],
            "the login with AWSPENDING is not accepted: the account's state (1820)",
        ),
    ];
    check(&server, "mysql", &rows).await;
    server.execute("SET GLOBAL read_only = 1");
    check_no_writer(
        &server,
        "mysql",
        refused,
        "the server takes no writes: read_only is on",
    )
    .await;
    server.restart_with(&["--innodb-read-only"]);
    check_no_writer(
        &server,
        "mysql",
        refused,
        "the server takes no writes: innodb_read_only is on",
    )
    .await;
    check_down(server, "mysql").await;
}

/// The setting of InnoDB is not there, and that is no objection.
#[tokio::test]
async fn mariadb_without_innodb() {
    let mut server = servers::mariadb(true, &format!("CREATE USER app_user@'%' IDENTIFIED BY '{SET}';"));
    server.restart_with(&["--skip-innodb", "--default-storage-engine=Aria"]);
    check_no_writer(&server, "mariadb", r#"Refused { code: "1045" }"#, "").await;
}

#[tokio::test]
async fn postgres_that_writes_and_that_does_not() {
    let refused = r#"Refused { code: "28P01" }"#;
    let users = [
        format!("CREATE ROLE app_user LOGIN PASSWORD '{SET}'"),
        format!("CREATE ROLE locked_user NOLOGIN PASSWORD '{SET}'"),
        format!("CREATE ROLE busy_user LOGIN CONNECTION LIMIT 0 PASSWORD '{SET}'"),
    ];
    let mut server = servers::postgres(true, POSTGRES_RULES, &users.each_ref().map(String::as_str));
    check(&server, "postgres", &by_password(refused)).await;
    let rows = [
        row(
            "locked_user",
            [OLD, SET],
            [refused, "Account"],
            "the login with AWSPENDING is not accepted: the account's state (28000",
        ),
        row(
            "busy_user",
            [SET, OLD],
            ["Busy", refused],
            "the login with AWSPENDING is not accepted: refused",
        ),
        row(
            "busy_user",
            [OLD, SET],
            [refused, "Busy"],
            "the login with AWSPENDING is not accepted: the database is busy (53300)",
        ),
    ];
    check(&server, "postgres", &rows).await;
    server.execute("REVOKE EXECUTE ON FUNCTION pg_is_in_recovery() FROM PUBLIC");
    let not_told = "the server does not tell whether it takes writes: the question failed with error 42501";
    check_no_writer(&server, "postgres", refused, not_told).await;
    server.execute("GRANT EXECUTE ON FUNCTION pg_is_in_recovery() TO PUBLIC");
    server.restart_as_standby();
    let standby = "the server takes no writes: it is in recovery, as a standby is";
    check_no_writer(&server, "postgres", refused, standby).await;
    check_down(server, "postgres").await;
}
