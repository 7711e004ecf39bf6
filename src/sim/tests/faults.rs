//! Calls that fail, and calls whose answers are lost.

use machine::findings::Kind;

use super::*;
use crate::sim::ports::{Fault, FaultKind};

const WRITES: [&str; 5] = [
    "ecs:UpdateService",
    "lambda:TagResource",
    "lambda:PutFunctionConcurrency",
    "lambda:DeleteFunctionConcurrency",
    "lambda:UntagResource",
];

fn serve_with(fault: &Fault, method: LambdaMethod, seed: u64) {
    let scenario = Scenario::mixed(seed);
    let trial = trial_with(&scenario, Mode::Act, method);
    trial.faults.lock().expect("no panic").push(fault.clone());
    let until = end_of(&scenario);
    live(&trial, until);
    assert_served(
        &trial,
        &scenario,
        until,
        &format!("seed {seed}, {method:?}, {fault:?}"),
    );
}

#[test]
fn a_write_whose_answer_is_lost_is_looked_at_and_not_repeated_blindly() {
    for operation in WRITES {
        for kind in [FaultKind::LostAfter, FaultKind::LostBefore, FaultKind::Throttled] {
            let fault = Fault {
                operation,
                times: 1,
                kind,
                window: None,
            };
            serve_with(&fault, LambdaMethod::ConcurrencyCycle, 6);
        }
    }
    for kind in [FaultKind::LostAfter, FaultKind::LostBefore, FaultKind::Throttled] {
        let fault = Fault {
            operation: "lambda:UpdateFunctionConfiguration",
            times: 1,
            kind,
            window: None,
        };
        serve_with(&fault, LambdaMethod::ConfigUpdate, 6);
    }
}

#[test]
fn reads_that_fail_for_a_while_delay_and_lose_nothing() {
    let reads = [
        "secretsmanager:ListSecrets",
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecretVersionIds",
        "logs:FilterLogEvents",
        "ecs:DescribeServices",
        "lambda:GetFunction",
        "lambda:ListFunctions",
    ];
    for operation in reads {
        for kind in [FaultKind::LostBefore, FaultKind::Throttled] {
            let fault = Fault {
                operation,
                times: 5,
                kind,
                window: None,
            };
            serve_with(&fault, LambdaMethod::ConfigUpdate, 8);
        }
    }
}

#[test]
fn a_denied_read_is_a_finding_that_names_the_action() {
    let scenario = Scenario::mixed(8);
    let trial = trial(&scenario, Mode::Act);
    let denied = Fault {
        operation: "lambda:ListFunctions",
        times: u32::MAX,
        kind: FaultKind::Denied,
        window: None,
    };
    trial.faults.lock().expect("no panic").push(denied);
    let life = live(&trial, end_of(&scenario));
    let findings = life.last.open_findings();
    assert!(
        findings
            .iter()
            .any(|finding| format!("{finding:?}").contains("lambda:ListFunctions")),
        "{findings:#?}"
    );
    let log = trial.log.text();
    let told = log
        .lines()
        .filter(|line| line.contains("finding: Lambda functions: cannot be looked at"));
    assert_eq!(told.count(), 1, "once, when it comes:\n{log}");
    assert_eq!(
        writes_of(&trial, "ecs:UpdateService").len(),
        2,
        "the rest goes on"
    );
}

#[test]
fn throttled_redeploys_do_not_use_up_the_hour() {
    let fault = Fault {
        operation: "ecs:UpdateService",
        times: 8,
        kind: FaultKind::Throttled,
        window: None,
    };
    serve_with(&fault, LambdaMethod::ConfigUpdate, 6);
}

#[test]
fn a_full_disk_stops_decisions_but_not_putting_back() {
    let scenario = Scenario::mixed(12);
    let trial = trial_asleep(&scenario);
    let full = Fault {
        operation: "journal.commit",
        times: u32::MAX,
        kind: FaultKind::Full,
        window: None,
    };
    trial.faults.lock().expect("no panic").push(full);
    let begun = writes_of(&trial, "lambda:TagResource").len();
    let until = end_of(&scenario);
    let life = live(&trial, until);
    for plan in &scenario.functions {
        let function = trial.world().functions[&ConsumerId::function(&plan.name)].clone();
        assert_eq!(
            function.reserved,
            plan.reserved,
            "{}: {}",
            plan.name,
            trial.log.text()
        );
        assert!(function.tags.is_empty(), "{}: {}", plan.name, trial.log.text());
    }
    assert_eq!(
        writes_of(&trial, "lambda:TagResource").len(),
        begun,
        "nothing more is decided"
    );
    assert!(
        life.last
            .open_findings()
            .iter()
            .any(|finding| finding.kind == Kind::Journal)
    );
    trial.faults.lock().expect("no panic").clear();
    let later = until + SignedDuration::from_mins(5);
    live(&trial, later);
    assert_served(&trial, &scenario, later, "seed 12, after the disk was full");
}

#[test]
fn switched_to_observe_what_is_off_is_put_back_at_once() {
    let scenario = Scenario::mixed(12);
    let mut trial = trial_asleep(&scenario);
    trial.options = options(Mode::Observe, LambdaMethod::ConcurrencyCycle, true);
    let soon = trial.world().now() + SignedDuration::from_secs(6);
    live(&trial, soon);
    for plan in &scenario.functions {
        let function = trial.world().functions[&ConsumerId::function(&plan.name)].clone();
        assert_eq!(
            function.reserved,
            plan.reserved,
            "{}: {}",
            plan.name,
            trial.log.text()
        );
    }
}
