//! The journal's file: synchronous, one transaction for each commit.

mod contents;
mod error;
mod lock;
pub(super) mod opening;
mod rows;
mod wal;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use machine::model::Fact;
use rusqlite::Connection;

use self::error::Unfit;
use self::lock::Lock;
use self::opening::VERSION;
use super::retention::Retention;
use super::{Loaded, ReadError, WriteError};

pub use self::contents::Contents;
pub use self::error::{ContentsError, OpenError};
pub use self::rows::Recorded;

const SIGN: &str = "
    INSERT INTO meta VALUES ('written_by', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// The journal on one connection.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    is_new: bool,
    was_empty: bool,
    format: i64,
    /// `meta` names this version as the one that wrote last.
    signed: bool,
    _lock: Option<Lock>,
}

impl Sqlite {
    /// Opens or creates the file; checks it whole.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        let is_new = opening::is_absent(path);
        if is_new {
            opening::create_file(path)?;
        }
        let unfit = |unfit| OpenError::of(path, unfit);
        let connection = opening::connect(path).map_err(unfit)?;
        opening::check(&connection).map_err(unfit)?;
        if is_new {
            opening::trust(&connection).map_err(|error| unfit(error.into()))?;
        }
        let mut journal = Self::prepare(connection, path, is_new).map_err(unfit)?;
        journal._lock = Some(lock);
        Ok(journal)
    }

    /// In memory: what a simulated crash outlives, and no process does.
    pub fn in_memory() -> Result<Self, OpenError> {
        let unfit = |error: rusqlite::Error| OpenError::of(Path::new(":memory:"), error.into());
        Self::on(Connection::open_in_memory().map_err(unfit)?)
    }

    /// On a connection of the caller's.
    pub fn on(connection: Connection) -> Result<Self, OpenError> {
        let path = Path::new(":memory:");
        let unfit = |unfit| OpenError::of(path, unfit);
        let is_new = is_empty(&connection).map_err(|error| unfit(error.into()))?;
        if is_new {
            opening::create(&connection).map_err(|error| unfit(error.into()))?;
        }
        opening::check(&connection).map_err(unfit)?;
        Self::prepare(connection, path, is_new).map_err(unfit)
    }

    /// There was none at its path.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// There was one, and nothing is in it: it ended before its first fact, or lost its log.
    pub fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// Gives the connection back.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    fn prepare(connection: Connection, path: &Path, is_new: bool) -> Result<Self, Unfit> {
        for (pragma, value) in [("journal_mode", "WAL"), ("synchronous", "FULL")] {
            connection.pragma_update(None, pragma, value)?;
        }
        let holds_nothing: bool =
            connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM facts)", [], |row| row.get(0))?;
        Ok(Self {
            format: opening::format(&connection)?,
            connection,
            path: path.to_owned(),
            is_new,
            was_empty: holds_nothing && !is_new,
            signed: is_new,
            _lock: None,
        })
    }

    /// Every fact, in the order it was learned.
    pub fn load(&self) -> Result<Loaded, ReadError> {
        let records = rows::all(&self.connection).map_err(|unread| ReadError::of(&self.path, unread))?;
        opening::trust(&self.connection)?;
        let facts: Vec<Fact> = records.into_iter().map(|recorded| recorded.fact).collect();
        Ok(Loaded {
            baseline: facts.is_empty(),
            facts,
        })
    }

    /// Writes the facts in one durable transaction. No facts, no transaction. The first that the journal's format does not
    /// know raises it in the same transaction.
    pub fn commit(&mut self, facts: &[Fact], at: Timestamp) -> Result<(), WriteError> {
        if facts.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        if !self.signed {
            transaction.execute(SIGN, [VERSION])?;
        }
        let needed = rows::insert(&transaction, facts, at)?;
        if needed > self.format {
            opening::raise_format(&transaction, needed)?;
        }
        transaction.commit()?;
        self.format = self.format.max(needed);
        if !self.signed {
            opening::trust(&self.connection)?;
        }
        self.signed = true;
        Ok(())
    }

    /// Drops what was written before `keep_since`, but for what a start needs (`retention`).
    pub fn prune(&mut self, keep_since: Timestamp) -> Result<u64, WriteError> {
        let mut retention = Retention::since(keep_since);
        rows::each(&self.connection, |seq, recorded| {
            retention.note(seq, recorded.at, recorded.fact);
        })
        .map_err(|unread| WriteError::Unreadable(ReadError::of(&self.path, unread)))?;
        let forgotten = retention.forgotten();
        let transaction = self.connection.transaction()?;
        rows::delete(&transaction, &forgotten)?;
        transaction.commit()?;
        Ok(forgotten.len() as u64)
    }

    /// Size of the database in bytes; 0 where it cannot be told.
    pub fn bytes(&self) -> u64 {
        let pragma = |name: &str| {
            self.connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
        };
        let bytes = pragma("page_count").and_then(|pages| Ok(pages * pragma("page_size")?));
        bytes
            .ok()
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or(0)
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}
