//! The golden journal has everything that a record can say.

mod places;

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{
    BelongsRecord, BrakedRecord, DecisionRecord, EndedRecord, FindingRecord, Kind, LabelsRecord, LogRecord,
    LoginRecord, MasterRecord, PacedRecord, ReachedRecord, RefusedRecord, ResetRecord, UsersRecord,
    ValuedRecord,
};
use crate::store::records::FORMAT;
use places::{of_json, of_type};

/// Kinds, variants, and optional parts present and absent are told by the types themselves, so that nobody can add one
/// and forget it here.
#[test]
fn every_place_of_every_record_stands_in_the_golden_journal() {
    let wanted = wanted();
    let missing: BTreeSet<String> = wanted.difference(&golden(&wanted)).cloned().collect();
    let file = format!("tests/golden/journal-{FORMAT}.sql");
    assert!(missing.is_empty(), "{file} has no record with {missing:#?}");
}

fn wanted() -> BTreeSet<String> {
    let words = of_type::<Kind>("");
    let kinds = words
        .iter()
        .map(|word| Kind::parse(word.trim_start_matches('.')).expect(word));
    kinds.flat_map(places_of).collect()
}

fn places_of(kind: Kind) -> BTreeSet<String> {
    let name = kind.word();
    match kind {
        Kind::Labels => of_type::<LabelsRecord>(name),
        Kind::Valued => of_type::<ValuedRecord>(name),
        Kind::Log => of_type::<LogRecord>(name),
        Kind::Login => of_type::<LoginRecord>(name),
        Kind::Decided => of_type::<DecisionRecord>(name),
        Kind::Ended => of_type::<EndedRecord>(name),
        Kind::Reached => of_type::<ReachedRecord>(name),
        Kind::Refused => of_type::<RefusedRecord>(name),
        Kind::Paced => of_type::<PacedRecord>(name),
        Kind::Finding => of_type::<FindingRecord>(name),
        Kind::Braked => of_type::<BrakedRecord>(name),
        Kind::Users => of_type::<UsersRecord>(name),
        Kind::Master => of_type::<MasterRecord>(name),
        Kind::Reset => of_type::<ResetRecord>(name),
        Kind::Belongs => of_type::<BelongsRecord>(name),
    }
}

/// What was added later is left out where there is nothing to say, as in the records of before.
fn left_out(wanted: &BTreeSet<String>, found: &BTreeSet<String>, kind: &str) -> Vec<String> {
    let is_left_out = |place: &str| {
        let parent = place.rsplit_once('.').map_or("", |(parent, _)| parent);
        place.starts_with(&format!("{kind}."))
            && !found.contains(place)
            && found.contains(&format!("{parent}=some"))
    };
    let nulls = wanted
        .iter()
        .filter(|place| place.strip_suffix("=null").is_some_and(is_left_out));
    nulls.cloned().collect()
}

fn golden(wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let file = format!("{}/tests/golden/journal-{FORMAT}.sql", env!("CARGO_MANIFEST_DIR"));
    let connection = Connection::open_in_memory().expect("memory");
    let sql = std::fs::read_to_string(file).expect("the golden journal");
    connection.execute_batch(&sql).expect("its statements");
    let mut statement = connection
        .prepare("SELECT kind, body FROM facts")
        .expect("the table");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let mut found = BTreeSet::new();
    for row in rows.expect("rows") {
        let (kind, body): (String, String) = row.expect("a row");
        let places = of_json(&kind, &serde_json::from_str(&body).expect("JSON"));
        found.extend(left_out(wanted, &places, &kind));
        found.extend(places);
    }
    found
}

#[test]
fn a_kind_reads_back_as_it_is_written() {
    for word in of_type::<Kind>("") {
        let kind = Kind::parse(word.trim_start_matches('.')).expect(&word);
        assert_eq!(format!(".{}", kind.word()), word);
    }
}
