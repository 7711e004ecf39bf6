//! No password gets anywhere: each simulated one contains a marker that is searched for in all output.

use super::*;
use crate::sim::world::PASSWORD_MARKER;

#[test]
fn no_password_reaches_log_snapshot_or_journal() {
    let scenario = Scenario::demo(4);
    let trial = trial(&scenario, Mode::Act);
    let life = live(&trial, end_of(&scenario));
    let journal = format!("{:?}", trial.facts().expect("a readable journal"));
    for (place, text) in [
        ("log", trial.log.text()),
        ("snapshot", format!("{:?}", life.last)),
        ("journal", journal),
    ] {
        assert!(text.len() > 1_000, "{place} is suspiciously short: {text}");
        assert!(!text.contains(PASSWORD_MARKER), "a password is in the {place}");
    }
}
