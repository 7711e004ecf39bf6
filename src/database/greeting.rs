//! Whether a MySQL server offers TLS: its greeting says so before anybody logs in.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Longer than any server's greeting.
const LONGEST: usize = 1024;
const PROTOCOL_10: u8 = 10;
const CLIENT_SSL: u16 = 0x0800;

/// Connects, reads the greeting and leaves. `None`: that was no greeting.
///
/// A server counts this as an interrupted connection, so it is asked only where the answer matters.
pub(super) async fn offers_tls(addresses: &[SocketAddr]) -> io::Result<Option<bool>> {
    let mut stream = TcpStream::connect(addresses).await?;
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    let [low, middle, high, _sequence] = header;
    let length = u32::from_le_bytes([low, middle, high, 0]);
    let Some(length) = usize::try_from(length).ok().filter(|length| *length <= LONGEST) else {
        return Ok(None);
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    Ok(tls_flag(&payload))
}

/// MySQL internals, Protocol::HandshakeV10: version, server version up to a NUL, connection id (4), scramble (8),
/// filler (1), lower capabilities (2).
pub(super) fn tls_flag(payload: &[u8]) -> Option<bool> {
    let rest = payload.strip_prefix(&[PROTOCOL_10])?;
    let version_end = rest.iter().position(|byte| *byte == 0)?;
    let capabilities = rest.get(version_end + 1 + 13..)?.first_chunk()?;
    Some(u16::from_le_bytes(*capabilities) & CLIENT_SSL != 0)
}

#[cfg(test)]
mod tests {
    use super::tls_flag;

    fn greeting(capabilities: u16) -> Vec<u8> {
        let mut payload = vec![10];
        payload.extend_from_slice(b"8.4.0\0");
        payload.extend_from_slice(&[7; 13]);
        payload.extend_from_slice(&capabilities.to_le_bytes());
        payload
    }

    #[test]
    fn the_greeting_tells_whether_tls_is_offered() {
        assert_eq!(tls_flag(&greeting(0x0800)), Some(true));
        assert_eq!(tls_flag(&greeting(0xf7ff)), Some(false));
        assert_eq!(tls_flag(&greeting(0x0800)[..20]), None);
        assert_eq!(tls_flag(b"\xff\x15\x04Host is blocked"), None);
        assert_eq!(tls_flag(b""), None);
    }
}
