//! What a first start finds: a baseline that nobody is restarted for, but that may be dead (design rules 3 and 9).

use std::sync::Arc;

use super::cadence::wait;
use super::findings::kinds;
use super::rotations::done;
use super::world::{Tale, arn, at, consumer, labels, service};
use crate::admission::{Admission, Situation, admit};
use crate::findings::of_secret;
use crate::judge::{Judgements, Reason};
use crate::looks::secret_looks;
use crate::model::{ConsumerId, Evidence, LoginAnswer, LookKey, ReferenceKind, Scope, Stage, Step};
use crate::story::rotations::Origin;

fn orders() -> ConsumerId {
    ConsumerId::service("prod", "orders")
}

/// `queue` was found as it is; `db` was promoted while somebody watched, and proven.
fn found_and_promoted() -> Tale {
    promoted_beside(Tale::new(), -500)
}

/// The same, with one task of that age.
fn promoted_beside(mut tale: Tale, task: i64) -> Tale {
    tale.policy.login_test = true;
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "b - a")
        .login(22, "b", true);
    tale.labels_of("queue", 20, "y - x")
        .uses(&orders(), &["db", "queue"])
        .service(25, &orders(), service(&[task]));
    tale
}

fn admission(tale: &Tale, second: i64) -> Admission {
    let judged = |name: &str| (arn(name), Arc::new(tale.judge_of(name, second)));
    let judgements: Judgements = ["db", "queue"].map(judged).into();
    let situation = Situation {
        now: at(second),
        draining: false,
        journal: true,
    };
    admit(&tale.state, &judgements, &tale.settings, situation)
}

fn held_by(tale: &Tale, second: i64) -> Option<Reason> {
    match admission(tale, second).waits.remove(&(arn("db"), orders())) {
        Some(Reason::Another { reason, .. }) => Some(*reason),
        _ => None,
    }
}

fn asks_to_log_in(tale: &Tale, second: i64) -> Option<i64> {
    let secret = arn("queue");
    let looks = secret_looks(
        &tale.state,
        &secret,
        &tale.judge_of("queue", second),
        &tale.policy,
        &tale.settings,
        at(second),
    );
    let due = looks.get(&LookKey::Login(secret, super::world::version("y")))?;
    Some(due.as_second() - at(0).as_second())
}

#[test]
fn a_restart_for_another_secret_waits_for_one_login_with_the_baseline() {
    let mut tale = found_and_promoted();
    assert_eq!(asks_to_log_in(&tale, 26), Some(26));
    assert!(matches!(held_by(&tale, 26), Some(Reason::Proof { .. })));
    assert_eq!(
        admission(&tale, 41).start.len(),
        1,
        "not longer than for any proof"
    );
    tale.login_of("queue", 27, "y", true);
    assert_eq!(asks_to_log_in(&tale, 28), None);
    assert_eq!(admission(&tale, 28).start.len(), 1);
}

/// Else nobody would ever be told that it is dead.
#[test]
fn a_baseline_whose_database_was_busy_is_logged_in_with_again() {
    let asked_after = |answer: LoginAnswer| {
        let mut tale = found_and_promoted();
        let (secret, version) = (arn("queue"), super::world::version("y"));
        let evidence = Evidence::Login {
            secret,
            version,
            answer,
            database: None,
        };
        tale.see(27, evidence);
        asks_to_log_in(&tale, 28)
    };
    let (code, why) = ("1040".to_owned(), "no answer in time".to_owned());
    assert_eq!(asked_after(LoginAnswer::Busy { code }), Some(327));
    assert_eq!(asked_after(LoginAnswer::Unreachable { why }), Some(327));
    let why = "no engine".to_owned();
    let seldom = asked_after(LoginAnswer::Unusable { why });
    assert_eq!(seldom, Some(27 + 1_800), "only a person can mend it");
}

#[test]
fn a_baseline_that_is_refused_is_told_and_given_to_nobody() {
    let mut tale = found_and_promoted();
    tale.login_of("queue", 27, "y", false);
    assert_eq!(held_by(&tale, 100), Some(Reason::Refused));
    assert_eq!(
        asks_to_log_in(&tale, 100),
        Some(327),
        "seldom: no account is locked"
    );
    let kinds = |tale: &Tale, second| {
        let judgement = tale.judge_of("queue", second);
        let found = of_secret(&tale.state, &arn("queue"), &judgement, &tale.settings, at(second));
        found
            .iter()
            .map(|finding| finding.kind.name())
            .collect::<Vec<_>>()
    };
    assert!(kinds(&tale, 100).contains(&"dead-value"));
    tale.login_of("queue", 327, "y", true);
    assert!(!kinds(&tale, 328).contains(&"dead-value"));
    assert_eq!(admission(&tale, 328).start.len(), 1);
}

#[test]
fn what_somebody_put_soon_after_a_rotation_is_not_its_value() {
    let mut tale = Tale::new();
    (tale.last_rotated, tale.last_changed) = (Some(at(-300)), Some(at(-100)));
    tale.labels(0, "c - b");
    assert_eq!(tale.latest(1).rotation.origin, Origin::Manual);
    tale.log(-300, done(Step::FinishSecret, "c"));
    assert_eq!(
        tale.latest(4).rotation.origin,
        Origin::Rotation,
        "its log knows better"
    );

    let mut labelled = Tale::new();
    (labelled.last_rotated, labelled.last_changed) = (Some(at(-300)), Some(at(-100)));
    let (secret, seen) = (arn("db"), labelled.secret_seen("db", labels("c c b")));
    labelled.see(0, Evidence::Secret { secret, seen });
    assert_eq!(
        labelled.latest(1).rotation.origin,
        Origin::Rotation,
        "AWSPENDING is still on it"
    );
}

/// Else a value that somebody put soon after a rotation would pass for its value.
#[test]
fn a_change_six_seconds_after_last_rotated_is_not_the_rotations() {
    let first_seen = |changed: i64| {
        let mut tale = Tale::new();
        (tale.last_rotated, tale.last_changed) = (Some(at(-100)), Some(at(changed)));
        tale.labels(0, "c - b");
        tale.latest(1).rotation.origin
    };
    let after_a_gap = |changed: i64| {
        let mut tale = Tale::new();
        tale.labels(-1_000, "a - z");
        (tale.last_rotated, tale.last_changed) = (Some(at(-100)), Some(at(changed)));
        tale.labels(0, "c - b");
        tale.latest(1).rotation.origin
    };
    for (changed, origin) in [(-95, Origin::Rotation), (-94, Origin::Manual)] {
        let told = [first_seen(changed), after_a_gap(changed)];
        assert_eq!(told, [origin; 2], "changed at {changed}");
    }
}

/// How a service of one task, 200 seconds old, stands with `c`, whose finishSecret logged at that second.
fn dated(mut tale: Tale, finished: i64, text: &str) -> (Origin, Stage) {
    tale.uses(&orders(), &["db"]).labels(0, text);
    tale.log(finished, done(Step::FinishSecret, "c"));
    tale.login(1, "c", true).service(2, &orders(), service(&[-200]));
    let view = tale.latest(3);
    (view.rotation.origin, view.consumers[0].1.stage)
}

/// It may have been given what was current in between.
#[test]
fn a_version_moved_back_is_not_dated_by_its_own_rotation() {
    let first_seen = |rotated: i64, changed: i64, finished: i64| {
        let mut tale = Tale::new();
        (tale.last_rotated, tale.last_changed) = (Some(at(rotated)), Some(at(changed)));
        dated(tale, finished, "c - b")
    };
    let (manual, rotation) = (Origin::Manual, Origin::Rotation);
    assert_eq!(first_seen(-300, -300, -300), (rotation, Stage::Fresh));
    assert_eq!(
        first_seen(-300, -100, -300),
        (rotation, Stage::Unknown),
        "changed since"
    );
    assert_eq!(first_seen(-300, -100, -360), (rotation, Stage::Unknown));
    assert_eq!(
        first_seen(-300, -100, -361),
        (manual, Stage::Unknown),
        "another rotated since"
    );

    let after_a_gap = |text: &str| {
        let mut tale = Tale::new();
        tale.labels(-1_000, "a - z");
        dated(tale, -300, text)
    };
    assert_eq!(after_a_gap("c - a"), (rotation, Stage::Fresh));
    assert_eq!(
        after_a_gap("c - b"),
        (manual, Stage::Unknown),
        "b was current meanwhile, perhaps after c"
    );
}

#[test]
fn a_rotation_that_ends_with_the_first_look_does_not_date_the_promotion_before() {
    let mut tale = Tale::new();
    (tale.last_rotated, tale.last_changed) = (Some(at(-1)), Some(at(-1)));
    tale.labels(0, "c d b");
    let origin = |tale: &Tale| tale.judge(9).rotations[0].rotation.origin;
    assert_eq!(origin(&tale), Origin::Rotation);
    tale.labels(2, "d - c");
    assert_eq!(origin(&tale), Origin::Baseline, "it was that of d");
}

/// A rotation that has begun since explains LastChangedDate.
#[test]
fn what_was_promoted_before_a_rotation_under_way_is_dated_by_its_log() {
    let promoted_by = |rotated: i64, changed: i64, text: &str| {
        let mut tale = Tale::new();
        (tale.last_rotated, tale.last_changed) = (Some(at(rotated)), Some(at(changed)));
        tale.labels(0, text);
        tale.log(-300, done(Step::FinishSecret, "c"));
        let judgement = tale.judge(3);
        let promoted = judgement
            .current()
            .and_then(|view| view.rotation.promoted.clone());
        promoted.map(|seen| seen.when.not_after)
    };
    let finished = Some(at(-300));
    assert_eq!(promoted_by(-300, -100, "c d b"), finished);
    assert_ne!(promoted_by(-300, -100, "c - b"), finished);
    assert_ne!(promoted_by(-200, -100, "c d b"), finished, "that was another's");
    assert_eq!(
        promoted_by(-300, -296, "c - b"),
        finished,
        "by finishSecret itself"
    );
    assert_ne!(promoted_by(-300, -295, "c - b"), finished);
}

/// Both secrets had been put by hand shortly before the first look, 100 to 360 seconds before it.
fn put_by_hand() -> Tale {
    let mut tale = Tale::new();
    (tale.last_rotated, tale.last_changed) = (Some(at(-300)), Some(at(-100)));
    tale
}

#[test]
fn nobody_whose_age_is_unknown_is_given_what_somebody_put() {
    let mut tale = promoted_beside(put_by_hand(), -200);
    assert_eq!(held_by(&tale, 100), Some(Reason::Unproven));
    tale.login_of("queue", 101, "y", false);
    assert_eq!(held_by(&tale, 400), Some(Reason::Refused));
    tale.login_of("queue", 401, "y", true);
    assert_eq!(admission(&tale, 402).start.len(), 1);
}

#[test]
fn who_has_it_already_is_restarted_for_another_secret() {
    let tale = promoted_beside(put_by_hand(), -50);
    assert_eq!(held_by(&tale, 100), None);
    assert_eq!(admission(&tale, 100).start.len(), 1);
}

/// LastRotatedDate is written after the promotion: a task of the minute before it may be fresh.
#[test]
fn stale_at_the_baseline_is_a_task_more_than_a_minute_older_than_the_last_rotation() {
    for (created, expected) in [(-1_061, vec!["stale-since-before"]), (-1_060, vec![])] {
        let mut tale = Tale::new();
        tale.last_rotated = Some(at(-1_000));
        tale.uses(&orders(), &["db"]).labels(0, "b - a");
        tale.service(2, &orders(), service(&[created]));
        assert_eq!(kinds(&tale, 3), expected, "{created}");
    }
}

#[test]
fn who_fetches_the_secret_itself_is_not_stale_at_the_baseline() {
    let (injected, fetches) = (ReferenceKind::Injected, ReferenceKind::Fetches);
    let mailer = ConsumerId::function("mailer");
    let mut tale = Tale::new();
    tale.last_rotated = Some(at(-1_000));
    let references = [("queue", injected.clone()), ("db", fetches)];
    let consumers = vec![
        consumer(&orders(), &references),
        consumer(&mailer, &[("db", injected)]),
    ];
    tale.found(0, Scope::Declared, consumers);
    tale.labels(1, "b - a").service(2, &orders(), service(&[-5_000]));
    assert_eq!(kinds(&tale, 3), Vec::<&str>::new());
    assert_eq!(wait(&tale, 3, &LookKey::Consumer(orders())), None);
    assert_eq!(wait(&tale, 3, &LookKey::Consumer(mailer)), None);
}
