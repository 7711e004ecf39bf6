//! The real loop on simulated accounts. A failure names the seed and the crossing that repeat it.

mod campaign;
mod crashes;
mod defects;
mod events;
mod failures;
mod faults;
mod lockout;
mod prechecks;
mod remembering;
mod roll_forward;
mod rotations;
mod secrecy;
mod side_by_side;
mod standstill;
mod watching;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Mode};
use machine::policy::LambdaMethod;

use super::life::{End, Life};
use super::world::{World, Write};
use super::{Scenario, Stream, Trial, options};

/// After a scenario's last rotation everything has settled by then.
const AFTERWARDS: SignedDuration = SignedDuration::from_mins(12);

pub(super) fn trial(scenario: &Scenario, mode: Mode) -> Trial {
    trial_with(scenario, mode, LambdaMethod::ConfigUpdate)
}

pub(super) fn trial_with(scenario: &Scenario, mode: Mode, method: LambdaMethod) -> Trial {
    Trial::new(scenario.world(), options(mode, method, true)).expect("a journal in memory")
}

pub(super) fn end_of(scenario: &Scenario) -> Timestamp {
    scenario.last_rotation() + AFTERWARDS
}

pub(super) fn live(trial: &Trial, until: Timestamp) -> Life {
    let life = trial.live(until, None).expect("a runtime");
    assert!(matches!(life.end, End::Stopped), "{:?}", life.end);
    life
}

/// Stops a life when a function is asleep.
pub(super) fn trial_asleep(scenario: &Scenario) -> Trial {
    let trial = trial_with(scenario, Mode::Act, LambdaMethod::ConcurrencyCycle);
    let mailer = ConsumerId::function("mailer");
    let end = end_of(scenario);
    while !trial.world().functions[&mailer].is_off() {
        let next = trial.world().now() + SignedDuration::from_secs(1);
        assert!(next < end, "it was never switched off: {}", trial.log.text());
        live(&trial, next);
    }
    trial
}

/// The world after the same time with nobody watching.
pub(super) fn unwatched(scenario: &Scenario, until: Timestamp) -> World {
    let mut world = scenario.world();
    world.advance(until);
    world
}

pub(super) fn writes_of(trial: &Trial, operation: &str) -> Vec<Write> {
    let world = trial.world();
    world
        .writes
        .iter()
        .filter(|write| write.operation == operation)
        .cloned()
        .collect()
}

/// What must hold of an account at the end, whatever happened to the watchdog on the way.
pub(super) fn assert_served(trial: &Trial, scenario: &Scenario, until: Timestamp, context: &str) {
    trial.world().advance(until);
    let wrong = wrong_in(&trial.world(), scenario);
    assert!(
        wrong.is_empty(),
        "{context}:\n{}\nwrites: {:#?}\nlog:\n{}",
        wrong.join("\n"),
        trial.world().writes,
        trial.log.text()
    );
}

fn wrong_in(world: &World, scenario: &Scenario) -> Vec<String> {
    let mut wrong = Vec::new();
    for plan in &scenario.services {
        let redeploys = world
            .writes
            .iter()
            .filter(|write| write.operation == "ecs:UpdateService" && write.subject == plan.id.to_string());
        match redeploys.count() {
            1 => {}
            n => wrong.push(format!("{} was redeployed {n} times", plan.id)),
        }
    }
    for plan in &scenario.functions {
        let function = &world.functions[&ConsumerId::function(&plan.name)];
        if function.reserved != plan.reserved {
            wrong.push(format!(
                "{}: concurrency {:?}, was {:?}",
                plan.name, function.reserved, plan.reserved
            ));
        }
        if !function.tags.is_empty() {
            wrong.push(format!("{} is still tagged", plan.name));
        }
    }
    let consumers = world.services.keys().chain(world.functions.keys());
    wrong.extend(
        consumers
            .filter(|id| world.truth().is_stale(id))
            .map(|id| format!("{id} is stale")),
    );
    let promotion = first_promotion(world);
    let early = world
        .writes
        .iter()
        .filter(|write| promotion.is_none_or(|at| write.at < at));
    wrong.extend(early.map(|write| format!("written before the promotion: {write:?}")));
    wrong
}

fn first_promotion(world: &World) -> Option<Timestamp> {
    world
        .secrets
        .values()
        .filter_map(|secret| secret.promoted.first().copied())
        .min()
}
