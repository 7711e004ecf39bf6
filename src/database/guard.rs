//! A stream that watches how a PostgreSQL server begins, because the driver would answer a plain connection's
//! request for the password itself (PostgreSQL, "Message Formats": AuthenticationCleartextPassword).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Why a stream was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Blocked {
    #[error("cleartext password asked for without encryption")]
    Cleartext,
    #[error("no TLS offered")]
    NoTls,
    #[error("request for TLS answered with an error")]
    NegotiationFailed,
    #[error("more bytes than a login needs")]
    TooMuch,
}

/// What is to come from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// One byte, `S` or `N`, in answer to the request for TLS.
    TlsAnswer { required: bool },
    /// The first message of a plain connection.
    FirstMessage { head: [u8; HEAD], filled: usize },
    /// Nothing that matters.
    Rest,
}

/// Type, length and authentication code of a message.
const HEAD: usize = 9;
const AUTHENTICATION: u8 = b'R';
const CLEARTEXT_PASSWORD: u32 = 3;
/// Far more than a login and `SELECT 1` take.
const BUDGET: usize = 1024 * 1024;

impl Watch {
    pub(super) fn plain() -> Self {
        Self::FirstMessage {
            head: [0; HEAD],
            filled: 0,
        }
    }

    fn see(self, byte: u8) -> Result<Self, Blocked> {
        match self {
            Self::TlsAnswer { required } => match byte {
                b'S' => Ok(Self::Rest),
                b'N' if required => Err(Blocked::NoTls),
                b'N' => Ok(Self::plain()),
                _ => Err(Blocked::NegotiationFailed),
            },
            Self::FirstMessage { mut head, filled } => {
                head[filled] = byte;
                match head {
                    [AUTHENTICATION, .., a, b, c, d] if filled + 1 == HEAD => {
                        if u32::from_be_bytes([a, b, c, d]) == CLEARTEXT_PASSWORD {
                            return Err(Blocked::Cleartext);
                        }
                        Ok(Self::Rest)
                    }
                    [AUTHENTICATION, ..] => Ok(Self::FirstMessage {
                        head,
                        filled: filled + 1,
                    }),
                    _ => Ok(Self::Rest),
                }
            }
            Self::Rest => Ok(Self::Rest),
        }
    }
}

/// Passes everything through until the server says what must not be answered.
pub(super) struct Guard<S> {
    stream: S,
    watch: Watch,
    left: usize,
}

impl<S> Guard<S> {
    pub(super) fn new(stream: S, watch: Watch) -> Self {
        Self {
            stream,
            watch,
            left: BUDGET,
        }
    }

    fn inspect(&mut self, bytes: &[u8]) -> Result<(), Blocked> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(Blocked::TooMuch)?;
        for byte in bytes {
            if self.watch == Watch::Rest {
                break;
            }
            self.watch = self.watch.see(*byte)?;
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if let Err(blocked) = self.inspect(&buf.filled()[before..]) {
            buf.set_filled(before);
            return Poll::Ready(Err(io::Error::other(blocked)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(from: Watch, bytes: &[u8]) -> Result<Watch, Blocked> {
        bytes.iter().try_fold(from, |watch, byte| watch.see(*byte))
    }

    const PREFERRED: Watch = Watch::TlsAnswer { required: false };
    const REQUIRED: Watch = Watch::TlsAnswer { required: true };

    #[test]
    fn a_plain_request_for_the_password_is_cut_and_nothing_else() {
        let cleartext = b"R\0\0\0\x08\0\0\0\x03";
        let md5 = b"R\0\0\0\x0c\0\0\0\x05salt";
        let rows: [(Watch, &[u8], Result<Watch, Blocked>); 9] = [
            (Watch::plain(), cleartext, Err(Blocked::Cleartext)),
            (Watch::plain(), md5, Ok(Watch::Rest)),
            (Watch::plain(), b"E\0\0\0\x08\0\0\0\x03", Ok(Watch::Rest)),
            (PREFERRED, b"NR\0\0\0\x08\0\0\0\x03", Err(Blocked::Cleartext)),
            (PREFERRED, b"SR\0\0\0\x08\0\0\0\x03", Ok(Watch::Rest)),
            (PREFERRED, b"E", Err(Blocked::NegotiationFailed)),
            (REQUIRED, b"N", Err(Blocked::NoTls)),
            (REQUIRED, b"S", Ok(Watch::Rest)),
            (REQUIRED, b"", Ok(REQUIRED)),
        ];
        for (from, bytes, expected) in rows {
            assert_eq!(watch(from, bytes), expected, "{from:?} {bytes:?}");
        }
    }

    #[test]
    fn a_flood_is_cut() {
        let mut guard = Guard::new(tokio::io::empty(), Watch::Rest);
        assert_eq!(guard.inspect(&vec![0; BUDGET]), Ok(()));
        assert_eq!(guard.inspect(&[0]), Err(Blocked::TooMuch));
    }
}
