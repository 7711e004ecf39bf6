//! The journal's file: synchronous, one transaction for each commit.

use std::path::Path;

use jiff::Timestamp;
use machine::model::Fact;
use rusqlite::{Connection, OptionalExtension, params};

use super::contents::Recorded;
use super::error::Unfit;
use super::lock::Lock;
use super::records::{self, Row};
use super::{Loaded, OpenError, ReadError, WriteError};

/// "rwdj", so that no other program's database is taken for a journal.
const APPLICATION_ID: i64 = 0x7277_646a;
/// The newest format this program reads and the one it writes.
pub(super) const FORMAT: i64 = 1;

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

const PRUNE_FACTS: &str = "
    WITH labels AS (
        SELECT seq, secret, json_extract(body, '$.current') AS current FROM facts WHERE kind = 'labels'),
    standing AS (
        SELECT secret, current, max(seq) AS last FROM labels GROUP BY secret),
    since AS (
        SELECT secret, current, last, coalesce((SELECT max(seq) FROM labels
            WHERE labels.secret = standing.secret AND labels.current IS NOT standing.current), 0) AS border
        FROM standing),
    kept AS (
        SELECT last AS seq FROM since
        UNION SELECT border FROM since
        UNION SELECT (SELECT min(seq) FROM labels WHERE labels.secret = since.secret AND seq > border) FROM since),
    notes AS (
        SELECT json_extract(body, '$.consumer') AS consumer, max(seq) AS last FROM facts
        WHERE kind = 'decided' AND json_type(body, '$.action.tag_sleep') IS NOT NULL GROUP BY consumer)
    DELETE FROM facts WHERE at < ?1 AND kind <> 'ended'
    AND seq NOT IN (SELECT seq FROM kept)
    AND NOT (kind = 'decided' AND EXISTS (
        SELECT 1 FROM json_each(facts.body, '$.rotations') AS served
        JOIN standing ON standing.secret = json_extract(served.value, '$.secret')
            AND standing.current = json_extract(served.value, '$.version')))
    AND NOT (kind = 'decided' AND EXISTS (
        SELECT 1 FROM notes WHERE notes.consumer = json_extract(facts.body, '$.consumer') AND facts.seq >= notes.last)
        AND json_type(body, '$.action.update_environment') IS NULL)";

/// An outcome goes with its decision.
const PRUNE_OUTCOMES: &str = "
    DELETE FROM facts WHERE at < ?1 AND kind = 'ended'
    AND json_extract(body, '$.attempt') NOT IN (
        SELECT json_extract(body, '$.attempt') FROM facts WHERE kind = 'decided')";

/// The journal on one connection.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    is_new: bool,
    _lock: Option<Lock>,
}

impl Sqlite {
    /// Opens or creates the file; checks it whole.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        refuse_stump(path)?;
        let connection = Connection::open(path).map_err(|error| OpenError::Unusable {
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        let mut journal = Self::prepare(connection, path)?;
        journal._lock = Some(lock);
        Ok(journal)
    }

    /// On a connection of the caller's, such as one in memory that outlives a simulated crash.
    pub fn on(connection: Connection) -> Result<Self, OpenError> {
        Self::prepare(connection, Path::new(":memory:"))
    }

    /// Gives the connection back.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    fn prepare(connection: Connection, path: &Path) -> Result<Self, OpenError> {
        let damaged = |error: rusqlite::Error| OpenError::Damaged {
            path: path.to_owned(),
            place: error.to_string(),
        };
        let is_new = is_empty(&connection).map_err(damaged)?;
        if !is_new {
            check(&connection).map_err(|unfit| OpenError::of(path, unfit))?;
        }
        // One process has the file, so WAL needs no memory shared with others, which a network file system has not
        // (SQLite: Write-Ahead Logging, Use of WAL Without Shared-Memory).
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(damaged)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(damaged)?;
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(damaged)?;
        if is_new {
            create(&connection).map_err(|error| OpenError::Unusable {
                path: path.to_owned(),
                why: error.to_string(),
            })?;
        }
        Ok(Self {
            connection,
            is_new,
            _lock: None,
        })
    }

    /// Every fact, in the order it was learned.
    pub fn load(&self) -> Result<Loaded, ReadError> {
        let facts: Vec<Fact> = records(&self.connection)?
            .into_iter()
            .map(|recorded| recorded.fact)
            .collect();
        Ok(Loaded {
            baseline: self.is_new && facts.is_empty(),
            facts,
        })
    }

    /// Writes the facts in one durable transaction. No facts, no transaction.
    pub fn commit(&mut self, facts: &[Fact], at: Timestamp) -> Result<(), WriteError> {
        if facts.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO facts (at, secret, kind, body) VALUES (?1, ?2, ?3, ?4)")?;
            for fact in facts {
                let Row { secret, kind, body } = records::write(fact);
                insert.execute(params![at.to_string(), secret, kind, body])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Drops what was written before `keep_since`, but for what a start needs to know of the promotion that stands,
    /// however old it is: when each secret came to its current version, and what was done for it; and for what may still
    /// be switched off: the last note on each function and the writes of its cycle.
    pub fn prune(&mut self, keep_since: Timestamp) -> Result<u64, WriteError> {
        let transaction = self.connection.transaction()?;
        let facts = transaction.execute(PRUNE_FACTS, params![keep_since.to_string()])?;
        let outcomes = transaction.execute(PRUNE_OUTCOMES, params![keep_since.to_string()])?;
        transaction.commit()?;
        Ok((facts + outcomes) as u64)
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

/// SQLite takes a file shorter than its smallest page for an empty database, and would begin anew in it.
fn refuse_stump(path: &Path) -> Result<(), OpenError> {
    const SMALLEST_PAGE: u64 = 512;
    let length = std::fs::metadata(path).map_or(0, |found| found.len());
    if (1..SMALLEST_PAGE).contains(&length) {
        return Err(OpenError::Damaged {
            path: path.to_owned(),
            place: format!("{length} bytes are no database"),
        });
    }
    Ok(())
}

pub(super) fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {SCHEMA}
         INSERT INTO meta VALUES ('written_by', '{}'); COMMIT;",
        env!("CARGO_PKG_VERSION")
    ))
}

/// Ours, whole, and not from a newer program?
pub(super) fn check(connection: &Connection) -> Result<(), Unfit> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(Unfit::Foreign("it is a database of another program"));
    }
    let found = format(connection)?;
    if found > FORMAT {
        return Err(Unfit::Newer {
            written_by: written_by(connection),
            found,
        });
    }
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(Unfit::Damaged(verdict))
    }
}

pub(super) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The version that made the file, as far as it says so.
pub(super) fn written_by(connection: &Connection) -> String {
    let version = connection.query_row("SELECT value FROM meta WHERE key = 'written_by'", [], |row| {
        row.get(0)
    });
    let version = version.optional().ok().flatten();
    version.unwrap_or_else(|| "a newer one".to_owned())
}

/// Every record, in the order it was learned.
pub(super) fn records(connection: &Connection) -> Result<Vec<Recorded>, ReadError> {
    let mut statement = connection.prepare("SELECT seq, at, kind, body FROM facts ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, at, kind, body): (i64, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let read = || {
            let at = at.parse().map_err(|error: jiff::Error| error.to_string())?;
            Ok(Recorded {
                at,
                fact: records::read(&kind, &body)?,
            })
        };
        let recorded = read().map_err(|why: String| ReadError::Record {
            seq,
            kind: kind.clone(),
            why,
        })?;
        all.push(recorded);
    }
    Ok(all)
}
