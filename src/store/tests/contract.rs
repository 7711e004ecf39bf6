//! What every journal promises, whatever it is kept in. A second engine passes the same suite.

use std::sync::Arc;

use machine::model::Fact;
use rusqlite::Connection;
use tempfile::TempDir;

use super::facts::{self, at, decision, note, refusal};
use crate::store::{Inline, JournalPort, Sqlite, Threaded};

/// A place where a journal lies. What was open before is closed by then.
trait Place {
    fn open(&mut self) -> Arc<dyn JournalPort>;
}

/// In memory, called inline.
struct Memory(Inline);

impl Place for Memory {
    fn open(&mut self) -> Arc<dyn JournalPort> {
        Arc::new(self.0.clone())
    }
}

/// A file, on a thread of its own.
struct File(TempDir);

impl Place for File {
    fn open(&mut self) -> Arc<dyn JournalPort> {
        let path = self.0.path().join("journal.sqlite");
        // The thread of the one before may still be closing the file.
        let opened = (0..).find_map(|_| Sqlite::open(&path).ok()).expect("a journal");
        Arc::new(Threaded::start(opened).expect("a thread"))
    }
}

fn places() -> [Box<dyn Place>; 2] {
    let memory = Sqlite::on(Connection::open_in_memory().expect("memory")).expect("a new journal");
    [
        Box::new(Memory(Inline::new(memory))),
        Box::new(File(tempfile::tempdir().expect("a folder"))),
    ]
}

async fn load(place: &mut dyn Place) -> (Vec<Fact>, bool) {
    let loaded = place.open().load().await.expect("readable");
    (loaded.facts, loaded.baseline)
}

#[tokio::test]
async fn what_was_committed_is_read_in_its_order_by_the_next_life() {
    for mut place in places() {
        assert_eq!(load(&mut *place).await, (Vec::new(), true), "new");
        let mut expected = Vec::new();
        for (n, fact) in facts::all().into_iter().enumerate() {
            let second = i64::try_from(n).expect("few");
            place
                .open()
                .commit(vec![fact.clone()], at(second))
                .await
                .expect("room");
            expected.push(fact);
        }
        assert_eq!(load(&mut *place).await, (expected, false));
    }
}

#[tokio::test]
async fn a_commit_of_nothing_leaves_a_new_journal_new() {
    for mut place in places() {
        place
            .open()
            .commit(Vec::new(), at(1))
            .await
            .expect("nothing to do");
        assert_eq!(load(&mut *place).await, (Vec::new(), true));
    }
}

/// The loop repeats a transaction whose answer it did not get: what is there twice is read twice, and merging sees to it.
#[tokio::test]
async fn a_repeated_transaction_loses_nothing() {
    for mut place in places() {
        let journal = place.open();
        for _ in 0..2 {
            journal.commit(facts::all(), at(1)).await.expect("room");
        }
        drop(journal);
        let twice = [facts::all(), facts::all()].concat();
        assert_eq!(load(&mut *place).await, (twice, false));
    }
}

#[tokio::test]
async fn what_is_old_goes_and_what_a_start_needs_stays() {
    for mut place in places() {
        let noted = decision("t", note(Some(7)));
        let journal = place.open();
        let old = vec![refusal(1), noted.clone()];
        journal.commit(old, at(1)).await.expect("room");
        journal.commit(vec![refusal(9)], at(9)).await.expect("room");
        assert!(journal.bytes() > 0);
        assert_eq!(journal.prune(at(5)).await.expect("pruned"), 1);
        assert_eq!(journal.prune(at(5)).await.expect("pruned"), 0);
        drop(journal);
        assert_eq!(load(&mut *place).await, (vec![noted, refusal(9)], false));
    }
}
