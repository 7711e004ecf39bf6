//! Connections that cannot be held open: what a slow client gets.
//!
//! The server has no timeout for a request's head, so the connection itself has deadlines:
//! - a request, from its first byte to its last, and so the first one of a connection: [`HEAD`];
//! - an answer: [`QUIET`] since the last byte that could be sent, and [`ANSWER`] for the whole of it;
//! - between two requests: [`IDLE`], longer than the scrape interval of any Prometheus.
//!
//! HTTP/2 is refused: its pings are answered without any request. At most [`CONNECTIONS`] are open at once; more wait in
//! the kernel's queue. Not covered: a client that opens all of them again and again keeps others waiting, so the port
//! belongs on the loopback or a private network.

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

const HEAD: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(90);
const CONNECTIONS: usize = 512;
/// How HTTP/2 begins.
const PREFACE: &[u8] = b"PRI";

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
    doing: Doing,
    /// Bytes of the preface that have come.
    preface: usize,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What the connection is used for; what comes after an answer begins the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Reading,
    Writing { end: Instant },
}

impl<S> Connection<S> {
    fn new(stream: S, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            stream,
            deadline: Box::pin(sleep_until(Instant::now() + HEAD)),
            doing: Doing::Reading,
            preface: 0,
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

    fn received(&mut self, bytes: &[u8]) -> io::Result<()> {
        let expected = PREFACE.get(self.preface..).unwrap_or_default();
        let same = bytes.iter().zip(expected).take_while(|(a, b)| a == b).count();
        if !expected.is_empty() && same == expected.len() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        // Anything else in its place is HTTP/1.
        self.preface = if same == bytes.len() {
            self.preface + same
        } else {
            PREFACE.len()
        };
        if self.doing != Doing::Reading && !bytes.is_empty() {
            self.doing = Doing::Reading;
            self.deadline.as_mut().reset(Instant::now() + HEAD);
        }
        Ok(())
    }

    fn sent(&mut self) {
        let now = Instant::now();
        let end = match self.doing {
            Doing::Reading => now + ANSWER,
            Doing::Writing { end } => end,
        };
        self.doing = Doing::Writing { end };
        self.deadline.as_mut().reset((now + QUIET).min(end));
    }

    /// All of an answer is with the kernel: it may be the end of it.
    fn flushed(&mut self) {
        if self.doing != Doing::Reading {
            self.deadline.as_mut().reset(Instant::now() + IDLE);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        Poll::Ready(self.received(&buffer.filled()[before..]))
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
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.flushed();
        Poll::Ready(Ok(()))
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
        assert_eq!(begun.elapsed(), HEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_read_byte_by_byte_is_cut_off() {
        let (ours, mut theirs) = duplex(64);
        let mut connection = Connection::new(ours, None);
        let begun = Instant::now();
        let mut buffer = [0; 64];
        while connection.write_all(b"answer").await.is_ok() {
            let _ = theirs.read(&mut buffer).await.expect("open");
            sleep(Duration::from_secs(10)).await;
        }
        assert_eq!(begun.elapsed(), ANSWER);
    }

    /// A Prometheus that asks every minute keeps its connection.
    #[tokio::test(start_paused = true)]
    async fn a_connection_in_use_lives_on_between_requests() {
        let (ours, mut theirs) = duplex(64);
        let mut connection = Connection::new(ours, None);
        let mut buffer = [0; 64];
        for _ in 0..10 {
            theirs.write_all(b"GET").await.expect("open");
            assert_eq!(connection.read(&mut buffer).await.expect("not cut off"), 3);
            connection.write_all(b"answer").await.expect("not cut off");
            connection.flush().await.expect("not cut off");
            let _ = theirs.read(&mut buffer).await.expect("open");
            sleep(Duration::from_secs(60)).await;
        }
        sleep(IDLE).await;
        assert!(connection.read(&mut buffer).await.is_err(), "nobody came again");
    }

    #[tokio::test(start_paused = true)]
    async fn http_2_is_refused_however_it_comes() {
        for parts in [&["PRI * HTTP/2.0\r\n"][..], &["P", "R", "I *"]] {
            let (ours, mut theirs) = duplex(64);
            let mut connection = Connection::new(ours, None);
            let mut read = Ok(1);
            for part in parts {
                theirs.write_all(part.as_bytes()).await.expect("open");
                read = connection.read(&mut [0; 64]).await;
            }
            assert_eq!(read.expect_err("refused").kind(), io::ErrorKind::Unsupported);
        }
        for other in ["PUT /", "GET /", "PATCH", "PRX"] {
            let (ours, mut theirs) = duplex(64);
            let mut connection = Connection::new(ours, None);
            theirs.write_all(other.as_bytes()).await.expect("open");
            let read = connection.read(&mut [0; 64]).await;
            assert_eq!(read.expect("taken"), other.len());
        }
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
