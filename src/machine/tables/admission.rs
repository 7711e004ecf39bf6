//! Admission: who may start, and why the others wait.

use std::sync::Arc;

use jiff::SignedDuration;

use super::standings::{attempt, consumer_of, deployed, redeploy};
use super::world::{Tale, arn, at, deployment, labels, service};
use crate::admission::{Admission, Situation, admit};
use crate::judge::{Judgements, Reason};
use crate::model::{ConsumerId, Evidence, LoginAnswer, Mode, Rollout, Step, VersionId, Write};

pub(super) fn consumer(name: &str) -> ConsumerId {
    ConsumerId::service("prod", name)
}

/// Rotations of the given secrets to `b`, promoted by 21 and proven where asked.
pub(super) fn promoted(secrets: &[&str]) -> Tale {
    let mut tale = Tale::new();
    for name in secrets {
        tale.labels_of(name, 0, "a - z")
            .labels_of(name, 10, "a b z")
            .labels_of(name, 20, "a b z");
        tale.labels_of(name, 21, "b - a");
    }
    tale
}

pub(super) fn admission(tale: &Tale, secrets: &[&str], second: i64) -> Admission {
    let judgements: Judgements = secrets
        .iter()
        .map(|name| (arn(name), Arc::new(tale.judge_of(name, second))))
        .collect();
    let situation = Situation {
        now: at(second),
        draining: false,
        journal: true,
    };
    admit(&tale.state, &judgements, &tale.settings, situation)
}

pub(super) fn reason(admission: &Admission, secret: &str, name: &str) -> Option<Reason> {
    admission.waits.get(&(arn(secret), consumer(name))).cloned()
}

#[test]
fn a_proven_version_restarts_its_consumers_after_the_margin() {
    let mut tale = promoted(&["db"]);
    tale.uses(&consumer("orders"), &["db"]).line(18, Step::TestSecret);
    tale.service(21, &consumer("orders"), service(&[-500]));
    tale.service(22, &consumer("orders"), service(&[-500]));
    assert!(matches!(
        reason(&admission(&tale, &["db"], 22), "db", "orders"),
        Some(Reason::Margin { .. })
    ));
    let admission = admission(&tale, &["db"], 23);
    let [decision] = admission.start.as_slice() else {
        panic!("{admission:?}")
    };
    assert!(matches!(decision.write, Write::Redeploy { .. }));
    assert_eq!(decision.serves.len(), 1);
}

/// Else a task started now would have to be started again for the other secret.
#[test]
fn a_redeploy_waits_for_the_margin_of_every_secret_of_its_consumer() {
    let mut tale = promoted(&["db"]);
    tale.uses(&consumer("orders"), &["db", "queue"])
        .line(18, Step::TestSecret);
    tale.service(25, &consumer("orders"), service(&[-500]));
    tale.labels_of("queue", 0, "a - z")
        .labels_of("queue", 30, "a b z")
        .labels_of("queue", 31, "b - a");
    let waiting = admission(&tale, &["db", "queue"], 32);
    assert_eq!(waiting.start, vec![]);
    let reason = reason(&waiting, "db", "orders");
    assert!(
        matches!(&reason, Some(Reason::Another { reason, .. }) if matches!(**reason, Reason::Margin { .. })),
        "{reason:?}"
    );
    assert_eq!(waiting.wake, Some(at(32) + SignedDuration::from_millis(20)));
    assert_eq!(admission(&tale, &["db", "queue"], 33).start.len(), 1);
}

#[test]
fn observe_decides_and_does_nothing() {
    let mut tale = promoted(&["db"]);
    tale.policy.mode = Mode::Observe;
    tale.uses(&consumer("orders"), &["db"]).line(18, Step::TestSecret);
    tale.service(25, &consumer("orders"), service(&[-500]));
    let admission = admission(&tale, &["db"], 26);
    assert_eq!(admission.start, vec![]);
    assert_eq!(reason(&admission, "db", "orders"), Some(Reason::Observing));
}

#[test]
fn never_while_another_secret_of_the_consumer_moves() {
    let mut tale = promoted(&["db"]);
    tale.uses(&consumer("orders"), &["db", "queue"])
        .line(18, Step::TestSecret);
    tale.service(25, &consumer("orders"), service(&[-500]));
    assert!(matches!(
        reason(&admission(&tale, &["db", "queue"], 26), "db", "orders"),
        Some(Reason::Unseen { .. })
    ));
    tale.labels_of("queue", 27, "x y w");
    assert!(matches!(
        reason(&admission(&tale, &["db", "queue"], 28), "db", "orders"),
        Some(Reason::Moving { .. })
    ));
    tale.last_rotated = Some(at(29));
    tale.labels_of("queue", 29, "y y x");
    assert_eq!(admission(&tale, &["db", "queue"], 31).start.len(), 1);
}

#[test]
fn one_redeploy_serves_two_rotations_of_one_service() {
    let mut tale = promoted(&["db", "queue"]);
    tale.uses(&consumer("orders"), &["db", "queue"]);
    tale.service(25, &consumer("orders"), service(&[-500]));
    let admission = admission(&tale, &["db", "queue"], 100);
    let [decision] = admission.start.as_slice() else {
        panic!("{admission:?}")
    };
    assert_eq!(decision.serves.len(), 2);
    assert_eq!((decision.at, decision.deadline), (at(100), at(110)));
}

#[test]
fn by_protocol_one_goes_first_and_the_others_follow_it() {
    let mut tale = promoted(&["db"]);
    for name in ["a", "b", "c"] {
        tale.uses(&consumer(name), &["db"])
            .service(25, &consumer(name), service(&[-500]));
    }
    let first = admission(&tale, &["db"], 30);
    assert_eq!(
        first.start.iter().map(consumer_of).collect::<Vec<_>>(),
        vec![consumer("a")]
    );
    assert!(matches!(reason(&first, "db", "b"), Some(Reason::First { .. })));
    tale.service(60, &consumer("a"), service(&[40]));
    assert_eq!(
        admission(&tale, &["db"], 61).start.len(),
        2,
        "the first one is fresh"
    );
}

#[test]
fn the_others_wait_for_the_first_until_it_is_fresh_or_failed() {
    let mut tale = promoted(&["db"]);
    for name in ["a", "b"] {
        tale.uses(&consumer(name), &["db"])
            .service(25, &consumer(name), service(&[-500]));
    }
    tale.settings.limits.own_service = Some(consumer("a"));
    let first = |name: &str| {
        Some(Reason::First {
            consumer: consumer(name),
        })
    };
    assert_eq!(
        reason(&admission(&tale, &["db"], 30), "db", "a"),
        first("b"),
        "the own service is last"
    );
    let done = Some(deployed("d-1"));
    attempt(&mut tale, &consumer("b"), "x", redeploy(), done, 31);
    assert_eq!(reason(&admission(&tale, &["db"], 40), "db", "a"), first("b"));
    let mut rolling = service(&[-500]);
    rolling.deployments = vec![deployment("d-1", 31, Rollout::InProgress)];
    tale.service(2_000, &consumer("b"), rolling);
    let failed = Some(Reason::FirstFailed {
        consumer: consumer("b"),
    });
    assert_eq!(reason(&admission(&tale, &["db"], 2_001), "db", "a"), failed);
}

#[test]
fn the_own_service_goes_first_where_it_is_alone() {
    let mut tale = promoted(&["db"]);
    tale.settings.limits.own_service = Some(consumer("a"));
    tale.uses(&consumer("a"), &["db"])
        .service(25, &consumer("a"), service(&[-500]));
    assert_eq!(admission(&tale, &["db"], 30).start.len(), 1);
}

#[test]
fn waves_and_caps() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    for name in ["a", "b", "c", "d", "e"] {
        tale.uses(&consumer(name), &["db"])
            .service(25, &consumer(name), service(&[-500]));
    }
    let waves = admission(&tale, &["db"], 30);
    assert_eq!(waves.start.len(), 3);
    assert!(matches!(
        reason(&waves, "db", "d"),
        Some(Reason::Wave { limit: 3, .. })
    ));
    tale.settings.limits.in_flight = 1;
    assert!(matches!(
        reason(&admission(&tale, &["db"], 30), "db", "b"),
        Some(Reason::InFlight { limit: 1 })
    ));
}

#[test]
fn the_own_service_comes_last() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    tale.settings.limits.own_service = Some(consumer("a"));
    for name in ["a", "b"] {
        tale.uses(&consumer(name), &["db"])
            .service(25, &consumer(name), service(&[-500]));
    }
    let admission = admission(&tale, &["db"], 30);
    assert_eq!(
        admission.start.iter().map(consumer_of).collect::<Vec<_>>(),
        vec![consumer("b")]
    );
    assert_eq!(reason(&admission, "db", "a"), Some(Reason::OwnServiceLast));
}

#[test]
fn a_manual_promotion_restarts_nobody_until_it_logs_in() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(20, "b - a")
        .uses(&consumer("orders"), &["db"]);
    tale.service(25, &consumer("orders"), service(&[-500]));
    assert_eq!(
        reason(&admission(&tale, &["db"], 60), "db", "orders"),
        Some(Reason::Unproven)
    );
    tale.login(61, "b", false);
    assert_eq!(
        reason(&admission(&tale, &["db"], 62), "db", "orders"),
        Some(Reason::Refused)
    );
    tale.login(63, "b", true);
    assert_eq!(admission(&tale, &["db"], 64).start.len(), 1);
}

#[test]
fn a_failing_journal_and_a_drain_stop_everything_but_putting_back() {
    let mut tale = promoted(&["db"]);
    tale.uses(&consumer("orders"), &["db"]).line(18, Step::TestSecret);
    tale.service(25, &consumer("orders"), service(&[-500]));
    let judgements: Judgements = [(arn("db"), Arc::new(tale.judge(30)))].into();
    for (draining, journal, expected) in [(true, true, Reason::Draining), (false, false, Reason::Journal)] {
        let situation = Situation {
            now: at(30),
            draining,
            journal,
        };
        let admission = admit(&tale.state, &judgements, &tale.settings, situation);
        assert_eq!(admission.start, vec![]);
        assert_eq!(reason(&admission, "db", "orders"), Some(expected));
    }
}

#[test]
fn a_service_without_tasks_does_not_go_first() {
    let mut tale = promoted(&["db"]);
    let mut empty = service(&[]);
    (empty.settings.desired, empty.running) = (0, 0);
    tale.uses(&consumer("a"), &["db"])
        .service(25, &consumer("a"), empty);
    for name in ["b", "c"] {
        tale.uses(&consumer(name), &["db"])
            .service(25, &consumer(name), service(&[-500]));
    }
    let admission = admission(&tale, &["db"], 30);
    let started: Vec<_> = admission.start.iter().map(consumer_of).collect();
    assert_eq!(started, vec![consumer("b")], "nothing was proven by a");
}

#[test]
fn nobody_is_restarted_onto_the_dead_value_of_another_secret() {
    let mut tale = promoted(&["db"]);
    tale.labels_of("queue", 0, "x - w")
        .labels_of("queue", 20, "y - x");
    tale.uses(&consumer("orders"), &["db", "queue"])
        .line(18, Step::TestSecret);
    let refused = LoginAnswer::Refused {
        code: "1045".to_owned(),
    };
    tale.see(
        22,
        Evidence::Login {
            secret: arn("queue"),
            version: VersionId::new("y"),
            answer: refused,
            database: None,
        },
    );
    tale.service(25, &consumer("orders"), service(&[-500]));
    let admission = admission(&tale, &["db", "queue"], 60);
    assert_eq!(admission.start, vec![]);
    let reason = reason(&admission, "db", "orders").expect("a reason");
    assert!(
        matches!(&reason, Reason::Another { reason, .. } if **reason == Reason::Refused),
        "{reason}"
    );
}

#[test]
fn two_secrets_promoted_one_after_the_other_give_one_redeploy() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    tale.labels_of("queue", 0, "x - w")
        .labels_of("queue", 20, "x y w")
        .labels_of("queue", 25, "y - x");
    tale.uses(&consumer("orders"), &["db", "queue"])
        .service(25, &consumer("orders"), service(&[-500]));
    tale.service(26, &consumer("orders"), service(&[-500]));
    let soon = admission(&tale, &["db", "queue"], 26);
    assert!(
        matches!(reason(&soon, "db", "orders"), Some(Reason::Another { .. })),
        "{soon:?}"
    );
    assert_eq!(admission(&tale, &["db", "queue"], 27).start.len(), 1);
}

#[test]
fn the_own_service_waits_for_those_that_were_not_looked_at_yet() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    tale.settings.limits.own_service = Some(consumer("a"));
    tale.uses(&consumer("a"), &["db"]).uses(&consumer("b"), &["db"]);
    tale.service(25, &consumer("a"), service(&[-500]));
    let admission = admission(&tale, &["db"], 30);
    assert_eq!(admission.start, vec![]);
    assert_eq!(reason(&admission, "db", "a"), Some(Reason::OwnServiceLast));
}

#[test]
fn labels_that_seem_to_go_back_still_hold_restarts_back() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    tale.uses(&consumer("orders"), &["db"])
        .service(25, &consumer("orders"), service(&[-500]));
    tale.labels(26, "b c a").labels(27, "b - a");
    let stale = admission(&tale, &["db"], 28);
    assert_eq!(stale.start, vec![]);
    assert!(matches!(
        reason(&stale, "db", "orders"),
        Some(Reason::Moving { .. })
    ));
    tale.labels(33, "b - a");
    assert_eq!(admission(&tale, &["db"], 34).start.len(), 1);
}

#[test]
fn nobody_is_restarted_while_a_secret_is_deleted() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    tale.uses(&consumer("orders"), &["db"])
        .service(25, &consumer("orders"), service(&[-500]));
    let mut seen = tale.secret_seen("db", labels("b - a"));
    seen.deleted = Some(at(26));
    let secret = arn("db");
    tale.see(27, Evidence::Secret { secret, seen });
    let deleted = admission(&tale, &["db"], 28);
    assert_eq!(deleted.start, vec![]);
    assert!(matches!(
        reason(&deleted, "db", "orders"),
        Some(Reason::Deleted { .. })
    ));
    tale.labels(30, "b - a");
    assert_eq!(admission(&tale, &["db"], 31).start.len(), 1, "restored");
}

#[test]
fn what_only_the_journal_knows_is_looked_at_first() {
    let mut tale = promoted(&["db"]);
    tale.line(18, Step::TestSecret);
    let mut tale = tale.restarted();
    tale.uses(&consumer("orders"), &["db"])
        .service(25, &consumer("orders"), service(&[-500]));
    let unseen = admission(&tale, &["db"], 30);
    assert!(
        matches!(reason(&unseen, "db", "orders"), Some(Reason::Unseen { .. })),
        "{unseen:?}"
    );
}
