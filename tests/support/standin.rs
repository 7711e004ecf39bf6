//! The stand-in for AWS as a process, and its control API (`standin.py`).

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::http;

pub(crate) struct Standin {
    process: Child,
    /// Host and port.
    pub(crate) address: String,
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A call that AWS got.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) subject: String,
    /// Seconds since the epoch.
    pub(crate) at: f64,
}

/// Operations that change something.
const WRITES: [&str; 6] = [
    "UpdateService",
    "UpdateFunctionConfiguration",
    "PutFunctionConcurrency",
    "DeleteFunctionConcurrency",
    "TagResource",
    "UntagResource",
];

impl Standin {
    /// Waits until it listens.
    pub(crate) fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".venv/bin/python");
        assert!(
            python.exists(),
            "{} is missing: run `scripts/test install`",
            python.display()
        );
        let mut process = Command::new(python)
            .arg(root.join("tests/support/standin.py"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let mut line = String::new();
        let output = process.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line
            .trim()
            .strip_prefix("listening http://")
            .unwrap_or_else(|| panic!("{line:?}"));
        Self {
            address: address.to_owned(),
            process,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn post(&self, control: &str, body: &Value) -> Value {
        let path = format!("/_standin/{control}");
        let (status, answer) =
            http::ask(&self.address, "POST", &path, &body.to_string()).expect("the stand-in");
        assert_eq!(status, 200, "{control} {body}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    pub(crate) fn get(&self, control: &str) -> Value {
        http::get(&self.address, &format!("/_standin/{control}")).expect("the stand-in")
    }

    /// A secret with its rotation Lambda, whose rotation is announced for the next hour. Its ARN.
    pub(crate) fn secret(&self, name: &str, value: &Value) -> String {
        let request = json!({"name": name, "value": value.to_string(), "announced": true});
        text(&self.post("secret", &request), "arn")
    }

    pub(crate) fn service(&self, name: &str, secrets: &[&str]) {
        self.post(
            "service",
            &json!({"cluster": "prod", "name": name, "secrets": secrets}),
        );
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        let calls = self.get("calls");
        let call = |call: &Value| Call {
            operation: text(call, "operation"),
            subject: text(call, "subject"),
            at: call["at"].as_f64().expect("a time"),
        };
        calls.as_array().expect("a list").iter().map(call).collect()
    }

    /// Calls that change something, in their order.
    pub(crate) fn writes(&self) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| WRITES.contains(&call.operation.as_str()));
        calls
    }
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {value}"))
        .to_owned()
}
