//! The listener and the thread it lives on, so that `/livez` answers even where the loop hangs.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use axum::Router;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::guard::Guarded;

/// Answers under way at shutdown have so long.
const DRAIN: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("{address} is taken by another process; find it with: ss -ltnp 'sport = :{port}'", port = .address.port())]
    Taken { address: SocketAddr },
    #[error("cannot listen on {address}")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("cannot start the thread for HTTP")]
    Thread { source: io::Error },
    #[error("the HTTP server on {address} broke off")]
    Broken { address: SocketAddr, source: io::Error },
    #[error("the thread for HTTP on {address} panicked")]
    Panicked { address: SocketAddr },
}

/// The running server. Dropping it leaves it running until its token is cancelled.
pub struct Serving {
    address: SocketAddr,
    end: oneshot::Receiver<Result<(), ServeError>>,
}

impl Serving {
    /// Where it listens; tells the port where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has ended: drained after the token was cancelled, or broken.
    pub async fn ended(self) -> Result<(), ServeError> {
        let address = self.address;
        self.end.await.unwrap_or(Err(ServeError::Panicked { address }))
    }
}

/// Binds first, so that a taken port is told at once; then answers on a thread of its own until `shutdown`.
pub fn serve(listen: SocketAddr, router: Router, shutdown: CancellationToken) -> Result<Serving, ServeError> {
    let (listener, address) = bind(listen)?;
    let (tell, end) = oneshot::channel();
    let body = move || {
        let result = answer(listener, address, router, shutdown);
        // Nobody may be waiting for the end.
        let _ = tell.send(result);
    };
    thread::Builder::new()
        .name("http".to_owned())
        .spawn(body)
        .map_err(|source| ServeError::Thread { source })?;
    Ok(Serving { address, end })
}

fn bind(address: SocketAddr) -> Result<(std::net::TcpListener, SocketAddr), ServeError> {
    let listener = std::net::TcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::Taken { address },
        _ => ServeError::Bind { address, source },
    })?;
    let bound = listener
        .set_nonblocking(true)
        .and_then(|()| listener.local_addr());
    let bound = bound.map_err(|source| ServeError::Bind { address, source })?;
    Ok((listener, bound))
}

fn answer(
    listener: std::net::TcpListener,
    address: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let broken = |source| ServeError::Broken { address, source };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(broken)?;
    let result = runtime.block_on(until_drained(listener, router, shutdown));
    runtime.shutdown_background();
    result.map_err(broken)
}

async fn until_drained(
    listener: std::net::TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let listener = Guarded::new(tokio::net::TcpListener::from_std(listener)?);
    let draining = shutdown.clone().cancelled_owned();
    let serving = axum::serve(listener, router).with_graceful_shutdown(draining);
    let too_long = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        biased;
        result = serving => result,
        () = too_long => Ok(()),
    }
}
