//! Golden journals: each format opens for ever, with exactly the facts that were written to it.

use std::fmt::Debug;

use rusqlite::Connection;

use super::{facts, in_memory};
use crate::store::Sqlite;
use crate::store::records::FORMAT;

/// A golden journal is statements, so that people can read it too. Rows may be added, none is ever changed.
fn golden(format: i64) -> Connection {
    let name = format!("{}/tests/golden/journal-{format}.sql", env!("CARGO_MANIFEST_DIR"));
    let sql = std::fs::read_to_string(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let connection = Connection::open_in_memory().expect("memory");
    connection.execute_batch(&sql).expect("its statements");
    connection
}

/// One by one, so that a failure shows the one that differs.
fn same<T: Debug + PartialEq>(found: &[T], expected: &[T]) {
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "record {}", n + 1);
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn each_format_opens_for_ever() {
    for format in 1..=FORMAT {
        let journal = Sqlite::on(golden(format)).expect("a format that is known");
        let loaded = journal.load().expect("readable");
        same(&loaded.facts, &facts::of_format(format));
        assert!(!loaded.baseline);
    }
}

/// Not only read as they were: written as they were, so that whoever goes back to an older version can read on.
#[test]
fn the_same_facts_are_written_as_the_golden_journal_has_them() {
    let rows = |connection: &Connection| -> Vec<(Option<String>, String, String)> {
        let mut statement = connection
            .prepare("SELECT secret, kind, body FROM facts ORDER BY seq")
            .expect("the table");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    };
    let mut journal = in_memory();
    journal.commit(&facts::all(), facts::at(10)).expect("room");
    same(&rows(&journal.into_connection()), &rows(&golden(FORMAT)));
}

/// The statements that `deploy/ecs/README.md` gives to whoever goes back to an older program, newest format first.
fn ways_back() -> Vec<String> {
    let readme = include_str!("../../../deploy/ecs/README.md");
    let statements = readme.split("<<'SQL'\n").skip(1);
    statements
        .map(|rest| rest.split("\nSQL").next().expect("an end").to_owned())
        .collect()
}

/// Nothing is lost but what the older format has no words for.
#[test]
fn the_way_back_to_an_older_format_leaves_all_that_it_knows() {
    let connection = golden(FORMAT);
    for (back, statements) in (2..FORMAT).rev().zip(ways_back()) {
        connection.execute_batch(&statements).expect(&statements);
        let format: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .expect("the format");
        assert_eq!(format, back);
        let mut copy = in_memory().into_connection();
        rusqlite::backup::Backup::new(&connection, &mut copy)
            .and_then(|backup| backup.run_to_completion(100, std::time::Duration::ZERO, None))
            .expect("copied");
        let loaded = Sqlite::on(copy).expect("known").load().expect("readable");
        same(&loaded.facts, &facts::of_format(back));
    }
    assert_eq!(ways_back().len(), 2);
}
