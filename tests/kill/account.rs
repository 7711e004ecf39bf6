//! An account in which two secrets rotate at once, so that every kind of write is made once; and what must hold in it.

use std::collections::{BTreeMap, BTreeSet};

use machine::model::{AttemptId, Fact, Outcome};
use rotation_watchdog::store::Sqlite;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, Home};
use crate::support::standin::{Standin, text};

/// What a rotation of both secrets takes when nothing goes wrong, in the order of the alphabet.
pub(super) const WRITES: [&str; 11] = [
    "DeleteFunctionConcurrency reports",
    "PutFunctionConcurrency receipts 0",
    "PutFunctionConcurrency receipts 7",
    "PutFunctionConcurrency reports 0",
    "TagResource receipts",
    "TagResource reports",
    "UntagResource receipts",
    "UntagResource reports",
    "UpdateFunctionConfiguration mailer",
    "UpdateService invoices",
    "UpdateService orders",
];

/// Waits made short: nothing here is only eventually consistent.
pub(super) const CONFIGURATION: &str = "
read_timeout = \"2s\"
attempt_timeout = \"2s\"
[[secrets.rules]]
prefix = \"billing/\"
lambda_method = \"concurrency-cycle\"
[[secrets.rules]]
all = true
[remediation]
mode = \"act\"
settle = \"200ms\"
doubt_gap = \"300ms\"
sleep_for = \"500ms\"
verify_for = \"1s\"
[cadence]
sweep = \"500ms\"
announced = \"300ms\"
active = \"300ms\"
log = \"300ms\"
consumer = \"400ms\"
failure = \"200ms\"
failure_backoff = \"1s\"
";

pub(super) struct Account<'a> {
    standin: &'a Standin,
    secrets: [Secret; 2],
}

struct Secret {
    name: &'static str,
    arn: String,
}

impl<'a> Account<'a> {
    /// In place of whatever the stand-in held.
    pub(super) fn open(standin: &'a Standin) -> Self {
        standin.post("reset", &json!({}));
        let secrets = ["shop/mysql", "billing/postgres"].map(|name| Secret {
            name,
            arn: standin.secret(name, &json!({"password": "one"})),
        });
        let [shop, billing] = secrets.each_ref().map(|secret| secret.arn.as_str());
        standin.service("orders", &[shop]);
        standin.service("invoices", &[billing]);
        let variables = |secret: &str| json!({"DATABASE_SECRET": secret, "MODE": "fast"});
        standin.function("mailer", &variables(shop), None);
        standin.function("receipts", &variables(billing), Some(7));
        standin.function("reports", &variables(billing), None);
        Self { standin, secrets }
    }

    /// With AWS at this host and port.
    pub(super) fn home(&self, aws: &str) -> Home {
        Home::asking(aws, CONFIGURATION)
    }

    /// Plays the rotation Lambda of both secrets, one step after another.
    pub(super) fn rotate(&self, daemon: &Daemon<'_>) {
        for secret in &self.secrets {
            self.step(secret, "start");
        }
        for secret in &self.secrets {
            daemon.until_phase(secret.name, &["creating"]);
        }
        for step in ["create", "set", "test", "finish"] {
            for secret in &self.secrets {
                self.step(secret, step);
            }
        }
    }

    fn step(&self, secret: &Secret, step: &str) {
        let value = json!({"password": "two"}).to_string();
        let order = json!({"secret": secret.arn, "step": step, "value": value});
        self.standin.post("rotation", &order);
    }

    /// Waits until all consumers of both rotations are served and checked, and all writes are over.
    pub(super) fn until_over(&self, daemon: &Daemon<'_>) {
        for secret in &self.secrets {
            daemon.until_phase(secret.name, &["watching"]);
        }
        daemon.until("no note on a function, and no write in doubt", || {
            let noted = |name| !self.tags(name).is_empty();
            (!noted("receipts") && !noted("reports") && is_settled(daemon)?).then_some(())
        });
    }

    fn tags(&self, function: &str) -> serde_json::Map<String, Value> {
        let described = self.standin.described_function(function);
        described["Tags"].as_object().cloned().unwrap_or_default()
    }

    /// Waits until no function is switched off or bears a note.
    pub(super) fn until_awake(&self, daemon: &Daemon<'_>) {
        daemon.until("functions as they were", || {
            let reserved = ["receipts", "reports"].map(|name| self.standin.reserved(name));
            let noted = ["receipts", "reports"].map(|name| !self.tags(name).is_empty());
            (reserved == [Some(7), None] && noted == [false, false]).then_some(())
        });
    }

    /// Waits until every consumer is stale, and waits for the same thing.
    pub(super) fn until_all_wait_for(&self, daemon: &Daemon<'_>, what: &str) {
        daemon.until(&format!("all consumers wait: {what}"), || {
            let consumers = daemon.get("/v1/consumers")?;
            let mut consumers = consumers["items"].as_array()?.iter();
            let waits = |consumer: &Value| consumer["references"][0]["waits_for"] == json!(what);
            consumers.all(waits).then_some(())
        });
    }

    /// A rotation from its beginning to the end of the one process that serves it through `aws`.
    pub(super) fn assert_one_life_serves(&self, aws: &str) {
        let home = self.home(aws);
        let daemon = home.start();
        daemon.until_ready();
        self.rotate(&daemon);
        self.until_over(&daemon);
        assert!(daemon.terminate().success(), "{}", home.log_text());
        self.assert_served_once();
        assert_journal_settled(&home);
    }

    /// One forced redeploy for each service, and functions as they were.
    pub(super) fn assert_served_once(&self) {
        let writes = self.standin.writes();
        for service in ["orders", "invoices"] {
            let redeploys = writes.iter().filter(|call| call.subject == service);
            assert_eq!(redeploys.count(), 1, "{service}: {writes:#?}");
            assert_eq!(self.deployments_of(service), 2, "{service}: {writes:#?}");
        }
        let updates = writes.iter().filter(|call| call.subject == "mailer");
        assert_eq!(updates.count(), 1, "{writes:#?}");
        for name in ["mailer", "receipts", "reports"] {
            let variables =
                &self.standin.described_function(name)["Configuration"]["Environment"]["Variables"];
            assert_eq!(variables["MODE"], json!("fast"), "{variables:#}");
            assert!(self.tags(name).is_empty(), "{name}: {:#?}", self.tags(name));
        }
        let reserved = ["mailer", "receipts", "reports"].map(|name| self.standin.reserved(name));
        assert_eq!(reserved, [None, Some(7), None], "{writes:#?}");
    }

    /// Deployments that ever started a task, the one from before included.
    fn deployments_of(&self, service: &str) -> usize {
        let tasks = self.standin.get("tasks?all=1");
        let tasks = tasks["tasks"].as_array().expect("a list").iter();
        let of_service = tasks.filter(|task| text(task, "group") == format!("service:{service}"));
        let deployments: BTreeSet<String> = of_service.map(|task| text(task, "startedBy")).collect();
        deployments.len()
    }
}

/// Whether the last write to each consumer is answered and not in doubt.
fn is_settled(daemon: &Daemon<'_>) -> Option<bool> {
    let consumers = daemon.get("/v1/consumers")?;
    let mut consumers = consumers["items"].as_array()?.iter();
    let open = [json!(null), json!("in-doubt")];
    Some(consumers.all(|consumer| {
        let last = &consumer["last_remediation"];
        last.is_null() || !open.contains(&last["outcome"])
    }))
}

/// The journal is whole, holds what was decided, and no write in it is unanswered or in doubt.
pub(super) fn assert_journal_settled(home: &Home) {
    let mut outcomes = journalled(home);
    assert!(!outcomes.is_empty(), "nothing was decided");
    let open = |outcome: &Option<Outcome>| matches!(outcome, None | Some(Outcome::InDoubt { .. }));
    outcomes.retain(|_, outcome| open(outcome));
    assert!(outcomes.is_empty(), "{outcomes:#?}\n{}", home.log_text());
}

/// What became of each decision in the journal, which is checked whole.
pub(super) fn journalled(home: &Home) -> BTreeMap<AttemptId, Option<Outcome>> {
    let journal = Sqlite::open(&home.journal()).expect("a whole journal");
    let loaded = journal.load().expect("records");
    let mut outcomes = BTreeMap::new();
    for fact in loaded.facts {
        match fact {
            Fact::Decided(decision) => drop(outcomes.insert(decision.attempt, None)),
            Fact::Ended { attempt, outcome, .. } => drop(outcomes.insert(attempt, Some(outcome))),
            _ => {}
        }
    }
    outcomes
}
