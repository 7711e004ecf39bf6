//! No wait for a consumer lasts for ever.

use std::collections::BTreeSet;

use super::world::{Tale, arn, at, deployment, function, service};
use crate::admission::{Situation, admit};
use crate::consumers::{Standing, Why};
use crate::judge::Judgements;
use crate::looks::secret_looks;
use crate::model::{
    AttemptId, ConsumerId, Event, LookKey, NoEffect, Outcome, Rollout, ServiceSeen, SleepTag, Stage, Step,
};

fn orders() -> ConsumerId {
    ConsumerId::service("prod", "orders")
}

/// A rotation promoted by 21 and proven, and the service looked at in two moments.
fn seen_twice(seen: &ServiceSeen) -> [Standing; 2] {
    let mut tale = Tale::new();
    tale.uses(&orders(), &["db"])
        .labels(0, "a - z")
        .labels(10, "a b z")
        .labels(21, "b - a");
    tale.line(18, Step::TestSecret);
    [30, 1_000].map(|second| {
        tale.service(second, &orders(), seen.clone());
        let view = tale.latest(second + 1);
        view.consumers[0].1.clone()
    })
}

#[test]
fn a_service_that_never_starts_a_task_does_not_hold_its_wave_for_ever() {
    let mut seen = service(&[-500]);
    seen.tasks.clear();
    (seen.settings.desired, seen.running) = (2, 0);
    let [early, late] = seen_twice(&seen);
    assert_eq!(early.stage, Stage::Refreshing);
    assert!(
        matches!((late.stage, &late.why), (Stage::Beyond, Why::NotInTime { .. })),
        "{late:?}"
    );
}

/// Counted by one call, listed by the next: between the two they stopped.
#[test]
fn tasks_that_went_before_they_were_listed_are_being_replaced() {
    let mut seen = service(&[-500]);
    seen.tasks.clear();
    let [early, late] = seen_twice(&seen);
    assert_eq!(early.stage, Stage::Refreshing, "{early:?}");
    assert!(matches!(late.why, Why::NotInTime { .. }), "{late:?}");
}

#[test]
fn a_redeploy_that_could_never_begin_is_not_sent() {
    let mut seen = service(&[-500]);
    (seen.settings.minimum_percent, seen.settings.maximum_percent) = (100, 100);
    let [early, _] = seen_twice(&seen);
    assert!(
        matches!((early.stage, &early.why), (Stage::Beyond, Why::NoRoom { .. })),
        "{early:?}"
    );
}

#[test]
fn an_older_deployment_is_not_waited_for_for_ever() {
    let mut seen = service(&[4]);
    seen.deployments = vec![deployment("old", 4, Rollout::InProgress)];
    let [early, late] = seen_twice(&seen);
    assert_eq!((early.stage, &early.why), (Stage::Stale, &Why::OlderDeployment));
    assert!(
        matches!((late.stage, &late.why), (Stage::Beyond, Why::NotInTime { .. })),
        "{late:?}"
    );
}

/// Putting N back fails as long as the account's floor of unreserved concurrency forbids it.
#[test]
fn a_restore_that_fails_for_hours_is_journalled_and_backs_off_each_time() {
    let mailer = ConsumerId::function("mailer");
    let mut tale = Tale::new();
    tale.uses(&mailer, &["db"]).labels(0, "a - z");
    let mut seen = function(Some(0));
    seen.sleep_tag = Some(SleepTag {
        attempt: AttemptId::new("gone"),
        former: Some(7),
        deadline: at(5),
    });
    let mut attempts = BTreeSet::new();
    for i in 0..400 {
        let second = 10 + i * 70;
        tale.function(second, &mailer, seen.clone());
        let situation = Situation {
            now: at(second + 1),
            draining: false,
            journal: true,
        };
        let start = admit(&tale.state, &Judgements::new(), &tale.settings, situation).start;
        let [decision] = start.as_slice() else {
            panic!("try {i}: {start:?}")
        };
        let before = tale.journal.len();
        tale.event(Event::Decided(decision.clone()));
        assert_eq!(tale.journal.len(), before + 1, "try {i} is journalled");
        assert!(
            attempts.insert(decision.attempt.clone()),
            "try {i} has a name of its own"
        );
        tale.event(Event::Ended {
            attempt: decision.attempt.clone(),
            at: at(second + 2),
            outcome: Outcome::NoEffect(NoEffect::Throttled),
        });
    }
}

#[test]
fn a_rotation_that_lies_failed_for_weeks_is_not_looked_at_twice_a_second() {
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .valued(11, &["a", "b"])
        .failure(15, Step::SetSecret);
    let looks_in_a_minute = |tale: &mut Tale, from: i64| {
        let mut looks = 0;
        for second in from..from + 60 {
            let judgement = tale.judge(second);
            let due = secret_looks(
                &tale.state,
                &arn("db"),
                &judgement,
                &tale.policy,
                &tale.settings,
                at(second),
            );
            let due: Vec<_> = due.into_iter().filter(|(_, due)| *due <= at(second)).collect();
            for (key, _) in due {
                looks += 1;
                match key {
                    LookKey::Login(_, version) => tale.login(second, version.as_str(), true),
                    _ => tale.labels(second, "a b z"),
                };
            }
        }
        looks
    };
    assert!(looks_in_a_minute(&mut tale, 20) > 80);
    let later = looks_in_a_minute(&mut tale, 100_000);
    assert!(later < 20, "{later} looks in a minute");
}
