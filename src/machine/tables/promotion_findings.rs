//! What a person is told of promotions: values that do not work, consumers that nobody can help, long windows.

use super::findings::kinds;
use super::rotations::done;
use super::standings::{attempt, orders, promoted, redeploy};
use super::world::{Tale, arn, at, consumer, millis, service};
use crate::findings::{Finding, Severity, of_secret};
use crate::model::{
    ConsumerId, Controller, Event, Evidence, LogFact, LogLine, Look, LookFailure, LookKey, NoEffect, Outcome,
    ReferenceKind, Scope, Step, Strategy,
};

const DAY: i64 = 24 * 3_600;
const NOTHING: [&str; 0] = [];

fn told(tale: &Tale, second: i64, kind: &str) -> Finding {
    let found = of_secret(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.settings,
        at(second),
    );
    let finding = found.iter().find(|finding| finding.kind.name() == kind);
    finding.unwrap_or_else(|| panic!("{found:?}")).clone()
}

/// A value put by hand at second 20.
fn put() -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(20, "b - a");
    tale
}

#[test]
fn a_dead_value_is_told_as_long_as_its_promotion_is_watched() {
    let mut tale = put();
    tale.login(25, "b", false);
    assert_eq!(kinds(&tale, 26), ["dead-value"]);
    assert!(!told(&tale, 26, "dead-value").text.contains("still logs in"));
    tale.login(27, "a", true);
    assert!(
        told(&tale, 28, "dead-value")
            .text
            .contains("the version before still logs in")
    );
    tale.login(29, "a", false);
    assert!(!told(&tale, 30, "dead-value").text.contains("still logs in"));
    assert_eq!(kinds(&tale, DAY + 100), NOTHING);
}

#[test]
fn a_dead_baseline_is_told_for_as_long_as_it_is_dead() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    assert_eq!(kinds(&tale, 2 * DAY), NOTHING);
    tale.login(25, "a", false);
    assert_eq!(kinds(&tale, 2 * DAY), ["dead-value"]);
}

#[test]
fn a_value_that_nothing_proves_is_told_by_how_it_came() {
    assert_eq!(kinds(&put(), 25), ["manual-promotion"]);
    assert_eq!(kinds(&put(), DAY + 100), NOTHING);

    let mut back = Tale::new();
    back.labels(0, "a - z")
        .labels(10, "b - a")
        .labels(20, "a - b")
        .labels(30, "a - b");
    assert_eq!(kinds(&back, 31), ["rollback"]);

    let mut untested = Tale::new();
    untested
        .labels(0, "a - z")
        .labels(10, "a b z")
        .failure(14, Step::TestSecret);
    untested.labels(30, "b - a");
    assert_eq!(kinds(&untested, 31), ["untested-promotion"]);
    untested.login(32, "b", true);
    assert_eq!(kinds(&untested, 33), NOTHING);
}

/// It may have been a rotation that ran unseen.
#[test]
fn a_value_put_by_hand_is_told_once_its_log_was_read_or_cannot_be() {
    let put = || {
        let mut tale = Tale::with_lambda();
        tale.labels(0, "a - z").labels(20, "b - a");
        tale
    };
    assert_eq!(kinds(&put(), 21), NOTHING);
    let mut read = put();
    let (secret, lines) = (arn("db"), Vec::new());
    read.see(22, Evidence::Log { secret, lines });
    assert_eq!(kinds(&read, 23), ["manual-promotion"]);
    let mut failing = put();
    failing.event(Event::Unseen {
        look: Look::at(at(22)),
        key: LookKey::Log(arn("db")),
        failure: LookFailure::Timeout,
    });
    assert_eq!(kinds(&failing, 23), ["manual-promotion"]);
}

/// The next rotation's own finding tells of any trouble from its beginning on.
#[test]
fn a_refusal_from_before_the_next_rotation_is_no_work_of_its() {
    let mut tale = put();
    tale.login(25, "b", false).labels(60, "b - a").labels(61, "b c a");
    assert_eq!(kinds(&tale, 62), ["dead-value"]);
    tale.login(63, "b", false);
    assert_eq!(kinds(&tale, 64), NOTHING);
    let mut proven = put();
    proven
        .login(25, "b", true)
        .labels(60, "b - a")
        .labels(61, "b c a");
    assert_eq!(kinds(&proven, 62), NOTHING);
}

/// A consumer of one kind, with the reference that is asked for.
fn used_by(id: &ConsumerId, kind: ReferenceKind) -> Tale {
    let mut tale = promoted(id);
    tale.found(
        -4,
        Scope::Cluster(id.to_string()),
        vec![consumer(id, &[("db", kind)])],
    );
    tale
}

#[test]
fn a_consumer_that_only_a_person_can_help_is_told_with_what_helps() {
    let mut external = promoted(&orders());
    let mut seen = service(&[-500]);
    seen.settings.controller = Controller::External;
    external.service(25, &orders(), seen);
    let finding = told(&external, 26, "beyond-us");
    assert_eq!(
        (finding.severity, finding.subject.to_string().as_str()),
        (Severity::Warning, "ecs:prod/orders")
    );
    assert!(
        finding
            .remedy
            .contains("`for task in $(aws ecs list-tasks --cluster prod "),
        "{finding:?}"
    );
    let declared = used_by(&ConsumerId::declared("report"), ReferenceKind::Declared);
    assert_eq!(told(&declared, 26, "beyond-us").remedy, "restart it by hand");
}

#[test]
fn a_redeploy_in_vain_pages_after_six_tries() {
    let tries = |times: i64, why: NoEffect| {
        let mut tale = promoted(&orders());
        tale.service(25, &orders(), service(&[-500]));
        for i in 0..times {
            let outcome = Some(Outcome::NoEffect(why.clone()));
            attempt(
                &mut tale,
                &orders(),
                &format!("x{i}"),
                redeploy(),
                outcome,
                30 + i,
            );
        }
        tale
    };
    let five = tries(5, NoEffect::Throttled);
    assert_eq!(kinds(&five, 36), NOTHING);
    let six = tries(6, NoEffect::Throttled);
    let finding = told(&six, 37, "in-vain");
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.text.starts_with("6 tries"), "{finding:?}");
    let denied = NoEffect::Denied {
        iam_action: "ecs:UpdateService".to_owned(),
        resource: "orders".to_owned(),
    };
    let six = tries(6, denied);
    assert_eq!(kinds(&six, 37), ["beyond-us"], "not told twice");
    assert!(
        told(&six, 37, "beyond-us")
            .remedy
            .starts_with("allow ecs:UpdateService on orders")
    );
}

/// setSecret by second 13, the promotion no more than five seconds before the last look without it.
#[test]
fn a_window_of_more_than_half_a_minute_between_two_steps_is_told() {
    let window = |last: i64| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z")
            .labels(10, "a b z")
            .line(13, Step::SetSecret);
        tale.labels(last, "a b z").labels(last + 1, "b - a");
        tale.login(last + 2, "b", true);
        kinds(&tale, last + 3)
    };
    assert_eq!(window(48), NOTHING);
    assert_eq!(window(49), ["long-window"]);
    let mut alternating = Tale::new();
    alternating
        .labels(0, "a - z")
        .labels(10, "a b z")
        .login(12, "b", true);
    alternating
        .labels(60, "a b z")
        .labels(61, "b - a")
        .login(62, "b", true)
        .login(63, "a", true);
    assert_eq!(kinds(&alternating, 64), NOTHING, "the old user still logs in");
}

#[test]
fn an_abandoned_rotation_is_over_once_awscurrent_logs_in_after_setsecret() {
    let set = |at| {
        let (step, version, strategy) = (Step::SetSecret, None, Some(Strategy::SingleUser));
        let line = LogLine::Done {
            step,
            version,
            strategy,
        };
        let (secret, lines) = (arn("db"), vec![LogFact { at, line }]);
        Evidence::Log { secret, lines }
    };
    let told = |set_at: i64, login: Option<bool>| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z")
            .labels(10, "a b z")
            .see(20, set(millis(set_at)));
        tale.labels(100, "a - z").labels(106, "a - z");
        if let Some(accepted) = login {
            tale.login(14, "a", accepted);
        }
        kinds(&tale, 120).contains(&"rotation-abandoned")
    };
    assert!(told(14_000, None));
    assert!(told(14_000, Some(false)));
    assert!(!told(14_000, Some(true)), "answered at 14.02");
    assert!(told(14_020, Some(true)), "maybe with the old one");
    assert!(told(15_000, Some(true)), "that was before setSecret");
}

#[test]
fn two_users_in_turn_leave_the_old_password_working() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").login(12, "b", true);
    tale.labels(20, "b - a").login(21, "b", true).login(22, "a", true);
    tale.labels(500, "b c a")
        .log(503, done(Step::CreateSecret, "c"))
        .login(505, "c", true);
    tale.labels(600, "b - a").labels(606, "b - a");
    assert_eq!(kinds(&tale, 610), NOTHING);
}

#[test]
fn a_stalled_rotation_says_whether_awspending_has_a_value() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z");
    assert_eq!(kinds(&tale, 20), NOTHING);
    assert!(
        told(&tale, 2_000, "rotation-stalled")
            .text
            .ends_with("has no value")
    );
    tale.valued(2_001, &["b"]);
    let stalled = told(&tale, 4_000, "rotation-stalled");
    assert!(stalled.text.ends_with("has a value"), "{stalled:?}");
    assert!(
        stalled.remedy.starts_with("the database may hold"),
        "setSecret may have run, {stalled:?}"
    );
}

/// Only after setSecret, and only where one password is changed in place.
#[test]
fn a_failed_rotation_leaves_the_old_password_working_until_it_is_changed() {
    let remedy = |strategy: Option<Strategy>| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "a b z");
        if strategy.is_some() {
            let (step, version) = (Step::SetSecret, None);
            tale.log(
                12,
                LogLine::Done {
                    step,
                    version,
                    strategy,
                },
            );
        }
        tale.failure(14, Step::TestSecret);
        told(&tale, 20, "rotation-failed").remedy
    };
    assert!(
        remedy(None).starts_with("the database may hold"),
        "setSecret ran before testSecret"
    );
    assert!(remedy(Some(Strategy::AlternatingUsers)).starts_with("consumers still hold"));
    assert!(remedy(Some(Strategy::SingleUser)).starts_with("the database may hold"));
}
