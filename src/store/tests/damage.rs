//! What must stop the start, with its place and a way out; and what need not.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
use tempfile::TempDir;

use super::facts::{self, at};
use crate::store::{Contents, OpenError, ReadError, Sqlite};

const COMMITS: i64 = 3;

/// A folder for a journal, and the journal's path.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    (folder, path)
}

fn written(path: &Path) -> Vec<u8> {
    let mut journal = Sqlite::open(path).expect("a new journal");
    for second in 0..COMMITS {
        journal.commit(&facts::all(), at(second)).expect("room");
    }
    drop(journal);
    fs::read(path).expect("the file")
}

/// Its text, which must name the file and what to do.
fn refusal(path: &Path) -> String {
    let refused = match Sqlite::open(path) {
        Err(error) => error.to_string(),
        Ok(journal) => journal.load().expect_err("opened and read").to_string(),
    };
    assert!(refused.contains(&path.display().to_string()), "{refused}");
    let is_foreign = refused.contains(" is no journal: ") && refused.ends_with("restore a copy");
    assert!(
        refused.contains("Restore a copy, or move the file aside") || is_foreign,
        "{refused}"
    );
    refused
}

#[test]
fn a_damaged_journal_is_never_taken_for_none() {
    let (_folder, path) = place();
    let whole = written(&path);
    let mut flipped = whole.clone();
    flipped[4096..4196].fill(0xff);
    let letter = b"Dear operator, this is no database, but it is long. ".repeat(20);
    for (what, bytes, said) in [
        ("nothing", Vec::new(), "0 bytes are no database"),
        ("a stump", whole[..511].to_vec(), "511 bytes are no database"),
        ("half", whole[..whole.len() / 2].to_vec(), "is damaged: "),
        ("a hundred bytes less", whole[..whole.len() - 100].to_vec(), ""),
        ("overwritten", flipped, "is damaged: "),
        (
            "zeroes",
            vec![0; whole.len()],
            "is no journal: it is no SQLite database",
        ),
        ("a letter", letter, "is no journal: it is no SQLite database"),
        (
            "a word",
            b"Dear".to_vec(),
            "is no journal: it is no SQLite database",
        ),
        ("its first word", whole[..4].to_vec(), "4 bytes are no database"),
    ] {
        fs::write(&path, bytes).expect("written");
        Contents::read(&path).expect_err(what);
        let refused = refusal(&path);
        assert!(refused.contains(said), "{what}: {refused}");
    }
}

#[test]
fn what_only_looks_like_a_journal_is_told_apart() {
    for (change, said) in [
        (
            "PRAGMA application_id = 0",
            "is no journal: it is a database of another program",
        ),
        (
            "PRAGMA user_version = 0",
            "it says format 0, which there never was",
        ),
        ("PRAGMA user_version = -3", "it says format -3"),
        ("DROP TABLE facts", "no such table: facts"),
        ("DROP TABLE meta", "no such table: meta"),
        ("ALTER TABLE facts DROP COLUMN at", "no such column: at"),
        (
            "UPDATE facts SET kind = 'looks' WHERE seq = 3",
            "record 3 (looks)",
        ),
        (
            "UPDATE facts SET kind = 'looks' WHERE seq = 3",
            "unknown kind \"looks\"",
        ),
        ("UPDATE facts SET body = '{' WHERE seq = 4", "record 4 (valued)"),
        ("UPDATE facts SET body = '[]' WHERE seq = 4", "record 4 (valued)"),
        (
            "UPDATE facts SET body = '{}' WHERE kind = 'refused'",
            "record 58 (refused)",
        ),
        (
            "UPDATE facts SET body = CAST(x'ff' AS TEXT) WHERE seq = 4",
            "record 4 (valued)",
        ),
        ("UPDATE facts SET at = 'noon' WHERE seq = 4", "record 4 (valued)"),
        (
            "UPDATE facts SET body = replace(body, 'stale', 'stalest') WHERE kind = 'reached'",
            "unknown variant `stalest`",
        ),
        (
            "UPDATE facts SET body = replace(body, 'ecs:prod', 'nomad:prod') WHERE kind = 'decided'",
            "\"nomad:prod/orders\" is no consumer",
        ),
        (
            "UPDATE facts SET body = replace(body, '2027-01', '2027-13')",
            "record 1 (labels)",
        ),
    ] {
        let (_folder, path) = place();
        written(&path);
        let connection = Connection::open(&path).expect("the file");
        connection.execute_batch(change).expect("changed");
        connection.close().expect("closed");
        let read = Contents::read(&path).expect_err(change).to_string();
        for refused in [read, refusal(&path)] {
            assert!(refused.contains(said), "{change}: {refused}");
        }
    }
}

#[test]
fn a_newer_format_is_refused_with_who_wrote_it_and_stays_as_it_is() {
    let (_folder, path) = place();
    written(&path);
    for (change, by) in [
        (
            "PRAGMA user_version = 9; UPDATE meta SET value = '7.1.0'; DROP TABLE facts",
            "version 7.1.0",
        ),
        ("DELETE FROM meta", "an unknown version"),
        ("DROP TABLE meta", "an unknown version"),
    ] {
        let connection = Connection::open(&path).expect("the file");
        connection.execute_batch(change).expect("changed");
        connection.close().expect("closed");
        let before = fs::read(&path).expect("the file");
        let Err(error @ OpenError::Newer { found: 9, .. }) = Sqlite::open(&path) else {
            panic!("{change}: opened")
        };
        let said = format!(
            "the journal {} has format 9 and was written by {by}; this is version {}, which reads formats up to 4: run that \
             version or a newer one, or set another store.path",
            path.display(),
            env!("CARGO_PKG_VERSION"),
        );
        assert_eq!(error.to_string(), said);
        assert!(
            fs::read(&path).expect("the file") == before,
            "{change}: written to"
        );
    }
}

#[test]
fn whoever_writes_signs_and_whoever_reads_does_not() {
    let (_folder, path) = place();
    written(&path);
    let signed_by = |change: &str| -> String {
        let connection = Connection::open(&path).expect("the file");
        connection.execute_batch(change).expect("changed");
        let by = connection.query_row("SELECT value FROM meta WHERE key = 'written_by'", [], |row| {
            row.get(0)
        });
        by.expect("a signature")
    };
    assert_eq!(signed_by(""), env!("CARGO_PKG_VERSION"));
    assert_eq!(signed_by("UPDATE meta SET value = '0.0.1'"), "0.0.1");
    drop(
        Sqlite::open(&path)
            .expect("the journal")
            .load()
            .expect("readable"),
    );
    assert_eq!(signed_by(""), "0.0.1");
    let mut journal = Sqlite::open(&path).expect("the journal");
    journal.commit(&facts::all(), at(99)).expect("room");
    drop(journal);
    assert_eq!(signed_by(""), env!("CARGO_PKG_VERSION"));
}

/// As a kill -9 leaves it: the last commits stand in the log beside the file, of which the end may be torn.
#[test]
fn a_torn_log_costs_no_more_than_its_torn_end() {
    let (_folder, path) = place();
    let one = facts::all().len();
    let (file, log) = killed(&path);
    for (kept, commits) in [(log.len(), 3), (log.len() - 1, 2), (32, 0), (1, 0), (0, 0)] {
        fs::write(&path, &file).expect("written");
        fs::write(path.with_file_name("journal.db-wal"), &log[..kept]).expect("written");
        let journal = Sqlite::open(&path).expect("whole");
        let loaded = journal.load().expect("readable");
        assert_eq!(loaded.facts.len(), commits * one, "{kept} bytes of the log");
        let is_empty = commits == 0;
        assert_eq!((loaded.baseline, journal.was_empty()), (is_empty, is_empty));
        assert!(!journal.is_new());
    }
}

/// Copied alone, or beside what is no log of it: nothing is in it, and that is told.
#[test]
fn g14_a_journal_that_lost_its_log_is_as_good_as_new() {
    for log in [None, Some(vec![7; 9_000])] {
        let (_folder, path) = place();
        let (file, _) = killed(&path);
        let copy = path.with_file_name("copy.db");
        fs::write(&copy, file).expect("written");
        if let Some(log) = log {
            fs::write(path.with_file_name("copy.db-wal"), log).expect("written");
        }
        let journal = Sqlite::open(&copy).expect("whole");
        assert!(journal.was_empty() && !journal.is_new());
        assert!(journal.load().expect("readable").baseline);
    }
}

/// What is refused is evidence: the file, and the log that its refusal names.
#[test]
fn g14_a_journal_that_is_refused_stays_as_it_is_with_its_log() {
    let (_folder, path) = place();
    let log_path = path.with_file_name("journal.db-wal");
    let (file, log) = killed(&path);
    let change = |sql: &str| {
        fs::write(&path, &file).expect("written");
        fs::write(&log_path, &log).expect("written");
        let connection = Connection::open(&path).expect("the file");
        connection
            .set_db_config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .expect("set");
        connection.execute_batch(sql).expect("changed");
    };
    for (sql, said) in [
        ("DROP TABLE facts", "either way without "),
        ("PRAGMA user_version = 9", "has format 9"),
        ("PRAGMA application_id = 7", "is no journal"),
        ("UPDATE facts SET body = '{' WHERE seq = 4", "record 4 (valued)"),
    ] {
        change(sql);
        let before = (
            fs::read(&path).expect("there"),
            fs::read(&log_path).expect("there"),
        );
        assert!(before.1.len() >= log.len(), "{sql}");
        let refused = match Sqlite::open(&path) {
            Err(error) => error.to_string(),
            Ok(journal) => journal.load().expect_err("opened and read").to_string(),
        };
        assert!(refused.contains(said), "{sql}: {refused}");
        let after = (
            fs::read(&path).expect("there"),
            fs::read(&log_path).expect("there"),
        );
        assert!(before == after, "{sql}: written to");
    }
}

/// The file and its log while a process that wrote three commits is alive.
fn killed(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let mut journal = Sqlite::open(path).expect("a new journal");
    for second in 0..3 {
        journal.commit(&facts::all(), at(second)).expect("room");
    }
    let read = |name| fs::read(path.with_file_name(name)).expect("a file");
    (read("journal.db"), read("journal.db-wal"))
}

/// Moved aside alone, a journal leaves its log: that must not be played into the next one.
#[test]
fn a_log_without_its_journal_is_no_part_of_the_next() {
    let (_folder, path) = place();
    let (_, log) = killed(&path);
    fs::remove_file(&path).expect("moved aside");
    fs::write(path.with_file_name("journal.db-wal"), log).expect("written");
    let loaded = Sqlite::open(&path)
        .expect("a new journal")
        .load()
        .expect("readable");
    assert!(loaded.baseline && loaded.facts.is_empty());
}

#[test]
fn a_beginning_that_was_cut_short_is_begun_again() {
    let (_folder, path) = place();
    fs::write(path.with_file_name("journal.db.new"), [7; 3000]).expect("written");
    assert!(
        Sqlite::open(&path)
            .expect("a new journal")
            .load()
            .expect("readable")
            .baseline
    );
    assert!(!path.with_file_name("journal.db.new").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever a file is cut or overwritten: it is refused with its place, or read without the change being taken for
    /// a beginning. (SQLite keeps no checksums: a byte changed inside of a text is another text.)
    #[test]
    fn cut_or_overwritten_anywhere(
        cut in any::<prop::sample::Index>(),
        wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        is_cut in any::<bool>(),
        format in 1..=2_i64,
    ) {
        let (_folder, path) = place();
        let mut journal = Sqlite::open(&path).expect("a new journal");
        journal.commit(&facts::of_format(format), at(0)).expect("room");
        drop(journal);
        let mut bytes = fs::read(&path).expect("the file");
        for (place, byte) in wrong {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, bytes).expect("written");
        let name = path.display().to_string();
        match Sqlite::open(&path).map(|journal| journal.load()) {
            Err(error) => prop_assert!(error.to_string().contains(&name), "{error}"),
            Ok(Err(error @ ReadError::Record { .. })) => prop_assert!(error.to_string().contains(&name), "{error}"),
            Ok(Err(error)) => prop_assert!(false, "{error:?}"),
            Ok(Ok(loaded)) => prop_assert!(!loaded.baseline && !loaded.facts.is_empty()),
        }
    }
}
