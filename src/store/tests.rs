//! The journal: round trips, durability of what must stay.

mod contents;
mod contract;
mod damage;
mod facts;
mod format;
mod golden;
mod room;

use machine::model::{AttemptId, CycleStep, Dates, Done, Fact, Labels, Look, Outcome, VersionId};
use rusqlite::Connection;

use super::{OpenError, Sqlite};
use facts::{at, cycle, decision, note, redeploy, secret, version};

fn in_memory() -> Sqlite {
    Sqlite::on(Connection::open_in_memory().expect("memory")).expect("a new journal")
}

#[test]
fn every_fact_reads_back_as_it_was_written() {
    let facts = facts::all();
    let mut journal = in_memory();
    journal.commit(&facts, at(10)).expect("room");
    assert_eq!(journal.load().expect("readable").facts, facts);
}

#[test]
fn only_a_new_journal_is_a_baseline() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let mut journal = Sqlite::open(&path).expect("a new journal");
    assert!(journal.load().expect("readable").baseline);
    journal.commit(&facts::all(), at(10)).expect("room");
    drop(journal);
    let loaded = Sqlite::open(&path)
        .expect("the same journal")
        .load()
        .expect("readable");
    assert!(!loaded.baseline);
    assert_eq!(loaded.facts, facts::all());
}

#[test]
fn a_second_process_is_told_who_holds_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    let _first = Sqlite::open(&path).expect("a new journal");
    let Err(OpenError::Locked { holder, .. }) = Sqlite::open(&path) else {
        panic!("opened twice")
    };
    assert_eq!(holder, format!("process {}", std::process::id()));
}

/// It would need room on the disk at each start, and a file system that shares memory.
#[test]
fn no_memory_is_shared_through_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    for _ in 0..2 {
        let mut journal = Sqlite::open(&path).expect("a journal");
        journal
            .commit(&[decision("a", cycle(CycleStep::Untag))], at(1))
            .expect("room");
        assert!(!folder.path().join("journal.sqlite-shm").exists());
    }
}

#[test]
fn a_missing_folder_is_named_with_its_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Sqlite::open(&folder.path().join("no/journal.db")).expect_err("no folder");
    assert!(error.to_string().contains("create it"), "{error}");
}

#[test]
fn pruning_keeps_what_must_stay() {
    let mut journal = in_memory();
    let labels = |second| Fact::Labels {
        secret: secret(),
        look: Look::at(at(second)),
        labels: Labels {
            current: Some(version()),
            ..Labels::default()
        },
        dates: Dates::default(),
    };
    let note = decision("t", note(Some(7)));
    let sleep = decision("s", cycle(CycleStep::Sleep { former: Some(7) }));
    let mut untag = decision("old", cycle(CycleStep::Untag));
    if let Fact::Decided(decision) = &mut untag {
        decision.serves[0].version = VersionId::new("before");
    }
    let of_exporter = facts::note_on("exporter", Some(7));
    let mut other_note = note.clone();
    if let Fact::Decided(decision) = &mut other_note {
        decision.write = of_exporter;
    }
    let served = decision("served", redeploy());
    let ended = |attempt: &str| Fact::Ended {
        attempt: AttemptId::new(attempt),
        at: at(4),
        outcome: Outcome::Done(Done::AlreadySo),
    };
    let old = [
        untag,
        ended("old"),
        served.clone(),
        ended("served"),
        labels(1),
        labels(2),
        note.clone(),
        sleep.clone(),
        other_note.clone(),
    ];
    journal.commit(&old, at(0)).expect("room");
    journal.commit(&[labels(3000)], at(3000)).expect("room");
    assert_eq!(journal.prune(at(1000)).expect("pruned"), 3);
    assert_eq!(
        journal.load().expect("readable").facts,
        vec![
            served,
            ended("served"),
            labels(1),
            note,
            sleep,
            other_note,
            labels(3000)
        ]
    );
}
