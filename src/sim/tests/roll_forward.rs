//! Rotations that fail after setSecret, and are finished by the watchdog.

use machine::model::{Step, VersionId};
use machine::policy::RollForward;

use super::defects::promotions::unguarded;
use super::*;
use crate::runtime::Parts;
use crate::sim::scenario::arn;
use crate::sim::world::{Kind, Mover};
use crate::sim::{options_of, policy};

fn acting(one_account: bool) -> crate::runtime::Options {
    let rolling = RollForward {
        acts: true,
        one_account,
        by_rule_host: false,
    };
    options_of(machine::policy::Policy {
        roll_forward: rolling,
        ..policy(Mode::Act, LambdaMethod::ConfigUpdate, true)
    })
}

fn trial_of(scenario: &Scenario) -> Trial {
    Trial::new(scenario.world(), acting(false)).expect("a journal in memory")
}

/// Who moved AWSCURRENT, in order.
fn moves(world: &World) -> Vec<(VersionId, Mover)> {
    let secret = arn("shop/mysql");
    let moves = world.secrets[&secret].moves.iter();
    moves.map(|moved| (moved.to.clone(), moved.by)).collect()
}

fn failing(step: Step) -> Scenario {
    let mut scenario = Scenario::mixed(7);
    scenario.fail_last(step, u32::MAX);
    scenario
}

#[test]
fn a_rotation_that_failed_its_test_is_finished_and_everybody_recovers() {
    let scenario = failing(Step::TestSecret);
    let trial = trial_of(&scenario);
    let until = end_of(&scenario);
    live(&trial, until);
    let world = trial.world();
    assert_eq!(moves(&world).len(), 1, "{}", trial.log.text());
    assert_eq!(moves(&world)[0].1, Mover::Watchdog);
    let open: Vec<_> = world
        .outages
        .iter()
        .filter(|(_, outage)| outage.is_open())
        .collect();
    assert!(open.is_empty(), "{open:?}");
    let alone = unwatched(&scenario, until).outage_seconds();
    assert!(
        world.outage_seconds() < alone / 4.0,
        "{} s with the watchdog, {alone} s without",
        world.outage_seconds()
    );
}

/// The account of AWSCURRENT lost its password by itself, and AWSPENDING is of the other user.
fn broken_alternation(change: fn(Parts) -> Parts) -> (Vec<(VersionId, Mover)>, String) {
    let mut scenario = failing(Step::TestSecret);
    scenario.secrets[0].kind = Kind::AlternatingUsers { engine: "MySQL" };
    let mut trial = trial_of(&scenario);
    trial.change = change;
    let secret = arn("shop/mysql");
    let is_set = |world: &World| world.secrets[&secret].accepted.contains_key("app_clone");
    while !is_set(&trial.world()) {
        let next = trial.world().now() + SignedDuration::from_secs(1);
        assert!(
            next < end_of(&scenario),
            "setSecret never ran: {}",
            trial.log.text()
        );
        live(&trial, next);
    }
    if let Some(secret) = trial.world().secrets.get_mut(&secret) {
        secret.accepted.insert("app".to_owned(), "of somebody".to_owned());
    }
    live(&trial, end_of(&scenario));
    let moved = moves(&trial.world());
    (moved, trial.log.text())
}

#[test]
fn alternating_users_are_left_to_people() {
    let (moved, log) = broken_alternation(|parts| parts);
    assert_eq!(moved, [], "{log}");
    assert!(log.contains("they differ in `username`"), "{log}");
    // Only the guard keeps it from being done: without it the label moves.
    let (moved, log) = broken_alternation(unguarded);
    assert!(moved.iter().any(|(_, by)| *by == Mover::Watchdog), "{log}");
}

#[test]
fn a_rotation_that_may_have_left_an_account_behind_is_left_to_people() {
    let scenario = failing(Step::SetSecret);
    let trial = trial_of(&scenario);
    live(&trial, end_of(&scenario));
    assert_eq!(moves(&trial.world()), []);
}
