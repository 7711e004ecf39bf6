//! A pure model of one AWS account with its databases and applications: no clock, no IO, no randomness.
//!
//! Not modelled: eventual consistency of reads, throttling, IAM, other people's deployments, circuit breakers by
//! alarm, Lambda versions and aliases, provisioned concurrency, networks, RDS Proxy, costs. Applications open a new
//! connection all the time: real pools fail later and less.

mod applications;
mod function;
mod rotation;
mod secret;
mod service;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

pub use applications::Outage;
pub use function::{Function, FunctionPlan, Touch};
pub use secret::{History, Kind, RotationPlan, Secret, SecretPlan, Value};
pub use service::{Deployment, Reads, Service, ServicePlan, Task};

/// Every simulated password contains it, so that a leak is found by searching for it.
pub const PASSWORD_MARKER: &str = "s3cr3t-marker";

/// A line of a log group, and when a reader can first see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub at: Timestamp,
    pub visible: Timestamp,
    pub message: String,
}

/// A write that reached the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub at: Timestamp,
    pub operation: &'static str,
    pub subject: String,
    /// What was wrong with a forced redeploy at that moment, in truth.
    pub wrong: Vec<Wrong>,
}

/// Why a service should not have been restarted just then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// One of its secrets stood between setSecret and finishSecret.
    Moving(SecretArn),
    /// AWSCURRENT of one of its secrets does not log in.
    Dead(SecretArn),
    /// No task of it held an old value.
    Needless,
}

/// What the future holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Happening {
    RotationStarts(SecretArn),
    StepEnds {
        secret: SecretArn,
        version: VersionId,
        step: usize,
        attempt: u32,
    },
    ManualPut(SecretArn),
    LabelCleanUp {
        secret: SecretArn,
        version: VersionId,
    },
    FunctionRenewed(String),
    FunctionDrained {
        name: String,
        since: Timestamp,
    },
    FunctionTouched {
        name: String,
        touch: Touch,
    },
    CacheExpires(ConsumerId),
    /// Something that was planned comes true by itself: outages are counted anew.
    Reassess,
}

/// The account.
#[derive(Clone, Debug)]
pub struct World {
    now: Timestamp,
    schedule: BTreeMap<(Timestamp, u64), Happening>,
    planned: u64,
    pub secrets: BTreeMap<SecretArn, Secret>,
    pub services: BTreeMap<ConsumerId, Service>,
    pub functions: BTreeMap<ConsumerId, Function>,
    pub logs: BTreeMap<String, Vec<LogLine>>,
    pub writes: Vec<Write>,
    pub outages: BTreeMap<ConsumerId, Outage>,
}

impl World {
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            schedule: BTreeMap::new(),
            planned: 0,
            secrets: BTreeMap::new(),
            services: BTreeMap::new(),
            functions: BTreeMap::new(),
            logs: BTreeMap::new(),
            writes: Vec::new(),
            outages: BTreeMap::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets everything happen that is due until `to`.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some(entry) = self.schedule.first_entry() {
            let (at, _) = *entry.key();
            if at > to {
                break;
            }
            let happening = entry.remove();
            self.now = self.now.max(at);
            self.happen(happening);
            self.count_outages();
        }
        self.now = self.now.max(to);
        self.count_outages();
    }

    fn plan(&mut self, at: Timestamp, happening: Happening) {
        self.planned += 1;
        self.schedule.insert((at, self.planned), happening);
    }

    fn plan_in(&mut self, wait: SignedDuration, happening: Happening) {
        self.plan(self.now + wait, happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::RotationStarts(secret) => self.start_rotation(&secret),
            Happening::StepEnds {
                secret,
                version,
                step,
                attempt,
            } => self.end_step(&secret, &version, step, attempt),
            Happening::ManualPut(secret) => self.put_by_hand(&secret),
            Happening::LabelCleanUp { secret, version } => self.clean_up(&secret, &version),
            Happening::FunctionRenewed(name) => self.renew_function(&name),
            Happening::FunctionDrained { name, since } => self.drain_function(&name, since),
            Happening::FunctionTouched { name, touch } => self.touch_function(&name, touch),
            Happening::CacheExpires(consumer) => self.expire_cache(&consumer),
            Happening::Reassess => {}
        }
    }

    fn log(&mut self, group: &str, delay: SignedDuration, message: String) {
        let line = LogLine {
            at: self.now,
            visible: self.now + delay,
            message,
        };
        self.logs.entry(group.to_owned()).or_default().push(line);
    }

    /// Notes a write that reached the account.
    fn note(&mut self, operation: &'static str, subject: &ConsumerId) {
        self.note_wrong(operation, subject, Vec::new());
    }

    fn note_wrong(&mut self, operation: &'static str, subject: &ConsumerId, wrong: Vec<Wrong>) {
        self.writes.push(Write {
            at: self.now,
            operation,
            subject: subject.to_string(),
            wrong,
        });
    }
}
