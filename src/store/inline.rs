//! The journal called inline: for the simulation, whose clock must not wait for another thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::Fact;

use super::{JournalPort, Loaded, ReadError, Sqlite, WriteError};

/// A journal that outlives the lives that write to it.
#[derive(Clone)]
pub struct Inline(Arc<Mutex<Sqlite>>);

impl Inline {
    pub fn new(journal: Sqlite) -> Self {
        Self(Arc::new(Mutex::new(journal)))
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Sqlite> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl JournalPort for Inline {
    async fn load(&self) -> Result<Loaded, ReadError> {
        self.journal().load()
    }

    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        self.journal().commit(&facts, at)
    }

    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError> {
        self.journal().prune(keep_since)
    }

    fn bytes(&self) -> u64 {
        self.journal().bytes()
    }
}
