//! No wait for a consumer lasts for ever.

use super::world::{Tale, deployment, service};
use crate::consumers::{Standing, Why};
use crate::model::{ConsumerId, Rollout, ServiceSeen, Stage, Step};

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
    (seen.desired, seen.running) = (2, 0);
    let [early, late] = seen_twice(&seen);
    assert_eq!(early.stage, Stage::Refreshing);
    assert!(
        matches!((late.stage, &late.why), (Stage::Beyond, Why::NotInTime { .. })),
        "{late:?}"
    );
}

#[test]
fn an_older_deployment_is_not_waited_for_for_ever() {
    let mut seen = service(&[5]);
    seen.deployments = vec![deployment("old", 5, Rollout::InProgress)];
    let [early, late] = seen_twice(&seen);
    assert_eq!((early.stage, &early.why), (Stage::Stale, &Why::OlderDeployment));
    assert!(
        matches!((late.stage, &late.why), (Stage::Beyond, Why::NotInTime { .. })),
        "{late:?}"
    );
}
