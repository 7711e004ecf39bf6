//! Kill -9 at every place where the outside can be reached.

use super::*;

/// The time between a crash and the next start differs from crossing to crossing.
fn downtime(crossing: u64) -> SignedDuration {
    const SECONDS: [i64; 5] = [0, 2, 9, 31, 70];
    SignedDuration::from_secs(SECONDS[usize::try_from(crossing % 5).unwrap_or(0)])
}

/// Crashes one life at `crossing`, lives another to the end, and tells whether there was a crash at all.
fn crash_and_go_on(scenario: &Scenario, method: LambdaMethod, crossing: u64) -> bool {
    let trial = trial_with(scenario, Mode::Act, method);
    let until = end_of(scenario);
    let first = trial.live(until, Some(crossing)).expect("a runtime");
    let crashed = matches!(first.end, End::Crashed { .. });
    if crashed {
        let restart = trial.world().now() + downtime(crossing);
        trial.world().advance(restart);
        live(&trial, until + downtime(crossing));
    }
    let context = format!("seed {}, {method:?}, crash at crossing {crossing}", scenario.seed);
    assert_served(&trial, scenario, until + downtime(crossing), &context);
    crashed
}

fn crash_everywhere(scenario: &Scenario, method: LambdaMethod) {
    let crossings = (1..)
        .take_while(|crossing| crash_and_go_on(scenario, method, *crossing))
        .count();
    assert!(crossings > 100, "only {crossings} crossings");
}

#[test]
fn one_service_survives_a_crash_at_every_crossing() {
    crash_everywhere(&Scenario::one_service(1), LambdaMethod::ConfigUpdate);
}

#[test]
fn services_and_functions_survive_a_crash_at_every_crossing() {
    crash_everywhere(&Scenario::mixed(2), LambdaMethod::ConfigUpdate);
}

#[test]
fn functions_switched_off_survive_a_crash_at_every_crossing() {
    crash_everywhere(&Scenario::mixed(3), LambdaMethod::ConcurrencyCycle);
}

/// A container's disk is gone after the crash: what is switched off is found again by its tag.
#[test]
fn functions_switched_off_are_put_back_though_the_journal_is_lost() {
    let scenario = Scenario::mixed(3);
    let until = end_of(&scenario) + SignedDuration::from_mins(20);
    let crossings = trial_with(&scenario, Mode::Act, LambdaMethod::ConcurrencyCycle)
        .live(until, None)
        .expect("a runtime")
        .crossings;
    for crossing in (1..=crossings).step_by(3) {
        let mut trial = trial_with(&scenario, Mode::Act, LambdaMethod::ConcurrencyCycle);
        trial.live(until, Some(crossing)).expect("a runtime");
        trial.lose_disk().expect("a journal in memory");
        live(&trial, until);
        let world = trial.world();
        for plan in &scenario.functions {
            let function = &world.functions[&ConsumerId::function(&plan.name)];
            assert!(
                function.reserved == plan.reserved && function.tags.is_empty(),
                "seed 3, crash at crossing {crossing}: {} is left at {:?}\n{}",
                plan.name,
                function.reserved,
                trial.log.text()
            );
        }
    }
}

/// Three crashes in a row, at places and after pauses that differ from seed to seed.
fn survive_three_crashes(seed: u64) {
    let method = if seed.is_multiple_of(2) {
        LambdaMethod::ConfigUpdate
    } else {
        LambdaMethod::ConcurrencyCycle
    };
    let scenario = Scenario::mixed(seed);
    let trial = trial_with(&scenario, Mode::Act, method);
    let mut until = end_of(&scenario);
    let mut chance = Stream::new(seed, "crashes");
    for _ in 0..3 {
        let crossing = chance.next() % 200 + 1;
        let life = trial.live(until, Some(crossing)).expect("a runtime");
        if matches!(life.end, End::Crashed { .. }) {
            let pause = chance.millis(0, 90_000);
            let restart = trial.world().now() + pause;
            trial.world().advance(restart);
            until += pause;
        }
    }
    live(&trial, until);
    assert_served(
        &trial,
        &scenario,
        until,
        &format!("seed {seed}, {method:?}, three crashes"),
    );
}

#[test]
fn several_crashes_in_a_row_change_nothing() {
    (0..60).for_each(survive_three_crashes);
}

/// So long after the promotion that a first start takes it for the baseline: nothing is wanted, but what sleeps is woken.
#[test]
fn a_function_left_switched_off_is_found_by_its_note_though_the_promotion_is_old() {
    let scenario = Scenario::mixed(12);
    let mut trial = trial_asleep(&scenario);
    trial.lose_disk().expect("a journal in memory");
    let later = trial.world().now() + SignedDuration::from_mins(40);
    trial.world().advance(later);
    live(&trial, later + SignedDuration::from_mins(2));
    for plan in &scenario.functions {
        let function = trial.world().functions[&ConsumerId::function(&plan.name)].clone();
        let left = (function.reserved, function.tags.len());
        assert_eq!(left, (plan.reserved, 0), "{}: {}", plan.name, trial.log.text());
    }
}
