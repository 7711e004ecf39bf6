//! What must change nothing: restarts, first starts, values put by hand, the brake.

use super::*;

#[test]
fn a_restart_with_nothing_to_do_does_nothing() {
    let scenario = Scenario::mixed(7);
    let trial = trial(&scenario, Mode::Act);
    let until = end_of(&scenario);
    live(&trial, until);
    let before = trial.world().writes.clone();
    for days in [0, 1, 2] {
        let until = trial.world().now() + SignedDuration::from_mins(20);
        live(&trial, until);
        assert_eq!(
            trial.world().writes,
            before,
            "after {days} days: {}",
            trial.log.text()
        );
        let next_day = until + SignedDuration::from_hours(24);
        trial.world().advance(next_day);
    }
}

#[test]
fn a_first_start_after_a_rotation_restarts_nobody() {
    let scenario = Scenario::mixed(7);
    let trial = trial(&scenario, Mode::Act);
    let late = scenario.last_rotation() + SignedDuration::from_mins(40);
    trial.world().advance(late);
    live(&trial, late + SignedDuration::from_mins(20));
    assert_eq!(trial.world().writes, []);
}

#[test]
fn a_first_start_right_after_a_rotation_serves_its_consumers() {
    let scenario = Scenario::mixed(7);
    let trial = trial(&scenario, Mode::Act);
    let soon = scenario.last_rotation() + SignedDuration::from_mins(3);
    trial.world().advance(soon);
    let until = soon + SignedDuration::from_mins(20);
    live(&trial, until);
    assert_served(&trial, &scenario, until, "seed 7");
}

#[test]
fn a_value_put_by_hand_that_nobody_can_log_in_with_restarts_nobody() {
    let mut scenario = Scenario::one_service(9);
    let by_hand = scenario.last_rotation() + SignedDuration::from_mins(30);
    scenario.secrets[0].rotations.clear();
    scenario.secrets[0].manual_puts.push(by_hand);
    let trial = trial(&scenario, Mode::Act);
    let life = live(&trial, by_hand + SignedDuration::from_mins(20));
    assert_eq!(trial.world().writes, []);
    let view = life.last.secrets.values().next().expect("one secret");
    assert!(!view.findings.is_empty(), "{view:?}");
}

#[test]
fn the_brake_on_a_secret_holds_its_remediations() {
    for brake in ["observe", "hold"] {
        let scenario = Scenario::mixed(7);
        let trial = trial(&scenario, Mode::Act);
        for secret in trial.world().secrets.values_mut() {
            secret
                .tags
                .insert("rotation-watchdog".to_owned(), brake.to_owned());
        }
        live(&trial, end_of(&scenario));
        assert_eq!(trial.world().writes, [], "{brake}");
    }
}

/// A secret that rotates more seldom than the journal remembers.
#[test]
fn a_restart_after_the_records_of_a_rotation_were_dropped_does_nothing() {
    for method in [LambdaMethod::ConfigUpdate, LambdaMethod::ConcurrencyCycle] {
        let scenario = Scenario::mixed(7);
        let mut trial = trial_with(&scenario, Mode::Act, method);
        trial.options.retention = SignedDuration::from_hours(1);
        live(&trial, end_of(&scenario) + SignedDuration::from_hours(13));
        let before = trial.world().writes.clone();
        let kept = trial.facts().expect("a readable journal").len();
        let later = trial.world().now() + SignedDuration::from_mins(20);
        live(&trial, later);
        assert_eq!(
            trial.world().writes,
            before,
            "{method:?}: {kept} records were kept: {}",
            trial.log.text()
        );
    }
}
