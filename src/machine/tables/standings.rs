//! Services, and what holds for all consumers: when they are stale, what helps, what proves them fresh.

use super::world::{Tale, arn, at, deployment, labels, service, task};
pub(super) use super::writes::{attempt, attempt_for, consumer_of, cycle, deployed, redeploy, redeploy_of};
use crate::consumers::{Standing, Why};
use crate::model::{
    ConsumerId, Controller, Health, Outcome, Rollout, RotationKey, ServiceSeen, Stage, VersionId, Write,
};

pub(super) fn orders() -> ConsumerId {
    ConsumerId::service("prod", "orders")
}

/// A rotation to `b`, promoted between 20 and 21 and proven by a login; `consumer` uses the secret.
pub(super) fn promoted(consumer: &ConsumerId) -> Tale {
    let mut tale = Tale::new();
    tale.uses(consumer, &["db"])
        .labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "a b z")
        .labels(21, "b - a");
    tale.login(22, "b", true);
    tale
}

pub(super) fn key() -> RotationKey {
    RotationKey {
        secret: arn("db"),
        version: VersionId::new("b"),
        n: 1,
    }
}

pub(super) fn standing(tale: &Tale, second: i64) -> Standing {
    tale.latest(second)
        .consumers
        .first()
        .expect("a consumer")
        .1
        .clone()
}

pub(super) fn replaced(mut seen: ServiceSeen, deployments: Vec<crate::model::Deployment>) -> ServiceSeen {
    seen.deployments = deployments;
    seen
}

#[test]
fn a_look_from_before_the_promotion_says_nothing() {
    let mut tale = promoted(&orders());
    tale.service(15, &orders(), service(&[-500, -500]));
    assert_eq!(standing(&tale, 25).stage, Stage::Unknown);
}

#[test]
fn tasks_from_before_the_promotion_are_stale_and_want_a_redeploy() {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500, 100]));
    let standing = standing(&tale, 26);
    assert_eq!(
        (standing.stage, standing.why),
        (Stage::Stale, Why::HoldsOld { stale: 1, tasks: 2 })
    );
    assert!(matches!(standing.wants, Some(Write::Redeploy { .. })));
}

#[test]
fn a_task_created_within_the_margin_is_stale() {
    let mut tale = promoted(&orders());
    tale.service(40, &orders(), service(&[22]));
    assert_eq!(
        standing(&tale, 41).stage,
        Stage::Stale,
        "promoted by 21.02 plus a margin of 1 s"
    );
    tale.service(42, &orders(), service(&[23]));
    assert_eq!(standing(&tale, 43).stage, Stage::Fresh);
}

/// A first start, or one after hours: the promotion lies somewhere within minutes (design rules 3 and 9).
#[test]
fn of_an_unwatched_promotion_only_what_is_certainly_older_is_stale() {
    let first_seen = |changed: i64| {
        let mut tale = Tale::new();
        (tale.last_rotated, tale.last_changed) = (Some(at(0)), Some(at(changed)));
        tale.uses(&orders(), &["db"])
            .labels(300, "b - a")
            .login(301, "b", true);
        tale
    };
    let mut tale = first_seen(2);
    let stage_of = |tale: &mut Tale, second: i64, tasks: &[i64]| {
        tale.service(second, &orders(), service(tasks));
        standing(tale, second + 1).stage
    };
    assert_eq!(
        stage_of(&mut tale, 310, &[-61, 20]),
        Stage::Stale,
        "LastRotatedDate bounds it"
    );
    assert_eq!(
        stage_of(&mut tale, 320, &[-60, 20]),
        Stage::Unknown,
        "older or younger"
    );
    assert_eq!(stage_of(&mut tale, 330, &[53, 54]), Stage::Fresh);

    let mut moved = first_seen(50);
    assert_eq!(
        stage_of(&mut moved, 310, &[-5_000, 60]),
        Stage::Unknown,
        "moved by hand since, and who knows from where"
    );
    assert_eq!(stage_of(&mut moved, 330, &[53, 54]), Stage::Fresh);
}

#[test]
fn what_decides_about_a_service() {
    let beyond = |change: fn(&mut ServiceSeen)| {
        let mut seen = service(&[-500, -500]);
        change(&mut seen);
        seen
    };
    let table: Vec<(&str, ServiceSeen, Stage)> = vec![
        ("all young and healthy", service(&[30, 31]), Stage::Fresh),
        (
            "nothing runs",
            beyond(|s| (s.tasks, s.settings.desired, s.running) = (vec![], 0, 0)),
            Stage::Fresh,
        ),
        (
            "starting",
            beyond(|s| (s.tasks, s.running) = (vec![], 0)),
            Stage::Refreshing,
        ),
        (
            "code deploy",
            beyond(|s| s.settings.controller = Controller::CodeDeploy),
            Stage::Beyond,
        ),
        (
            "external",
            beyond(|s| s.settings.controller = Controller::External),
            Stage::Beyond,
        ),
        (
            "blue green",
            beyond(|s| s.settings.staged_strategy = Some("BLUE_GREEN".to_owned())),
            Stage::Beyond,
        ),
        (
            "downtime",
            beyond(|s| (s.settings.minimum_percent, s.settings.maximum_percent) = (0, 100)),
            Stage::Beyond,
        ),
        ("daemon", beyond(|s| s.settings.daemon = true), Stage::Beyond),
        (
            "tasks unseen",
            beyond(|s| (s.tasks, s.tasks_listed) = (vec![], false)),
            Stage::Unknown,
        ),
        (
            "tasks unseen, sole young deployment",
            replaced(
                beyond(|s| (s.tasks, s.tasks_listed) = (vec![], false)),
                vec![deployment("n", 40, Rollout::Completed)],
            ),
            Stage::Presumed,
        ),
        (
            "another's deployment since",
            replaced(service(&[-500]), vec![deployment("n", 40, Rollout::InProgress)]),
            Stage::Refreshing,
        ),
        (
            "unhealthy",
            beyond(|s| s.tasks = vec![task(30, "d", Health::Unhealthy), task(30, "d", Health::Healthy)]),
            Stage::Refreshing,
        ),
        (
            "no health check, young",
            beyond(|s| s.tasks = vec![task(45, "d", Health::Unknown), task(45, "d", Health::Unknown)]),
            Stage::Refreshing,
        ),
        (
            "no health check, steady",
            beyond(|s| s.tasks = vec![task(30, "d", Health::Unknown), task(30, "d", Health::Unknown)]),
            Stage::Fresh,
        ),
    ];
    for (what, seen, stage) in table {
        let mut tale = promoted(&orders());
        tale.service(50, &orders(), seen);
        assert_eq!(standing(&tale, 51).stage, stage, "{what}");
    }
}

#[test]
fn a_deployment_from_before_is_waited_for() {
    let mut tale = promoted(&orders());
    tale.service(
        25,
        &orders(),
        replaced(service(&[5]), vec![deployment("old", 5, Rollout::InProgress)]),
    );
    let standing = standing(&tale, 26);
    assert_eq!(
        (standing.stage, standing.why, standing.wants),
        (Stage::Stale, Why::OlderDeployment, None)
    );
}

#[test]
fn proof_by_cause_does_not_need_the_clock() {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500]));
    attempt(&mut tale, &orders(), "x", redeploy(), Some(deployed("d-1")), 26);
    let mut seen = replaced(service(&[22]), vec![deployment("d-1", 22, Rollout::InProgress)]);
    seen.tasks = vec![task(22, "d-1", Health::Healthy)];
    tale.service(60, &orders(), seen);
    let standing = standing(&tale, 61);
    assert_eq!((standing.stage, standing.why), (Stage::Fresh, Why::StartedByUs));
}

#[test]
fn one_more_try_after_a_rollback_by_the_platform_and_no_third() {
    let mut tale = promoted(&orders());
    let rolled_back = || {
        replaced(
            service(&[-500, -500]),
            vec![deployment("d-0", -501, Rollout::Completed)],
        )
    };
    tale.service(25, &orders(), rolled_back());
    attempt(&mut tale, &orders(), "x1", redeploy(), Some(deployed("d-1")), 26);
    tale.service(90, &orders(), rolled_back());
    let again = standing(&tale, 91);
    assert_eq!(
        (again.stage, again.why.clone()),
        (Stage::Stale, Why::RolledBackOnce)
    );
    assert!(again.wants.is_some());
    attempt(&mut tale, &orders(), "x2", redeploy(), Some(deployed("d-2")), 92);
    tale.service(190, &orders(), rolled_back());
    let last = standing(&tale, 191);
    assert_eq!(
        (last.stage, last.why, last.wants),
        (Stage::Beyond, Why::RolledBackTwice, None)
    );
}

#[test]
fn a_write_in_doubt_is_not_repeated_before_two_looks_agree() {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500]));
    let doubt = Outcome::InDoubt {
        why: "cut".to_owned(),
    };
    attempt(&mut tale, &orders(), "x1", redeploy(), Some(doubt), 26);
    tale.service(28, &orders(), service(&[-500]));
    assert_eq!(standing(&tale, 29).wants, None, "too soon after the write");
    tale.service(33, &orders(), service(&[-500]));
    assert_eq!(standing(&tale, 34).wants, None, "the first look that counts");
    tale.service(40, &orders(), service(&[-500]));
    assert_eq!(standing(&tale, 41).wants, None, "not far enough apart");
    tale.service(44, &orders(), service(&[-500]));
    assert!(standing(&tale, 50).wants.is_some(), "{:?}", standing(&tale, 50));
}

#[test]
fn a_write_in_doubt_that_happened_is_done() {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500]));
    attempt(
        &mut tale,
        &orders(),
        "x1",
        redeploy(),
        Some(Outcome::InDoubt {
            why: "cut".to_owned(),
        }),
        26,
    );
    tale.service(
        30,
        &orders(),
        replaced(service(&[-500]), vec![deployment("d-9", 26, Rollout::InProgress)]),
    );
    let standing = standing(&tale, 31);
    assert_eq!((standing.stage, standing.wants), (Stage::Refreshing, None));
    let attempt = &tale.state.consumers[&orders()].attempts[0];
    assert_eq!(
        attempt.outcome.as_ref().map(|(_, outcome)| outcome.clone()),
        Some(deployed("d-9"))
    );
}

#[test]
fn never_healthy_is_a_finding_after_its_deadline() {
    let mut tale = promoted(&orders());
    let mut seen = service(&[30]);
    seen.tasks = vec![task(30, "d-0", Health::Unhealthy)];
    tale.service(50, &orders(), seen.clone());
    assert_eq!(standing(&tale, 51).stage, Stage::Refreshing);
    tale.service(2_000, &orders(), seen);
    assert!(matches!(standing(&tale, 2_001).why, Why::NotInTime { .. }));
}

#[test]
fn a_cache_is_waited_out() {
    let mut tale = promoted(&orders());
    tale.policy.staleness.insert(
        orders(),
        crate::model::Staleness::Wait(jiff::SignedDuration::from_secs(300)),
    );
    assert_eq!(standing(&tale, 100).stage, Stage::Stale);
    assert_eq!(standing(&tale, 400).stage, Stage::Presumed);
}

#[test]
fn brakes_only_lower_the_mode() {
    use crate::model::{Evidence, Mode};
    let table = [
        ("observe", Mode::Observe, false),
        ("hold", Mode::Observe, true),
        ("act", Mode::Observe, false),
    ];
    for (word, mode, held) in table {
        let mut tale = promoted(&orders());
        let mut seen = tale.secret_seen("db", labels("b - a"));
        seen.tags.insert("rotation-watchdog".to_owned(), word.to_owned());
        tale.see(
            30,
            Evidence::Secret {
                secret: arn("db"),
                seen,
            },
        );
        let judgement = tale.judge(31);
        assert_eq!((judgement.mode, judgement.held), (mode, held), "{word}");
    }
}
