//! Logging in to PostgreSQL.

use std::future::poll_fn;
use std::net::SocketAddr;

use machine::model::LoginAnswer;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error, SimpleQueryMessage};

use super::answer::{self, transport};
use super::codes;
use super::guard::{Guard, Watch};
use super::secret::Access;
use super::tls::Tls;
use super::visit::{Told, Visit, asked_in_vain, not_asked, not_told};
use crate::ports::{TlsMode, Writer};

/// The database of AWS's rotation templates where the secret names none.
const DEFAULT_DATABASE: &str = "postgres";

pub(super) async fn login(visit: &Visit<'_>, tls: &Tls) -> Told {
    let stream = match connect(visit.addresses).await {
        Ok(stream) => stream,
        Err(error) => return transport(&error).into(),
    };
    match attempt(visit, stream, tls).await {
        Ok(Ok(writer)) => Told {
            answer: LoginAnswer::Accepted,
            writer,
        },
        // After a login that a proxy took, the database may be asked only now.
        Ok(Err(error)) | Err(error) if visit.access.is_proxied() => codes::by_proxy(failure(&error)).into(),
        Ok(Err(error)) => codes::after_the_login(failure(&error)).into(),
        Err(error) => failure(&error).into(),
    }
}

/// Without delay: a login is small messages to and fro.
async fn connect(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(addresses).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The login, and what came after it.
async fn attempt(visit: &Visit<'_>, stream: TcpStream, tls: &Tls) -> Result<Result<Writer, Error>, Error> {
    let access = visit.access;
    let verified = access.tls == TlsMode::Verified;
    let host = access.host.expose_secret();
    let Ok(start_tls) =
        MakeTlsConnect::<Guard<TcpStream>>::make_tls_connect(&mut tls.postgres(verified), host);
    let stream = Guard::new(stream, watch(access.tls));
    let (client, connection) = config(access).connect_raw(stream, start_tls).await?;
    Ok(driven(ask(client, visit.asks_for_writer), connection).await)
}

/// The error is that of `SELECT 1`. Dropping the client ends the connection.
async fn ask(client: Client, asks_for_writer: bool) -> Result<Writer, Error> {
    client.simple_query("SELECT 1").await?;
    Ok(match asks_for_writer {
        true => writer(client.simple_query("SELECT pg_is_in_recovery()").await),
        false => not_asked(),
    })
}

fn writer(asked: Result<Vec<SimpleQueryMessage>, Error>) -> Writer {
    let messages = match asked {
        Ok(messages) => messages,
        Err(error) => {
            return not_told(match error.as_db_error() {
                Some(error) => asked_in_vain(form(error.code().code())),
                None => failure(&error).to_string(),
            });
        }
    };
    by_recovery(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten(),
        _ => None,
    }))
}

/// A standby, or a reader of Aurora, is in recovery.
fn by_recovery(told: Option<&str>) -> Writer {
    match told {
        Some("f") => Writer::Yes,
        Some("t") => Writer::No {
            because: "it is in recovery, as a standby is",
        },
        _ => not_told("the server's answer was not understood"),
    }
}

/// Notices are dropped: the driver would log them, and they may hold anything.
async fn driven<A, S, T>(ask: impl Future<Output = A>, mut connection: Connection<S, T>) -> A
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let drive = async { while let Some(Ok(_notice)) = poll_fn(|cx| connection.poll_message(cx)).await {} };
    let (answer, ()) = tokio::join!(ask, drive);
    answer
}

fn config(access: &Access) -> Config {
    let mut config = Config::new();
    config
        .user(access.user.expose_secret())
        .password(access.password.expose_secret())
        .dbname(
            access
                .dbname
                .as_ref()
                .map_or(DEFAULT_DATABASE, |name| name.expose_secret()),
        )
        .application_name("rotation-watchdog")
        .ssl_mode(match access.tls {
            TlsMode::Verified | TlsMode::Unverified => SslMode::Require,
            TlsMode::Preferred => SslMode::Prefer,
            TlsMode::None => SslMode::Disable,
        });
    config
}

fn watch(tls: TlsMode) -> Watch {
    match tls {
        TlsMode::Verified | TlsMode::Unverified => Watch::TlsAnswer { required: true },
        TlsMode::Preferred => Watch::TlsAnswer { required: false },
        TlsMode::None => Watch::plain(),
    }
}

fn failure(error: &Error) -> LoginAnswer {
    match error.as_db_error() {
        Some(error) => server(error.code().code(), error.message()),
        None if error.is_closed() => answer::unreachable("the server closed the connection"),
        None => transport(error),
    }
}

/// By SQLSTATE, and where that says too little by the kind of message.
fn server(state: &str, message: &str) -> LoginAnswer {
    let code = form(state);
    codes::by_message(code, message)
        .unwrap_or_else(|| codes::by_code(codes::find(&codes::POSTGRES, state), code.to_owned()))
}

/// A server may send anything for a state, which is shown.
fn form(state: &str) -> &str {
    let is_code = state.len() == 5 && state.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_code { state } else { "of no known form" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sorted_by_state() {
        let rows: &[(&[&str], &str)] = &[
            (&["28P01"], "Refused"),
            (&["28000"], "Account"),
            (&["53200", "53300", "57P01", "57P02", "57P03"], "Busy"),
            (&["3D000", "42501", "55000"], "Admitted"),
            (&["08P01", "0A000"], "Unreachable"),
            (
                &["XX000", "22023", "", "28p01", "a state that is far too long"],
                "Unknown",
            ),
        ];
        for (states, expected) in rows {
            for state in *states {
                let answer = format!("{:?}", server(state, "of the marker"));
                assert!(answer.starts_with(expected), "{state}: {answer}");
                assert!(
                    !answer.contains("far too long") && !answer.contains("marker"),
                    "{answer}"
                );
            }
        }
    }

    #[test]
    fn only_a_server_that_is_not_in_recovery_is_a_writer() {
        for (told, expected) in [
            (Some("f"), "Yes"),
            (Some("t"), "No"),
            (Some("false"), "NotTold"),
            (Some(""), "NotTold"),
            (None, "NotTold"),
        ] {
            let writer = format!("{:?}", by_recovery(told));
            assert!(writer.starts_with(expected), "{told:?}: {writer}");
        }
    }

    #[test]
    fn d3_one_state_means_several_things_and_the_message_tells_which() {
        for (state, message, expected) in [
            (
                "28000",
                "This RDS proxy has no credentials for the role marker. Check the credentials for this role and try again.",
                "Busy { code: \"28000: the proxy does not know",
            ),
            (
                "28P01",
                "The password that was provided for the role marker is wrong.",
                "Busy { code: \"28P01: the proxy does not know the new password yet",
            ),
            (
                "28000",
                "no pg_hba.conf entry for host \"marker\", user \"marker\", database \"marker\", no encryption",
                "Account { code: \"28000: pg_hba.conf has no entry",
            ),
            (
                "28000",
                "pg_hba.conf rejects connection for host \"marker\", user \"marker\", database \"marker\", SSL off",
                "Account { code: \"28000: pg_hba.conf rejects it",
            ),
            (
                "28000",
                "role \"marker\" is not permitted to log in",
                "Account { code: \"28000: the role may not",
            ),
            (
                "28000",
                "PAM authentication failed for user \"marker\"",
                "Account { code: \"28000: the account logs in by IAM",
            ),
            (
                "28000",
                "role \"marker\" does not exist",
                "Account { code: \"28000\" }",
            ),
            (
                "28000",
                "Rolle »marker« darf sich nicht anmelden",
                "Account { code: \"28000\" }",
            ),
            (
                "28P01",
                "password authentication failed for user \"marker\"",
                "Refused { code: \"28P01\" }",
            ),
            (
                "08006",
                "This RDS Proxy requires TLS connections.",
                "Tls { why: \"the proxy requires TLS (08006)",
            ),
            (
                "XX000",
                "Timed-out waiting to acquire database connection.",
                "Busy",
            ),
        ] {
            let answer = format!("{:?}", server(state, message));
            assert!(answer.starts_with(expected), "{message}: {answer}");
            assert!(!answer.contains("marker"), "{answer}");
        }
    }
}
