//! The owner's commands, tried in every test run on the stand-in: what they make, tag, take away and leave alone.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};

use super::{REGION, ROLE, runtime};
use crate::contract::owner::things::{Clients, TAG, Thing, find};
use crate::support::standin::{Standin, text};
use crate::support::wait_until;

const WHERE: &str = "eu-west-1";
const KEEP: &str = "contract::account::an_account_keeps_what_the_ports_promise";
const REMOVE: &str = "contract::account::what_a_crashed_run_left_is_removed";
/// It has such a name, and nobody's run made it.
const NAMESAKE: &str = "rotation-watchdog-contract-of-another";

/// Somebody's account, with things of their own.
struct Somebody {
    standin: Standin,
}

impl Somebody {
    fn new() -> Self {
        let standin = Standin::start();
        let secret = standin.secret("shop/mysql", &json!({"password": "one"}));
        standin.secret(NAMESAKE, &json!({"password": "one"}));
        standin.service("orders", &[&secret]);
        standin.function("mailer", &json!({}), Some(7));
        standin.function(NAMESAKE, &json!({}), None);
        standin.delete("calls");
        Self { standin }
    }

    /// The same test program, as its owner calls it.
    fn command(&self, test: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args([test, "--exact", "--nocapture"]);
        command.env(REGION, WHERE);
        command.env(ROLE, "arn:aws:iam::123456789012:role/contract");
        command.env("AWS_ENDPOINT_URL", self.standin.url());
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        command
            .env_remove("AWS_PROFILE")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, test: &str) -> (bool, String) {
        ended(&mut self.command(test))
    }

    fn succeed(&self, test: &str) -> String {
        let (succeeded, told) = self.run(test);
        assert!(succeeded, "{test}:\n{told}");
        told
    }

    /// What has a name of the suite's.
    fn found(&self) -> BTreeSet<Thing> {
        let found = runtime().block_on(async {
            let keys = Credentials::new("test", "test", None, None, "tests");
            let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(WHERE));
            let loader = loader.credentials_provider(SharedCredentialsProvider::new(keys));
            let config = loader.endpoint_url(self.standin.url()).load().await;
            find(&Clients::new(&config)).await
        });
        found.expect("a list")
    }

    fn calls(&self) -> Vec<Value> {
        let calls = self.standin.get("calls");
        calls["calls"].as_array().expect("a list").clone()
    }

    fn assert_as_it_was(&self) {
        let theirs = [
            Thing::Secret(NAMESAKE.to_owned()),
            Thing::Function(NAMESAKE.to_owned()),
        ];
        assert_eq!(self.found(), BTreeSet::from(theirs));
        assert_eq!(self.standin.reserved("mailer"), Some(7));
    }
}

/// Whether it succeeded, and all that it said.
fn ended(command: &mut Command) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("this program");
    let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (status.success(), told.concat())
}

fn changes_something(call: &Value) -> bool {
    const READS: [&str; 4] = ["Describe", "Get", "List", "Filter"];
    !READS.iter().any(|read| text(call, "operation").starts_with(read))
}

fn makes_something(call: &Value) -> bool {
    let operation = text(call, "operation");
    let is_part = operation == "CreateLogStream";
    !is_part && (operation.starts_with("Create") || operation == "RegisterTaskDefinition")
}

fn tags(call: &Value) -> String {
    ["Tags", "tags"]
        .map(|key| call["parameters"][key].to_string())
        .concat()
}

#[expect(clippy::print_stdout, reason = "`--show-output` tells each promise")]
pub(super) fn a_whole_run() {
    let somebody = Somebody::new();
    let told = somebody.succeed(KEEP);
    println!("{told}");
    assert!(
        told.contains("making secret") && told.contains("less than $0.01"),
        "{told}"
    );
    let calls = somebody.calls();
    let made: Vec<_> = calls.iter().filter(|call| makes_something(call)).collect();
    assert!(made.len() > 15, "{made:?}");
    for call in made {
        assert!(tags(call).contains(TAG), "without a tag: {call}");
    }
    for call in calls.iter().filter(|call| changes_something(call)) {
        let subject = call["parameters"].to_string();
        assert!(subject.contains(TAG), "somebody else's: {call}");
    }
    somebody.assert_as_it_was();
    somebody.succeed(REMOVE);
    assert_policy_fits(&somebody.calls());
    without_a_role(&somebody);
}

fn without_a_role(somebody: &Somebody) {
    let (succeeded, told) = ended(somebody.command(KEEP).env_remove(ROLE));
    assert!(succeeded && told.contains(&format!("set {ROLE}")), "{told}");
    assert!(!told.contains("making function"), "{told}");
    somebody.assert_as_it_was();
}

/// Rights that are no calls of their own.
const BESIDES: [&str; 6] = [
    "ecs:TagResource",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "lambda:ListTags",
    "logs:TagResource",
    "secretsmanager:TagResource",
];

fn assert_policy_fits(calls: &[Value]) {
    let policy: Value = serde_json::from_str(include_str!("policy.json")).expect("JSON");
    let statements = policy["Statement"].as_array().expect("a list").iter();
    let actions = statements.flat_map(|statement| statement["Action"].as_array().expect("a list"));
    let granted: BTreeSet<String> = actions
        .map(|action| action.as_str().expect("text").to_owned())
        .collect();
    let action = |call: &Value| format!("{}:{}", text(call, "service"), text(call, "operation"));
    let besides = BESIDES.map(str::to_owned).into_iter();
    let needed: BTreeSet<String> = calls.iter().map(action).chain(besides).collect();
    assert_eq!(granted, needed);
}

/// One run is killed in the middle; another is refused a call and takes away what it had made.
pub(super) fn a_crash_and_a_refusal() {
    let somebody = Somebody::new();
    crash(&somebody);
    let left = somebody.found();
    let has = |kind: fn(&Thing) -> bool| left.iter().any(kind);
    assert!(has(|thing| matches!(thing, Thing::Cluster(_))), "{left:?}");
    assert!(has(|thing| matches!(thing, Thing::TaskDefinition(_))), "{left:?}");
    let told = somebody.succeed(REMOVE);
    assert!(told.contains("removing secret"), "{told}");
    somebody.assert_as_it_was();

    let refused = json!({"service": "ecs", "operation": "CreateCluster", "kind": "denied"});
    somebody.standin.post("fault", &refused);
    let (succeeded, told) = somebody.run(KEEP);
    assert!(!succeeded && told.contains("CreateCluster"), "{told}");
    somebody.assert_as_it_was();
}

/// While it waits for the answer to CreateService.
fn crash(somebody: &Somebody) {
    let silence = json!({"service": "ecs", "operation": "CreateService", "kind": "timeout"});
    somebody.standin.post("fault", &silence);
    let mut child = somebody.command(KEEP).spawn().expect("this program");
    let has_asked = || {
        somebody
            .calls()
            .iter()
            .any(|call| call["operation"] == "CreateService")
            .then_some(())
    };
    wait_until("CreateService of the run", has_asked, String::new);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
