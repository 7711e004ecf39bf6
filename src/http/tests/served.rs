//! The real listener on its own thread.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use tokio_util::sync::CancellationToken;

use super::super::fixture::{Api, snapshot};
use super::super::{ServeError, serve};

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

#[tokio::test]
async fn it_answers_from_a_thread_of_its_own_and_drains() {
    let shutdown = CancellationToken::new();
    let serving = serve(any_port(), Api::over(snapshot()).router, shutdown.clone()).expect("a free port");
    // This thread blocks, as a hanging loop would.
    let mut stream = TcpStream::connect(serving.address()).expect("it listens");
    stream
        .write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    shutdown.cancel();
    serving.ended().await.expect("drained");
}

#[tokio::test]
async fn a_connection_that_stays_open_does_not_hold_the_drain_up() {
    let shutdown = CancellationToken::new();
    let serving = serve(any_port(), Api::over(snapshot()).router, shutdown.clone()).expect("a free port");
    let mut stream = TcpStream::connect(serving.address()).expect("it listens");
    stream.write_all(b"GET /livez HTTP/1.1\r\n").expect("sent");
    shutdown.cancel();
    serving.ended().await.expect("drained within its limit");
}

#[test]
fn a_taken_port_is_told_with_the_way_to_its_holder() {
    let holder = TcpListener::bind(any_port()).expect("a free port");
    let address = holder.local_addr().expect("bound");
    let result = serve(address, Api::over(snapshot()).router, CancellationToken::new());
    let error = result.err().expect("taken");
    assert!(matches!(error, ServeError::Taken { .. }));
    let port = address.port();
    assert_eq!(
        error.to_string(),
        format!("127.0.0.1:{port} is taken by another process; find it with: ss -ltnp 'sport = :{port}'")
    );
}
