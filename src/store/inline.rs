//! The journal called inline: for the simulation, whose clock must not wait for another thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::Fact;

use super::{JournalPort, Loaded, ReadError, Sqlite, WriteError};

/// A journal that outlives the lives that write to it.
#[derive(Clone)]
pub struct Inline {
    journal: Arc<Mutex<Sqlite>>,
    /// Asked far more often than it changes.
    bytes: Arc<AtomicU64>,
}

impl Inline {
    pub fn new(journal: Sqlite) -> Self {
        Self {
            bytes: Arc::new(AtomicU64::new(journal.bytes())),
            journal: Arc::new(Mutex::new(journal)),
        }
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Sqlite> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the journal that may change its size.
    fn change<T>(&self, change: impl FnOnce(&mut Sqlite) -> T) -> T {
        let mut journal = self.journal();
        let answer = change(&mut journal);
        self.bytes.store(journal.bytes(), Ordering::Relaxed);
        answer
    }
}

#[async_trait]
impl JournalPort for Inline {
    async fn load(&self) -> Result<Loaded, ReadError> {
        self.journal().load()
    }

    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        self.change(|journal| journal.commit(&facts, at))
    }

    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError> {
        self.change(|journal| journal.prune(keep_since))
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
