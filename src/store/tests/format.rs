//! The change of the format: with the first record that the one before does not know, in its transaction.

use std::fs;
use std::path::{Path, PathBuf};

use machine::model::{CycleStep, Fact};
use rusqlite::Connection;
use tempfile::TempDir;

use super::facts::{self, at, cycle, decision, refusal};
use super::room::without_room;
use crate::store::{Contents, OpenError, Sqlite, WriteError};

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    (folder, path)
}

/// The format, as somebody sees it who looks beside the process, and the facts.
fn seen(path: &Path) -> (i64, Vec<Fact>) {
    let contents = Contents::read(path).expect("a whole journal");
    let facts = contents.records.into_iter().map(|record| record.fact);
    (contents.format, facts.collect())
}

#[test]
fn a_journal_is_of_the_first_format_until_a_record_needs_the_second() {
    let (_folder, path) = place();
    let mut journal = Sqlite::open(&path).expect("a new journal");
    journal.commit(&facts::of_format(1), at(1)).expect("room");
    assert_eq!(seen(&path).0, 1);
    drop(journal);
    let mut journal = Sqlite::open(&path).expect("the same");
    journal.load().expect("readable");
    assert_eq!(seen(&path).0, 1, "opened and read, and as it was");
    journal.prune(at(0)).expect("nothing to drop");
    journal.commit(&[refusal(2)], at(2)).expect("room");
    assert_eq!(seen(&path).0, 2);
    journal.commit(&facts::of_format(1), at(3)).expect("room");
    assert_eq!(seen(&path).0, 2, "it never goes back");
    drop(journal);
    let mut expected = facts::of_format(1);
    expected.push(refusal(2));
    expected.extend(facts::of_format(1));
    let loaded = Sqlite::open(&path).expect("the same").load().expect("readable");
    assert_eq!(loaded.facts, expected);
}

/// As a kill -9 leaves the log, wherever it came: the record and the format come together, or neither.
#[test]
fn a_kill_at_the_change_leaves_the_one_format_or_the_other() {
    let (_folder, path) = place();
    let log_path = path.with_file_name("journal.db-wal");
    let mut journal = Sqlite::open(&path).expect("a new journal");
    journal.commit(&facts::of_format(1), at(1)).expect("room");
    let before = fs::read(&log_path).expect("the log").len();
    journal.commit(&[refusal(2)], at(2)).expect("room");
    let (file, log) = (
        fs::read(&path).expect("there"),
        fs::read(&log_path).expect("there"),
    );
    let found = |kept: usize| {
        let (_folder, copy) = place();
        fs::write(&copy, &file).expect("written");
        fs::write(copy.with_file_name("journal.db-wal"), &log[..kept]).expect("written");
        let outside = seen(&copy);
        let journal = Sqlite::open(&copy).expect("whole");
        assert_eq!(journal.load().expect("readable").facts, outside.1, "{kept}");
        drop(journal);
        assert_eq!(seen(&copy), outside, "{kept}: a start changes nothing");
        outside
    };
    let frame = 200;
    let cuts = (before..log.len()).step_by(frame).chain([log.len() - 1]);
    for kept in cuts {
        assert_eq!(found(kept), (1, facts::of_format(1)), "{kept} bytes");
    }
    let (format, all) = found(log.len());
    assert_eq!((format, all.last()), (2, Some(&refusal(2))));
}

/// What sleeps must be put back: a journal without room opens, whatever it could not take in stays out, and what needs no
/// room goes in.
#[test]
fn a_full_disk_does_not_keep_the_first_format_from_opening() {
    let (_folder, path) = place();
    let mut journal = Sqlite::open(&path).expect("a new journal");
    journal.commit(&facts::of_format(1), at(1)).expect("room");
    drop(journal);
    let pages: i64 = Connection::open(&path)
        .and_then(|connection| connection.pragma_query_value(None, "page_count", |row| row.get(0)))
        .expect("its pages");
    let mut full = without_room(&path, pages);
    assert_eq!(full.load().expect("readable").facts, facts::of_format(1));
    let many: Vec<Fact> = (0..200).map(refusal).collect();
    let refused = full.commit(&many, at(2));
    assert!(matches!(refused, Err(WriteError::Full)), "{refused:?}");
    assert_eq!(seen(&path), (1, facts::of_format(1)), "nothing of it");
    full.prune(at(2)).expect("pruned");
    full.commit(
        &[decision("back", cycle(CycleStep::Restore { former: Some(7) }))],
        at(3),
    )
    .expect("room by what was dropped");
    assert_eq!(seen(&path).0, 1);
    full.commit(&[refusal(4)], at(4)).expect("room");
    assert_eq!(seen(&path).0, 2, "once there is room");
}

/// An older program says so and leaves it alone: it never tells anybody to move it aside.
#[test]
fn a_format_of_a_newer_program_is_refused_without_the_advice_to_begin_anew() {
    let (_folder, path) = place();
    let mut journal = Sqlite::open(&path).expect("a new journal");
    journal.commit(&facts::all(), at(1)).expect("room");
    drop(journal);
    let connection = Connection::open(&path).expect("the file");
    connection
        .execute_batch("PRAGMA user_version = 5")
        .expect("changed");
    connection.close().expect("closed");
    let Err(error @ OpenError::Newer { found: 5, .. }) = Sqlite::open(&path) else {
        panic!("opened")
    };
    let outside = Contents::read(&path).expect_err("not read");
    for refused in [error.to_string(), outside.to_string()] {
        assert!(
            refused.contains("has format 5 and was written by version"),
            "{refused}"
        );
        assert!(refused.contains("version or a newer one"), "{refused}");
        assert!(!refused.contains("aside"), "{refused}");
    }
}
