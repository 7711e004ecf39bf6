//! The journal on a thread of its own: the disk never holds up the loop's runtime.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::Fact;
use tokio::sync::{mpsc, oneshot};

use super::{JournalPort, Loaded, ReadError, Sqlite, WriteError};

/// The loop waits for each answer, so more than one request is never under way.
const QUEUE: usize = 4;

enum Request {
    Load(oneshot::Sender<Result<Loaded, ReadError>>),
    Commit(Vec<Fact>, Timestamp, oneshot::Sender<Result<(), WriteError>>),
    Prune(Timestamp, oneshot::Sender<Result<u64, WriteError>>),
}

/// A handle to the journal's thread, which ends when the handle is dropped.
pub struct Threaded {
    requests: mpsc::Sender<Request>,
    bytes: Arc<AtomicU64>,
}

impl Threaded {
    pub fn start(journal: Sqlite) -> io::Result<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let bytes = Arc::new(AtomicU64::new(journal.bytes()));
        let shared = Arc::clone(&bytes);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || serve(journal, queue, &shared))?;
        Ok(Self { requests, bytes })
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).await.ok()?;
        answered.await.ok()
    }
}

fn serve(mut journal: Sqlite, mut queue: mpsc::Receiver<Request>, bytes: &AtomicU64) {
    while let Some(request) = queue.blocking_recv() {
        // Whoever asked may have been dropped meanwhile.
        match request {
            Request::Load(answer) => drop(answer.send(journal.load())),
            Request::Commit(facts, at, answer) => drop(answer.send(journal.commit(&facts, at))),
            Request::Prune(since, answer) => drop(answer.send(journal.prune(since))),
        }
        bytes.store(journal.bytes(), Ordering::Relaxed);
    }
}

#[async_trait]
impl JournalPort for Threaded {
    async fn load(&self) -> Result<Loaded, ReadError> {
        self.ask(Request::Load).await.unwrap_or(Err(ReadError::Ended))
    }

    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        self.ask(|answer| Request::Commit(facts, at, answer))
            .await
            .unwrap_or(Err(WriteError::Ended))
    }

    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError> {
        self.ask(|answer| Request::Prune(keep_since, answer))
            .await
            .unwrap_or(Err(WriteError::Ended))
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
