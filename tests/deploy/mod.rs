//! What a team takes into its own infrastructure: parsed, and held to what the program asks for.

mod alerts;
mod commands;
mod prometheus;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::layers::source::{root, sources};

const OBSERVE: &str = "observe.json";
const ACT: &str = "act.json";
const LOGIN_TESTS: &str = "login-tests.json";
const ROLL_FORWARD: &str = "roll-forward.json";
const EVENTS: &str = "events.json";

/// Each operation that the ports ask of AWS, and the policy that allows it.
const OPERATIONS: &[(&str, &str)] = &[
    ("cloudwatch:GetMetricData", OBSERVE),
    ("cloudwatch:ListMetrics", OBSERVE),
    ("ecs:DescribeServices", OBSERVE),
    ("ecs:DescribeTaskDefinition", OBSERVE),
    ("ecs:DescribeTasks", OBSERVE),
    ("ecs:GetTaskProtection", OBSERVE),
    ("ecs:ListClusters", OBSERVE),
    ("ecs:ListServices", OBSERVE),
    ("ecs:ListTasks", OBSERVE),
    ("ecs:UpdateService", ACT),
    ("lambda:DeleteFunctionConcurrency", ACT),
    ("lambda:GetFunction", OBSERVE),
    ("lambda:GetFunctionConcurrency", OBSERVE),
    ("lambda:GetFunctionConfiguration", OBSERVE),
    ("lambda:ListAliases", OBSERVE),
    ("lambda:ListFunctions", OBSERVE),
    ("lambda:ListProvisionedConcurrencyConfigs", OBSERVE),
    ("lambda:PutFunctionConcurrency", ACT),
    ("lambda:TagResource", ACT),
    ("lambda:UntagResource", ACT),
    ("lambda:UpdateFunctionConfiguration", ACT),
    ("logs:FilterLogEvents", OBSERVE),
    ("rds:DescribeDBClusters", OBSERVE),
    ("rds:DescribeDBInstances", OBSERVE),
    ("rds:DescribeDBProxies", OBSERVE),
    ("rds:DescribeEvents", OBSERVE),
    ("secretsmanager:DescribeSecret", OBSERVE),
    ("secretsmanager:GetSecretValue", LOGIN_TESTS),
    ("secretsmanager:ListSecretVersionIds", OBSERVE),
    ("secretsmanager:ListSecrets", OBSERVE),
    ("secretsmanager:UpdateSecretVersionStage", ROLL_FORWARD),
    ("sqs:DeleteMessage", EVENTS),
    ("sqs:GetQueueAttributes", EVENTS),
    ("sqs:ReceiveMessage", EVENTS),
];

/// Rights that are not operations: without it GetFunction hides the tags.
const EXTRA: &[(&str, &str)] = &[("lambda:ListTags", OBSERVE)];

#[test]
fn the_policies_allow_what_is_asked_and_no_more() {
    for policy in [OBSERVE, ACT, LOGIN_TESTS, ROLL_FORWARD, EVENTS] {
        let asked: BTreeSet<String> = OPERATIONS
            .iter()
            .chain(EXTRA)
            .filter(|(_, file)| *file == policy)
            .map(|(action, _)| (*action).to_owned())
            .collect();
        let allowed: BTreeSet<String> = statements(policy).iter().flat_map(actions).collect();
        assert_eq!(allowed, asked, "{policy}");
    }
}

/// How the SDK's clients name their operations: `client.list_secrets()`.
#[test]
fn the_adapters_ask_only_what_the_policies_know() {
    let verbs = [
        "delete_",
        "describe_",
        "filter_",
        "get_",
        "list_",
        "put_",
        "receive_",
        "tag_",
        "untag_",
        "update_",
    ];
    let known: BTreeSet<String> = OPERATIONS.iter().map(|(action, _)| snake(action)).collect();
    let mut called = BTreeSet::new();
    for source in sources("src/aws") {
        let calls = source
            .code
            .split('.')
            .skip(1)
            .filter_map(|text| text.split_once("()"));
        let operations = calls
            .map(|(name, _)| name.trim())
            .filter(|name| verbs.iter().any(|verb| name.starts_with(verb)))
            .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        // One right allows a call and its batch.
        called.extend(operations.map(|name| name.trim_end_matches("_batch").to_owned()));
    }
    assert_eq!(called, known);
}

/// `ecs:ListTasks` is `list_tasks`, and `rds:DescribeDBProxies` is `describe_db_proxies`.
fn snake(action: &str) -> String {
    let (_, name) = action.split_once(':').unwrap();
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (i, c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| letters[i]);
        let begins_a_word = before.is_some_and(|c| c.is_ascii_lowercase())
            || before.is_some() && letters.get(i + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && begins_a_word {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The right to restart is a right to change the task definition too: only what is tagged may be written, or read.
#[test]
fn writes_and_values_need_a_tag() {
    for (policy, tag) in [
        (ACT, "rotation-watchdog-may-act"),
        (LOGIN_TESTS, "rotation-watchdog-may-read"),
        (ROLL_FORWARD, "rotation-watchdog-may-promote"),
    ] {
        for statement in statements(policy) {
            let key = format!("aws:ResourceTag/{tag}");
            let condition = &statement["Condition"]["StringEquals"][&key];
            assert_eq!(condition, "true", "{policy}: {statement}");
        }
    }
    let note = machine::model::SleepTag::KEY;
    let tagging = statements(ACT)
        .into_iter()
        .find(|statement| actions(statement).any(|a| a == "lambda:TagResource"));
    let keys = &tagging.unwrap()["Condition"]["ForAllValues:StringEquals"]["aws:TagKeys"];
    assert_eq!(*keys, serde_json::json!([note]));
}

/// AWSPENDING and a label of a team's own stay where they are: only AWSCURRENT may be moved.
#[test]
fn roll_forward_moves_awscurrent_alone() {
    for statement in statements(ROLL_FORWARD) {
        let stages = &statement["Condition"]["ForAnyValue:StringEquals"]["secretsmanager:VersionStage"];
        assert_eq!(stages, "AWSCURRENT", "{statement}");
    }
}

#[test]
fn the_service_never_runs_two() {
    let file = ecs("service.json");
    let service = &file["service"];
    assert_eq!(service["desiredCount"], 1);
    assert_eq!(service["deploymentConfiguration"]["minimumHealthyPercent"], 0);
    assert_eq!(service["deploymentConfiguration"]["maximumPercent"], 100);
}

/// The folder, the user and the health check stand in the Dockerfile too.
#[test]
fn containers_fit_the_image() {
    let dockerfile = fs::read_to_string(root().join("Dockerfile")).unwrap();
    let alone = ecs("service.json");
    for task in [&alone["taskDefinition"], &ecs("sidecar.json")] {
        let container = &task["containerDefinitions"][0];
        assert_eq!(container["stopTimeout"], 120);
        let user = container["user"].as_str().unwrap();
        assert!(dockerfile.contains(&format!("\nUSER {user}\n")));
        let mount = &container["mountPoints"][0];
        assert_eq!(mount["sourceVolume"], task["volumes"][0]["name"]);
        let folder = mount["containerPath"].as_str().unwrap();
        assert!(dockerfile.contains(&format!("\nVOLUME {folder}\n")));
        let health = &container["healthCheck"];
        let words: Vec<&str> = health["command"].as_array().unwrap()[1..]
            .iter()
            .map(|w| w.as_str().unwrap())
            .collect();
        assert!(dockerfile.contains(&format!("CMD [\"{}\"]", words.join("\", \""))));
        for (option, key) in [
            ("interval", "interval"),
            ("timeout", "timeout"),
            ("start-period", "startPeriod"),
        ] {
            assert!(
                dockerfile.contains(&format!("--{option}={}s", health[key])),
                "{option}"
            );
        }
    }
}

/// Names to fill in are those that the README fills in.
#[test]
fn the_readme_fills_in_every_name() {
    let folder = root().join("deploy/ecs");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, command) = readme.split_once("names='").unwrap();
    let filled: Vec<&str> = command.split('\'').next().unwrap().split(' ').collect();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let names = text
            .split("${")
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap());
        for name in names.filter(|_| path.extension().is_some_and(|extension| extension == "json")) {
            assert!(
                filled.contains(&format!("${name}").as_str()),
                "{}: {name}",
                path.display()
            );
        }
        let file = path.file_name().unwrap().to_str().unwrap();
        assert!(
            file == "README.md" || readme.contains(&format!("| `{file}` |")),
            "{file} is not explained"
        );
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn ecs(file: &str) -> Value {
    let text = text(&format!("deploy/ecs/{file}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn statements(policy: &str) -> Vec<Value> {
    let statements = ecs(policy)["Statement"].as_array().unwrap().clone();
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
    statements
}

/// One action, or a list of them.
fn actions(statement: &Value) -> impl Iterator<Item = String> + use<> {
    let actions = match &statement["Action"] {
        Value::String(action) => vec![action.clone()],
        list => list
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action.as_str().unwrap().to_owned())
            .collect(),
    };
    actions.into_iter()
}

/// `docker run IMAGE status` is a subcommand of the program, and `docker run IMAGE` the daemon with the image's own
/// configuration.
#[test]
fn f13_the_image_runs_every_subcommand() {
    let image = fs::read_to_string(root().join("Dockerfile")).unwrap();
    let line = |begins: &str| image.lines().find_map(|line| line.strip_prefix(begins));
    assert_eq!(line("ENTRYPOINT "), Some("[\"rotation-watchdog\"]"));
    assert_eq!(line("CMD "), Some("[\"run\"]"));
    let config = line("ENV ROTATION_WATCHDOG_CONFIG=").expect("where it lies");
    assert!(image.contains(&format!("COPY config/watchdog.toml {config}\n")));
}
