//! When a secret, its versions, its log and its consumers are looked at.

use super::rotations::done;
use super::standings::orders;
use super::world::{Tale, arn, at};
use crate::looks::{Agenda, secret_looks};
use crate::model::{Evidence, LookKey, Step};

pub(super) fn looks(tale: &Tale, second: i64) -> Agenda {
    secret_looks(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.policy,
        &tale.settings,
        at(second),
    )
}

/// How long after `second` the look is due, in milliseconds; nothing where it is not asked for.
pub(super) fn wait(tale: &Tale, second: i64, key: &LookKey) -> Option<i128> {
    let due = looks(tale, second).get(key).copied()?;
    Some(due.duration_since(at(second)).as_millis())
}

fn labels_key() -> LookKey {
    LookKey::Secret(arn("db"))
}

fn versions_key() -> LookKey {
    LookKey::Versions(arn("db"))
}

fn log_key() -> LookKey {
    LookKey::Log(arn("db"))
}

pub(super) const SECOND: i128 = 1_000;
pub(super) const MINUTE: i128 = 60 * SECOND;
pub(super) const HOUR: i128 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * 3_600;

/// A rotation to `b` that is first seen at second 10.
fn begin(tale: &mut Tale) -> &mut Tale {
    tale.labels(0, "a - z").labels(10, "a b z")
}

/// The same, promoted by second 21.
fn promote(tale: &mut Tale) -> &mut Tale {
    begin(tale).labels(20, "a b z").labels(21, "b - a")
}

fn told(tell: fn(&mut Tale) -> &mut Tale) -> Tale {
    let mut tale = Tale::new();
    tell(&mut tale);
    tale
}

#[test]
fn what_was_never_looked_at_is_due_at_once() {
    let tale = Tale::new();
    assert_eq!(wait(&tale, 7, &labels_key()), Some(0));
    assert_eq!(looks(&tale, 7).len(), 1, "nothing else is asked");
}

/// What was told, and then labels at a second: how long until the next look at them.
type Row = (&'static str, fn(&mut Tale) -> &mut Tale, i64, &'static str, i128);

#[test]
fn a_secret_is_looked_at_as_closely_as_its_rotation_stands() {
    let set: fn(&mut Tale) -> &mut Tale = |tale| begin(tale).line(12, Step::SetSecret);
    let failed: fn(&mut Tale) -> &mut Tale = |tale| begin(tale).failure(12, Step::SetSecret);
    let table: [Row; 15] = [
        ("at rest", |tale| tale, 1, "a - z", HOUR),
        ("creating", begin, 20, "a b z", 500),
        ("created", |tale| begin(tale).valued(11, &["b"]), 20, "a b z", 500),
        ("exposed", set, 20, "a b z", 500),
        (
            "tested",
            |tale| begin(tale).line(13, Step::TestSecret),
            20,
            "a b z",
            500,
        ),
        ("failed", failed, 1_811, "a b z", 500),
        (
            "failed, still for half an hour",
            failed,
            1_812,
            "a b z",
            10 * SECOND,
        ),
        ("not yet stalled", begin, 1_810, "a b z", 500),
        ("stalled", begin, 1_811, "a b z", 10 * SECOND),
        ("gone back, or a stale answer", begin, 20, "a - z", 500),
        (
            "abandoned",
            |tale| begin(tale).labels(20, "a - z"),
            26,
            "a - z",
            HOUR,
        ),
        (
            "propagating",
            |tale| promote(tale).uses(&orders(), &["db"]),
            22,
            "b - a",
            10 * SECOND,
        ),
        ("verifying", promote, 22, "b - a", 10 * SECOND),
        ("watching", promote, 400, "b - a", HOUR),
        ("settled", promote, 2 * DAY, "b - a", HOUR),
    ];
    for (what, tell, second, text, expected) in table {
        let mut tale = told(tell);
        tale.labels(second, text);
        assert_eq!(wait(&tale, second, &labels_key()), Some(expected), "{what}");
    }
}

/// The day before NextRotationDate, and the day after it; the look at its beginning is never later.
#[test]
fn an_announced_rotation_is_awaited_closely() {
    const NEXT: i64 = 10 * DAY;
    let table = [
        (NEXT - DAY - 2 * 3_600, HOUR),
        (NEXT - DAY - 1, SECOND),
        (NEXT - DAY, 10 * SECOND),
        (NEXT, 10 * SECOND),
        (NEXT + DAY, 10 * SECOND),
        (NEXT + DAY + 1, HOUR),
    ];
    for (second, expected) in table {
        let mut tale = Tale::new();
        tale.next_rotation = Some(at(NEXT));
        tale.labels(second, "a - z");
        assert_eq!(wait(&tale, second, &labels_key()), Some(expected), "{second}");
    }
}

#[test]
fn what_a_sweep_shows_otherwise_is_looked_at_at_once() {
    let mut tale = told(|tale| tale.labels(0, "a - z"));
    tale.sweep(30, &[("db", "a - z")]);
    assert_eq!(wait(&tale, 31, &labels_key()), Some(HOUR - 31 * SECOND));
    tale.sweep(60, &[("db", "a b z")]);
    assert_eq!(wait(&tale, 61, &labels_key()), Some(0));
    tale.labels(62, "a - z");
    assert_eq!(
        wait(&tale, 62, &labels_key()),
        Some(HOUR),
        "the list lags behind by minutes"
    );
    tale.sweep(62, &[("db", "a b z")]);
    assert_eq!(wait(&tale, 62, &labels_key()), Some(HOUR), "and may be no newer");
}

#[test]
fn a_secret_that_the_list_left_out_is_looked_at_with_each_sweep() {
    let mut tale = told(|tale| tale.labels(0, "a - z"));
    tale.sweep(30, &[("db", "a - z")])
        .sweep(90, &[])
        .labels(91, "a - z");
    assert_eq!(wait(&tale, 91, &labels_key()), Some(MINUTE));
    tale.labels(100, "a b z");
    assert_eq!(wait(&tale, 100, &labels_key()), Some(500), "no less closely");
}

#[test]
fn versions_are_asked_for_until_awspending_has_a_value() {
    let mut tale = told(begin);
    assert_eq!(wait(&tale, 10, &versions_key()), Some(0));
    tale.valued(11, &["a"]);
    assert_eq!(wait(&tale, 11, &versions_key()), Some(SECOND));
    tale.valued(12, &["a", "b"]);
    assert_eq!(wait(&tale, 12, &versions_key()), None);

    let mut failed = told(begin);
    failed.failure(12, Step::CreateSecret).valued(20, &["a"]);
    assert_eq!(wait(&failed, 20, &versions_key()), Some(10 * SECOND));

    let mut stalled = told(begin);
    stalled.valued(2_000, &["a"]);
    assert_eq!(wait(&stalled, 2_000, &versions_key()), Some(10 * SECOND));
}

/// A rotation by a Lambda, from second 10; its log was read once, at second 14.
fn logged() -> Tale {
    let mut tale = Tale::with_lambda();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(11, Step::CreateSecret);
    tale
}

#[test]
fn the_log_is_read_while_a_rotation_runs_and_a_minute_longer() {
    assert_eq!(wait(&told(begin), 10, &log_key()), None, "no Lambda, no log");

    let mut tale = logged();
    assert_eq!(wait(&tale, 14, &log_key()), Some(2 * SECOND));
    tale.failure(1_000, Step::SetSecret)
        .failure(2_796, Step::SetSecret);
    assert_eq!(
        wait(&tale, 2_799, &log_key()),
        Some(2 * SECOND),
        "it is tried again"
    );
    tale.line(4_593, Step::FinishSecret);
    assert_eq!(wait(&tale, 4_596, &log_key()), Some(10 * SECOND), "it lies still");

    let mut promoted = logged();
    promoted
        .labels(21, "b - a")
        .log(20, done(Step::FinishSecret, "b"));
    assert_eq!(wait(&promoted, 79, &log_key()), Some(25 * SECOND - 79 * SECOND));
    assert_eq!(
        wait(&promoted, 80, &log_key()),
        None,
        "a minute after the promotion"
    );

    let mut abandoned = logged();
    abandoned.labels(20, "a - z");
    abandoned.labels(26, "a - z");
    assert_eq!(wait(&abandoned, 80, &log_key()), Some(16 * SECOND - 80 * SECOND));
    assert_eq!(
        wait(&abandoned, 81, &log_key()),
        None,
        "a minute after AWSPENDING went"
    );
}

#[test]
fn the_log_of_what_nobody_watched_is_read_once() {
    let mut rotated = Tale::with_lambda();
    (rotated.last_rotated, rotated.last_changed) = (Some(at(-300)), Some(at(-299)));
    rotated.labels(0, "b - a");
    assert_eq!(wait(&rotated, 1, &log_key()), Some(0));
    rotated.see(
        2,
        Evidence::Log {
            secret: arn("db"),
            lines: Vec::new(),
        },
    );
    assert_eq!(wait(&rotated, 3, &log_key()), None);

    let mut manual = Tale::with_lambda();
    manual.labels(0, "a - z");
    assert_eq!(wait(&manual, 1, &log_key()), None, "nothing rotates");
    manual.see(
        2,
        Evidence::Log {
            secret: arn("db"),
            lines: Vec::new(),
        },
    );
    manual.labels(10, "b - a");
    assert_eq!(wait(&manual, 11, &log_key()), Some(0), "not since it was put");
    manual.see(
        12,
        Evidence::Log {
            secret: arn("db"),
            lines: Vec::new(),
        },
    );
    assert_eq!(wait(&manual, 13, &log_key()), None);
}
