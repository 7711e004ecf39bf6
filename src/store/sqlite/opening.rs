//! Opening the journal's file: ours, whole, of a format that this program reads. An absent one is made as a whole, so
//! that what is empty or half is always damage, never a beginning.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
use rusqlite::{Connection, OpenFlags};

use super::OpenError;
use super::error::Unfit;
use crate::store::records::{FIRST_FORMAT, FORMAT};

/// "rwdj", so that no other program's database is taken for a journal.
const APPLICATION_ID: i64 = 0x7277_646a;
/// Whoever writes to a journal signs it, for those who cannot read it.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// In bytes.
const SMALLEST_PAGE: u64 = 512;
const MAGIC: &[u8] = b"SQLite format 3\0";

const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE facts (
        seq INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        secret TEXT,
        kind TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX facts_by_secret ON facts (secret, kind);
";

/// Whether there is anything at `path`, be it damaged.
pub(super) fn is_absent(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Makes an empty journal beside `path` and gives it its name when it is whole.
pub(in crate::store) fn create_file(path: &Path) -> Result<(), OpenError> {
    let unusable = |why: String| OpenError::Unusable {
        path: path.to_owned(),
        why,
    };
    let io_failed = |error: io::Error| unusable(error.to_string());
    let fresh = beside(path, ".new");
    // A log that its journal left behind would be played into the one that takes its place.
    for leftover in [&fresh, &beside(path, "-wal"), &beside(path, "-shm")] {
        remove(leftover).map_err(io_failed)?;
    }
    create_whole(&fresh).map_err(|error| unusable(error.to_string()))?;
    fs::rename(&fresh, path).map_err(io_failed)?;
    sync_folder(path).map_err(io_failed)
}

/// The path with `suffix`, as SQLite names what belongs to a file.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn create_whole(fresh: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(fresh)?;
    // Half a file never gets its name, so there is nothing to roll back.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    create(&connection)?;
    connection.close().map_err(|(_, error)| error)
}

/// A name is durable with its folder, not with its file.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The schema, on an empty database.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FIRST_FORMAT}; {SCHEMA}
         INSERT INTO meta VALUES ('written_by', '{VERSION}'); COMMIT;"
    ))
}

/// A connection to a file that is there, shared with no other process. Until it is trusted, nothing of its log is put
/// into the file, and the log stays: what is refused must be found as it was.
pub(in crate::store) fn connect(path: &Path) -> Result<Connection, Unfit> {
    let io_failed =
        |error: io::Error| Unfit::Unusable(format!("{error}: the process must be able to read and write it"));
    let mut file = File::open(path).map_err(io_failed)?;
    let length = file.metadata().map_err(io_failed)?.len();
    let mut head = Vec::new();
    let most = MAGIC.len() as u64;
    file.by_ref()
        .take(most)
        .read_to_end(&mut head)
        .map_err(io_failed)?;
    refuse_other(&head, length)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // WAL then needs no memory shared with others, which a network file system has not and a full disk has no room for:
    // before the first read (SQLite: Write-Ahead Logging, Use of WAL Without Shared-Memory).
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

/// It was read whole, or written to: from now on its log goes into the file at the end.
pub(super) fn trust(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map(drop)
}

/// By its first bytes and its length. SQLite takes a file shorter than its smallest page for an empty database, and would
/// begin anew in it.
pub(super) fn refuse_other(head: &[u8], length: u64) -> Result<(), Unfit> {
    if !head.iter().zip(MAGIC).all(|(found, expected)| found == expected) {
        return Err(Unfit::Foreign("it is no SQLite database"));
    }
    if length < SMALLEST_PAGE {
        return Err(Unfit::Damaged(format!("{length} bytes are no database")));
    }
    Ok(())
}

/// Ours, whole, and of a format that this program reads? Asked by whoever works on a journal or only reads it.
pub(super) fn check(connection: &Connection) -> Result<(), Unfit> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(Unfit::Foreign("it is a database of another program"));
    }
    match format(connection)? {
        FIRST_FORMAT..=FORMAT => {}
        found if found > FORMAT => {
            let written_by = written_by(connection);
            return Err(Unfit::Newer { written_by, found });
        }
        found => {
            let never = format!("it says format {found}, which there never was");
            return Err(Unfit::Damaged(never));
        }
    }
    for table in [
        "SELECT seq, at, secret, kind, body FROM facts",
        "SELECT key, value FROM meta",
    ] {
        connection.prepare(table)?;
    }
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(Unfit::Damaged(verdict))
    }
}

/// Within a transaction it comes and goes with it.
pub(super) fn raise_format(connection: &Connection, format: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", format)
}

pub(super) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The version that wrote last, as far as the journal says so: every format keeps `meta` for that.
pub(super) fn written_by(connection: &Connection) -> Option<String> {
    let signature = connection.query_row("SELECT value FROM meta WHERE key = 'written_by'", [], |row| {
        row.get(0)
    });
    signature.ok()
}
