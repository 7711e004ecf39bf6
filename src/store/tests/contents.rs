//! Journals read from outside, held against what SQLite itself makes of the same files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::facts::{self, at};
use crate::store::{Contents, ContentsError, Recorded, Sqlite};

/// Every file in a folder, whole.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .map(|path| (path.clone(), fs::read(&path).expect("a file")))
        .collect()
}

/// Three transactions, none of which is in the database yet: SQLite puts them there later.
fn written(path: &Path) -> (Sqlite, Vec<Recorded>) {
    let mut journal = Sqlite::open(path).expect("a new journal");
    let mut records = Vec::new();
    for second in 10..13 {
        journal.commit(&facts::all(), at(second)).expect("room");
        records.extend(
            facts::all()
                .into_iter()
                .map(|fact| Recorded { at: at(second), fact }),
        );
    }
    (journal, records)
}

#[test]
fn what_a_process_holds_is_read_whole_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let (journal, records) = written(&path);
    let before = files(folder.path());
    assert!(before.len() == 3, "journal, log and lock: {:?}", before.keys());
    let held = Contents::read(&path).expect("readable beside its process");
    assert_eq!(files(folder.path()), before);
    assert_eq!(
        (held.format, held.written_by.as_deref()),
        (4, Some(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(held.records, records);
    drop(journal);
    assert!(!folder.path().join("journal.db-wal").exists());
    assert_eq!(Contents::read(&path).expect("readable after it").records, records);
}

/// However a kill or a copy cut the log, and whatever rotted in it: what SQLite recovers, and nothing else.
#[test]
fn a_torn_log_gives_what_sqlite_recovers_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let (journal, _) = written(&path);
    let database = fs::read(&path).expect("the journal");
    let log = fs::read(folder.path().join("journal.db-wal")).expect("its log");
    drop(journal);
    let cuts = (0..log.len()).step_by(log.len() / 20).chain([log.len()]);
    let cut = cuts.map(|length| log[..length].to_vec());
    let rotten = (5..log.len()).step_by(log.len() / 20).map(|place| {
        let mut log = log.clone();
        log[place] ^= 0x10;
        log
    });
    let mut told = BTreeMap::new();
    for (case, log) in cut.chain(rotten).enumerate() {
        let copy = folder.path().join(format!("copy-{case}.db"));
        fs::write(&copy, &database).expect("written");
        fs::write(folder.path().join(format!("copy-{case}.db-wal")), log).expect("written");
        let found = Contents::read(&copy).map(|contents| contents.records.len());
        let recovered = Sqlite::open(&copy).map(|journal| journal.load().expect("readable"));
        let recovered = recovered.expect("SQLite recovers").facts.len();
        *told.entry(recovered).or_insert(0) += 1;
        let found = found.unwrap_or_else(|error| panic!("case {case}: {error}"));
        assert_eq!(found, recovered, "case {case}");
    }
    assert!(told.len() == 4, "from nothing to three transactions: {told:?}");
}

/// The log begins anew every few pages meanwhile: a reader sees whole transactions, in order, or is told to copy.
#[test]
fn a_reader_beside_a_busy_writer_sees_whole_transactions() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let connection = Sqlite::open(&path).expect("a new journal").into_connection();
    connection
        .pragma_update(None, "wal_autocheckpoint", 8)
        .expect("a bound");
    let mut journal = Sqlite::on(connection).expect("the same journal");
    let written = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for second in 0..200 {
                journal.commit(&facts::all(), at(second)).expect("room");
            }
            written.store(true, Ordering::Release);
        });
        while !written.load(Ordering::Acquire) {
            let records = match Contents::read(&path) {
                Ok(contents) => contents.records,
                Err(ContentsError::Changing { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            assert!(
                records
                    .chunks(facts::all().len())
                    .enumerate()
                    .all(|(second, whole)| {
                        whole.len() == facts::all().len()
                            && whole.iter().all(|recorded| recorded.at == at(second as i64))
                    })
            );
        }
    });
    let all = Contents::read(&path).expect("readable").records.len();
    assert_eq!(all, 200 * facts::all().len());
}

#[test]
fn what_is_no_journal_is_told_with_a_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let told = |expected: &str| {
        let error = Contents::read(&path).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        assert!(error.contains("journal.db"), "{error}");
    };
    told("there is no file");
    for (bytes, expected) in [
        ("", "-wal"),
        ("short", "no SQLite database"),
        (&"long ".repeat(900), "no SQLite"),
    ] {
        fs::write(&path, bytes).expect("written");
        told(expected);
    }
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder");
    told("read the journal");
    fs::remove_dir(&path).expect("removed");

    drop(written(&path));
    let whole = fs::read(&path).expect("the journal");
    fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    told("damaged");
    fs::write(&path, &whole).expect("written");
    change(&path, "PRAGMA user_version = 9; UPDATE meta SET value = '7.1.0'");
    told("has format 9 and was written by version 7.1.0");
    fs::write(&path, &whole).expect("written");
    change(&path, "UPDATE facts SET body = '{}' WHERE seq = 7");
    told("record 7 (log) cannot be read");
    fs::remove_file(&path).expect("removed");
    change(&path, "CREATE TABLE birds (name TEXT)");
    told("another program");
}

fn change(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("the file");
    connection.execute_batch(sql).expect("changed");
}
