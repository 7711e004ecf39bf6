//! When labels moved, as narrowly as looks, lists and dates tell, and never more narrowly.

use jiff::{SignedDuration, Timestamp};

use super::rotations::done;
use super::world::{Tale, arn, at, labels, millis};
use crate::facts::track::Run;
use crate::model::{Evidence, Labels, Step, When};
use crate::story::phase::Phase;
use crate::story::rotations::Origin;

fn promoted(tale: &Tale) -> When {
    tale.latest(1_000).rotation.promoted.expect("a promotion").when
}

/// `a` at second 0, which may be five seconds behind, and `b` at second 100 with that LastChangedDate.
fn changed(at: Timestamp) -> When {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    tale.last_changed = Some(at);
    tale.labels(100, "b - a");
    promoted(&tale)
}

/// It may be cut to whole seconds, so it is rounded up; what is not between the two looks says nothing.
#[test]
fn last_changed_date_bounds_what_happened_unseen() {
    let unbounded = millis(100_020);
    let table = [
        (millis(50_000), at(51)),
        (millis(50_500), millis(50_500)),
        (millis(0), at(1)),
        (millis(-1_000), unbounded),
        (millis(98_000), at(99)),
        (millis(99_000), unbounded),
        (millis(99_999), millis(99_999)),
        (millis(200_000), unbounded),
    ];
    for (date, not_after) in table {
        assert_eq!(changed(date), When::between(at(-5), not_after), "{date}");
    }
}

#[test]
fn last_changed_date_bounds_what_happened_before_the_first_look() {
    let first = |date: i64| {
        let mut tale = Tale::new();
        tale.last_changed = Some(at(date));
        tale.labels(0, "a - z");
        promoted(&tale)
    };
    assert_eq!(first(-100), When::by(at(-99)));
    assert_eq!(first(-2), When::by(at(-1)));
    assert_eq!(first(-1), When::by(millis(20)), "not before the look itself");
    assert_eq!(first(100), When::by(millis(20)));
}

fn last_run(tale: &Tale) -> Run<Labels> {
    let facts = &tale.state.secrets[&arn("db")];
    facts.labels.latest().expect("a look").clone()
}

/// ListSecrets may be five minutes old.
#[test]
fn a_list_that_shows_the_same_confirms_it_for_five_minutes_before() {
    let confirmed = |sweep: i64, text: &str| {
        let mut tale = Tale::new();
        tale.labels(10, "a - z").sweep(sweep, &[("db", text)]);
        last_run(&tale)
    };
    assert_eq!(confirmed(600, "a - z").last.sent, at(300));
    assert_eq!(confirmed(309, "a - z").last.sent, at(10));
    let other = confirmed(600, "a b z");
    assert_eq!((other.state, other.last.sent), (labels("a - z"), at(10)));
    assert_eq!(
        confirmed(200, "a - z").first,
        confirmed(600, "a - z").first,
        "no earlier sight"
    );
}

#[test]
fn a_success_as_late_as_a_failure_does_not_take_it_back() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(12, Step::SetSecret);
    tale.failure(15, Step::TestSecret).line(15, Step::TestSecret);
    let step = Some(Step::TestSecret);
    assert_eq!(tale.latest(20).phase, Phase::Failed { step });
    let mut later = Tale::new();
    later
        .labels(0, "a - z")
        .labels(10, "a b z")
        .line(12, Step::SetSecret);
    later.failure(15, Step::TestSecret).line(16, Step::TestSecret);
    assert_eq!(later.latest(20).phase, Phase::Tested);
}

#[test]
fn a_version_that_was_current_two_promotions_ago_is_rolled_back_to() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "b - a").labels(20, "c - b");
    tale.labels(30, "a - c").labels(40, "a - c");
    let rotation = tale.latest(41).rotation;
    assert_eq!((rotation.origin, rotation.key.n), (Origin::Rollback, 2));
}

/// LastRotatedDate is written up to a minute after the promotion, and bounds only the version that it is of.
#[test]
fn last_rotated_date_bounds_the_promotion_that_nobody_watched() {
    let rotated = |second: i64, text: &str| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(500, "b b a");
        tale.last_rotated = Some(at(second));
        let seen = tale.secret_seen("db", labels(text));
        let secret = arn("db");
        tale.see(510, Evidence::Secret { secret, seen });
        let judgement = tale.judge(600);
        let current = judgement.current().expect("a promotion").rotation.clone();
        current.promoted.expect("a promotion").when.not_before
    };
    assert_eq!(rotated(300, "b b a"), Some(at(240)));
    assert_eq!(rotated(50, "b b a"), Some(at(-5)), "the look bounds it better");
    assert_eq!(rotated(501, "b b a"), Some(at(-5)), "it is of a later one");
    let late = at(500) + SignedDuration::from_millis(20);
    assert_eq!(promoted_by(late), Some(late - SignedDuration::from_mins(1)));
}

fn promoted_by(rotated: Timestamp) -> Option<Timestamp> {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    tale.last_rotated = Some(rotated);
    tale.labels(500, "b b a");
    promoted(&tale).not_before
}

/// `b` was put between the looks at 0 and 3600.
#[test]
fn a_rotation_of_another_time_is_not_taken_for_what_came_unseen() {
    let origin = |rotated: i64, told: i64| {
        let mut tale = Tale::new();
        tale.last_rotated = Some(at(-5_000));
        tale.labels(0, "a - z").labels(3_600, "b - a");
        tale.last_rotated = Some(at(rotated));
        tale.labels(told, "b - a");
        tale.latest(told + 1).rotation.origin
    };
    assert_eq!(origin(-5_000, 3_601), Origin::Manual, "before");
    assert_eq!(origin(0, 3_601), Origin::Rotation);
    assert_eq!(
        origin(3_660, 3_700),
        Origin::Rotation,
        "it is written a little later"
    );
    assert_eq!(origin(3_661, 3_700), Origin::Manual, "after");
}

/// At a first look LastRotatedDate bounds a promotion only by a minute: the rotation before may have ended within it.
#[test]
fn lines_from_before_another_versions_promotion_are_not_the_next_ones() {
    let mut tale = Tale::new();
    (tale.last_changed, tale.last_rotated) = (Some(at(-20)), Some(at(-19)));
    tale.labels(0, "c c b")
        .line(-62, Step::CreateSecret)
        .log(-60, done(Step::FinishSecret, "b"))
        .line(-30, Step::SetSecret)
        .log(-20, done(Step::FinishSecret, "c"));
    let rotation = tale.latest(1).rotation;
    assert_eq!(rotation.created, None);
    assert_eq!(rotation.exposed.map(|seen| seen.when.not_after), Some(at(-30)));
}
