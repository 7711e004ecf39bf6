//! Seeds by the hundred, over every profile of faults, and every seed that ever failed.

use crate::sim::campaign::{run, shrink};
use crate::sim::case::{Case, Profile};

/// Seeds of each profile in every test run; `rotation-watchdog simulate` runs as many as one likes.
const SEEDS: u64 = 400;

/// Seeds of each profile that are run twice.
const STORIES: u64 = 8;

fn holds_for(seed: u64, profile: Profile) {
    let case = Case::generate(seed, profile);
    let outcome = run(&case).expect("a runtime");
    let Some(broken) = outcome.broken.first() else {
        return;
    };
    let smallest = shrink(&case, broken.rule).expect("a runtime");
    panic!(
        "seed {seed}, faults {}: {:#?}\n{}",
        profile.name(),
        outcome.broken,
        smallest.command()
    );
}

fn holds(profile: Profile) {
    for seed in 0..SEEDS {
        holds_for(seed, profile);
    }
}

#[test]
fn every_rule_holds_without_faults() {
    holds(Profile::None);
}

#[test]
fn every_rule_holds_whatever_the_network_does() {
    holds(Profile::Network);
}

#[test]
fn every_rule_holds_over_crashes() {
    holds(Profile::Crash);
}

#[test]
fn every_rule_holds_with_a_full_disk() {
    holds(Profile::Disk);
}

#[test]
fn every_rule_holds_whatever_the_clock_does() {
    holds(Profile::Clock);
}

#[test]
fn every_rule_holds_with_everything_at_once() {
    holds(Profile::All);
}

#[test]
fn every_rule_holds_with_all_of_it_in_the_seconds_that_matter() {
    holds(Profile::Moments);
}

#[test]
fn every_rule_holds_over_rotations_that_fail() {
    holds(Profile::Failures);
}

/// Design rule 6: nothing depends on anything but the seed.
#[test]
fn the_same_seed_tells_the_same_story() {
    for profile in Profile::ALL {
        for seed in 0..STORIES {
            let tell = || run(&Case::generate(seed, profile)).expect("a runtime").story;
            assert!(tell() == tell(), "seed {seed}, faults {}", profile.name());
        }
    }
}

#[test]
fn every_seed_that_ever_failed_holds() {
    let seeds = include_str!("../../../tests/seeds.txt");
    for line in seeds.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let profile = words.next().and_then(|word| word.parse().ok());
        let seed = words.next().and_then(|word| word.parse().ok());
        let (Some(profile), Some(seed)) = (profile, seed) else {
            panic!("tests/seeds.txt: FAULTS SEED WHY, not {line:?}");
        };
        holds_for(seed, profile);
    }
}
