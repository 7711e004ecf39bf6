//! MySQL servers that misbehave.

use super::fake::{Act, Fake};
use super::*;

const PROTOCOL_41: u16 = 0x0200;
const SECURE_CONNECTION: u16 = 0x8000;
const CLIENT_SSL: u16 = 0x0800;
const PLUGIN_AUTH_UPPER: u16 = 0x0008;

fn packet(sequence: u8, payload: &[u8]) -> Act {
    let [low, middle, high, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let mut bytes = vec![low, middle, high, sequence];
    bytes.extend_from_slice(payload);
    Act::Send(bytes)
}

fn greeting(extra: u16) -> Act {
    let mut payload = b"\x0a8.0.0\0\x01\0\0\0saltsalt\0".to_vec();
    payload.extend_from_slice(&(PROTOCOL_41 | SECURE_CONNECTION | extra).to_le_bytes());
    payload.extend_from_slice(&[33, 2, 0]);
    payload.extend_from_slice(&PLUGIN_AUTH_UPPER.to_le_bytes());
    payload.extend_from_slice(&[21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    payload.extend_from_slice(b"saltsaltsalt\0mysql_native_password\0");
    packet(0, &payload)
}

fn switch_to(plugin: &str) -> Act {
    packet(2, format!("\u{0}{plugin}\0saltsaltsaltsaltsalt\0").as_bytes()).with_first(0xfe)
}

fn error(sequence: u8, number: u16) -> Act {
    let [low, high] = number.to_le_bytes();
    let mut payload = vec![0xff, low, high];
    payload.extend_from_slice(format!("#28000{MARKER} is wrong").as_bytes());
    packet(sequence, &payload)
}

impl Act {
    /// The packet's first byte of payload, which may be no text.
    fn with_first(self, byte: u8) -> Self {
        match self {
            Self::Send(mut bytes) => {
                bytes[4] = byte;
                Self::Send(bytes)
            }
            other => other,
        }
    }
}

#[tokio::test]
async fn a_plain_connection_never_carries_the_password() {
    for tls in [TlsMode::None, TlsMode::Preferred] {
        let fake = Fake::start(vec![greeting(0), Act::Hear, switch_to("mysql_clear_password")]).await;
        let answer = login_to(&fake, "mysql", tls).await;
        assert!(
            is_tls(&answer, "cleartext password without encryption"),
            "{answer:?}"
        );
        assert!(fake.heard(&format!("{MARKER}-user")), "the login began");
        assert!(!fake.heard(&format!("{MARKER}\0")), "the password was sent");
    }
}

#[tokio::test]
async fn a_key_that_is_none_sends_no_password_and_stops_nobody() {
    let script = vec![
        greeting(0),
        Act::Hear,
        switch_to("caching_sha2_password"),
        Act::Hear,
        packet(4, &[1, 4]),
        Act::Hear,
        packet(6, b"\x01no key"),
    ];
    let fake = Fake::start(script).await;
    let answer = login_to(&fake, "mysql", TlsMode::None).await;
    assert!(is_unreachable(&answer, "not understood"), "{answer:?}");
    assert!(!fake.heard(&format!("{MARKER}\0")), "the password was sent");
}

#[tokio::test]
async fn a_denial_without_tls_counts_only_where_there_is_no_tls() {
    let fake = Fake::start(vec![greeting(0), Act::Hear, error(2, 1045)]).await;
    for tls in [TlsMode::None, TlsMode::Preferred] {
        let answer = login_to(&fake, "mysql", tls).await;
        assert_eq!(
            answer,
            LoginAnswer::Refused {
                code: "1045".to_owned()
            }
        );
    }
    let fake = Fake::start(vec![greeting(CLIENT_SSL), Act::Hear, error(2, 1045)]).await;
    let answer = login_to(&fake, "mysql", TlsMode::None).await;
    assert!(is_tls(&answer, "denied without TLS (1045)"), "{answer:?}");
}

#[tokio::test]
async fn without_tls_an_encrypted_login_does_not_begin() {
    for tls in [TlsMode::Verified, TlsMode::Unverified] {
        let fake = Fake::start(vec![greeting(0)]).await;
        let answer = login_to(&fake, "mysql", tls).await;
        assert!(is_tls(&answer, "does not offer TLS"), "{answer:?}");
        assert!(!fake.heard(MARKER), "something was sent in the clear");
    }
}

#[tokio::test]
async fn an_error_instead_of_a_greeting_is_sorted_too() {
    let fake = Fake::start(vec![error(0, 1129)]).await;
    for tls in MODES {
        assert_eq!(
            login_to(&fake, "mysql", tls).await,
            LoginAnswer::Busy {
                code: "1129".to_owned()
            }
        );
    }
}
