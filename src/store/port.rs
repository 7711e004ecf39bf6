//! The journal as the loop sees it. Whoever implements it passes the suite of `tests::contract`.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::Fact;

/// What a start finds.
#[derive(Debug)]
pub struct Loaded {
    /// In the order they were learned.
    pub facts: Vec<Fact>,
    /// Nothing is in the journal: it is new, or as good as new.
    pub baseline: bool,
}

/// A durable record of facts that one process works on at a time.
#[async_trait]
pub trait JournalPort: Send + Sync {
    async fn load(&self) -> Result<Loaded, ReadError>;
    /// One durable transaction: all of it or nothing. Returns when a crash cannot lose it any more.
    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError>;
    /// Drops what is older, but for what must stay (`retention`). Returns the number of records dropped.
    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError>;
    /// The journal's size.
    fn bytes(&self) -> u64;
}

/// Why the facts cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(
        "record {seq} ({kind}) of the journal {journal} cannot be read: {why}. Restore a copy, or move the file aside to \
         begin with a baseline (promotions from before then are only reported)"
    )]
    Record {
        /// Where it lies.
        journal: String,
        seq: i64,
        kind: String,
        why: String,
    },
    #[error("read the journal: {why}")]
    Failed { why: String },
    #[error("the journal's thread has ended")]
    Ended,
}

/// Why facts are not durable, or old ones not dropped.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("no room left for the journal")]
    Full,
    #[error("tell what may be dropped: {0}")]
    Unreadable(ReadError),
    #[error("write the journal: {why}")]
    Failed { why: String },
    #[error("the journal's thread has ended")]
    Ended,
}
