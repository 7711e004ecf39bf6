//! The journal's file: synchronous, one transaction for each commit.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use machine::model::{Fact, WriteKind};
use machine::procedures::PACES;
use rusqlite::{Connection, params};

use super::error::Unfit;
use super::lock::Lock;
use super::opening::{self, VERSION};
use super::{Loaded, OpenError, ReadError, WriteError, records, rows};

/// `?2`: the actions that begin what must be put back; `?3`: all that belong to it.
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
    decided AS (
        SELECT seq, json_extract(body, '$.consumer') AS consumer,
            CASE json_type(body, '$.action') WHEN 'text' THEN json_extract(body, '$.action')
            ELSE (SELECT key FROM json_each(body, '$.action')) END AS action
        FROM facts WHERE kind = 'decided'),
    begun AS (
        SELECT consumer, max(seq) AS last FROM decided
        WHERE action IN (SELECT value FROM json_each(?2)) GROUP BY consumer)
    DELETE FROM facts WHERE at < ?1 AND kind NOT IN ('ended', 'paced')
    AND seq NOT IN (SELECT seq FROM kept)
    AND NOT (kind = 'decided' AND EXISTS (
        SELECT 1 FROM json_each(facts.body, '$.rotations') AS served
        JOIN standing ON standing.secret = json_extract(served.value, '$.secret')
            AND standing.current = json_extract(served.value, '$.version')))
    AND seq NOT IN (
        SELECT seq FROM decided JOIN begun USING (consumer)
        WHERE seq >= begun.last AND action IN (SELECT value FROM json_each(?3)))";

/// An outcome goes with its decision.
const PRUNE_OUTCOMES: &str = "
    DELETE FROM facts WHERE at < ?1 AND kind = 'ended'
    AND json_extract(body, '$.attempt') NOT IN (
        SELECT json_extract(body, '$.attempt') FROM facts WHERE kind = 'decided')";

/// Patience is learned from the last of them, however old they are.
const PRUNE_PACES: &str = "
    DELETE FROM facts WHERE seq IN (
        SELECT seq FROM (
            SELECT seq, row_number() OVER (PARTITION BY secret ORDER BY seq DESC) AS n FROM facts WHERE kind = 'paced')
        WHERE n > ?1)";

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

    /// On a connection of the caller's, such as one in memory that outlives a simulated crash.
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

    /// Drops what was written before `keep_since`, but for what a start needs to know of the promotion that stands,
    /// however old it is: when each secret came to its current version, and what was done for it; and for what may still
    /// have to be put back: the last decision that began it for each consumer, and what followed.
    pub fn prune(&mut self, keep_since: Timestamp) -> Result<u64, WriteError> {
        let transaction = self.connection.transaction()?;
        let kept = params![
            keep_since.to_string(),
            records::actions(WriteKind::leaves_something),
            records::actions(WriteKind::is_put_back)
        ];
        let facts = transaction.execute(PRUNE_FACTS, kept)?;
        let outcomes = transaction.execute(PRUNE_OUTCOMES, params![keep_since.to_string()])?;
        let paces = transaction.execute(PRUNE_PACES, [PACES as i64])?;
        transaction.commit()?;
        Ok((facts + outcomes + paces) as u64)
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
