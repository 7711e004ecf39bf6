//! What can be wrong with a journal, each with a way out.

use std::path::PathBuf;

use super::opening::VERSION;

/// Why the journal cannot be opened. Nothing runs without it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the journal {path} is held by {holder}; one process works on a file: stop that one, or set another store.path"
    )]
    Locked { path: PathBuf, holder: String },
    #[error(
        "the journal {path} has format {found} and was written by {written_by}; this is version {}, which reads format \
         {known}: run that version or a newer one, or set another store.path",
        VERSION
    )]
    Newer {
        path: PathBuf,
        written_by: String,
        found: i64,
        known: i64,
    },
    #[error(
        "the journal {path} is damaged: {place}. Restore a copy, or move the file aside to begin with a baseline \
         (promotions from before then are only reported); either way without the {path}-wal that lies there"
    )]
    Damaged { path: PathBuf, place: String },
    #[error("open the journal {path}: {why}")]
    Unusable { path: PathBuf, why: String },
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(
        "record {seq} ({kind}) of the journal {path} cannot be read: {why}. Restore a copy, or move the file aside to \
         begin with a baseline (promotions from before then are only reported)"
    )]
    Record {
        path: PathBuf,
        seq: i64,
        kind: String,
        why: String,
    },
    #[error("read the journal")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the journal's thread has ended")]
    Ended,
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("no room left for the journal")]
    Full,
    #[error("write the journal: {0}")]
    Sqlite(rusqlite::Error),
    #[error("the journal's thread has ended")]
    Ended,
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}
