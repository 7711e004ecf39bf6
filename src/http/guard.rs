//! Connections that cannot be held open: what a slow client gets.
//!
//! The server has no timeout for a request's head, so the connection itself has two:
//! - since it was accepted, or since the last byte that we could send: [`QUIET`]. What the client sends does not count,
//!   so a head or body that drips in is cut off, and so is a client that does not read its answer;
//! - from its beginning to its end: [`LIFE`], which also bounds an answer that is read a byte at a time.
//!
//! At most [`CONNECTIONS`] are open at once; more wait in the kernel's queue. Not covered: a client that opens
//! all of them again and again keeps others waiting, so the port belongs on the loopback or a private network.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

const QUIET: Duration = Duration::from_secs(15);
const LIFE: Duration = Duration::from_secs(120);
const CONNECTIONS: usize = 256;

/// A listener whose connections have a deadline.
pub(super) struct Guarded {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

impl Guarded {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            room: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }
}

impl Listener for Guarded {
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        // The semaphore is never closed; without a permit the connection is merely not counted.
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Connection::new(stream, permit), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A stream that fails with `TimedOut` once its deadline has passed.
pub(super) struct Connection<S> {
    stream: S,
    deadline: Pin<Box<Sleep>>,
    end: Instant,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<S> Connection<S> {
    fn new(stream: S, permit: Option<OwnedSemaphorePermit>) -> Self {
        let begun = Instant::now();
        Self {
            stream,
            deadline: Box::pin(sleep_until(begun + QUIET)),
            end: begun + LIFE,
            _permit: permit,
        }
    }

    /// Wakes the task at the deadline, also where the stream itself never would.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }

    fn sent(&mut self) {
        let deadline = (Instant::now() + QUIET).min(self.end);
        self.deadline.as_mut().reset(deadline);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.sent();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn a_request_that_drips_in_is_cut_off() {
        let (ours, mut theirs) = duplex(64);
        let mut connection = Connection::new(ours, None);
        let begun = Instant::now();
        let drip = async move {
            loop {
                sleep(Duration::from_secs(1)).await;
                if theirs.write_all(b"x").await.is_err() {
                    return;
                }
            }
        };
        let read = async {
            let mut all = Vec::new();
            connection
                .read_to_end(&mut all)
                .await
                .expect_err("cut off")
                .kind()
        };
        tokio::select! {
            kind = read => assert_eq!(kind, io::ErrorKind::TimedOut),
            () = drip => unreachable!("the reader ends first"),
        }
        assert_eq!(begun.elapsed(), QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_renew_the_deadline_but_not_for_ever() {
        let (ours, mut theirs) = duplex(64);
        let mut connection = Connection::new(ours, None);
        let begun = Instant::now();
        let mut buffer = [0; 64];
        while connection.write_all(b"answer").await.is_ok() {
            let _ = theirs.read(&mut buffer).await.expect("open");
            sleep(Duration::from_secs(10)).await;
        }
        assert_eq!(begun.elapsed(), LIFE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_cut_off() {
        let (ours, _theirs) = duplex(4);
        let mut connection = Connection::new(ours, None);
        let kind = connection
            .write_all(&[0; 64])
            .await
            .expect_err("nobody reads")
            .kind();
        assert_eq!(kind, io::ErrorKind::TimedOut);
    }
}
