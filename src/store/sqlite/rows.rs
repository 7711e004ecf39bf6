//! The table of facts: a row for each, with the time of its transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;
use machine::model::Fact;
use rusqlite::{Connection, Row, Transaction, params};

use super::error::Unread;
use crate::store::records::{self, FIRST_FORMAT};

/// A fact, and when the transaction it was part of was made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub at: Timestamp,
    pub fact: Fact,
}

/// The format that the rows need.
pub(super) fn insert(transaction: &Transaction<'_>, facts: &[Fact], at: Timestamp) -> rusqlite::Result<i64> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO facts (at, secret, kind, body) VALUES (?1, ?2, ?3, ?4)")?;
    let at = at.to_string();
    let mut format = FIRST_FORMAT;
    for fact in facts {
        let records::Row { secret, kind, body } = records::write(fact);
        insert.execute(params![at, secret, kind.word(), body])?;
        format = format.max(records::format(fact));
    }
    Ok(format)
}

/// Every record, in the order it was learned.
pub(super) fn all(connection: &Connection) -> Result<Vec<Recorded>, Unread> {
    let mut all = Vec::new();
    each(connection, |_, recorded| all.push(recorded))?;
    Ok(all)
}

/// The same one by one, each with its number.
pub(super) fn each(connection: &Connection, mut take: impl FnMut(i64, Recorded)) -> Result<(), Unread> {
    let mut statement = connection.prepare("SELECT seq, at, kind, body FROM facts ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, at, kind, body) = (row.get(0)?, bytes(row, 1)?, bytes(row, 2)?, bytes(row, 3)?);
        let recorded = read(at, kind, body).map_err(|why| Unread::Record {
            seq,
            kind: String::from_utf8_lossy(kind).into_owned(),
            why,
        })?;
        take(seq, recorded);
    }
    Ok(())
}

pub(super) fn delete(transaction: &Transaction<'_>, seqs: &BTreeSet<i64>) -> rusqlite::Result<()> {
    let mut delete = transaction.prepare_cached("DELETE FROM facts WHERE seq = ?1")?;
    for seq in seqs {
        delete.execute([seq])?;
    }
    Ok(())
}

/// A text's bytes: SQLite does not look whether they are UTF-8.
fn bytes<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(column)?.as_bytes()?)
}

fn read(at: &[u8], kind: &[u8], body: &[u8]) -> Result<Recorded, String> {
    let text = |bytes| str::from_utf8(bytes).map_err(|error| error.to_string());
    Ok(Recorded {
        at: text(at)?
            .parse()
            .map_err(|error: jiff::Error| error.to_string())?,
        fact: records::read(text(kind)?, text(body)?)?,
    })
}
