//! A simulator that cannot fail proves nothing: parts with a defect, each caught by the check meant for it.

mod deciding;
mod outside;
mod resting;
mod secrets;

use crate::runtime::Parts;
use crate::sim::campaign::run_with;
use crate::sim::case::{Case, Profile};

const SEEDS: u64 = 500;

/// The first seed that breaks the rule, and holds without the defect; a failure tells what did not.
#[expect(clippy::print_stdout, reason = "`--show-output` gives the documents' table")]
fn caught_by(rule: &str, profile: Profile, defect: fn(Parts) -> Parts) {
    let is_caught = |seed: &u64| {
        let outcome = run_with(&Case::generate(*seed, profile), defect).expect("a runtime");
        outcome.broken.iter().any(|broken| broken.rule == rule)
    };
    let seed = (0..SEEDS).find(is_caught);
    let seed = seed.unwrap_or_else(|| panic!("{rule} held for {SEEDS} seeds, faults {}", profile.name()));
    let without = run_with(&Case::generate(seed, profile), |parts| parts).expect("a runtime");
    assert_eq!(without.broken, [], "seed {seed}, faults {}", profile.name());
    println!("{rule}: seed {seed}, faults {}", profile.name());
}
