//! Login tests against servers that misbehave, played in process.

mod fake;
mod mysql;
mod pair;
mod postgres;
mod properties;
mod secret;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use machine::model::{LoginAnswer, Look};

use self::fake::Fake;
use super::{DatabaseOptions, Databases};
use crate::ports::{Credentials, Identities, Login, LoginTarget, TlsMode};

/// Every secret text of these tests holds it; no output may.
const MARKER: &str = "p4ssw0rd-marker";

fn databases(login_timeout: Duration) -> Databases {
    let options = DatabaseOptions {
        login_timeout,
        ca_file: None,
    };
    Databases::new(
        options,
        Identities::new(&[7; 64]),
        Arc::new(|| Timestamp::UNIX_EPOCH),
    )
    .unwrap()
}

/// The answer to a login test with `engine` on 127.0.0.1.
async fn login(engine: &str, port: u16, tls: TlsMode, limit: Duration) -> LoginAnswer {
    let target = LoginTarget {
        engine: Some(engine.to_owned()),
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        tls: Some(tls),
        ..LoginTarget::default()
    };
    let value = format!(r#"{{"username":"{MARKER}-user","password":"{MARKER}"}}"#);
    let (look, answer, seen) = databases(limit).login(&target, &Credentials(value.into())).await;
    assert_eq!(
        seen.map(|seen| seen.host),
        Some(databases(limit).identities().host("127.0.0.1"))
    );
    assert_eq!(
        look,
        Look::at(Timestamp::UNIX_EPOCH),
        "a look's times come from the program's clock"
    );
    assert!(!format!("{answer:?}").contains(MARKER), "{answer:?}");
    answer
}

async fn login_to(fake: &Fake, engine: &str, tls: TlsMode) -> LoginAnswer {
    login(engine, fake.port, tls, Duration::from_secs(20)).await
}

fn is_tls(answer: &LoginAnswer, words: &str) -> bool {
    matches!(answer, LoginAnswer::Tls { why } if why.contains(words))
}

fn is_unreachable(answer: &LoginAnswer, words: &str) -> bool {
    matches!(answer, LoginAnswer::Unreachable { why } if why.contains(words))
}

const MODES: [TlsMode; 4] = [
    TlsMode::Verified,
    TlsMode::Unverified,
    TlsMode::Preferred,
    TlsMode::None,
];

#[tokio::test]
async fn a_silent_peer_is_unreachable_within_the_limit() {
    let fake = Fake::start(vec![]).await;
    for (engine, tls) in ["mysql", "postgres"]
        .iter()
        .flat_map(|engine| MODES.map(|tls| (engine, tls)))
    {
        let answer = login(engine, fake.port, tls, Duration::from_millis(100)).await;
        assert!(
            is_unreachable(&answer, "no answer within 0.1 s"),
            "{engine} {tls:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    for engine in ["mysql", "postgres"] {
        let answer = login(engine, port, TlsMode::Verified, Duration::from_secs(20)).await;
        assert!(
            is_unreachable(&answer, "connection refused"),
            "{engine}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_is_no_database_is_not_understood() {
    let page = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for (engine, tls) in ["mysql", "postgres"]
        .iter()
        .flat_map(|engine| MODES.map(|tls| (engine, tls)))
    {
        let fake = Fake::start(vec![fake::Act::Send(page.to_vec()), fake::Act::Close]).await;
        let answer = login_to(&fake, engine, tls).await;
        assert!(is_unreachable(&answer, ""), "{engine} {tls:?}: {answer:?}");
    }
}
