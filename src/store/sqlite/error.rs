//! What can be wrong with a journal's file, each with a way out.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::opening::{VERSION, beside};
use crate::store::records::FORMAT;
use crate::store::{ReadError, WriteError};

/// What is wrong with a database that should be a journal.
#[derive(Debug)]
pub(in crate::store) enum Unfit {
    /// No database, or another program's.
    Foreign(&'static str),
    Newer {
        written_by: Option<String>,
        found: i64,
    },
    /// Where.
    Damaged(String),
    /// What cannot be read is not thereby damaged: it must not be moved aside.
    Unusable(String),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        let why = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
                "the disk is full or fails: make room or mend it, and start again"
            }
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                "the process must be able to read and write it"
            }
            _ => return Self::Damaged(error.to_string()),
        };
        Self::Unusable(format!("{error}: {why}"))
    }
}

impl From<Unread> for Unfit {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Record { .. } => Self::Damaged(unread.to_string()),
            Unread::Sqlite(error) => error.into(),
        }
    }
}

/// Why the records of a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("record {seq} ({kind}) cannot be read: {why}")]
    Record { seq: i64, kind: String, why: String },
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Why the journal cannot be opened. Nothing runs without it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the journal {path} is held by {holder}; one process works on a file: stop that one, or set another store.path"
    )]
    Locked { path: PathBuf, holder: String },
    #[error(
        "the journal {path} has format {found} and was written by {written_by}; this is version {}, which reads formats \
         up to {known}: run that version or a newer one, or set another store.path",
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
         (promotions from before then are only reported){log}"
    )]
    Damaged {
        path: PathBuf,
        place: String,
        log: String,
    },
    #[error(
        "{path} is no journal: {why}. Set store.path to the journal, or to where none is yet; where this was it, restore \
         a copy"
    )]
    Foreign { path: PathBuf, why: &'static str },
    #[error("open the journal {path}: {why}")]
    Unusable { path: PathBuf, why: String },
}

impl OpenError {
    pub(super) fn of(path: &Path, unfit: Unfit) -> Self {
        let path = path.to_owned();
        match unfit {
            Unfit::Foreign(why) => Self::Foreign { path, why },
            Unfit::Newer { written_by, found } => Self::Newer {
                path,
                written_by: writer(written_by),
                found,
                known: FORMAT,
            },
            Unfit::Damaged(place) => Self::damaged(path, place),
            Unfit::Unusable(why) => Self::Unusable { path, why },
        }
    }
}

impl OpenError {
    /// A log that lies there would be played into whatever takes the journal's place.
    fn damaged(path: PathBuf, place: String) -> Self {
        let log = log_of(&path);
        let log = log.map(|log| format!("; either way without {}, which lies there", log.display()));
        Self::Damaged {
            path,
            place,
            log: log.unwrap_or_default(),
        }
    }
}

/// The write-ahead log beside a journal, where there is one.
pub(super) fn log_of(path: &Path) -> Option<PathBuf> {
    Some(beside(path, "-wal")).filter(|log| log.exists())
}

fn writer(version: Option<String>) -> String {
    version.map_or_else(
        || "an unknown version".to_owned(),
        |version| format!("version {version}"),
    )
}

/// Why a journal cannot be read from outside. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    #[error("there is no file {path}: give the journal, store.path of the configuration, or a copy of it")]
    Absent { path: PathBuf },
    #[error("{path} is no journal: {why}. Give store.path of the configuration, or a copy of it")]
    Foreign { path: PathBuf, why: &'static str },
    #[error(
        "the journal {path} has format {found} and was written by {written_by}; this is version {}, which reads formats \
         up to {known}: read it with that version or a newer one",
        VERSION
    )]
    Newer {
        path: PathBuf,
        written_by: String,
        found: i64,
        known: i64,
    },
    #[error("the journal {path} is damaged: {place}. Where this is a copy, copy it again{log}")]
    Damaged {
        path: PathBuf,
        place: String,
        log: String,
    },
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
            Unfit::Newer { written_by, found } => Self::Newer {
                path,
                written_by: writer(written_by),
                found,
                known: FORMAT,
            },
            Unfit::Damaged(place) => Self::Damaged {
                log: match log_of(&path) {
                    Some(log) => format!(", with {} as it is at that time", log.display()),
                    None => ", with the -wal beside it, which is not here".to_owned(),
                },
                path,
                place,
            },
            Unfit::Unusable(why) => Self::Unreadable { path, why },
        }
    }
}

impl ReadError {
    pub(super) fn of(path: &Path, unread: Unread) -> Self {
        match unread {
            Unread::Record { seq, kind, why } => Self::Record {
                journal: path.display().to_string(),
                seq,
                kind,
                why,
            },
            Unread::Sqlite(error) => error.into(),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed {
            why: error.to_string(),
        }
    }
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Failed {
                why: error.to_string(),
            },
        }
    }
}
