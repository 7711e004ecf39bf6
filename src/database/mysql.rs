//! Logging in to MySQL and MariaDB.
//!
//! The password itself is sent only over TLS: `mysql_clear_password` is switched on with TLS alone, and without it
//! the driver encrypts for `caching_sha2_password` with a key that the server sends. Who can change the traffic can
//! change that key: [`TlsMode::None`] and [`TlsMode::Preferred`] trust the network.

use std::net::SocketAddr;
use std::time::Duration;

use machine::model::LoginAnswer;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, OptsBuilder, Row, SslOpts, Value};
use secrecy::ExposeSecret;

use super::answer::{self, CLEARTEXT, NO_TLS, transport};
use super::codes;
use super::greeting;
use super::secret::Access;
use super::tls::Tls;
use super::visit::{Told, Visit, asked_in_vain, not_asked, not_told};
use crate::ports::{TlsMode, Writer};

/// A server that vanished is noticed, should a connection outlive its login.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Known here, so that the driver does not ask the server for them.
const MAX_PACKET: usize = 1024 * 1024;
const WAIT_TIMEOUT: usize = 60;
/// ER_UNKNOWN_SYSTEM_VARIABLE.
const UNKNOWN_SYSTEM_VARIABLE: u16 = 1193;

/// What a denial may mean, by how the connection was protected and who is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Encrypted,
    /// The server has no TLS to offer.
    PlainOnly,
    /// The server has TLS, or may have it.
    Plain,
    /// However it was protected: RDS Proxy answers.
    Proxy,
}

/// Logs in as `visit` says, in one attempt, or in two where preferred TLS is not offered.
pub(super) async fn login(visit: &Visit<'_>, tls: &Tls) -> Told {
    let ended = match visit.access.tls {
        TlsMode::Verified => encrypted(visit, tls.mysql(true)).await,
        TlsMode::Unverified => encrypted(visit, tls.mysql(false)).await,
        TlsMode::Preferred => match encrypted(visit, tls.mysql(false)).await {
            (Err(Error::Driver(DriverError::NoClientSslFlagFromServer)), _) => {
                (attempt(visit, None).await, Channel::PlainOnly)
            }
            ended => ended,
        },
        TlsMode::None => plain(visit).await,
    };
    match ended {
        (Ok(Ok(writer)), _) => Told {
            answer: LoginAnswer::Accepted,
            writer,
        },
        (result, _) if visit.access.is_proxied() => answer(result, Channel::Proxy).into(),
        (result, channel) => answer(result, channel).into(),
    }
}

/// The login, and what came after it.
type Attempt = Result<Result<Writer, Error>, Error>;

async fn encrypted(visit: &Visit<'_>, ssl: SslOpts) -> (Attempt, Channel) {
    (attempt(visit, Some(ssl)).await, Channel::Encrypted)
}

/// A user with REQUIRE SSL is denied with the right password too: only a server without TLS leaves no doubt.
async fn plain(visit: &Visit<'_>) -> (Attempt, Channel) {
    let result = attempt(visit, None).await;
    let channel = match &result {
        Err(Error::Server(error)) if is_denial(error.code) => {
            match greeting::offers_tls(visit.addresses).await {
                Ok(Some(false)) => Channel::PlainOnly,
                Ok(Some(true) | None) | Err(_) => Channel::Plain,
            }
        }
        _ => Channel::Plain,
    };
    (result, channel)
}

async fn attempt(visit: &Visit<'_>, ssl: Option<SslOpts>) -> Attempt {
    let mut connection = Conn::new(options(visit.access, visit.addresses, ssl)).await?;
    let asked = ask(&mut connection, visit.asks_for_writer).await;
    // The password has proven itself: how the farewell goes does not matter.
    connection.disconnect().await.ok();
    Ok(asked)
}

/// The error is that of `SELECT 1`.
async fn ask(connection: &mut Conn, asks_for_writer: bool) -> Result<Writer, Error> {
    connection.query_drop("SELECT 1").await?;
    Ok(match asks_for_writer {
        true => writer(connection).await,
        false => not_asked(),
    })
}

/// A replica has the first switched on, a reader of Aurora the second.
async fn writer(connection: &mut Conn) -> Writer {
    let read_only = setting(connection, "SELECT @@global.read_only").await;
    let innodb_read_only = setting(connection, "SELECT @@global.innodb_read_only").await;
    by_settings(read_only, innodb_read_only)
}

type Setting = Result<Option<bool>, Error>;

fn by_settings(read_only: Setting, innodb_read_only: Setting) -> Writer {
    let innodb_read_only = match innodb_read_only {
        // A server without InnoDB.
        Err(Error::Server(error)) if error.code == UNKNOWN_SYSTEM_VARIABLE => Ok(Some(false)),
        told => told,
    };
    match (read_only, innodb_read_only) {
        (Ok(Some(true)), _) => Writer::No {
            because: "read_only is on",
        },
        (_, Ok(Some(true))) => Writer::No {
            because: "innodb_read_only is on",
        },
        (Ok(Some(false)), Ok(Some(false))) => Writer::Yes,
        (Err(Error::Server(error)), _) | (_, Err(Error::Server(error))) => {
            not_told(asked_in_vain(error.code))
        }
        (Err(error), _) | (_, Err(error)) => not_told(answer(Err(error), Channel::Encrypted).to_string()),
        (Ok(None), _) | (_, Ok(None)) => not_told("the server's answer was not understood"),
    }
}

/// Whether it is on. `None`: the server's answer is neither.
async fn setting(connection: &mut Conn, question: &str) -> Setting {
    let row: Option<Row> = connection.query_first(question).await?;
    Ok(match row.as_ref().and_then(|row| row.as_ref(0)) {
        Some(Value::Bytes(told)) => is_on(told),
        _ => None,
    })
}

fn is_on(told: &[u8]) -> Option<bool> {
    match told {
        b"1" | b"ON" => Some(true),
        b"0" | b"OFF" => Some(false),
        _ => None,
    }
}

/// `prefer_socket` would go on over a Unix socket, another way to log in; `enable_cleartext_plugin` needs TLS.
fn options(access: &Access, addresses: &[SocketAddr], ssl: Option<SslOpts>) -> OptsBuilder {
    let ips: Vec<_> = addresses.iter().map(SocketAddr::ip).collect();
    let program = [("program_name".to_owned(), "rotation-watchdog".to_owned())];
    OptsBuilder::default()
        .ip_or_hostname(access.host.expose_secret())
        .resolved_ips(Some(ips))
        .tcp_port(access.port)
        .user(Some(access.user.expose_secret()))
        .pass(Some(access.password.expose_secret()))
        .db_name(access.dbname.as_ref().map(|name| name.expose_secret()))
        .prefer_socket(false)
        .enable_cleartext_plugin(ssl.is_some())
        .ssl_opts(ssl)
        .tcp_keepalive(Some(KEEPALIVE))
        .max_allowed_packet(Some(MAX_PACKET))
        .wait_timeout(Some(WAIT_TIMEOUT))
        .stmt_cache_size(0)
        .connect_attributes(program.into())
}

fn answer(result: Attempt, channel: Channel) -> LoginAnswer {
    match result {
        Ok(Ok(_)) => LoginAnswer::Accepted,
        // The database may be asked only now.
        Ok(Err(error)) if channel == Channel::Proxy => answer(Err(error), channel),
        Ok(Err(error)) => codes::after_the_login(answer(Err(error), channel)),
        Err(Error::Server(error)) => server(error.code, channel),
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) => answer::tls(NO_TLS),
        Err(Error::Driver(DriverError::CleartextPluginDisabled)) => answer::tls(CLEARTEXT),
        Err(Error::Driver(DriverError::UnknownAuthPlugin { .. } | DriverError::MysqlOldPasswordDisabled)) => {
            answer::unreachable("the account uses an authentication plugin that the login test does not know")
        }
        Err(Error::Driver(DriverError::ConnectionClosed)) => {
            answer::unreachable("the server closed the connection")
        }
        Err(error) => transport(&error),
    }
}

fn is_denial(code: u16) -> bool {
    matches!(code, 1045 | 1698)
}

/// By MySQL's and MariaDB's error numbers.
fn server(number: u16, channel: Channel) -> LoginAnswer {
    let code = number.to_string();
    if is_denial(number) && channel == Channel::Plain {
        return answer::tls(format!(
            "denied without TLS ({code}): the password may be wrong, or the account may require TLS; see login.tls"
        ));
    }
    let answer = codes::by_code(codes::find(&codes::MYSQL, &code), code);
    match channel {
        Channel::Proxy => codes::by_proxy(answer),
        Channel::Encrypted | Channel::PlainOnly | Channel::Plain => answer,
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::ServerError;

    use super::*;

    #[test]
    fn errors_are_sorted_by_number_and_channel() {
        use Channel::{Encrypted, Plain, PlainOnly, Proxy};
        let rows: &[(&[u16], &[Channel], &str)] = &[
            (&[1045, 1698], &[Encrypted, PlainOnly], "Refused"),
            (&[1045, 1698, 3159], &[Plain], "Tls"),
            (
                &[4150, 4151, 3118, 1820, 1862, 3955],
                &[Encrypted, Plain, PlainOnly],
                "Account",
            ),
            (
                &[1040, 1129, 1203, 1226, 1053, 3032, 9501],
                &[Encrypted, Plain, PlainOnly],
                "Busy",
            ),
            (&[1044, 1049], &[Encrypted, Plain, PlainOnly], "Admitted"),
            (&[1130, 1043, 1251], &[Encrypted, Plain, PlainOnly], "Unreachable"),
            (&[1105, 0, 65535], &[Encrypted, Plain, PlainOnly], "Unknown"),
            (&[1045, 1698, 1040, 9501], &[Proxy], "Busy"),
            (&[3159], &[Proxy], "Tls"),
        ];
        for (numbers, channels, expected) in rows {
            for (number, channel) in numbers
                .iter()
                .flat_map(|n| channels.iter().map(move |c| (*n, *c)))
            {
                let answer = format!("{:?}", server(number, channel));
                assert!(answer.starts_with(expected), "{number} {channel:?}: {answer}");
                assert!(answer.contains(&number.to_string()), "{answer}");
            }
        }
    }

    /// RDS Proxy takes the login by itself, and asks the database later.
    #[test]
    fn d3_what_a_proxy_says_after_the_login_is_not_the_databases_word() {
        let closed = || Ok(Err(Error::Driver(DriverError::ConnectionClosed)));
        for (channel, expected) in [(Channel::Encrypted, "Admitted"), (Channel::Proxy, "Unreachable")] {
            let answer = format!("{:?}", answer(closed(), channel));
            assert!(answer.starts_with(expected), "{channel:?}: {answer}");
        }
    }

    fn told_error(code: u16) -> Setting {
        Err(Error::Server(ServerError {
            code,
            message: "of the marker".to_owned(),
            state: "HY000".to_owned(),
        }))
    }

    #[test]
    fn a_server_is_a_writer_only_where_both_settings_say_so() {
        let (on, off, odd) = (|| Ok(Some(true)), || Ok(Some(false)), || Ok(None));
        let unknown = || told_error(UNKNOWN_SYSTEM_VARIABLE);
        let closed = || Err(Error::Driver(DriverError::ConnectionClosed));
        for (read_only, innodb_read_only, expected) in [
            (off(), off(), "Yes"),
            (off(), unknown(), "Yes"),
            (on(), off(), "No { because: \"read_only is on\""),
            (on(), closed(), "No { because: \"read_only is on\""),
            (off(), on(), "No { because: \"innodb_read_only is on\""),
            (odd(), on(), "No { because: \"innodb_read_only is on\""),
            (
                unknown(),
                off(),
                "NotTold { why: \"the question failed with error 1193\"",
            ),
            (
                off(),
                told_error(1227),
                "NotTold { why: \"the question failed with error 1227\"",
            ),
            (
                off(),
                closed(),
                "NotTold { why: \"unreachable: the server closed the connection\"",
            ),
            (
                off(),
                odd(),
                "NotTold { why: \"the server's answer was not understood\"",
            ),
            (
                odd(),
                off(),
                "NotTold { why: \"the server's answer was not understood\"",
            ),
        ] {
            let told = format!("{:?}", by_settings(read_only, innodb_read_only));
            assert!(told.starts_with(expected), "{told}, expected {expected}");
        }
    }

    #[test]
    fn a_setting_is_a_number_or_a_word() {
        for (told, expected) in [
            ("1", Some(true)),
            ("ON", Some(true)),
            ("0", Some(false)),
            ("OFF", Some(false)),
            ("", None),
            ("NO_LOCK", None),
        ] {
            assert_eq!(is_on(told.as_bytes()), expected, "{told}");
        }
    }

    #[test]
    fn driver_errors_are_sorted() {
        let driver = |error| answer(Err(Error::Driver(error)), Channel::Encrypted);
        assert_eq!(
            driver(DriverError::NoClientSslFlagFromServer),
            answer::tls(NO_TLS)
        );
        assert_eq!(
            driver(DriverError::CleartextPluginDisabled),
            answer::tls(CLEARTEXT)
        );
        let payload = b"p4ssw0rd-marker".to_vec();
        let unexpected = driver(DriverError::UnexpectedPacket { payload });
        assert_eq!(
            unexpected,
            answer::unreachable("the server's answer was not understood")
        );
    }
}
