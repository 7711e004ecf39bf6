//! A journal read from outside: nothing is written, locked or made beside it, so that one that a process works on, a
//! copy, and one on a disk that cannot be written are read alike.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use rusqlite::{Connection, MAIN_DB};

use super::error::{ContentsError, Unfit, log_of};
use super::rows::{self, Recorded};
use super::{opening, wal};

/// A journal is some megabytes.
const SIZE_LIMIT: u64 = 1 << 30;
/// The log may begin anew while it is read.
const TRIES: usize = 5;

/// Everything in a journal.
#[derive(Debug)]
pub struct Contents {
    /// The version of the program that wrote last, if the journal says so.
    pub written_by: Option<String>,
    pub format: i64,
    /// A write-ahead log lies beside it. Where a process works on the journal, the newest facts are in there.
    pub has_log: bool,
    /// In the order they were learned.
    pub records: Vec<Recorded>,
}

impl Contents {
    /// Reads the file and its write-ahead log as they are at one moment.
    pub fn read(path: &Path) -> Result<Self, ContentsError> {
        let image = image(path)?;
        let has_log = log_of(path).is_some();
        Self::of(image, has_log).map_err(|unfit| ContentsError::of(path, unfit))
    }

    fn of(mut image: Vec<u8>, has_log: bool) -> Result<Self, Unfit> {
        opening::refuse_other(&image, image.len() as u64)?;
        // Format versions 1: its log is in it already, and a database in memory can have none.
        image[18..20].fill(1);
        let mut connection = Connection::open_in_memory()?;
        connection.deserialize_read_exact(MAIN_DB, image.as_slice(), image.len(), true)?;
        opening::check(&connection)?;
        Ok(Self {
            written_by: opening::written_by(&connection),
            format: opening::format(&connection)?,
            has_log,
            records: rows::all(&connection)?,
        })
    }
}

/// The database with what its log has committed. As long as the log has not begun anew meanwhile, it has every page that
/// was being put into the database, so that what was read is whole.
fn image(path: &Path) -> Result<Vec<u8>, ContentsError> {
    let unreadable = |error: std::io::Error| ContentsError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let path = &path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => ContentsError::Absent {
            path: path.to_owned(),
        },
        _ => unreadable(error),
    })?;
    let log_path = opening::beside(path, "-wal");
    for _ in 0..TRIES {
        let before = read_log(&log_path).map_err(unreadable)?;
        let mut database = read_all(path).map_err(unreadable)?;
        let log = read_log(&log_path).map_err(unreadable)?;
        if wal::generation(&log) == wal::generation(&before) {
            wal::apply(&log, &mut database, SIZE_LIMIT);
            return Ok(database);
        }
    }
    Err(ContentsError::Changing {
        path: path.to_owned(),
    })
}

/// No log is an empty one.
fn read_log(path: &Path) -> std::io::Result<Vec<u8>> {
    match read_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

fn read_all(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > SIZE_LIMIT {
        return Err(std::io::Error::other("it is too large for a journal"));
    }
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}
