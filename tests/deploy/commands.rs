//! Commands that people are told to run: of the remedies, and of the documents. Each is held to what the AWS CLI takes.

use std::io::Write;
use std::process::{Command, Stdio};

use super::text;

/// The documents whose shell blocks run as they stand.
const DOCUMENTS: &[&str] = &["docs/runbook.md", "docs/alerts-without-prometheus.md"];

/// What is wrong with each command, by `tests/support/check_commands.py`.
fn wrong_with(commands: &[String]) -> Vec<Vec<String>> {
    let mut process = Command::new(".venv/bin/python")
        .arg("tests/support/check_commands.py")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Python environment: scripts/test install");
    let input = serde_json::to_vec(commands).unwrap();
    process.stdin.take().unwrap().write_all(&input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_right(commands: &[String]) {
    for (command, wrong) in commands.iter().zip(wrong_with(commands)) {
        assert!(wrong.is_empty(), "{command}\n{wrong:#?}");
    }
}

/// The machine's own tests hold the list to what its findings say.
#[test]
fn f8_every_command_in_a_remedy_runs_as_it_stands() {
    let corpus = text("tests/corpus/remedies.txt");
    let commands: Vec<String> = corpus
        .lines()
        .map(|line| line.split_once(' ').expect("a kind and a command").1.to_owned())
        .collect();
    assert!(commands.len() > 20, "{commands:?}");
    assert_right(&commands);
}

#[test]
fn g13_every_command_in_the_documents_runs_as_it_stands() {
    for document in DOCUMENTS {
        let text = text(document);
        let blocks = text.split("```sh\n").skip(1);
        let commands: Vec<String> = blocks
            .map(|block| block.split("```").next().unwrap_or_default().to_owned())
            .collect();
        assert!(!commands.is_empty(), "{document}");
        assert_right(&commands);
    }
}

#[test]
fn a_command_that_would_not_run_is_found() {
    let table = [
        ("aws ecs update-servce --cluster a --service b", "no operation"),
        ("aws ecs update-service --cluster a", "service is missing"),
        ("aws ecs update-service --service b --force", "no option --force"),
        ("aws ecs stop-task --task <task>", "sh:"),
        (
            "aws secretsmanager rotate-secret --secret-id a b'c",
            "Unterminated",
        ),
        ("aws secretsmanager rotate-secret --secret-id a b", "2 values"),
        ("aws secretsmanager rotate-secret --secret-id", "has no value"),
        ("aws ecs wait services-stabel --services a", "no waiter"),
        (
            "aws ecs describe-services --services a --query 'services[0'",
            "--query",
        ),
        (
            "aws ecs update-service --service b --deployment-configuration maximumPercents=200",
            "no field",
        ),
        (
            "aws lambda put-function-concurrency --function-name a --reserved-concurrent-executions many",
            "is no number",
        ),
        (
            "sleep 1; aws ecs stop-task --task \"$(aws ecs list-task)\"",
            "no operation",
        ),
        ("redeploy it by hand", "not a command"),
    ];
    let commands = table.map(|(command, _)| command.to_owned());
    for ((command, expected), wrong) in table.iter().zip(wrong_with(&commands)) {
        assert!(wrong.concat().contains(expected), "{command}: {wrong:?}");
    }
}
