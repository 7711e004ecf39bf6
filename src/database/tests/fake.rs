//! A server that follows a script and remembers all it was sent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

#[derive(Clone)]
pub(super) enum Act {
    Send(Vec<u8>),
    /// Waits for whatever comes in one piece.
    Hear,
    Close,
}

/// Plays the same script to every connection, and listens until the client leaves.
pub(super) struct Fake {
    pub(super) port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    task: AbortHandle,
}

impl Fake {
    pub(super) async fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(listener, script, heard.clone())).abort_handle();
        Self { port, heard, task }
    }

    pub(super) fn heard(&self, text: &str) -> bool {
        let heard = self.heard.lock().unwrap();
        heard.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, script: Vec<Act>, heard: Arc<Mutex<Vec<u8>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(play(stream, script.clone(), heard.clone()));
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
