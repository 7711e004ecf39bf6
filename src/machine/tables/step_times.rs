//! When a step happened: what looks that are behind, lines without a version, and logins say of it.

use jiff::SignedDuration;

use super::rotations::done;
use super::standings::{orders, standing};
use super::world::{Tale, arn, at, labels, millis, service, version};
use crate::model::{Evidence, Stage, Step, When};
use crate::story::rotations::{Origin, Rotation, Seen, Source};

/// The only rotation to this version.
fn to(tale: &Tale, id: &str) -> Rotation {
    let mut rotations = tale.judge(3_600).rotations.into_iter();
    let found = rotations.find(|view| view.rotation.key.version == version(id));
    found.expect("a rotation").rotation
}

fn when(seen: Option<Seen>) -> Option<When> {
    seen.map(|seen| seen.when)
}

fn only_by_login(when: When) -> Option<Seen> {
    Some(Seen::by(when, Source::Login))
}

#[test]
fn a_look_bounds_a_change_by_no_more_than_reads_may_be_behind() {
    let mut tale = Tale::new();
    tale.settings.timing.settle = SignedDuration::from_secs(2);
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .valued(11, &["a"])
        .valued(12, &["a", "b"])
        .labels(20, "a b z")
        .labels(21, "b - a");
    let rotation = to(&tale, "b");
    let seen = [rotation.started, rotation.created, rotation.promoted];
    assert_eq!(
        seen.map(when),
        [
            Some(When::between(at(0 - 2), millis(10_020))),
            Some(When::between(at(11 - 2), millis(12_020))),
            Some(When::between(at(20 - 2), millis(21_020))),
        ]
    );
}

#[test]
fn a_promotion_between_two_close_looks_was_watched_although_reads_may_be_behind() {
    let mut tale = Tale::new();
    tale.uses(&orders(), &["db"])
        .labels(0, "a - z")
        .labels(10, "a b z")
        .labels(19, "b - a")
        .service(25, &orders(), service(&[15]));
    assert_eq!(standing(&tale, 26).stage, Stage::Stale);
}

#[test]
fn last_rotated_from_just_before_the_last_look_is_the_rotations_before() {
    let rotated_at = |second: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z");
        tale.last_rotated = Some(at(second));
        tale.labels(500, "a - z").labels(510, "b - a");
        tale.latest(511).rotation.origin
    };
    assert_eq!(rotated_at(498), Origin::Manual, "that one promoted a");
    assert_eq!(rotated_at(502), Origin::Rotation);
}

#[test]
fn lines_without_a_version_belong_to_the_value_that_was_put_last() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .log(9, done(Step::CreateSecret, "b"))
        .line(28, Step::SetSecret)
        .labels(30, "a b z")
        .log(31, done(Step::CreateSecret, "c"))
        .line(33, Step::SetSecret)
        .line(34, Step::TestSecret)
        .failure(35, Step::FinishSecret)
        .labels(40, "a c z");
    let (one, next) = (to(&tale, "b"), to(&tale, "c"));
    assert_eq!(when(one.exposed), Some(When::between(at(9), at(28))));
    assert_eq!(when(next.exposed), Some(When::between(at(31), at(33))));
    assert_eq!((one.tested.is_some(), next.tested.is_some()), (false, true));
    assert_eq!((one.failures.len(), next.failures.len()), (0, 1));
}

#[test]
fn the_next_value_ends_the_lines_of_one_whose_own_put_was_not_logged() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(30, "a b z")
        .log(31, done(Step::CreateSecret, "c"))
        .line(33, Step::SetSecret)
        .labels(40, "a c z");
    assert_eq!(to(&tale, "b").exposed, None);
    assert_eq!(when(to(&tale, "c").exposed), Some(When::between(at(31), at(33))));
}

/// A rotation to `c` seen at 30, with nameless lines from before, and with a failure in the log.
fn after_a_failure(failed: Option<i64>) -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .log(9, done(Step::CreateSecret, "b"));
    if let Some(second) = failed {
        tale.failure(second, Step::FinishSecret);
    }
    tale.labels(20, "b - a")
        .line(28, Step::SetSecret)
        .line(29, Step::TestSecret)
        .labels(30, "b c a");
    tale
}

/// The log was read before it showed who was retried: `c` would pass for tested, and so for proven.
#[test]
fn retries_of_one_rotation_are_not_the_nexts_whose_own_put_is_not_logged_yet() {
    let mut tale = after_a_failure(Some(12));
    let next = to(&tale, "c");
    assert_eq!((next.exposed, next.tested), (None, None));
    tale.line(32, Step::TestSecret);
    let tested = when(to(&tale, "c").tested);
    assert_eq!(tested.map(|when| when.not_after), Some(at(32)));
    tale.log(27, done(Step::CreateSecret, "c"));
    let exposed = when(to(&tale, "c").exposed);
    assert_eq!(exposed, Some(When::between(at(27), at(28))), "put before");
}

/// Ten minutes before the last look without it, which may be five seconds behind, and until it was seen.
#[test]
fn only_a_failure_shortly_before_makes_nameless_lines_those_of_a_retry() {
    let is_told = |failed| to(&after_a_failure(failed), "c").exposed.is_some();
    assert!(is_told(None));
    assert!(is_told(Some(-585)));
    assert!(!is_told(Some(-584)));
    assert!(!is_told(Some(30)));
    assert!(is_told(Some(31)), "its own");
}

/// AWSPENDING left on AWSCURRENT: finishSecret has not answered, and the rotation is tried again, whatever the log shows.
#[test]
fn retries_of_what_is_promoted_already_are_not_the_nexts() {
    let tested_before = |labels: &str, put_is_read: bool| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "a b z").labels(20, labels);
        tale.line(33, Step::TestSecret).labels(40, "b c a");
        if put_is_read {
            tale.log(31, done(Step::CreateSecret, "c"));
        }
        to(&tale, "c").tested.is_some()
    };
    assert!(!tested_before("b b a", false));
    assert!(tested_before("b b a", true));
    assert!(tested_before("b - a", false), "cleaned up");
}

#[test]
fn a_value_put_when_another_was_seen_pending_does_not_end_its_lines() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    let seen = tale.secret_seen("db", labels("a b z"));
    let secret = arn("db");
    tale.see_at_once(10, Evidence::Secret { secret, seen });
    tale.log(10, done(Step::CreateSecret, "c"))
        .line(13, Step::SetSecret);
    let exposed = when(to(&tale, "b").exposed);
    assert_eq!(exposed.map(|when| when.not_after), Some(at(13)));
}

/// A rotation to `b` whose setSecret was logged at 13, and logins with `b`.
fn set_and_tried(logins: &[(i64, bool)]) -> Option<Seen> {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(13, Step::SetSecret);
    for (second, accepted) in logins {
        tale.login(*second, "b", *accepted);
    }
    to(&tale, "b").exposed
}

/// ModifyDBInstance answers long before the database has the password.
#[test]
fn a_password_that_came_true_after_set_secrets_line_is_dated_by_its_login() {
    assert_eq!(
        set_and_tried(&[(15, false), (40, true)]),
        only_by_login(When::between(at(15), millis(40_020)))
    );
    assert_eq!(
        when(set_and_tried(&[(12, false), (40, true)])),
        Some(When::between(at(12), at(13))),
        "refused before the line, which then tells it"
    );
    assert_eq!(
        when(set_and_tried(&[(13, false), (40, true)])),
        Some(When::between(at(13), at(13))),
        "refused just then"
    );
}

#[test]
fn the_old_password_refused_before_the_new_one_could_work_dates_nothing() {
    let changed_by_hand = |old_refused: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z")
            .labels(10, "a b z")
            .login(12, "a", true)
            .login(old_refused, "a", false)
            .login(16, "b", false)
            .login(20, "b", false)
            .login(26, "b", true);
        to(&tale, "b").exposed
    };
    assert_eq!(
        changed_by_hand(14),
        only_by_login(When::between(at(20), millis(26_020))),
        "refused by 14, but so was the new one until 20"
    );
    assert_eq!(
        changed_by_hand(22),
        only_by_login(When::between(at(20), millis(22_020))),
        "since the new one was last refused"
    );
}

/// Reads may be behind by `settle`, so it could have begun a little before the last look without it. What was refused
/// then had another trouble, most likely: AWSCURRENT was moved back to a password that is not the database's any more.
#[test]
fn the_old_password_refused_before_awspending_was_seen_dates_nothing() {
    let refused_at = |second: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").login(1, "a", true);
        tale.labels(8, "a - z");
        tale.login(second, "a", false).labels(10, "a b z");
        tale.login(14, "b", true);
        when(to(&tale, "b").exposed)
    };
    assert_eq!(refused_at(9), Some(When::by(millis(14_020))));
    assert_eq!(refused_at(10), Some(When::between(at(1), millis(10_020))));
}

#[test]
fn lines_after_the_next_value_are_not_those_of_a_promotion_first_seen_with_it() {
    let mut tale = Tale::new();
    (tale.last_rotated, tale.last_changed) = (Some(at(-700)), Some(at(-5)));
    tale.labels(0, "b c a");
    tale.log(-4, done(Step::CreateSecret, "c"))
        .line(-2, Step::SetSecret)
        .line(-1, Step::TestSecret);
    let found = to(&tale, "b");
    assert_eq!((found.exposed, found.tested), (None, None));
    assert_eq!(when(to(&tale, "c").tested), Some(When::between(at(-2), at(-1))));
}

/// AWSPREVIOUS tells that `b` was current meanwhile.
#[test]
fn lines_without_a_version_of_a_gap_with_two_promotions_are_nobodys() {
    let gone_through = |text: &str| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z");
        tale.line(300, Step::SetSecret)
            .line(302, Step::TestSecret)
            .log(304, done(Step::FinishSecret, "c"));
        tale.labels(1_000, text);
        let rotation = to(&tale, "c");
        (rotation.origin, rotation.tested.is_some())
    };
    assert_eq!(gone_through("c - a"), (Origin::Rotation, true));
    assert_eq!(gone_through("c - b"), (Origin::Manual, false));
    assert_eq!(
        gone_through("c - -"),
        (Origin::Rotation, true),
        "nothing tells so"
    );
}

/// `b` was on its way when nobody looked any more; the lines are those of `c`, most likely, whose own put was not logged.
#[test]
fn lines_from_a_gap_are_not_those_of_a_rotation_that_ended_in_it() {
    let set_in_a_gap_until = |second: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "a b z");
        tale.line(40, Step::SetSecret).labels(second, "c - a");
        to(&tale, "b").exposed.is_some()
    };
    assert!(set_in_a_gap_until(69));
    assert!(!set_in_a_gap_until(70));

    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(40, Step::SetSecret);
    let seen = tale.secret_seen("db", labels("c - a"));
    let secret = arn("db");
    tale.see_at_once(70, Evidence::Secret { secret, seen });
    assert!(to(&tale, "b").exposed.is_some(), "a minute is no gap yet");
}

/// createSecret may fail before it puts a value; no other step does anything before that.
#[test]
fn failures_belong_to_the_value_that_was_being_put_or_used() {
    let counts = |step: Step, second: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z")
            .labels(10, "a b z")
            .log(9, done(Step::CreateSecret, "b"))
            .failure(second, step)
            .labels(30, "a b z")
            .log(31, done(Step::CreateSecret, "c"))
            .labels(40, "a c z");
        !to(&tale, "b").failures.is_empty()
    };
    assert!(counts(Step::CreateSecret, 7));
    assert!(!counts(Step::SetSecret, 7));
    assert!(counts(Step::SetSecret, 30));
    for after_the_next in [31, 33] {
        assert!(!counts(Step::CreateSecret, after_the_next));
        assert!(!counts(Step::SetSecret, after_the_next));
    }
}

#[test]
fn the_old_password_refused_after_a_third_version_came_dates_nothing() {
    let followed_by = |refusal: &dyn Fn(&mut Tale), third: &str| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").login(1, "a", true);
        tale.labels(10, "a b z").labels(20, "a b z");
        refusal(&mut tale);
        tale.labels(21, third).login(22, "b", true);
        when(to(&tale, "b").exposed)
    };
    let refused_at =
        |second: i64, third: &str| followed_by(&|tale| _ = tale.login(second, "a", false), third);
    let told = |second: i64| Some(When::between(at(1), millis(second * 1_000 + 20)));
    assert_eq!(refused_at(16, "b - a"), told(16), "promoted");
    assert_eq!(refused_at(14, "c b a"), told(14));
    let by_login = Some(When::by(millis(22_020)));
    assert_eq!(refused_at(15, "c b a"), by_login, "reads may be behind");
    let by_15 = Some(When::between(at(1), at(15)));
    assert_eq!(followed_by(&|tale| tale.refused_at_once(15, "a"), "c b a"), by_15);
}

/// LastRotatedDate stays with the version that it tells of when AWSCURRENT moves on.
#[test]
fn a_rotation_nobody_saw_stays_one_when_the_next_value_is_put_by_hand() {
    let followed_by_another = |is_first: bool| {
        let mut tale = Tale::new();
        if !is_first {
            tale.labels(0, "a - z");
        }
        (tale.last_changed, tale.last_rotated) = (Some(at(49)), Some(at(50)));
        tale.labels(100, "b - a");
        if is_first {
            tale.log(49, done(Step::FinishSecret, "b"));
        }
        tale.last_changed = Some(at(190));
        tale.labels(200, "c - b");
        to(&tale, "b").origin
    };
    assert_eq!(followed_by_another(false), Origin::Rotation);
    assert_eq!(
        followed_by_another(true),
        Origin::Rotation,
        "by its line, which goes on to tell of it"
    );
}
