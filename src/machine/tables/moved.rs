//! AWSCURRENT moved back by people, seen or unseen, and what tasks of each time hold.

use super::standings::{orders, standing};
use super::world::{Tale, at, millis, service, version};
use crate::consumers::Why;
use crate::model::{Stage, When};
use crate::story::rotations::{Ending, Origin};

/// Where the service stands when its tasks were created at these seconds.
fn with_tasks(tale: &mut Tale, second: i64, tasks: &[i64]) -> (Stage, Why) {
    tale.service(second, &orders(), service(tasks));
    let standing = standing(tale, second + 1);
    (standing.stage, standing.why)
}

fn around(tasks: usize) -> (Stage, Why) {
    (Stage::Unknown, Why::CreatedAround { tasks })
}

fn holds_old(stale: usize, tasks: usize) -> (Stage, Why) {
    (Stage::Stale, Why::HoldsOld { stale, tasks })
}

/// `b` was current for a while between two looks, and nobody saw it.
fn there_and_back(last_without: i64) -> Tale {
    let mut tale = Tale::new();
    tale.uses(&orders(), &["db"])
        .labels(0, "a - z")
        .labels(last_without, "a - z")
        .labels(100, "a - b");
    tale
}

#[test]
fn awsprevious_that_moves_alone_tells_of_a_promotion_and_its_way_back() {
    let judgement = there_and_back(50).judge(101);
    let back = &judgement.current().expect("a promotion").rotation;
    assert_eq!(
        (back.origin, &back.key.version, back.key.n),
        (Origin::Rollback, &version("a"), 2)
    );
    let between = When::between(at(50 - 5), millis(100_020));
    assert_eq!(back.promoted.as_ref().map(|seen| seen.when), Some(between));
    let passed = judgement.rotations.iter().map(|view| &view.rotation);
    let passed = passed.filter(|rotation| rotation.key.version == version("b"));
    assert_eq!(
        passed.map(|rotation| rotation.ending).collect::<Vec<_>>(),
        vec![Some((Ending::RolledBack, between))]
    );
}

#[test]
fn a_rotation_that_was_promoted_and_moved_back_unseen_was_rolled_back() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "a - b")
        .labels(26, "a - b");
    let judgement = tale.judge(27);
    let told = judgement.rotations.iter().map(|view| &view.rotation);
    let told = told.map(|rotation| (rotation.key.version.as_str(), rotation.key.n, rotation.origin));
    assert_eq!(
        told.collect::<Vec<_>>(),
        vec![
            ("a", 1, Origin::Baseline),
            ("b", 1, Origin::Rotation),
            ("a", 2, Origin::Rollback)
        ]
    );
}

#[test]
fn tasks_from_between_two_looks_at_an_unseen_way_back_may_be_stale() {
    let mut watched = there_and_back(95);
    assert_eq!(with_tasks(&mut watched, 110, &[97]), holds_old(1, 1));
    let mut unwatched = there_and_back(50);
    assert_eq!(with_tasks(&mut unwatched, 110, &[97]), around(1));
    assert_eq!(
        with_tasks(&mut unwatched, 120, &[103]),
        (Stage::Fresh, Why::CreatedAfter)
    );
}

/// `a` was current from 21 to 101, then `b`, and from 201 on `a` again, which logs in.
fn back_to_a() -> Tale {
    let mut tale = Tale::new();
    tale.uses(&orders(), &["db"])
        .labels(0, "z - y")
        .labels(20, "z - y")
        .labels(21, "a - z")
        .labels(100, "a - z")
        .labels(101, "b - a")
        .labels(200, "b - a")
        .labels(201, "a - b")
        .labels(207, "a - b")
        .login(208, "a", true);
    tale
}

#[test]
fn tasks_created_while_the_version_was_current_before_hold_it_when_awscurrent_moves_back() {
    let while_current = (Stage::Fresh, Why::CreatedWhileCurrent);
    let table = [
        (vec![50, 60], while_current.clone()),
        (vec![50, 220], while_current),
        (vec![220, 221], (Stage::Fresh, Why::CreatedAfter)),
        (vec![50, 150], holds_old(1, 2)),
        (vec![10, 50], holds_old(1, 2)),
        // AWSCURRENT may have been on either.
        (vec![22], holds_old(1, 1)),
        (vec![97], holds_old(1, 1)),
    ];
    for (tasks, expected) in table {
        let found = with_tasks(&mut back_to_a(), 300, &tasks);
        assert_eq!(found, expected, "created at {tasks:?}");
    }
}

#[test]
fn tasks_of_an_unwatched_edge_of_its_earlier_time_are_neither_fresh_nor_stale() {
    let mut tale = Tale::new();
    tale.uses(&orders(), &["db"])
        .labels(0, "z - y")
        .labels(20, "z - y")
        .labels(300, "a - z")
        .labels(400, "a - z")
        .labels(700, "b - a")
        .labels(800, "b - a")
        .labels(801, "a - b")
        .labels(807, "a - b")
        .login(808, "a", true);
    for (second, (created, expected)) in (900..).zip([
        (10, holds_old(1, 1)),
        (100, around(1)),
        (350, (Stage::Fresh, Why::CreatedWhileCurrent)),
        (600, around(1)),
        (750, holds_old(1, 1)),
    ]) {
        let found = with_tasks(&mut tale, second, &[created]);
        assert_eq!(found, expected, "created at {created}");
    }
}

#[test]
fn tasks_from_before_the_baseline_are_neither_fresh_nor_stale_when_awscurrent_moves_back_to_it() {
    let mut tale = Tale::new();
    tale.uses(&orders(), &["db"])
        .labels(0, "a - z")
        .labels(100, "a - z")
        .labels(101, "b - a")
        .labels(200, "b - a")
        .labels(201, "a - b")
        .labels(207, "a - b")
        .login(208, "a", true);
    assert_eq!(with_tasks(&mut tale, 300, &[-500]), around(1));
    assert_eq!(with_tasks(&mut tale, 310, &[-500, 150]), holds_old(1, 2));
    assert_eq!(with_tasks(&mut tale, 320, &[-500, 220]), around(2));
}

/// The journal begins after the first promotion to `a`, if there was one: tasks from before it may hold `a` or not.
#[test]
fn tasks_from_before_the_journal_are_unknown_when_awscurrent_moves_back_beyond_it() {
    let mut tale = Tale::new();
    (tale.last_rotated, tale.last_changed) = (Some(at(-100)), Some(at(-100)));
    tale.uses(&orders(), &["db"]).labels(0, "b - a");
    tale.last_changed = None;
    tale.labels(95, "b - a").labels(100, "a - b");
    tale.labels(106, "a - b").login(107, "a", true);
    assert_eq!(tale.latest(108).rotation.origin, Origin::Rollback);
    assert_eq!(with_tasks(&mut tale, 110, &[-5_000]), around(1));
    assert_eq!(with_tasks(&mut tale, 120, &[-5_000, 50]), holds_old(1, 2));
}
