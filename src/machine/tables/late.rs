//! What is seen, answered or listed later than it happened.

use jiff::SignedDuration;

use super::admission::admission;
use super::standings::{orders, promoted, redeploy, standing};
use super::world::{Tale, arn, at, millis, service};
use crate::consumers::Why;
use crate::judge::Reason;
use crate::looks::secret_looks;
use crate::model::{AttemptId, Decision, Done, Event, Evidence, LookKey, Outcome, Stage, Step};
use crate::story::rotations::Origin;

/// A redeploy for the latest rotation, and its answer. A suspended process gets it long after the decision.
fn redeployed(tale: &mut Tale, decided: i64, answered: i64) {
    let attempt = AttemptId::new("x1");
    tale.event(Event::Decided(Decision {
        attempt: attempt.clone(),
        write: redeploy(),
        guards: Vec::new(),
        serves: vec![tale.latest(decided).rotation.key],
        at: at(decided),
        deadline: at(decided + 10),
    }));
    let began = Some("d-1".to_owned());
    tale.event(Event::Ended {
        attempt,
        at: at(answered),
        outcome: Outcome::Done(Done::Written { began }),
    });
}

/// A rotation to `b` that was over by 21, as LastChangedDate says, and was seen at 1000.
fn seen_late() -> Tale {
    let mut tale = Tale::new();
    tale.policy.login_test = true;
    tale.uses(&orders(), &["db"])
        .labels(0, "a - z")
        .labels(10, "a b z");
    tale.last_changed = Some(at(20));
    tale.labels(1_000, "b - a")
        .service(1_001, &orders(), service(&[-500]));
    tale
}

#[test]
fn a_promotion_that_was_seen_late_has_its_login_before_it_is_trusted_by_protocol() {
    let mut tale = seen_late();
    let until = millis(1_020_020);
    assert_eq!(
        tale.judge(1_002).waits,
        vec![(orders(), Reason::Proof { until })],
        "proof_wait from when it was seen"
    );
    assert_eq!(
        tale.judge(1_021).waits,
        vec![(orders(), Reason::Proof { until })],
        "it has not been asked yet: the process may have been suspended"
    );
    let mut failing = seen_late();
    failing.login_fails("db", 1_003, "b");
    assert_eq!(failing.judge(1_020).wants.len(), 0);
    assert_eq!(failing.judge(1_021).wants.len(), 1, "not longer");
    tale.login(1_003, "b", true);
    assert_eq!(tale.judge(1_004).wants.len(), 1, "the login came");

    let mut without_logins = seen_late();
    without_logins.policy.login_test = false;
    assert_eq!(without_logins.judge(1_002).wants.len(), 1, "no proof is to come");
}

#[test]
fn the_hourly_cap_counts_a_redeploy_from_when_it_may_have_been_sent_last() {
    let mut tale = promoted(&orders());
    tale.settings.limits.redeploys_per_service_and_hour = 1;
    redeployed(&mut tale, 30, 3_000);
    tale.labels(3_900, "b c a")
        .labels(3_950, "c - b")
        .login(3_951, "c", true)
        .service(3_960, &orders(), service(&[3_010]));
    let capped = admission(&tale, &["db"], 4_000);
    assert_eq!(capped.start, vec![]);
    assert_eq!(
        capped.waits.get(&(arn("db"), orders())),
        Some(&Reason::HourlyCap {
            limit: 1,
            until: at(3_000 + 3_600) + SignedDuration::from_nanos(1)
        })
    );
    assert_eq!(admission(&tale, &["db"], 3_000 + 3_601).start.len(), 1);
}

#[test]
fn a_deployment_that_a_look_too_soon_does_not_list_was_not_rolled_back() {
    let mut tale = promoted(&orders());
    redeployed(&mut tale, 26, 27);
    let mut unlisted_at = |second: i64| {
        tale.service(second, &orders(), service(&[-500, -500]));
        let standing = standing(&tale, second + 1);
        (standing.stage, standing.why)
    };
    assert_eq!(unlisted_at(28), (Stage::Refreshing, Why::Deploying));
    assert_eq!(unlisted_at(31), (Stage::Refreshing, Why::Deploying));
    assert_eq!(unlisted_at(32), (Stage::Stale, Why::RolledBackOnce));
}

#[test]
fn of_an_unwatched_promotion_a_failed_deployment_is_not_repeated_for_tasks_whose_age_is_unknown() {
    let left_behind = |created: i64| {
        let mut tale = Tale::new();
        tale.uses(&orders(), &["db"])
            .labels(0, "a - z")
            .labels(10, "a - z")
            .labels(1_000, "b - a");
        redeployed(&mut tale, 1_010, 1_011);
        tale.service(1_100, &orders(), service(&[created]));
        let standing = standing(&tale, 1_101);
        (standing.stage, standing.why)
    };
    let tasks = 1;
    assert_eq!(left_behind(-500), (Stage::Stale, Why::RolledBackOnce));
    assert_eq!(left_behind(500), (Stage::Unknown, Why::CreatedAround { tasks }));
}

/// DescribeSecret of a secret with a rotation Lambda.
fn labels_with_a_lambda(tale: &mut Tale, second: i64, text: &str) {
    let mut seen = tale.secret_seen("db", super::world::labels(text));
    seen.rotation_lambda = Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned());
    let secret = arn("db");
    tale.see(second, Evidence::Secret { secret, seen });
}

fn asks_the_log(tale: &Tale, second: i64) -> bool {
    let (secret, judgement, now) = (arn("db"), tale.judge(second), at(second));
    let looks = secret_looks(
        &tale.state,
        &secret,
        &judgement,
        &tale.policy,
        &tale.settings,
        now,
    );
    looks.contains_key(&LookKey::Log(secret))
}

#[test]
fn the_log_is_asked_once_more_after_a_promotion_that_was_seen_late() {
    let mut tale = Tale::new();
    labels_with_a_lambda(&mut tale, 0, "a - z");
    tale.line(2, Step::FinishSecret);
    (tale.last_rotated, tale.last_changed) = (Some(at(500)), Some(at(500)));
    labels_with_a_lambda(&mut tale, 1_000, "b - a");
    assert_eq!(tale.latest(1_001).rotation.origin, Origin::Rotation);
    assert!(
        asks_the_log(&tale, 1_001),
        "it was last asked before the promotion"
    );
    tale.line(1_000, Step::FinishSecret);
    assert!(!asks_the_log(&tale, 1_004));
}
