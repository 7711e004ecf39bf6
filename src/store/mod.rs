//! The journal: facts that outlive the process, as versioned records in SQLite.
//!
//! A damaged journal stops the start and stays as it is; only one that is absent or empty is a baseline (design rule 9).

mod contents;
mod error;
mod inline;
mod journal;
mod lock;
mod opening;
mod records;
mod rows;
mod sqlite;
mod wal;

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::Fact;

pub use contents::Contents;
pub use error::{ContentsError, OpenError, ReadError, WriteError};
pub use inline::Inline;
pub use journal::Journal;
pub use rows::Recorded;
pub use sqlite::Sqlite;

/// What a start finds.
#[derive(Debug)]
pub struct Loaded {
    /// In the order they were learned.
    pub facts: Vec<Fact>,
    /// Nothing is in the journal: it is new, or as good as new.
    pub baseline: bool,
}

/// The journal as the loop sees it.
#[async_trait]
pub trait JournalPort: Send + Sync {
    async fn load(&self) -> Result<Loaded, ReadError>;
    /// One durable transaction. Returns when it is on the disk.
    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError>;
    /// Drops what is older, but for what must stay. Returns the number of records dropped.
    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError>;
    /// The journal's size.
    fn bytes(&self) -> u64;
}

#[cfg(test)]
mod tests;
