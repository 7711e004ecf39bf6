//! A journal's file that may not grow any more: SQLite's own "database or disk is full", by a limit on its pages.

use std::path::Path;

use machine::model::{CycleStep, Fact};

use super::super::sqlite::opening;
use super::super::{Contents, JournalPort, Sqlite, Threaded, WriteError};
use super::facts::{self, at, cycle, decision};

const MOST_PAGES: i64 = 24;

fn limited(path: &Path) -> Sqlite {
    opening::create_file(path).expect("a new journal");
    without_room(path, MOST_PAGES)
}

/// The journal at `path`, which may have so many pages.
pub(super) fn without_room(path: &Path, most: i64) -> Sqlite {
    let connection = opening::connect(path).expect("a connection");
    connection
        .pragma_update(None, "max_page_count", most)
        .expect("a limit");
    Sqlite::on(connection).expect("a journal")
}

/// As somebody sees it who looks beside the process.
fn written(path: &Path) -> Vec<Fact> {
    let contents = Contents::read(path).expect("a whole journal");
    contents.records.into_iter().map(|record| record.fact).collect()
}

#[tokio::test]
async fn a_full_file_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let journal = Threaded::start(limited(&path)).expect("a thread");
    let mut kept = Vec::new();
    for second in 0.. {
        match journal.commit(facts::all(), at(second)).await {
            Ok(()) => kept.extend(facts::all()),
            Err(error) => {
                assert!(matches!(error, WriteError::Full), "{error:?}");
                break;
            }
        }
    }
    assert!(!kept.is_empty());
    let again = journal.commit(facts::all(), at(1_000)).await;
    assert!(matches!(again, Err(WriteError::Full)), "{again:?}");
    assert_eq!(
        written(&path),
        kept,
        "all of what was committed, nothing of what was not"
    );

    assert!(journal.prune(at(1_000)).await.expect("pruned") > 0);
    let new = decision("new", cycle(CycleStep::Untag));
    let committed = journal.commit(vec![new.clone()], at(1_001)).await;
    committed.expect("room by what was dropped");
    assert_eq!(written(&path).last(), Some(&new));
}
