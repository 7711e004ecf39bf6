//! A server that follows a script and remembers all it was sent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

#[derive(Clone)]
pub(super) enum Act {
    Send(Vec<u8>),
    /// Waits for whatever comes in one piece.
    Hear,
    Close,
}

/// Plays the same script to every connection until the client leaves; ends when dropped.
pub(super) struct Fake {
    pub(super) port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    _task: JoinSet<()>,
}

impl Fake {
    pub(super) async fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut task = JoinSet::new();
        task.spawn(serve(listener, script, heard.clone()));
        Self {
            port,
            heard,
            _task: task,
        }
    }

    pub(super) fn heard(&self, text: &str) -> bool {
        self.times_heard(text) > 0
    }

    pub(super) fn times_heard(&self, text: &str) -> usize {
        let heard = self.heard.lock().unwrap();
        let windows = heard.windows(text.len());
        windows.filter(|window| *window == text.as_bytes()).count()
    }
}

async fn serve(listener: TcpListener, script: Vec<Act>, heard: Arc<Mutex<Vec<u8>>>) {
    let mut sessions = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        sessions.spawn(play(stream, script.clone(), heard.clone()));
    }
}

/// Ends with the client's last byte, or its reset.
async fn play(mut stream: TcpStream, script: Vec<Act>, heard: Arc<Mutex<Vec<u8>>>) -> std::io::Result<()> {
    for act in script {
        match act {
            Act::Send(bytes) => stream.write_all(&bytes).await?,
            Act::Hear => {
                hear(&mut stream, &heard).await?;
            }
            Act::Close => return stream.shutdown().await,
        }
    }
    while hear(&mut stream, &heard).await? > 0 {}
    Ok(())
}

async fn hear(stream: &mut TcpStream, heard: &Mutex<Vec<u8>>) -> std::io::Result<usize> {
    let mut buffer = [0; 4096];
    let count = stream.read(&mut buffer).await?;
    heard.lock().unwrap().extend_from_slice(&buffer[..count]);
    Ok(count)
}
