//! What a person is told of the fleet: looks that fail, consumers that wait, functions that sleep.

use std::sync::Arc;

use super::findings::kinds;
use super::standings::{attempt, cycle, orders, promoted};
use super::world::{Tale, arn, at, consumer, function, labels, version};
use crate::admission::Admission;
use crate::facts::state::State;
use crate::findings::{Finding, Severity, of_fleet};
use crate::judge::{Judgements, Reason};
use crate::model::{
    AttemptId, ConsumerId, CycleStep, Evidence, Mode, NoEffect, Outcome, ReferenceKind, Scope, ScopeSeen,
    SleepTag, Subject,
};
use crate::policy::Settings;

/// What is told of the fleet, where nothing is judged.
pub(super) fn found_in(state: &State, admission: &Admission, second: i64) -> Vec<Finding> {
    let (judgements, settings) = (Judgements::new(), Settings::default());
    of_fleet(state, &judgements, admission, &settings, at(second))
}

pub(super) fn told(tale: &Tale, second: i64) -> Vec<Finding> {
    found_in(&tale.state, &Admission::default(), second)
}

/// The only finding there is.
pub(super) fn sole(found: &[Finding]) -> Finding {
    let [finding] = found else { panic!("{found:?}") };
    finding.clone()
}

/// What a wait comes to: the kind of its finding, or nothing where it ends by itself.
fn told_of_wait(tale: &Tale, second: i64, reason: Reason) -> Option<(Severity, &'static str)> {
    let mut admission = Admission::default();
    admission.waits.insert((arn("db"), orders()), reason);
    let found = found_in(&tale.state, &admission, second);
    found
        .first()
        .map(|finding| (finding.severity, finding.kind.name()))
}

#[test]
fn only_waits_that_a_person_can_end_are_told() {
    let another = |reason| Reason::Another {
        secret: arn("queue"),
        reason: Box::new(reason),
    };
    let until = at(9);
    let table = [
        (Reason::Observing, Some((Severity::Warning, "would-act"))),
        (Reason::Held, Some((Severity::Warning, "held"))),
        (
            Reason::FirstFailed { consumer: orders() },
            Some((Severity::Critical, "first-failed")),
        ),
        (
            Reason::HourlyCap { limit: 3, until },
            Some((Severity::Critical, "capped")),
        ),
        (another(Reason::Refused), Some((Severity::Critical, "held-back"))),
        (another(Reason::Margin { until }), None),
        (Reason::Margin { until }, None),
        (Reason::Unproven, None),
        (Reason::InFlight { limit: 1 }, None),
    ];
    for (reason, expected) in table {
        assert_eq!(
            told_of_wait(&Tale::new(), 0, reason.clone()),
            expected,
            "{reason}"
        );
    }
}

#[test]
fn whoever_waits_for_one_that_goes_first_is_told_only_where_that_one_waits_for_a_person() {
    let mailer = ConsumerId::function("mailer");
    let told_where_the_first_waits_for = |reason: Option<Reason>| {
        let mut admission = Admission::default();
        let first = Reason::First {
            consumer: mailer.clone(),
        };
        admission.waits.insert((arn("db"), orders()), first);
        if let Some(reason) = reason {
            admission.waits.insert((arn("queue"), mailer.clone()), reason);
        }
        let found = found_in(&Tale::new().state, &admission, 0);
        let of_orders = found
            .iter()
            .find(|finding| finding.subject == Subject::Consumer(orders()));
        of_orders.map(|finding| (finding.severity, finding.kind.name()))
    };
    let held_back = Some((Severity::Critical, "held-back"));
    assert_eq!(told_where_the_first_waits_for(None), None);
    for reason in [Reason::Observing, Reason::Held] {
        assert_eq!(
            told_where_the_first_waits_for(Some(reason)),
            None,
            "with another secret it holds nobody back"
        );
    }
    assert_eq!(
        told_where_the_first_waits_for(Some(Reason::Margin { until: at(5) })),
        None
    );
    let another = |reason| Reason::Another {
        secret: arn("db"),
        reason: Box::new(reason),
    };
    assert_eq!(
        told_where_the_first_waits_for(Some(another(Reason::Unproven))),
        held_back
    );
}

/// Nobody tries the secret's value while its mode is observe, or it is held.
#[test]
fn whoever_waits_for_one_that_is_left_to_a_person_is_told_too() {
    let first = |name: &str| Reason::First {
        consumer: ConsumerId::function(name),
    };
    let of_another = |reason| Reason::Another {
        secret: arn("queue"),
        reason: Box::new(reason),
    };
    let told_where = |mailer: Reason, reporter: Reason| {
        let mut admission = Admission::default();
        let waits = &mut admission.waits;
        waits.insert((arn("db"), orders()), first("mailer"));
        waits.insert((arn("db"), ConsumerId::function("mailer")), mailer);
        waits.insert((arn("queue"), ConsumerId::function("reporter")), reporter);
        let mut found = found_in(&Tale::new().state, &admission, 0);
        found.retain(|finding| finding.subject == Subject::Consumer(orders()));
        found.pop()
    };
    let margin = || Reason::Margin { until: at(5) };
    for left in [Reason::Observing, Reason::Held] {
        let told = told_where(left, margin()).expect("a finding");
        assert_eq!(
            (told.severity, told.kind.name()),
            (Severity::Warning, "held-back")
        );
        assert!(told.remedy.contains("see to lambda:mailer first"), "{told:?}");
    }
    let told = told_where(of_another(first("reporter")), Reason::Observing).expect("a finding");
    assert!(told.remedy.contains("see to lambda:reporter first"), "{told:?}");
    assert_eq!(told_where(margin(), Reason::Observing), None);
    assert_eq!(told_where(of_another(first("reporter")), margin()), None);
    let each_other = told_where(of_another(first("reporter")), of_another(first("reporter")));
    assert_eq!(each_other, None, "it ends");
}

#[test]
fn whoever_would_get_what_a_capped_one_tries_first_is_held_back_too() {
    let mailer = ConsumerId::service("prod", "mailer");
    let mut admission = Admission::default();
    let first = Reason::First {
        consumer: mailer.clone(),
    };
    let another = Reason::Another {
        secret: arn("queue"),
        reason: Box::new(first),
    };
    admission.waits.insert((arn("db"), orders()), another);
    assert_eq!(found_in(&Tale::new().state, &admission, 0), vec![]);
    let (limit, until) = (2, at(9));
    let capped = Reason::HourlyCap { limit, until };
    admission.waits.insert((arn("queue"), mailer), capped);
    let found = found_in(&Tale::new().state, &admission, 0);
    let kinds: Vec<_> = found.iter().map(|finding| finding.kind.name()).collect();
    assert_eq!(kinds, ["held-back", "capped"]);
}

/// Each is first of one secret while its deployment goes on.
#[test]
fn two_that_wait_for_each_other_are_held_back_by_what_either_waits_for() {
    let (orders, mailer) = (orders(), ConsumerId::service("prod", "mailer"));
    let first = |consumer: &ConsumerId| Reason::First {
        consumer: consumer.clone(),
    };
    let mut admission = Admission::default();
    let waits = &mut admission.waits;
    waits.insert((arn("db"), orders.clone()), first(&mailer));
    waits.insert((arn("queue"), mailer.clone()), first(&orders));
    let told = |admission: &Admission| {
        let found = found_in(&Tale::new().state, admission, 0);
        let subjects = found
            .iter()
            .map(|finding| (finding.kind.name(), finding.subject.to_string()));
        subjects.collect::<Vec<_>>()
    };
    assert_eq!(told(&admission), []);
    let (limit, until) = (2, at(9));
    let capped = Reason::HourlyCap { limit, until };
    admission.waits.insert((arn("mail"), orders.clone()), capped);
    let held_back = |id: &ConsumerId| ("held-back", id.to_string());
    assert_eq!(
        told(&admission),
        [
            held_back(&orders),
            ("capped", orders.to_string()),
            held_back(&mailer)
        ]
    );
}

#[test]
fn a_rotation_that_holds_another_secrets_restart_back_for_half_an_hour_is_told() {
    let mut tale = Tale::new();
    tale.labels_of("queue", 0, "x - w")
        .labels_of("queue", 10, "x y w");
    let moving = || Reason::Moving {
        secret: arn("queue"),
        version: version("y"),
    };
    assert_eq!(told_of_wait(&tale, 10 + 1_800, moving()), None);
    let told = told_of_wait(&tale, 10 + 1_801, moving());
    assert_eq!(told, Some((Severity::Critical, "held-back")));
    assert_eq!(
        told_of_wait(&Tale::new(), 9_999, moving()),
        None,
        "it was never seen"
    );
}

fn asleep(reserved: Option<u32>) -> Tale {
    let mailer = ConsumerId::function("mailer");
    let mut tale = promoted(&mailer);
    let mut seen = function(reserved);
    seen.sleep_tag = Some(SleepTag {
        attempt: AttemptId::new("gone"),
        former: Some(7),
        deadline: at(500),
    });
    tale.function(30, &mailer, seen);
    tale
}

#[test]
fn what_could_not_be_put_back_pages_and_what_is_only_left_behind_does_not() {
    let told_after = |reserved, action| {
        let mut tale = asleep(reserved);
        assert_eq!(told(&tale, 31), vec![], "nothing has failed yet");
        let throttled = Some(Outcome::NoEffect(NoEffect::Throttled));
        attempt(
            &mut tale,
            &ConsumerId::function("mailer"),
            "r",
            action,
            throttled,
            31,
        );
        sole(&told(&tale, 33))
    };
    let failed = told_after(Some(0), cycle(CycleStep::Restore { former: Some(7) }));
    assert_eq!(
        (failed.kind.name(), failed.severity),
        ("restore-failed", Severity::Critical)
    );
    let put_back =
        "`aws lambda put-function-concurrency --function-name mailer --reserved-concurrent-executions 7`";
    assert!(failed.remedy.starts_with(put_back), "{failed:?}");
    assert_eq!(failed.secret, Some(arn("db")));
    let left = told_after(Some(7), cycle(CycleStep::Untag));
    assert_eq!(
        (left.kind.name(), left.severity),
        ("note-left", Severity::Warning)
    );
}

#[test]
fn who_is_only_suspected_is_told_but_not_a_rotation_lambda() {
    let mut tale = Tale::with_lambda();
    tale.labels(0, "a - z");
    let suspected = [
        ("db", ReferenceKind::Suspected),
        ("queue", ReferenceKind::Fetches),
    ];
    let named = |name: &str| consumer(&ConsumerId::function(name), &suspected);
    tale.found(1, Scope::Functions, vec![named("mailer"), named("rotate")]);
    let finding = sole(&told(&tale, 2));
    assert_eq!(
        (finding.kind.name(), finding.subject.to_string().as_str()),
        ("suspected-consumer", "lambda:mailer")
    );
    assert_eq!(finding.secret, Some(arn("db")));
    assert_eq!(kinds(&tale, 3), Vec::<&str>::new());
    for (second, place, expected) in [
        (
            4,
            "DB_HOST",
            "its configuration, as in the variable DB_HOST, names",
        ),
        (5, "", "its configuration, as in a command, names"),
    ] {
        let seen = ScopeSeen {
            consumers: vec![named("mailer")],
            suspicions: [(ConsumerId::function("mailer"), place.to_owned())].into(),
            ..ScopeSeen::default()
        };
        let scope = Scope::Functions;
        tale.see(second, Evidence::Scope { scope, seen });
        let finding = sole(&told(&tale, second));
        assert!(finding.text.starts_with(expected), "{finding:?}");
    }
}

/// A service of two secrets: the one that waits may act, and the other one is observed, or held.
#[test]
fn the_secret_that_keeps_a_consumer_from_its_restart_is_named_though_another_waits() {
    let orders = ConsumerId::service("prod", "orders");
    for (tag, reason, expected) in [
        ("observe", Reason::Observing, "remove the tag of queue: `"),
        ("hold", Reason::Held, "remove the tag of queue: `"),
    ] {
        let mut tale = Tale::new();
        tale.policy.mode = Mode::Act;
        tale.uses(&orders, &["db", "queue"]).labels(0, "a - z");
        let mut seen = tale.secret_seen("queue", labels("x - w"));
        seen.tags.insert("rotation-watchdog".to_owned(), tag.to_owned());
        let secret = arn("queue");
        tale.see(1, Evidence::Secret { secret, seen });
        let judged = |name: &str| (arn(name), Arc::new(tale.judge_of(name, 2)));
        let judgements = Judgements::from([judged("db"), judged("queue")]);
        let mut admission = Admission::default();
        admission.waits.insert((arn("db"), orders.clone()), reason);
        let found = of_fleet(&tale.state, &judgements, &admission, &tale.settings, at(2));
        assert!(found[0].remedy.contains(expected), "{tag}: {}", found[0].remedy);
    }
}
