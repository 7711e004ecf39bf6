//! AWSPENDING that stays on what was promoted, while people move AWSCURRENT (aws-facts: Staging labels).

use super::rotations::done;
use super::world::{Tale, at, millis, version};
use crate::model::{Step, When};
use crate::story::proof::{Proof, Works};
use crate::story::rotations::Origin;

/// `b` was promoted at 20 and keeps AWSPENDING; `c` was put by hand at 40.
fn put_by_hand() -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(16, Step::TestSecret)
        .labels(20, "b b a")
        .labels(30, "b b a")
        .labels(40, "c b b");
    tale
}

#[test]
fn nobody_knows_when_a_rotation_takes_up_what_was_promoted_before() {
    let mut tale = put_by_hand();
    assert!(tale.judge(41).open().is_none(), "it merely stayed");
    tale.labels(50, "d b c");
    let left = tale.judge(51).open().cloned().expect("AWSPENDING is there");
    assert_eq!(
        (&left.rotation.key.version, left.rotation.key.n),
        (&version("b"), 2)
    );
    let started = left.rotation.started.map(|seen| seen.when);
    assert_eq!(started, Some(When::by(millis(50_020))));
}

#[test]
fn a_label_moved_back_onto_what_kept_awspending_proves_nothing() {
    let mut tale = put_by_hand();
    tale.labels(50, "c b b").labels(60, "b b c").labels(66, "b b c");
    let back = tale.judge(67).current().cloned().expect("a promotion");
    assert_eq!(
        (back.rotation.origin, back.works),
        (Origin::Rollback, Works::Unproven),
        "the database may have the password of c"
    );
}

#[test]
fn a_rotation_that_takes_up_what_kept_awspending_is_told_by_its_date_or_its_log() {
    let mut dated = put_by_hand();
    dated.labels(50, "c b b");
    (dated.last_changed, dated.last_rotated) = (Some(at(58)), Some(at(59)));
    dated.labels(60, "b b c").labels(66, "b b c");
    let mut logged = put_by_hand();
    logged
        .labels(50, "c b b")
        .log(58, done(Step::FinishSecret, "b"))
        .labels(60, "b b c")
        .labels(66, "b b c");
    for tale in [dated, logged] {
        let again = tale.judge(67).current().cloned().expect("a promotion");
        assert_eq!(
            (again.rotation.origin, again.rotation.key.n, again.works),
            (Origin::Rotation, 2, Works::Yes(Proof::Protocol))
        );
    }
}

#[test]
fn a_value_put_by_hand_does_not_become_a_rotation_by_the_date_of_the_next() {
    let mut tale = put_by_hand();
    tale.labels(50, "c - b").labels(60, "c d b");
    (tale.last_changed, tale.last_rotated) = (Some(at(68)), Some(at(69)));
    tale.labels(70, "d d c");
    let judgement = tale.judge(71);
    let told = judgement.rotations.iter().map(|view| &view.rotation);
    let put = told.clone().find(|rotation| rotation.key.version == version("c"));
    assert_eq!(put.map(|rotation| rotation.origin), Some(Origin::Manual));
    let current = judgement.current().map(|view| view.rotation.origin);
    assert_eq!(current, Some(Origin::Rotation));
}

#[test]
fn what_is_awsprevious_was_promoted_before_though_nobody_saw_it() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(100, "c b b");
    tale.labels(190, "c b b")
        .labels(200, "b b c")
        .labels(206, "b b c");
    let back = tale.judge(207).current().cloned().expect("a promotion");
    assert_eq!(
        (back.rotation.origin, back.works),
        (Origin::Rollback, Works::Unproven)
    );
}

#[test]
fn a_version_that_another_came_after_unseen_was_moved_back_and_not_rotated() {
    let mut pending = Tale::new();
    pending
        .labels(0, "a - z")
        .labels(10, "a b z")
        .labels(100, "b - c")
        .labels(106, "b - c");
    let logged = |lines: [&str; 2]| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z");
        for (second, of) in (20..).step_by(20).zip(lines) {
            tale.log(second, done(Step::FinishSecret, of));
        }
        tale.labels(100, "b - c");
        tale
    };
    let origin = |tale: Tale| tale.latest(107).rotation.origin;
    assert_eq!(
        origin(pending),
        Origin::Manual,
        "AWSPREVIOUS is not what it was to replace"
    );
    assert_eq!(origin(logged(["b", "c"])), Origin::Manual);
    assert_eq!(origin(logged(["c", "b"])), Origin::Rotation);
}

#[test]
fn the_line_of_an_earlier_promotion_does_not_date_the_next() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .log(20, done(Step::FinishSecret, "b"))
        .labels(100, "d b c")
        .labels(190, "d b c")
        .labels(200, "b b d")
        .labels(206, "b b d");
    let again = tale.judge(207).current().cloned().expect("a promotion");
    let promoted = again.rotation.promoted.map(|seen| seen.when);
    assert_eq!(promoted, Some(When::between(at(190 - 5), millis(200_020))));
}

/// It may have been promoted before the first look, and moved back to.
#[test]
fn awspending_of_the_first_look_that_is_promoted_is_a_rotation_by_its_date() {
    let promoted_with = |rotated: Option<i64>| {
        let mut tale = Tale::new();
        tale.labels(0, "a b z");
        tale.last_rotated = rotated.map(at);
        tale.labels(10, "b - a");
        tale.latest(11).rotation.origin
    };
    assert_eq!(promoted_with(None), Origin::Manual);
    assert_eq!(promoted_with(Some(9)), Origin::Rotation);
}
