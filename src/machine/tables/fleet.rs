//! Admission: who may start, and why the others wait.

use std::sync::Arc;

use super::world::{Tale, arn, at, service};
use crate::fleet::{Admission, Situation, admit};
use crate::judge::{Judgements, Reason};
use crate::model::{Action, ConsumerId, Mode, Step};

fn consumer(name: &str) -> ConsumerId {
    ConsumerId::service("prod", name)
}

/// Rotations of the given secrets to `b`, promoted by 21 and proven where asked.
fn promoted(secrets: &[&str]) -> Tale {
    let mut tale = Tale::new();
    for name in secrets {
        tale.labels_of(name, 0, "a - z")
            .labels_of(name, 10, "a b z")
            .labels_of(name, 20, "a b z");
        tale.labels_of(name, 21, "b - a");
    }
    tale
}

fn admission(tale: &Tale, secrets: &[&str], second: i64) -> Admission {
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

fn reason(admission: &Admission, secret: &str, name: &str) -> Option<Reason> {
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
    assert!(matches!(decision.action, Action::Redeploy { .. }));
    assert_eq!(decision.rotations.len(), 1);
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
    assert_eq!(decision.rotations.len(), 2);
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
        first.start.iter().map(|d| d.consumer.clone()).collect::<Vec<_>>(),
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
        admission
            .start
            .iter()
            .map(|d| d.consumer.clone())
            .collect::<Vec<_>>(),
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
