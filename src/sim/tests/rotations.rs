//! Whole rotations, seen and served.

use machine::story::phase::Phase;

use super::*;
use crate::sim::life::Disruptions;
use crate::sim::ports::{Fault, FaultKind, Jump};

#[test]
fn a_rotation_ends_with_one_redeploy_and_no_stale_task() {
    let scenario = Scenario::one_service(1);
    let trial = trial(&scenario, Mode::Act);
    let until = end_of(&scenario);
    let life = live(&trial, until);
    assert_served(&trial, &scenario, until, "seed 1");
    let view = life.last.secrets.values().next().expect("one secret");
    let phases: Vec<_> = view
        .judgement
        .rotations
        .iter()
        .map(|rotation| &rotation.phase)
        .collect();
    assert!(
        matches!(phases[..], [Phase::Settled, Phase::Watching]),
        "{phases:?}"
    );
    assert_eq!(view.findings[..], []);
}

/// All series of a metric, added up.
fn counted(life: &Life, series: &str) -> f64 {
    let name = format!("rotation_watchdog_{series}");
    let lines = life.counted.lines().filter(|line| line.starts_with(&name));
    lines
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

/// From setSecret on, and not from our decision: so long somebody was refused.
#[test]
fn f4_each_recovery_is_counted_once_and_lasts_as_long_as_the_outage() {
    for seed in 0..5 {
        let scenario = Scenario::one_service(seed);
        let trial = trial(&scenario, Mode::Act);
        let until = end_of(&scenario);
        let life = live(&trial, until);
        let redeploys = writes_of(&trial, "ecs:UpdateService").len();
        let redeploys = f64::from(u32::try_from(redeploys).expect("a few"));
        let outage = trial.world().outage_seconds();
        let (recoveries, lasted) = (
            counted(&life, "recovery_seconds_count"),
            counted(&life, "recovery_seconds_sum"),
        );
        assert!(
            recoveries > 0.0 && (recoveries - redeploys).abs() < 0.5,
            "seed {seed}: {}",
            life.counted
        );
        // setSecret's line is read two seconds late at most, and the service is looked at every two.
        let look = 2.0 * recoveries;
        assert!(
            lasted > outage - look && lasted < outage + 12.0 * recoveries,
            "seed {seed}: {lasted} s counted, {outage} s of outage"
        );
    }
}

#[test]
fn f4_a_rotation_in_which_a_step_failed_is_counted_as_failed() {
    let mut scenario = Scenario::one_service(1);
    scenario.fail_last(machine::model::Step::TestSecret, 1);
    let trial = trial(&scenario, Mode::Act);
    let life = live(&trial, end_of(&scenario));
    let failed = counted(&life, "rotations_total{result=\"failed\"");
    assert!((failed - 1.0).abs() < 0.5, "{}", life.counted);
}

#[test]
fn an_outage_lasts_only_until_the_new_tasks_are_healthy() {
    for seed in 0..20 {
        let scenario = Scenario::one_service(seed);
        let trial = trial(&scenario, Mode::Act);
        let until = end_of(&scenario);
        live(&trial, until);
        let (with, without) = (
            trial.world().outage_seconds(),
            unwatched(&scenario, until).outage_seconds(),
        );
        let plan = &scenario.services[0];
        let steps = &scenario.secrets[0].rotations[0].steps;
        let unavoidable = (steps[2] + steps[3] + plan.start + plan.health).as_secs_f64();
        // Where nothing but the announced window's looks, ten seconds apart, can tell.
        assert!(
            with >= unavoidable && with < unavoidable + 12.0,
            "seed {seed}: {with} s of outage, {unavoidable} s cannot be avoided"
        );
        assert!(without > 600.0, "seed {seed}: {without} s with nobody watching");
    }
}

#[test]
fn a_clock_that_is_set_back_delays_nothing_though_the_first_answers_are_lost() {
    let scenario = Scenario::one_service(1);
    let trial = trial(&scenario, Mode::Act);
    let until = end_of(&scenario);
    let at = scenario.last_rotation() - SignedDuration::from_secs(12);
    let by = -SignedDuration::from_hours(1);
    let disruptions = Disruptions {
        jumps: vec![Jump { at, by }],
        ..Disruptions::default()
    };
    let lost = |operation| Fault {
        operation,
        times: u32::MAX,
        kind: FaultKind::LostBefore,
        window: Some((at, at + SignedDuration::from_secs(10))),
    };
    let reads = ["secretsmanager:ListSecrets", "secretsmanager:DescribeSecret"];
    trial.faults.lock().expect("no panic").extend(reads.map(lost));
    trial
        .live_through(until, &disruptions, |_| {})
        .expect("the simulation runs");
    assert_served(&trial, &scenario, until, "seed 1");
    let outage = trial.world().outage_seconds();
    assert!(outage < 60.0, "{outage} s: {}", trial.log.text());
}

#[test]
fn both_methods_serve_functions_and_services_alike() {
    for method in [LambdaMethod::ConfigUpdate, LambdaMethod::ConcurrencyCycle] {
        for seed in 0..20 {
            let scenario = Scenario::mixed(seed);
            let trial = trial_with(&scenario, Mode::Act, method);
            let until = end_of(&scenario);
            live(&trial, until);
            assert_served(&trial, &scenario, until, &format!("{method:?}, seed {seed}"));
        }
    }
}

#[test]
fn observing_decides_everything_and_writes_nothing() {
    let scenario = Scenario::mixed(3);
    let trial = trial(&scenario, Mode::Observe);
    let life = live(&trial, end_of(&scenario));
    assert_eq!(trial.world().writes, []);
    let view = life.last.secrets.values().next().expect("one secret");
    let wanted = view
        .judgement
        .rotations
        .iter()
        .flat_map(|rotation| &rotation.consumers)
        .count();
    assert!(wanted >= 4, "{:#?}", view.judgement);
}

#[test]
fn the_same_seed_is_the_same_life() {
    let tell = || {
        let scenario = Scenario::mixed(11);
        let trial = trial_with(&scenario, Mode::Act, LambdaMethod::ConcurrencyCycle);
        let life = live(&trial, end_of(&scenario));
        (
            life.crossings,
            format!("{:?}", life.last),
            trial.world().writes.clone(),
        )
    };
    assert_eq!(tell(), tell());
}

#[test]
fn every_decision_is_durable_before_its_write() {
    let scenario = Scenario::mixed(5);
    let trial = trial_with(&scenario, Mode::Act, LambdaMethod::ConcurrencyCycle);
    live(&trial, end_of(&scenario));
    let decisions = trial
        .facts()
        .expect("a readable journal")
        .into_iter()
        .filter_map(|fact| match fact {
            machine::model::Fact::Decided(decision) => Some(decision),
            _ => None,
        });
    let decisions: Vec<_> = decisions.collect();
    for write in &trial.world().writes {
        let decided = decisions
            .iter()
            .any(|d| d.target().to_string() == write.subject && d.at < write.at && write.at <= d.deadline);
        assert!(decided, "{write:?} without a decision before it: {decisions:#?}");
    }
}
