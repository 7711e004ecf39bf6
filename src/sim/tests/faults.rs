//! Calls that fail, and calls whose answers are lost.

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
            };
            serve_with(&fault, LambdaMethod::ConcurrencyCycle, 6);
        }
    }
    for kind in [FaultKind::LostAfter, FaultKind::LostBefore, FaultKind::Throttled] {
        let fault = Fault {
            operation: "lambda:UpdateFunctionConfiguration",
            times: 1,
            kind,
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
    };
    trial.faults.lock().expect("no panic").push(denied);
    let life = live(&trial, end_of(&scenario));
    let findings = life.last.all_findings();
    assert!(
        findings
            .iter()
            .any(|finding| format!("{finding:?}").contains("lambda:ListFunctions")),
        "{findings:#?}"
    );
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
    };
    serve_with(&fault, LambdaMethod::ConfigUpdate, 6);
}
