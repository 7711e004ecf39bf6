//! Logging in to PostgreSQL.

use std::future::poll_fn;
use std::net::SocketAddr;

use machine::model::LoginAnswer;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error};

use super::answer::{self, transport};
use super::guard::{Guard, Watch};
use super::secret::Access;
use super::tls::Tls;
use crate::ports::TlsMode;

/// The database of AWS's rotation templates where the secret names none.
const DEFAULT_DATABASE: &str = "postgres";

pub(super) async fn login(access: &Access, addresses: &[SocketAddr], tls: &Tls) -> LoginAnswer {
    let stream = match connect(addresses).await {
        Ok(stream) => stream,
        Err(error) => return transport(&error),
    };
    match attempt(access, stream, tls).await {
        Ok(()) => LoginAnswer::Accepted,
        Err(error) => failure(&error),
    }
}

/// Without delay: a login is small messages to and fro.
async fn connect(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(addresses).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn attempt(access: &Access, stream: TcpStream, tls: &Tls) -> Result<(), Error> {
    let verified = access.tls == TlsMode::Verified;
    let host = access.host.expose_secret();
    let Ok(start_tls) =
        MakeTlsConnect::<Guard<TcpStream>>::make_tls_connect(&mut tls.postgres(verified), host);
    let stream = Guard::new(stream, watch(access.tls));
    let (client, connection) = config(access).connect_raw(stream, start_tls).await?;
    select_one(client, connection).await
}

/// Notices are dropped: the driver would log them, and they may hold anything. Dropping the client ends the connection.
async fn select_one<S, T>(client: Client, mut connection: Connection<S, T>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let ask = async move { client.simple_query("SELECT 1").await.map(drop) };
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
    match error.code() {
        Some(state) => server(state.code()),
        None if error.is_closed() => answer::unreachable("the server closed the connection"),
        None => transport(error),
    }
}

/// By SQLSTATE (PostgreSQL, "Error Codes").
fn server(state: &str) -> LoginAnswer {
    let is_code = state.len() == 5 && state.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let code = if is_code { state } else { "of no known form" }.to_owned();
    match state {
        "28P01" => LoginAnswer::Refused { code },
        // Not admitted by the server's rules, for reasons that are not the password; without TLS often just that.
        "28000" => LoginAnswer::Account { code },
        "53300" | "57P03" => LoginAnswer::Busy { code },
        "3D000" => answer::unreachable(format!("there is no database by the name of `dbname` ({code})")),
        "42501" => answer::unreachable(format!(
            "the account may not use the database of `dbname` ({code})"
        )),
        _ => answer::unreachable(format!("the server answered with error {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sorted_by_state() {
        let rows: &[(&[&str], &str)] = &[
            (&["28P01"], "Refused"),
            (&["28000"], "Account"),
            (&["53300", "57P03"], "Busy"),
            (
                &[
                    "3D000",
                    "42501",
                    "57P01",
                    "XX000",
                    "08P01",
                    "",
                    "28p01",
                    "a state that is far too long",
                ],
                "Unreachable",
            ),
        ];
        for (states, expected) in rows {
            for state in *states {
                let answer = format!("{:?}", server(state));
                assert!(answer.starts_with(expected), "{state}: {answer}");
                assert!(!answer.contains("far too long"), "{answer}");
            }
        }
    }
}
