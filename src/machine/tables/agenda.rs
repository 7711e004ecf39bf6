//! When consumers and the fleet as a whole are looked at, and what failed is asked again.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::cadence::{DAY, HOUR, MINUTE, SECOND, wait};
use super::standings::{attempt, orders, promoted, redeploy};
use super::world::{Tale, arn, at, function, service};
use crate::admission::{Situation, admit};
use crate::judge::Judgements;
use crate::looks::{Agenda, consumer_looks, fleet_looks};
use crate::model::{
    AttemptId, ConsumerId, Controller, Event, Evidence, Look, LookFailure, LookKey, Scope, ScopeSeen,
    ServiceSeen, SleepTag, Staleness,
};

fn orders_key() -> LookKey {
    LookKey::Consumer(orders())
}

/// The service as it was seen at a second, and how long until it is looked at again.
#[test]
fn a_consumer_is_looked_at_as_closely_as_it_stands() {
    let unhealthy = || {
        let mut seen = service(&[30]);
        seen.tasks[0].running = false;
        seen
    };
    let beyond = || {
        let mut seen = service(&[-500]);
        seen.settings.controller = Controller::External;
        seen
    };
    // A twentieth of the time since the look that showed the promotion.
    let late_by = (621 * SECOND - 21_020) / 20;
    let table: [(&str, ServiceSeen, i64, i128); 9] = [
        ("stale", service(&[-500]), 50, 2 * SECOND),
        ("refreshing", unhealthy(), 50, 2 * SECOND),
        ("fresh, verifying", service(&[30]), 50, 10 * SECOND),
        ("beyond us, verifying", beyond(), 50, 10 * SECOND),
        ("fresh, watched", service(&[30]), 400, 5 * MINUTE),
        ("stale for ten minutes", service(&[-500]), 621, late_by),
        ("refreshing for ten minutes", unhealthy(), 621, late_by),
        ("stale for hours", service(&[-500]), 40_000, 5 * MINUTE),
        ("stale after a day", service(&[-500]), DAY + 400, 5 * MINUTE),
    ];
    for (what, seen, second, expected) in table {
        let mut tale = promoted(&orders());
        tale.service(second, &orders(), seen);
        assert_eq!(wait(&tale, second, &orders_key()), Some(expected), "{what}");
    }
}

/// The time counts anew with each stage.
#[test]
fn a_consumer_that_has_just_become_stale_again_is_looked_at_closely() {
    let mut tale = promoted(&orders());
    for (second, task) in [(50, 30), (1_000, -500)] {
        tale.service(second, &orders(), service(&[task]));
        for fact in tale.judge(second).reached {
            tale.state.learn(fact);
        }
    }
    assert_eq!(wait(&tale, 1_000, &orders_key()), Some(2 * SECOND));
}

#[test]
fn a_consumer_whose_rotation_has_settled_is_looked_at_once_in_this_life() {
    let mut tale = promoted(&orders());
    tale.service(DAY + 100, &orders(), service(&[30]));
    assert_eq!(wait(&tale, DAY + 400, &orders_key()), None);
}

#[test]
fn one_beyond_us_is_looked_at_seldom_while_others_are_refreshed() {
    let mut tale = promoted(&orders());
    let mut beyond = service(&[-500]);
    beyond.settings.controller = Controller::External;
    tale.service(50, &orders(), beyond);
    let other = ConsumerId::service("prod", "other");
    tale.uses(&other, &["db"]).service(50, &other, service(&[-500]));
    assert_eq!(wait(&tale, 50, &orders_key()), Some(5 * MINUTE));
}

/// Each look at a stale service may cost a call for every cluster; a short interval is for what is under way.
#[test]
fn a_stale_consumer_is_looked_at_once_a_second_at_most() {
    let mut tale = promoted(&orders());
    tale.settings.cadence.consumer = SignedDuration::from_millis(100);
    tale.service(40, &orders(), service(&[-500]));
    assert_eq!(wait(&tale, 40, &orders_key()), Some(SECOND));
}

#[test]
fn what_only_time_can_change_is_not_looked_at_again() {
    let mut cached = promoted(&orders());
    let ttl = Staleness::Wait(SignedDuration::from_secs(300));
    cached.policy.staleness.insert(orders(), ttl);
    assert_eq!(wait(&cached, 30, &orders_key()), Some(0), "once");
    cached.service(30, &orders(), service(&[-500]));
    assert_eq!(wait(&cached, 31, &orders_key()), None);
    assert_eq!(wait(&cached, 330, &orders_key()), None, "its cache has expired");

    let named = ConsumerId::declared("report");
    let declared = promoted(&named);
    assert_eq!(
        wait(&declared, 30, &LookKey::Consumer(named)),
        None,
        "nothing to look at"
    );
}

#[test]
fn a_consumer_that_may_be_older_than_the_promotion_is_looked_at_seldom() {
    let mut tale = Tale::new();
    (tale.last_rotated, tale.last_changed) = (Some(at(0)), Some(at(50)));
    tale.uses(&orders(), &["db"]).labels(300, "b - a");
    tale.service(310, &orders(), service(&[20]));
    assert_eq!(wait(&tale, 310, &orders_key()), Some(5 * MINUTE));
}

#[test]
fn services_found_stale_at_the_baseline_are_looked_at_with_each_discovery() {
    let mut tale = Tale::new();
    tale.last_rotated = Some(at(-100_000));
    tale.uses(&orders(), &["db"]).labels(0, "b - a");
    tale.service(2, &orders(), service(&[-200_000]));
    assert_eq!(wait(&tale, 2, &orders_key()), Some(10 * MINUTE));
}

fn fail(tale: &mut Tale, second: i64, key: &LookKey) {
    tale.event(Event::Unseen {
        look: Look::at(at(second)),
        key: key.clone(),
        failure: LookFailure::Throttled,
    });
}

#[test]
fn a_look_that_fails_is_repeated_slower_each_time_up_to_two_minutes() {
    let mut tale = Tale::new();
    let key = LookKey::Secret(arn("db"));
    for expected in [2, 4, 8, 16, 32, 64, 120, 120] {
        fail(&mut tale, 100, &key);
        assert_eq!(wait(&tale, 100, &key), Some(expected * SECOND));
    }
    for _ in 0..40 {
        fail(&mut tale, 100, &key);
    }
    assert_eq!(wait(&tale, 100, &key), Some(2 * MINUTE));
    tale.labels(101, "a - z");
    assert_eq!(wait(&tale, 101, &key), Some(HOUR), "it answered");
}

#[test]
fn a_failure_does_not_make_a_look_come_sooner() {
    let mut tale = Tale::new();
    let key = LookKey::Secret(arn("db"));
    tale.labels(0, "a - z");
    fail(&mut tale, 10, &key);
    assert_eq!(wait(&tale, 10, &key), Some(3_590 * SECOND));
}

/// What the fleet as a whole is due for; discovery of functions, wanted since second 0.
fn fleet(tale: &Tale, second: i64) -> Agenda {
    let judged = tale.state.secrets.keys();
    let judgements: Judgements = judged
        .map(|arn| (arn.clone(), tale.judge_of(arn.name(), second).into()))
        .collect();
    let scopes = BTreeSet::from([Scope::Functions]);
    let situation = Situation {
        now: at(second),
        draining: false,
        journal: true,
    };
    let admission = admit(&tale.state, &judgements, &tale.settings, situation);
    let mut looks = fleet_looks(
        &tale.state,
        &judgements,
        &admission,
        &scopes,
        at(0),
        &tale.settings,
        at(second),
    );
    for consumer in tale.state.consumers.keys() {
        looks.extend(consumer_looks(&tale.state, consumer, &tale.settings, at(second)));
    }
    looks
}

pub(super) fn fleet_wait(tale: &Tale, second: i64, key: &LookKey) -> Option<i128> {
    let due = fleet(tale, second).get(key).copied()?;
    Some(due.duration_since(at(second)).as_millis())
}

fn discovery() -> LookKey {
    LookKey::Discovery(Scope::Functions)
}

fn discover(tale: &mut Tale, second: i64) {
    let (scope, seen) = (Scope::Functions, ScopeSeen::default());
    tale.see(second, Evidence::Scope { scope, seen });
}

#[test]
fn the_sweep_and_discovery_are_due_at_once_and_then_at_their_intervals() {
    let mut tale = Tale::new();
    assert_eq!(fleet_wait(&tale, 5, &LookKey::Sweep), Some(0));
    assert_eq!(fleet_wait(&tale, 5, &discovery()), Some(0));
    tale.sweep(5, &[]);
    discover(&mut tale, 5);
    assert_eq!(fleet_wait(&tale, 5, &LookKey::Sweep), Some(MINUTE));
    assert_eq!(fleet_wait(&tale, 5, &discovery()), Some(10 * MINUTE));
}

#[test]
fn a_discovery_from_before_the_secrets_were_chosen_is_repeated_at_once() {
    let mut tale = Tale::new();
    discover(&mut tale, -1);
    assert_eq!(fleet_wait(&tale, 3, &discovery()), Some(0));
    discover(&mut tale, 0);
    assert_eq!(fleet_wait(&tale, 3, &discovery()), Some(10 * MINUTE - 3 * SECOND));
}

/// Who uses the secret matters from the moment its rotation is seen.
#[test]
fn a_rotation_asks_for_discovery_anew() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    discover(&mut tale, 5);
    assert_eq!(
        fleet_wait(&tale, 5, &discovery()),
        Some(10 * MINUTE),
        "a baseline does not"
    );
    tale.labels(10, "a b z");
    assert_eq!(fleet_wait(&tale, 11, &discovery()), Some(0));
    discover(&mut tale, 11);
    assert_eq!(fleet_wait(&tale, 11, &discovery()), Some(10 * MINUTE));
    tale.labels(21, "b - a").labels(30, "c - b");
    assert_eq!(
        fleet_wait(&tale, 31, &discovery()),
        Some(0),
        "so does a value put by hand"
    );
}

#[test]
fn a_function_is_looked_at_once_an_hour_and_while_it_sleeps_closely() {
    let mailer = ConsumerId::function("mailer");
    let key = LookKey::Consumer(mailer.clone());
    let mut tale = Tale::new();
    tale.uses(&mailer, &["db"]).uses(&orders(), &["db"]);
    assert_eq!(fleet_wait(&tale, 5, &key), Some(0), "it may bear a note");
    assert_eq!(fleet_wait(&tale, 5, &orders_key()), None, "a service does not");
    tale.function(5, &mailer, function(None));
    assert_eq!(fleet_wait(&tale, 6, &key), Some(3_599 * SECOND));
    let mut asleep = function(Some(0));
    asleep.sleep_tag = Some(SleepTag {
        attempt: AttemptId::new("gone"),
        former: None,
        deadline: at(500),
    });
    tale.function(10, &mailer, asleep);
    assert_eq!(fleet_wait(&tale, 10, &key), Some(2 * SECOND));
}

#[test]
fn a_service_whose_write_has_no_answer_is_looked_at_closely() {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500]));
    attempt(&mut tale, &orders(), "x", redeploy(), None, 26);
    assert_eq!(fleet_wait(&tale, 25, &orders_key()), Some(2 * SECOND));
}
