//! PostgreSQL servers that misbehave.

use super::fake::{Act, Fake};
use super::*;

fn message(kind: u8, body: &[u8]) -> Act {
    let length = u32::try_from(body.len() + 4).unwrap();
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(body);
    Act::Send(bytes)
}

fn no_tls() -> Act {
    Act::Send(b"N".to_vec())
}

fn cleartext() -> Act {
    message(b'R', &[0, 0, 0, 3])
}

fn error(state: &str) -> Act {
    message(
        b'E',
        format!("SFATAL\0C{state}\0M{MARKER} is wrong\0\0").as_bytes(),
    )
}

#[tokio::test]
async fn a_plain_connection_never_carries_the_password() {
    let fake = Fake::start(vec![Act::Hear, cleartext()]).await;
    let answer = login_to(&fake, "postgres", TlsMode::None).await;
    assert!(
        is_tls(&answer, "cleartext password without encryption"),
        "{answer:?}"
    );
    assert!(fake.heard("application_name"), "the login began");
    assert!(!fake.heard(&format!("{MARKER}\0")), "the password was sent");

    let fake = Fake::start(vec![Act::Hear, no_tls(), Act::Hear, cleartext()]).await;
    let answer = login_to(&fake, "postgres", TlsMode::Preferred).await;
    assert!(
        is_tls(&answer, "cleartext password without encryption"),
        "{answer:?}"
    );
    assert!(!fake.heard(&format!("{MARKER}\0")), "the password was sent");
}

#[tokio::test]
async fn the_request_for_the_password_is_seen_in_pieces_too() {
    let Act::Send(bytes) = cleartext() else {
        unreachable!()
    };
    let pieces = bytes.iter().map(|byte| Act::Send(vec![*byte]));
    let script = std::iter::once(Act::Hear).chain(pieces).collect();
    let fake = Fake::start(script).await;
    let answer = login_to(&fake, "postgres", TlsMode::None).await;
    assert!(is_tls(&answer, "cleartext"), "{answer:?}");
    assert!(!fake.heard(&format!("{MARKER}\0")), "the password was sent");
}

#[tokio::test]
async fn without_tls_an_encrypted_login_does_not_begin() {
    for tls in [TlsMode::Verified, TlsMode::Unverified] {
        let fake = Fake::start(vec![Act::Hear, no_tls()]).await;
        let answer = login_to(&fake, "postgres", tls).await;
        assert!(is_tls(&answer, "does not offer TLS"), "{answer:?}");
        assert!(!fake.heard(MARKER), "something was sent in the clear");
    }
}

#[tokio::test]
async fn the_servers_state_decides_and_its_words_stay_out() {
    let rows = [
        ("28P01", "Refused"),
        ("28000", "Account"),
        ("57P03", "Busy"),
        ("3D000", "Admitted"),
        ("42501", "Admitted"),
        ("XX000", "Unknown { code: \"XX000\""),
    ];
    for (state, expected) in rows {
        let fake = Fake::start(vec![Act::Hear, error(state)]).await;
        let answer = login_to(&fake, "postgres", TlsMode::None).await;
        assert!(format!("{answer:?}").starts_with(expected), "{state}: {answer:?}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let flood = message(b'N', &vec![b'x'; 2 * 1024 * 1024]);
    let fake = Fake::start(vec![Act::Hear, flood]).await;
    let answer = login_to(&fake, "postgres", TlsMode::None).await;
    assert!(is_unreachable(&answer, "more than a login needs"), "{answer:?}");
}
