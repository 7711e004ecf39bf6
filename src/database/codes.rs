//! What each code of a server says of the password, as `docs/logins.md` has it (a test holds both equal).
//!
//! By code, and where one code means several things by the well-known beginning of the server's message, which is
//! compared and never passed on: it names users and hosts.

use machine::model::LoginAnswer;

use super::answer;

/// Where in a login the code comes, and so what it says of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The server did not come to the password.
    Before,
    Tls,
    Refused,
    Account,
    Busy,
    /// The password was accepted.
    After,
}

pub(super) struct Code {
    code: &'static str,
    class: Class,
    /// In our own words.
    what: &'static str,
}

const fn code(code: &'static str, class: Class, what: &'static str) -> Code {
    Code { code, class, what }
}

/// Numbers of MySQL (`share/messages_to_clients.txt`) and MariaDB (`sql/share/errmsg-utf8.txt`), and of RDS Proxy.
pub(super) const MYSQL: [Code; 25] = {
    use Class::{Account, After, Before, Busy, Refused, Tls};
    [
        code("1040", Busy, "too many connections"),
        code("1041", Busy, "the server is out of memory"),
        code("1042", Before, "the server cannot find this host's name"),
        code("1043", Before, "the server does not understand the handshake"),
        code("1044", After, "the account may not use the database of `dbname`"),
        code("1045", Refused, "user or password is wrong"),
        code("1049", After, "there is no database by the name of `dbname`"),
        code("1053", Busy, "the server is shutting down"),
        code(
            "1129",
            Busy,
            "the server blocks this host after failed connections",
        ),
        code("1130", Before, "the server does not admit this host"),
        code("1135", Busy, "the server is out of threads"),
        code("1203", Busy, "too many connections of the account"),
        code("1226", Busy, "the account has used up a limit"),
        code(
            "1251",
            Before,
            "the account logs in in a way that the login test does not know",
        ),
        code(
            "1524",
            Before,
            "the server lacks the plugin that the account logs in with",
        ),
        code("1698", Refused, "the account does not log in by password"),
        code("1820", Account, "the password has expired"),
        code("1862", Account, "the password has expired"),
        code("3032", Busy, "the server is in offline mode"),
        code("3118", Account, "the account is locked (MySQL)"),
        code("3159", Tls, "the server requires TLS"),
        code("3955", Account, "locked after failed logins"),
        code("4150", Account, "blocked after failed logins (MariaDB)"),
        code("4151", Account, "the account is locked (MariaDB)"),
        code(
            "9501",
            Busy,
            "the proxy has no connection to the database to give",
        ),
    ]
};

/// SQLSTATEs of PostgreSQL (`src/backend/utils/errcodes.txt`).
pub(super) const POSTGRES: [Code; 12] = {
    use Class::{Account, After, Before, Busy, Refused};
    [
        code("08P01", Before, "the server does not understand the handshake"),
        code(
            "0A000",
            Before,
            "the server does not offer what the login asks for",
        ),
        code(
            "28000",
            Account,
            "the server does not admit the account so; see the messages below",
        ),
        code("28P01", Refused, "user or password is wrong"),
        code("3D000", After, "there is no database by the name of `dbname`"),
        code("42501", After, "the account may not use the database of `dbname`"),
        code("53200", Busy, "the server is out of memory"),
        code("53300", Busy, "too many connections, of all or of the account"),
        code("55000", After, "the database of `dbname` takes no connections"),
        code("57P01", Busy, "the server is shutting down"),
        code("57P02", Busy, "the server is restarting after a crash"),
        code(
            "57P03",
            Busy,
            "the server is starting, recovering or shutting down",
        ),
    ]
};

/// A part of a message of PostgreSQL or RDS Proxy, and what it says whatever its state.
pub(super) struct Message {
    part: &'static str,
    class: Class,
    what: &'static str,
}

const fn message(part: &'static str, class: Class, what: &'static str) -> Message {
    Message { part, class, what }
}

/// PostgreSQL (`src/backend/libpq/auth.c`, `src/backend/utils/init/miscinit.c`) and RDS Proxy (RDS User Guide,
/// "Troubleshooting for RDS Proxy").
pub(super) const MESSAGES: [Message; 13] = {
    use Class::{Account, Busy, Tls};
    [
        message(
            "This RDS proxy has no credentials for the role",
            Busy,
            "the proxy does not know this account, or not its new password yet",
        ),
        message(
            "The password that was provided for the role",
            Busy,
            "the proxy does not know the new password yet",
        ),
        message(
            "This RDS Proxy requires TLS connections",
            Tls,
            "the proxy requires TLS",
        ),
        message(
            "Timed-out waiting to acquire database connection",
            Busy,
            "the proxy has no connection to the database to give",
        ),
        message(
            "The maximum number of client connections to the proxy exceeded",
            Busy,
            "too many connections to the proxy",
        ),
        message(
            "Rate of connection to proxy exceeded",
            Busy,
            "too many connections a second to the proxy",
        ),
        message(
            "because of too many competing requests",
            Busy,
            "too many logins at once for the proxy",
        ),
        message(
            "IAM authentication failed",
            Account,
            "the account logs in by IAM, not by password",
        ),
        message(
            "PAM authentication failed",
            Account,
            "the account logs in by IAM, not by password (role rds_iam)",
        ),
        message(
            "IAM is allowed only with SSL connections",
            Account,
            "the account logs in by IAM, not by password",
        ),
        message(
            "no pg_hba.conf entry for",
            Account,
            "pg_hba.conf has no entry for it from this host, or only with TLS",
        ),
        message(
            "pg_hba.conf rejects connection",
            Account,
            "pg_hba.conf rejects it from this host, or without TLS",
        ),
        message(
            "is not permitted to log in",
            Account,
            "the role may not log in (NOLOGIN)",
        ),
    ]
};

pub(super) fn find(table: &'static [Code], code: &str) -> Option<&'static Code> {
    table.iter().find(|known| known.code == code)
}

/// What a message tells beyond its state, where it is one of the well-known.
pub(super) fn by_message(state: &str, message: &str) -> Option<LoginAnswer> {
    let known = MESSAGES.iter().find(|known| message.contains(known.part))?;
    Some(said(
        known.class,
        &format!("{state}: {}", known.what),
        known.what,
        state,
    ))
}

/// What a code tells; one that is in no table is unknown, and shown.
pub(super) fn by_code(known: Option<&Code>, code: String) -> LoginAnswer {
    match known {
        Some(known) => said(known.class, &code, known.what, &code),
        None => LoginAnswer::Unknown { code },
    }
}

fn said(class: Class, told: &str, what: &str, code: &str) -> LoginAnswer {
    match class {
        Class::Before => answer::unreachable(format!("{what} ({code})")),
        Class::Tls => answer::tls(format!("{what} ({code}); see login.tls")),
        Class::Refused => LoginAnswer::Refused {
            code: told.to_owned(),
        },
        Class::Account => LoginAnswer::Account {
            code: told.to_owned(),
        },
        Class::Busy => LoginAnswer::Busy {
            code: told.to_owned(),
        },
        Class::After => LoginAnswer::Admitted {
            but: format!("{what} ({code})"),
        },
    }
}

/// What RDS Proxy says at one of its endpoints: it judges a password by the secret as it last read it, not by the database.
pub(super) fn by_proxy(answer: LoginAnswer) -> LoginAnswer {
    match answer {
        LoginAnswer::Refused { code } => LoginAnswer::Busy {
            code: format!("{code}: the proxy refuses it, and may not know the new password yet"),
        },
        other => other,
    }
}

/// After the login itself succeeded: whatever fails now, the password was accepted. Not by a database, where a proxy
/// accepts it and has no connection to give.
pub(super) fn after_the_login(answer: LoginAnswer) -> LoginAnswer {
    match answer {
        LoginAnswer::Busy { code } if is_of_a_proxy(&code) => LoginAnswer::Busy { code },
        LoginAnswer::Unknown { code } | LoginAnswer::Busy { code } => LoginAnswer::Admitted {
            but: format!("`SELECT 1` failed with error {code}"),
        },
        LoginAnswer::Unreachable { why } => LoginAnswer::Admitted {
            but: format!("`SELECT 1` failed: {why}"),
        },
        LoginAnswer::Accepted
        | LoginAnswer::Admitted { .. }
        | LoginAnswer::Refused { .. }
        | LoginAnswer::Account { .. }
        | LoginAnswer::Tls { .. }
        | LoginAnswer::Unusable { .. } => answer,
    }
}

/// Whether what is told is a proxy's own word, by the words of the tables.
fn is_of_a_proxy(told: &str) -> bool {
    let what = find(&MYSQL, told).map_or(told, |known| known.what);
    what.contains("the proxy")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(class: Class) -> &'static str {
        match class {
            Class::Before => "before the password",
            Class::Tls => "TLS",
            Class::Refused => "refused",
            Class::Account => "state of the account",
            Class::Busy => "busy",
            Class::After => "accepted",
        }
    }

    /// Code or message, class, and what it says.
    type Row = [String; 3];

    fn rows(table: &[Code]) -> Vec<Row> {
        let row = |Code { code, class, what }: &Code| [*code, word(*class), *what].map(str::to_owned);
        table.iter().map(row).collect()
    }

    /// The rows of the table below a heading, without its head; a code's name stands in the documents alone.
    fn documented(heading: &str) -> Vec<Row> {
        let page = include_str!("../../docs/logins.md");
        let (_, section) = page.split_once(&format!("## {heading}\n")).expect(heading);
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = section
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(" | ").collect();
            [cells[0], cells[cells.len() - 2], cells[cells.len() - 1]].map(str::to_owned)
        };
        rows.skip(1).map(row).collect()
    }

    #[test]
    fn d2_the_documented_tables_are_those_of_the_code() {
        assert_eq!(documented("MySQL and MariaDB"), rows(&MYSQL));
        assert_eq!(documented("PostgreSQL"), rows(&POSTGRES));
        let row = |Message { part, class, what }: &Message| [*part, word(*class), *what].map(str::to_owned);
        let messages: Vec<Row> = MESSAGES.iter().map(row).collect();
        assert_eq!(documented("Messages"), messages);
    }

    #[test]
    fn a_code_stands_once_and_in_order() {
        for table in [MYSQL.as_slice(), &POSTGRES] {
            assert!(table.is_sorted_by(|a, b| a.code < b.code));
        }
    }

    #[test]
    fn d2_a_code_that_is_in_no_table_is_unknown_and_shown() {
        for code in ["1105", "65535", "XX000", "99999"] {
            let known = find(&MYSQL, code).or_else(|| find(&POSTGRES, code));
            let answer = by_code(known, code.to_owned());
            assert_eq!(
                answer,
                LoginAnswer::Unknown {
                    code: code.to_owned()
                }
            );
            assert!(answer.to_string().contains(code), "{answer}");
            let after = after_the_login(answer);
            assert!(
                matches!(&after, LoginAnswer::Admitted { but } if but.contains(code)),
                "{after:?}"
            );
        }
    }

    #[test]
    fn d2_what_fails_after_the_login_says_nothing_against_the_password() {
        let mysql = |code: &str| by_code(find(&MYSQL, code), code.to_owned());
        let postgres = |code: &str| by_code(find(&POSTGRES, code), code.to_owned());
        let waits = by_message("XX000", "Timed-out waiting to acquire database connection");
        for (answer, expected) in [
            (mysql("1226"), "Admitted"),
            (mysql("1053"), "Admitted"),
            (mysql("1820"), "Account"),
            (mysql("9501"), "Busy"),
            (postgres("57P01"), "Admitted"),
            (waits.expect("it is known"), "Busy"),
            (
                answer::unreachable("the server closed the connection"),
                "Admitted",
            ),
        ] {
            let after = format!("{:?}", after_the_login(answer.clone()));
            assert!(after.starts_with(expected), "{answer:?}: {after}");
        }
    }
}
