//! A simulator that cannot fail proves nothing: parts with a defect, each caught by the check meant for it.

mod deciding;
mod events;
mod first;
mod metrics;
mod numbers;
mod outside;
pub(super) mod promotions;
mod rds;
mod resting;
mod secrets;

use std::collections::BTreeSet;

use crate::runtime::Parts;
use crate::sim::campaign::{run_with, shrink_with};
use crate::sim::case::{Case, Part, Profile};

const SEEDS: u64 = 500;

/// The first seed that breaks the rule, and holds without the defect; a failure tells what did not.
#[expect(clippy::print_stdout, reason = "`--show-output` gives the documents' table")]
fn caught_by(rule: &str, profile: Profile, defect: fn(Parts) -> Parts) -> Case {
    let mut cases = (0..SEEDS).map(|seed| Case::generate(seed, profile));
    let case = cases.find(|case| breaks(case, rule, defect));
    let case = case.unwrap_or_else(|| panic!("{rule} held for {SEEDS} seeds, faults {}", profile.name()));
    let seed = case.seed;
    let without = run_with(&case, |parts| parts).expect("a runtime");
    assert_eq!(without.broken, [], "seed {seed}, faults {}", profile.name());
    println!("{rule}: seed {seed}, faults {}", profile.name());
    case
}

fn breaks(case: &Case, rule: &str, defect: fn(Parts) -> Parts) -> bool {
    let outcome = run_with(case, defect).expect("a runtime");
    outcome.broken.iter().any(|broken| broken.rule == rule)
}

/// What is left of a failing case is what it takes: it fails alike, and without any one part of it no more.
#[test]
fn a_failing_case_is_made_as_small_as_it_can_be() {
    let (rule, defect) = ("concurrency-as-it-was", deciding::forgetting);
    let whole = caught_by(rule, Profile::Network, defect);
    let smallest = shrink_with(&whole, rule, defect).expect("a runtime");
    assert!(breaks(&smallest, rule, defect), "{}", smallest.command());
    let scenario = &smallest.scenario;
    assert_eq!(
        (
            scenario.secrets.len(),
            scenario.services.len(),
            scenario.functions.len()
        ),
        (1, 0, 1),
        "{}",
        smallest.command()
    );
    assert!(smallest.faults.is_empty(), "{}", smallest.command());
    let left: Vec<Part> = whole.parts();
    for part in left.into_iter().filter(|part| !smallest.left_out.contains(part)) {
        let parts = [smallest.left_out.clone(), vec![part]].concat();
        let smaller = Case::without(whole.seed, whole.profile, &parts);
        assert!(!breaks(&smaller, rule, defect), "{}", smaller.command());
    }
}

/// Has no defect that 500 seeds would show (docs/proof.md: Random cases).
const UNPROVEN: [&str; 1] = ["a-restart-pages-nobody"];

/// Whoever adds a rule adds a defect that it catches.
#[test]
fn every_rule_has_a_defect() {
    let defects = [
        include_str!("deciding.rs"),
        include_str!("first.rs"),
        include_str!("metrics.rs"),
        include_str!("numbers.rs"),
        include_str!("outside.rs"),
        include_str!("promotions.rs"),
        include_str!("rds.rs"),
        include_str!("resting.rs"),
        include_str!("secrets.rs"),
    ];
    let cases = Profile::ALL
        .into_iter()
        .flat_map(|profile| (0..ASKED).map(move |seed| (seed, profile)));
    let outcomes = cases
        .map(|(seed, profile)| run_with(&Case::generate(seed, profile), |parts| parts).expect("a runtime"));
    let asked: BTreeSet<&str> = outcomes.flat_map(|outcome| outcome.checks.into_keys()).collect();
    let has_defect = |rule: &str| defects.iter().any(|text| text.contains(&format!("\"{rule}\"")));
    let unproven: Vec<&str> = asked.into_iter().filter(|rule| !has_defect(rule)).collect();
    assert_eq!(unproven, UNPROVEN);
}

/// Seeds of each profile, which together ask for every rule.
const ASKED: u64 = 6;
