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
const WRITES: [&str; 7] = [
    "UpdateService",
    "UpdateSecretVersionStage",
    "UpdateFunctionConfiguration",
    "PutFunctionConcurrency",
    "DeleteFunctionConcurrency",
    "TagResource",
    "UntagResource",
];

impl Standin {
    /// Waits until it listens.
    pub(crate) fn start() -> Self {
        Self::launch(&[])
    }

    /// With moto as it is.
    pub(crate) fn start_plain() -> Self {
        Self::launch(&["--plain-moto"])
    }

    fn launch(arguments: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".venv/bin/python");
        assert!(
            python.exists(),
            "{} is missing: run `scripts/test install`",
            python.display()
        );
        let mut process = Command::new(python)
            .arg(root.join("tests/support/standin.py"))
            .args(arguments)
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

    pub(crate) fn delete(&self, control: &str) {
        http::ask(&self.address, "DELETE", &format!("/_standin/{control}"), "").expect("the stand-in");
    }

    pub(crate) fn get(&self, control: &str) -> Value {
        http::get(&self.address, &format!("/_standin/{control}")).expect("the stand-in")
    }

    /// A secret with its rotation Lambda, whose next rotation is announced for within a day. Its ARN.
    pub(crate) fn secret(&self, name: &str, value: &Value) -> String {
        let lambda = format!("rotate-{}", name.replace('/', "-"));
        let request = json!({"name": name, "value": value.to_string(), "rotation_lambda": lambda, "days": 1});
        text(&self.post("secret", &request), "arn")
    }

    pub(crate) fn service(&self, name: &str, secrets: &[&str]) {
        let request = json!({"cluster": "prod", "name": name, "secrets": secrets, "desired": 2});
        self.post("service", &request);
    }

    pub(crate) fn function(&self, name: &str, variables: &Value, reserved: Option<u32>) {
        self.post("function", &json!({"name": name, "variables": variables}));
        if let Some(reserved) = reserved {
            let path = format!("/2017-10-31/functions/{name}/concurrency");
            self.lambda(
                "PUT",
                &path,
                &json!({"ReservedConcurrentExecutions": reserved}).to_string(),
            );
        }
    }

    /// The queue of events, with the rules of `deploy/events` before it. Its address.
    pub(crate) fn events(&self) -> String {
        text(&self.post("events", &json!({})), "url")
    }

    /// An event as its source sends it.
    pub(crate) fn event(&self, event: &Value) {
        self.post("event", &json!({"event": event}));
    }

    pub(crate) fn heartbeat(&self) {
        self.post("event", &json!({}));
    }

    /// Reserved concurrency; nothing where none is set.
    pub(crate) fn reserved(&self, name: &str) -> Option<u64> {
        let answer = self.lambda("GET", &format!("/2019-09-30/functions/{name}/concurrency"), "");
        answer["ReservedConcurrentExecutions"].as_u64()
    }

    /// GetFunction's answer.
    pub(crate) fn described_function(&self, name: &str) -> Value {
        self.lambda("GET", &format!("/2015-03-31/functions/{name}"), "")
    }

    /// A call of Lambda's API, as anybody may make it.
    fn lambda(&self, method: &str, path: &str, body: &str) -> Value {
        const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=test/20250101/eu-west-1/lambda/aws4_request, \
            SignedHeaders=host, Signature=0\r\n";
        let (status, answer) =
            http::ask_with(&self.address, method, path, body, SIGNED).expect("the stand-in");
        assert_eq!(status, 200, "{method} {path}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Calls of the program under test that change something, in their order.
    pub(crate) fn writes(&self) -> Vec<Call> {
        let answer = self.get("calls");
        let calls = answer["calls"].as_array().expect("a list").iter();
        let ours = calls.filter(|call| call["user_agent"].to_string().contains("app/rotation-watchdog"));
        let writes = ours.filter(|call| WRITES.iter().any(|write| call["operation"] == **write));
        writes.map(Call::read).collect()
    }
}

impl Call {
    fn read(call: &Value) -> Self {
        let named = ["service", "FunctionName", "Resource"];
        let subject = named.iter().find_map(|key| call["parameters"][key].as_str());
        let subject = subject.unwrap_or_default().rsplit(':').next().unwrap_or_default();
        Self {
            operation: text(call, "operation"),
            subject: subject.to_owned(),
            at: call["time"].as_f64().expect("a time"),
        }
    }
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {value}"))
        .to_owned()
}
