//! What can be wrong with a journal, each with a way out.

use std::path::{Path, PathBuf};

/// What is wrong with a database that should be a journal.
#[derive(Debug)]
pub(super) enum Unfit {
    /// No database, or another program's.
    Foreign(&'static str),
    /// Nothing was ever written to it.
    Empty,
    Newer {
        written_by: String,
        found: i64,
    },
    /// Where, as SQLite says it.
    Damaged(String),
    Record(ReadError),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<ReadError> for Unfit {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Sqlite(error) => error.into(),
            other => Self::Record(other),
        }
    }
}

/// Why the journal cannot be opened. Nothing runs without it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the journal {path} is held by {holder}; one process works on a file: stop that one, or set another store.path"
    )]
    Locked { path: PathBuf, holder: String },
    #[error(
        "the journal {path} was written by version {written_by} (format {found}, this one reads up to {known}); \
         run that version or a newer one, or set another store.path"
    )]
    Newer {
        path: PathBuf,
        written_by: String,
        found: i64,
        known: i64,
    },
    #[error(
        "the journal {path} is damaged: {place}. Restore a copy, or move the file aside to begin with a baseline \
         (promotions from before then are only reported)"
    )]
    Damaged { path: PathBuf, place: String },
    #[error("open the journal {path}: {why}")]
    Unusable { path: PathBuf, why: String },
}

impl OpenError {
    pub(super) fn of(path: &Path, unfit: Unfit) -> Self {
        let path = path.to_owned();
        let place = match unfit {
            Unfit::Newer { written_by, found } => {
                return Self::Newer {
                    path,
                    written_by,
                    found,
                    known: super::sqlite::FORMAT,
                };
            }
            Unfit::Foreign(what) => what.to_owned(),
            Unfit::Empty => "it is empty".to_owned(),
            Unfit::Damaged(place) => place,
            Unfit::Record(error) => error.to_string(),
        };
        Self::Damaged { path, place }
    }
}

/// Why a journal cannot be read from outside. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    #[error("there is no file {path}: give the journal, store.path of the configuration, or a copy of it")]
    Absent { path: PathBuf },
    #[error("{path} is no journal: {why}. Give store.path of the configuration, or a copy of it")]
    Foreign { path: PathBuf, why: &'static str },
    #[error(
        "the journal {path} holds nothing. What a process wrote last is in {path}-wal: where this is a copy, copy both"
    )]
    Empty { path: PathBuf },
    #[error(
        "the journal {path} was written by version {written_by} (format {found}, this one reads up to {known}): \
         read it with that version or a newer one"
    )]
    Newer {
        path: PathBuf,
        written_by: String,
        found: i64,
        known: i64,
    },
    #[error("the journal {path} is damaged: {place}. Where this is a copy, copy it again, with {path}-wal")]
    Damaged { path: PathBuf, place: String },
    #[error(
        "the journal {path} changes faster than it can be read: copy it with {path}-wal, and read the copy"
    )]
    Changing { path: PathBuf },
    #[error("read the journal {path}: {why}")]
    Unreadable { path: PathBuf, why: String },
}

impl ContentsError {
    pub(super) fn of(path: &Path, unfit: Unfit) -> Self {
        let path = path.to_owned();
        match unfit {
            Unfit::Foreign(why) => Self::Foreign { path, why },
            Unfit::Empty => Self::Empty { path },
            Unfit::Newer { written_by, found } => Self::Newer {
                path,
                written_by,
                found,
                known: super::sqlite::FORMAT,
            },
            Unfit::Damaged(place) => Self::Damaged { path, place },
            Unfit::Record(error) => Self::Damaged {
                path,
                place: error.to_string(),
            },
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(
        "record {seq} of the journal ({kind}) cannot be read: {why}. Restore a copy, or move the file aside"
    )]
    Record { seq: i64, kind: String, why: String },
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
