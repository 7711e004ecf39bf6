//! What the options of `simulate` are taken for.

use clap::Parser;

use super::super::{Cli, Command};
use super::*;
use crate::sim::case::Profile;

fn parsed(options: &str) -> Result<SimulateArgs, String> {
    let line = format!("rotation-watchdog simulate {options}");
    match Cli::try_parse_from(line.split_whitespace()) {
        Ok(Cli {
            command: Command::Simulate(args),
        }) => Ok(args),
        Ok(_) => panic!("{line}: another command"),
        Err(error) => Err(error.to_string()),
    }
}

fn args(options: &str) -> SimulateArgs {
    parsed(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Without how to ask for help, which is the same for each.
fn refused(options: &str) -> String {
    let error = parsed(options)
        .err()
        .unwrap_or_else(|| format!("{options} was taken"));
    let said = error
        .lines()
        .take_while(|line| !line.starts_with("Usage") && !line.starts_with("For more"));
    format!("{options}\n{}\n", said.collect::<Vec<_>>().join("\n").trim_end())
}

#[test]
fn options_that_do_not_go_together_or_have_no_meaning_are_refused() {
    let all = [
        "--seeds 0..5 --trace",
        "--seeds 0..5 --without fault.0",
        "--seeds 0..5 --seed 1",
        "--trace",
        "--without fault.0",
        "--seed 1 --trace --json",
        "--seed 1 --without planet.1",
        "--seed x",
        "--seed 18446744073709551616",
        "--seeds a..b",
        "--seeds 7",
        "--seeds 5..1",
        "--seeds 5..5",
        "--jobs 0",
        "--failures 0",
        "--faults earthquake",
    ];
    insta::assert_snapshot!(all.map(refused).join("\n"));
}

#[test]
fn a_part_that_the_case_does_not_have_is_told_with_those_it_has() {
    let check = |options: &str| args(options).check();
    let told = check("--seed 7 --faults network --without secret.0,fault.99").expect_err("a part too many");
    insta::assert_snapshot!(told);
    assert_eq!(check("--seed 7 --faults network --without secret.0"), Ok(()));
}

#[test]
fn the_last_seed_of_all_is_one_seed() {
    assert_eq!(args(&format!("--seed {}", u64::MAX)).span(), (u64::MAX, 1));
    assert_eq!(args("--seeds 5..8").span(), (5, 3));
}

#[test]
fn the_line_to_paste_repeats_the_case() {
    let case = Case::generate(7, Profile::Crash);
    let parts = case.parts();
    for left_out in [&parts[..0], &parts[..1], &parts[..]] {
        let case = Case::without(7, Profile::Crash, left_out);
        let line = case.command();
        let options = line
            .strip_prefix("rotation-watchdog simulate ")
            .expect("the command");
        let args = args(options);
        assert!(args.trace, "{line}");
        assert_eq!((args.span(), args.faults), ((7, 1), Profile::Crash), "{line}");
        assert_eq!(args.without, left_out, "{line}");
        assert_eq!(args.check(), Ok(()));
    }
}

#[test]
fn the_summary_has_the_totals_that_a_script_wants() {
    let mut out = Vec::new();
    let code = run(&args("--seeds 0..4 --faults crash --json --jobs 2"), &mut out).expect("it runs");
    let told: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(
        (code, &told["seeds"], &told["seeds_failed"]),
        (0, &4.into(), &0.into()),
        "{told}"
    );
    let number = |pointer: &str| {
        let value = told.pointer(pointer).and_then(serde_json::Value::as_f64);
        value.unwrap_or_else(|| panic!("no {pointer} in {told}"))
    };
    let saved = number("/outage_seconds/without") - number("/outage_seconds/with");
    assert!((number("/outage_seconds/saved") - saved).abs() < 0.001, "{told}");
    let met = told["faults_met"].as_object().expect("by kind");
    let ended = ["killed", "terminated"].map(|kind| met.get(kind).and_then(|n| n.as_f64()).unwrap_or(0.0));
    let ended: f64 = ended.iter().sum();
    assert!(ended >= 1.0, "{told}");
    assert!((number("/crashes") - ended).abs() < 0.5, "{told}");
    for rate in [
        "/checks_made",
        "/rotations_per_second",
        "/rotations_per_core_and_minute",
    ] {
        assert!(number(rate) > 0.0, "{rate}: {told}");
    }
}
