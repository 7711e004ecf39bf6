//! Services by their tasks and deployments: what each look means, to the second.

use super::admission::admission;
use super::agenda::fleet_wait;
use super::staleness::dated;
use super::standings::{attempt, attempt_for, deployed, key, orders, promoted, redeploy, replaced, standing};
use super::world::{Tale, arn, at, deployment, millis, service, task, version};
use crate::consumers::{Standing, Why};
use crate::judge::Reason;
use crate::model::{
    Deployment, Done, Health, LookKey, Mode, NoEffect, Outcome, Rollout, RotationKey, ServiceSeen,
    ServiceSettings, Stage, Task,
};

/// A promotion at second 20: what is younger than second 21 holds the new value. The service was seen at 60.
fn seen(seen: ServiceSeen) -> Standing {
    let mut tale = dated(&orders());
    tale.service(60, &orders(), seen);
    standing(&tale, 61)
}

fn rolling(primary: bool, created: i64, rollout: Rollout) -> Deployment {
    Deployment {
        primary,
        ..deployment("d-1", created, rollout)
    }
}

/// Old tasks, and one deployment.
fn old_with(deployment: Deployment) -> ServiceSeen {
    ServiceSeen {
        deployments: vec![deployment],
        ..service(&[-500])
    }
}

#[test]
fn which_deployment_is_waited_for() {
    let holds_old = Why::HoldsOld { stale: 1, tasks: 1 };
    let table = [
        (rolling(true, 22, Rollout::InProgress), &Why::Deploying),
        (rolling(true, 22, Rollout::Unknown), &Why::Deploying),
        (rolling(true, 22, Rollout::Completed), &holds_old),
        (rolling(true, 22, Rollout::Failed), &holds_old),
        (rolling(false, 22, Rollout::InProgress), &holds_old),
        (rolling(true, 21, Rollout::InProgress), &Why::OlderDeployment),
        (rolling(false, 21, Rollout::InProgress), &holds_old),
        (rolling(true, 21, Rollout::Unknown), &holds_old),
    ];
    for (deployment, why) in table {
        let standing = seen(old_with(deployment.clone()));
        assert_eq!(&standing.why, why, "{deployment:?}");
        assert_eq!(standing.wants.is_some(), *why == holds_old, "{deployment:?}");
    }
}

/// Tasks that cannot be listed, or none at all.
#[test]
fn what_a_service_without_tasks_means() {
    let without = |tasks_listed, running, desired, deployments| ServiceSeen {
        tasks: Vec::new(),
        tasks_listed,
        running,
        settings: ServiceSettings::by_default(desired),
        deployments,
        ..service(&[])
    };
    let sole = |created, rollout| vec![rolling(true, created, rollout)];
    let young = || sole(22, Rollout::Completed);
    let two = [young(), young()].concat();
    let starting = Why::Starting {
        running: 0,
        desired: 2,
    };
    let table = [
        (without(true, 0, 0, vec![]), Why::NothingRuns),
        (without(true, 0, 2, vec![]), starting.clone()),
        (without(true, 1, 2, vec![]), starting),
        (without(false, 0, 0, vec![]), Why::TasksUnseen),
        (without(false, 2, 2, young()), Why::SoleDeploymentAfter),
        (
            without(false, 2, 2, sole(21, Rollout::Completed)),
            Why::TasksUnseen,
        ),
        (
            without(false, 2, 2, sole(22, Rollout::InProgress)),
            Why::TasksUnseen,
        ),
        (without(false, 2, 2, two), Why::TasksUnseen),
    ];
    for (service, why) in table {
        let found = seen(service.clone()).why;
        assert_eq!(found, why, "{service:?}");
    }
}

/// Young tasks as a look that arrives at second 60.02 shows them, of how many that are to run and that do.
#[test]
fn when_young_tasks_are_healthy() {
    let young = |health, running| Task {
        running,
        ..task(30, "d-0", health)
    };
    let healthy = || young(Health::Healthy, true);
    let since = |started| Task {
        started,
        ..young(Health::Unknown, true)
    };
    let steady = || since(Some(millis(45_020)));
    let unhealthy = |healthy, tasks| Why::Unhealthy { healthy, tasks };
    let starting = |running, desired| Why::Starting { running, desired };
    let table = [
        (vec![healthy(), healthy()], 2, 2, Why::CreatedAfter),
        (vec![healthy(), healthy()], 1, 2, Why::CreatedAfter),
        (
            vec![healthy(), young(Health::Healthy, false)],
            1,
            1,
            starting(1, 1),
        ),
        (vec![healthy()], 2, 1, starting(1, 2)),
        (
            vec![healthy(), young(Health::Unhealthy, true)],
            2,
            2,
            unhealthy(1, 2),
        ),
        (vec![steady()], 1, 1, Why::CreatedAfter),
        (vec![since(Some(millis(45_021)))], 1, 1, unhealthy(0, 1)),
        (vec![since(None)], 1, 1, unhealthy(0, 1)),
        (vec![steady()], 1, 0, unhealthy(0, 1)),
    ];
    for (tasks, desired, running, why) in table {
        let service = ServiceSeen {
            settings: ServiceSettings::by_default(desired),
            running,
            tasks: tasks.clone(),
            ..service(&[30])
        };
        assert_eq!(
            seen(service).why,
            why,
            "{desired} desired, {running} run: {tasks:?}"
        );
    }
}

/// Fifteen minutes from whatever began it: the promotion, a deployment, or our own write.
#[test]
fn how_long_a_service_may_take() {
    let unhealthy = |tale: &mut Tale, deployed: i64| {
        let mut seen = service(&[30]);
        seen.tasks[0].health = Health::Unhealthy;
        seen.deployments = vec![deployment("d-0", deployed, Rollout::Completed)];
        tale.service(60, &orders(), seen);
    };
    let assert_ends = |tale: &Tale, end: i64| {
        let before = standing(tale, end - 1);
        assert_eq!((before.stage, before.wake), (Stage::Refreshing, Some(at(end))));
        let after = standing(tale, end);
        assert_eq!(
            (after.stage, after.why),
            (Stage::Beyond, Why::NotInTime { deadline: at(end) })
        );
    };
    let mut tale = dated(&orders());
    unhealthy(&mut tale, -100);
    assert_ends(&tale, 20 + 900);
    unhealthy(&mut tale, 30);
    assert_ends(&tale, 30 + 900);
    attempt(&mut tale, &orders(), "x", redeploy(), Some(deployed("d-1")), 40);
    assert_ends(&tale, 41 + 900);
}

/// Our redeploy was answered with `d-1` at second 41, and old tasks run on. A look within five seconds of it may be too
/// old to list it.
#[test]
fn what_became_of_our_deployment() {
    let table = [
        (60, Some(rolling(true, 41, Rollout::InProgress)), Why::Deploying),
        (60, Some(rolling(true, 21, Rollout::InProgress)), Why::Deploying),
        (41, Some(rolling(true, 21, Rollout::Failed)), Why::RolledBackOnce),
        (40, Some(rolling(true, 21, Rollout::Failed)), Why::Deploying),
        (
            60,
            Some(rolling(false, 21, Rollout::InProgress)),
            Why::RolledBackOnce,
        ),
        (60, None, Why::RolledBackOnce),
        (46, None, Why::RolledBackOnce),
        (45, None, Why::Deploying),
    ];
    for (look, ours, why) in table {
        let mut tale = dated(&orders());
        attempt(&mut tale, &orders(), "x", redeploy(), Some(deployed("d-1")), 40);
        let mut seen = service(&[-500]);
        seen.deployments.extend(ours.clone());
        tale.service(look, &orders(), seen);
        assert_eq!(standing(&tale, 61).why, why, "{ours:?} at {look}");
    }
}

/// Why the service waits at a second, and whether a login is due at once.
fn waits(tale: &Tale, second: i64) -> (Option<Reason>, bool) {
    let login = LookKey::Login(arn("db"), version("b"));
    let waits = admission(tale, &["db"], second).waits;
    let reason = waits.get(&(arn("db"), orders())).cloned();
    (reason, fleet_wait(tale, second, &login) == Some(0))
}

/// The password may be why it was rolled back: it could have changed since the last login.
#[test]
fn a_second_try_waits_for_another_login() {
    let rolled_back = |change: fn(&mut Tale)| {
        let mut tale = promoted(&orders());
        tale.policy.login_test = true;
        change(&mut tale);
        attempt(&mut tale, &orders(), "x", redeploy(), Some(deployed("d-1")), 40);
        let mut seen = service(&[-500]);
        seen.deployments.push(rolling(true, 21, Rollout::Failed));
        tale.service(60, &orders(), seen);
        tale
    };
    let as_it_is = || rolled_back(|_| ());
    let until = millis(80_020);
    assert_eq!(waits(&as_it_is(), 61), (Some(Reason::Proof { until }), true));
    let wake = |second| admission(&as_it_is(), &["db"], second).wake;
    assert_eq!(wake(61), Some(until));
    assert_eq!(wake(81), None, "what has passed is not waited for");

    let mut refused = as_it_is();
    refused.login(61, "b", false);
    assert_eq!(waits(&refused, 62), (Some(Reason::Refused), false));
    let mut accepted = as_it_is();
    accepted.login(61, "b", true);
    assert_eq!(waits(&accepted, 62), (None, false));
    let mut failing = as_it_is();
    failing.login_fails("db", 61, "b");
    assert_eq!(
        waits(&failing, 62),
        (None, false),
        "the proof of before has to do"
    );

    let untested = rolled_back(|tale| tale.policy.login_test = false);
    assert_eq!(waits(&untested, 61), (None, false));
    let observing = rolled_back(|tale| tale.policy.mode = Mode::Observe);
    assert_eq!(waits(&observing, 61), (Some(Reason::Observing), false));
    let capped = rolled_back(|tale| tale.settings.limits.redeploys_per_service_and_hour = 1);
    let (reason, _) = waits(&capped, 61);
    assert!(
        matches!(reason, Some(Reason::HourlyCap { limit: 1, .. })),
        "{reason:?}"
    );
}

/// It waited for another's deployment, say; what the login told may have changed since.
#[test]
fn a_login_proves_a_version_for_five_seconds() {
    let waits_for_a_login = |login: i64, look: i64| {
        let mut tale = promoted(&orders());
        tale.policy.login_test = true;
        tale.login(login, "b", true)
            .service(look, &orders(), service(&[-500]));
        waits(&tale, look + 1).1
    };
    assert!(!waits_for_a_login(30, 35));
    assert!(waits_for_a_login(30, 36));
    assert!(!waits_for_a_login(36, 36));
}

/// The precheck found another's deployment, which a look may not show for some seconds.
#[test]
fn what_was_found_done_is_wanted_again_if_it_does_not_show() {
    let mut tale = dated(&orders());
    let already = Some(Outcome::Done(Done::AlreadySo));
    attempt(&mut tale, &orders(), "x", redeploy(), already, 40);
    tale.service(42, &orders(), service(&[-500]));
    assert_eq!(standing(&tale, 45).why, Why::Deploying);
    assert!(standing(&tale, 46).wants.is_some());
    attempt(&mut tale, &orders(), "y", redeploy(), Some(deployed("d-1")), 50);
    tale.service(60, &orders(), service(&[-500]));
    assert_eq!(standing(&tale, 61).why, Why::RolledBackOnce, "only one was ours");
}

#[test]
fn tasks_of_our_deployment_prove_by_cause_and_others_by_their_time() {
    let by = |created, id| task(created, id, Health::Healthy);
    let table = [
        (vec![by(15, "d-1"), by(15, "d-1")], Some(Why::StartedByUs)),
        (vec![by(15, "d-1"), by(22, "d-0")], Some(Why::CreatedAfter)),
        (vec![by(15, "d-1"), by(15, "d-0")], None),
    ];
    for (tasks, proof) in table {
        let mut tale = dated(&orders());
        attempt(&mut tale, &orders(), "x", redeploy(), Some(deployed("d-1")), 40);
        let service = ServiceSeen {
            tasks: tasks.clone(),
            ..service(&[22, 22])
        };
        tale.service(60, &orders(), service);
        let standing = standing(&tale, 61);
        let fresh = (standing.stage == Stage::Fresh).then_some(standing.why);
        assert_eq!(fresh, proof, "{tasks:?}");
    }
}

#[test]
fn a_rule_may_allow_a_redeploy_with_downtime() {
    let mut tale = dated(&orders());
    let mut daemon = service(&[-500]);
    daemon.settings.daemon = true;
    tale.service(60, &orders(), daemon);
    assert_eq!(standing(&tale, 61).why, Why::Downtime);
    tale.policy.allow_downtime = true;
    assert!(standing(&tale, 61).wants.is_some());
}

#[test]
fn a_try_in_vain_says_when_the_next_one_is_due() {
    let mut tale = dated(&orders());
    tale.service(30, &orders(), service(&[-500]));
    let throttled = Some(Outcome::NoEffect(NoEffect::Throttled));
    for (i, (second, due)) in [(40, 43), (50, 55), (60, 69)].into_iter().enumerate() {
        attempt(
            &mut tale,
            &orders(),
            &format!("x{i}"),
            redeploy(),
            throttled.clone(),
            second,
        );
        let waiting = standing(&tale, due - 1);
        assert_eq!(
            (waiting.stage, waiting.wake, waiting.wants),
            (Stage::Stale, Some(at(due)), None)
        );
        assert!(standing(&tale, due).wants.is_some());
    }
}

/// A deployment for another secret would have given the service this value too.
#[test]
fn what_was_rolled_back_for_another_secret_is_repeated_once_as_well() {
    let tried_for_another_at = |second| {
        let mut tale = promoted(&orders());
        let other = RotationKey {
            secret: arn("queue"),
            ..key()
        };
        let rolled_back = || {
            replaced(
                service(&[-500]),
                vec![deployment("d-0", -501, Rollout::Completed)],
            )
        };
        let written = Some(deployed("d-1"));
        attempt_for(
            &mut tale,
            vec![other],
            &orders(),
            "x1",
            redeploy(),
            written,
            second,
        );
        tale.service(90, &orders(), rolled_back());
        let again = standing(&tale, 91);
        attempt(&mut tale, &orders(), "x2", redeploy(), Some(deployed("d-2")), 92);
        tale.service(190, &orders(), rolled_back());
        (again.why, standing(&tale, 191).why)
    };
    let holds_old = Why::HoldsOld { stale: 1, tasks: 1 };
    assert_eq!(
        tried_for_another_at(26),
        (Why::RolledBackOnce, Why::RolledBackTwice)
    );
    assert_eq!(tried_for_another_at(10), (holds_old, Why::RolledBackOnce));
}
