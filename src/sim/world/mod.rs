//! A pure model of one AWS account with its databases and applications: no clock, no IO, no randomness.
//!
//! Modelled, after docs/aws-facts.md: staging labels and all that moves them, versions with and without a value, ListSecrets
//! that lags and reads that are behind, secrets that are deleted without recovery and made again under their name with the
//! value that they had; rotation Lambdas that fail in any step before or after its effect, passwords that come true later
//! than setSecret says, databases that refuse, lock accounts, are full or silent; ECS deployments side by side, draining,
//! circuit breakers, alarms, tasks that never become healthy, health checks that log in and those that do not, others who
//! create, delete, scale and redeploy; Lambda environments, revisions, aliases, provisioned concurrency, the account's floor,
//! environments that cannot be decrypted; applications with pools, caches and retries; log lines that are late, lost or
//! repeated, stand among another function's, tell of errors that are none, or cut the ids of versions; what RDS tells of
//! master users whose passwords go through it; metrics that come late, are lost, or are counted to their end only later.
//!
//! Of a rotation with a `Manner` also: a service that gives up, or tries again with another version; functions that look at
//! the labels when they begin and go on whatever others do, AWS's templates and their owner's own, a second account that is
//! set after the first, a database that testSecret sets back; labels that move between a call and its answer, or not at all
//! where somebody was faster; people who promote, move back with the database, or set the database back alone.
//!
//! Not modelled: IAM beyond calls that are denied, several accounts or regions, networks, RDS Proxy, clusters, passwords that
//! RDS could not set, replicas of secrets, CodeDeploy and staged deployments, DAEMON services, SnapStart, missing capacity,
//! costs. A pool's connections all end together, with its oldest. The watchdog's refused logins alone lock an account: what
//! applications do to themselves is the same with nobody watching. Nobody changes a secret by hand within six seconds of its
//! finishSecret: no source would tell the two apart. A database that is full, silent or locked is so for the watchdog's
//! logins alone; what others deploy succeeds, unless its health check is refused. Without a `Manner` a rotation that fails is
//! retried every eight seconds until it succeeds, and its label moves at once. The next rotation ends an invocation under
//! way. No Lambda update fails, nobody else takes reserved concurrency. Only the demo has secrets without a database.

mod applications;
mod by_hand;
mod database;
mod function;
mod health;
mod invocation;
mod labels;
mod metrics;
mod past;
mod queue;
mod rds;
mod recreated;
mod rotation;
mod rotation_log;
mod secret;
mod service;
mod truth;

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use invocation::Answer;
use labels::Asked;
use rotation::Stage;

pub use applications::Outage;
pub use by_hand::Touch;
pub use database::{Account, Trouble, TroubleKind};
pub use function::{Function, FunctionPlan, FunctionTouch, Reach, Refused};
pub use invocation::{Code, End, Invoked, Manner, Retries};
pub use labels::{Move, Mover, Unmoved};
pub use metrics::Metric;
use queue::Queue;
pub use queue::{Arrival, Delivery};
pub use rds::{RdsShown, Resetting};
pub use rotation::{Failing, LogPlan, RotationPlan};
pub use secret::{History, Kind, Secret, SecretPlan, Shown, Value};
pub use service::{Deployment, Fate, Reads, Service, ServicePlan, ServiceTouch, Task};
pub use truth::{Truth, Wrong};

/// Every simulated password contains it, so that a leak is found by searching for it.
pub const PASSWORD_MARKER: &str = "s3cr3t-marker";

/// A line of a log group, and when a reader can first see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub at: Timestamp,
    pub visible: Timestamp,
    pub stream: String,
    pub message: String,
}

/// A write that reached the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub at: Timestamp,
    /// As of when whoever wrote could know what is so.
    pub told: Timestamp,
    pub operation: &'static str,
    pub subject: String,
    /// What was wrong, in truth, with restarting the consumer at that moment.
    pub wrong: Vec<Wrong>,
    /// Which other services held an old value of a secret, as the one it redeploys did.
    pub beside: Vec<ConsumerId>,
    /// It puts back what was switched off.
    pub restores: bool,
}

/// What the future holds.
#[derive(Clone, Debug)]
enum Happening {
    RotationStarts(SecretArn),
    StepEnds {
        secret: SecretArn,
        stage: Stage,
    },
    RotationRetried {
        secret: SecretArn,
        stage: Stage,
        anew: bool,
    },
    /// By the rotation Lambda, whose testSecret failed.
    DatabaseSetBack {
        secret: SecretArn,
        stage: Stage,
    },
    /// finishSecret hears what became of its call.
    LabelAnswered {
        secret: SecretArn,
        stage: Stage,
        answer: Answer,
    },
    /// A person's call takes effect.
    LabelMoved {
        secret: SecretArn,
        asked: Asked,
        sets_back: bool,
    },
    PasswordComesTrue {
        secret: SecretArn,
        version: VersionId,
    },
    LabelCleanUp {
        secret: SecretArn,
        version: VersionId,
    },
    SecretTouched {
        secret: SecretArn,
        touch: Touch,
    },
    TestEnds {
        secret: SecretArn,
        version: VersionId,
    },
    ServiceCreated(Box<ServicePlan>),
    ServiceTouched {
        id: ConsumerId,
        touch: ServiceTouch,
    },
    AlarmGoesOff(ConsumerId),
    TasksProbed(ConsumerId),
    DeploymentProbed {
        id: ConsumerId,
        deployment: String,
    },
    CacheExpires(ConsumerId),
    FunctionRenewed(String),
    FunctionDrained {
        name: String,
        since: Timestamp,
    },
    FunctionTouched {
        name: String,
        touch: FunctionTouch,
    },
    /// Something that was planned comes true by itself: outages are counted anew.
    Reassess,
}

impl Happening {
    /// The secret that it was planned for.
    fn secret(&mut self) -> Option<&mut SecretArn> {
        match self {
            Self::RotationStarts(secret)
            | Self::StepEnds { secret, .. }
            | Self::RotationRetried { secret, .. }
            | Self::DatabaseSetBack { secret, .. }
            | Self::LabelAnswered { secret, .. }
            | Self::LabelMoved { secret, .. }
            | Self::PasswordComesTrue { secret, .. }
            | Self::LabelCleanUp { secret, .. }
            | Self::SecretTouched { secret, .. }
            | Self::TestEnds { secret, .. } => Some(secret),
            Self::ServiceCreated(_)
            | Self::ServiceTouched { .. }
            | Self::AlarmGoesOff(_)
            | Self::TasksProbed(_)
            | Self::DeploymentProbed { .. }
            | Self::CacheExpires(_)
            | Self::FunctionRenewed(_)
            | Self::FunctionDrained { .. }
            | Self::FunctionTouched { .. }
            | Self::Reassess => None,
        }
    }

    /// In words; nothing where it is told by its log line, or is nothing by itself.
    fn told(&self) -> Option<String> {
        Some(match self {
            Self::StepEnds { .. }
            | Self::RotationRetried { .. }
            | Self::LabelAnswered { .. }
            | Self::LabelMoved { .. }
            | Self::Reassess
            | Self::CacheExpires(_) => return None,
            Self::DatabaseSetBack { secret, .. } => {
                format!("testSecret sets the database of {} back", secret.name())
            }
            Self::TasksProbed(id) => format!("{id} replaces tasks that are refused, if any is"),
            Self::DeploymentProbed { id, deployment } => {
                format!("{deployment} of {id} fails where its tasks are refused")
            }
            Self::RotationStarts(secret) => format!("RotateSecret {}", secret.name()),
            Self::PasswordComesTrue { version, .. } => {
                format!("the database takes the password of {version}")
            }
            Self::LabelCleanUp { version, .. } => format!("AWSPENDING is cleaned up on {version}"),
            Self::SecretTouched { secret, touch } => format!("{}: {touch:?}", secret.name()),
            Self::TestEnds { version, .. } => format!("the test with {version} ends"),
            Self::ServiceCreated(plan) => format!("{} is created", plan.id),
            Self::ServiceTouched { id, touch } => format!("{id}: {touch:?}"),
            Self::AlarmGoesOff(id) => format!("an alarm rolls {id} back"),
            Self::FunctionRenewed(name) => format!("{name} starts environments anew, if anything of it does"),
            Self::FunctionDrained { name, .. } => format!("{name} has no warm environment left"),
            Self::FunctionTouched { name, touch } => format!("{name}: {touch:?}"),
        })
    }
}

/// The account.
#[derive(Clone, Debug)]
pub struct World {
    now: Timestamp,
    schedule: BTreeMap<(Timestamp, u64), Happening>,
    planned: u64,
    pub secrets: BTreeMap<SecretArn, Secret>,
    /// Secrets that were deleted without recovery, and when.
    pub dead: BTreeMap<SecretArn, (Timestamp, Secret)>,
    /// Which secret took the name of a dead one.
    reborn: BTreeMap<SecretArn, SecretArn>,
    pub services: BTreeMap<ConsumerId, Service>,
    pub functions: BTreeMap<ConsumerId, Function>,
    pub logs: BTreeMap<String, Vec<LogLine>>,
    /// When AWS or a database was asked something, and what.
    pub reads: Vec<(Timestamp, &'static str)>,
    /// When a call met a fault, and which call.
    pub faults_met: Vec<(Timestamp, &'static str)>,
    pub writes: Vec<Write>,
    /// Promotions that the watchdog asked for though its own had gone through, and nobody had moved the label since.
    pub promoted_again: Vec<(Timestamp, SecretArn, VersionId)>,
    /// Where EventBridge sends; nothing where no events are sent.
    queue: Option<Queue>,
    points_are_late: bool,
    pub outages: BTreeMap<ConsumerId, Outage>,
    /// When no more concurrency can be reserved (aws-facts: Lambda).
    pub account_full: Vec<(Timestamp, Timestamp)>,
    /// What happened, for people.
    pub story: Vec<(Timestamp, String)>,
}

impl World {
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            schedule: BTreeMap::new(),
            planned: 0,
            secrets: BTreeMap::new(),
            dead: BTreeMap::new(),
            reborn: BTreeMap::new(),
            services: BTreeMap::new(),
            functions: BTreeMap::new(),
            logs: BTreeMap::new(),
            reads: Vec::new(),
            faults_met: Vec::new(),
            writes: Vec::new(),
            promoted_again: Vec::new(),
            queue: None,
            points_are_late: true,
            outages: BTreeMap::new(),
            account_full: Vec::new(),
            story: Vec::new(),
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
            self.show();
            self.count_outages();
        }
        self.now = self.now.max(to);
    }

    /// Lets reads that are up to date see every secret as it is.
    pub fn show(&mut self) {
        for secret in self.secrets.values_mut() {
            secret.remember(self.now);
        }
    }

    fn plan(&mut self, at: Timestamp, happening: Happening) {
        self.planned += 1;
        self.schedule.insert((at, self.planned), happening);
    }

    fn plan_in(&mut self, wait: SignedDuration, happening: Happening) {
        self.plan(self.now + wait, happening);
    }

    /// Adds to the story.
    pub fn tell(&mut self, text: String) {
        self.story.push((self.now, text));
    }

    fn happen(&mut self, mut happening: Happening) {
        if let Some(secret) = happening.secret() {
            self.follow_name(secret);
        }
        if let Some(text) = happening.told() {
            self.tell(text);
        }
        match happening {
            Happening::RotationStarts(secret) => self.start_rotation(&secret),
            Happening::StepEnds { secret, stage } => self.end_step(&secret, stage),
            Happening::RotationRetried { secret, stage, anew } => self.begin_again(&secret, stage, anew),
            Happening::DatabaseSetBack { secret, stage } => self.set_back(&secret, stage),
            Happening::LabelAnswered {
                secret,
                stage,
                answer,
            } => self.end_finish(&secret, stage, &answer),
            Happening::LabelMoved {
                secret,
                asked,
                sets_back,
            } => self.move_by_hand(&secret, &asked, sets_back),
            Happening::PasswordComesTrue { secret, version } => self.password_comes_true(&secret, &version),
            Happening::LabelCleanUp { secret, version } => self.clean_up(&secret, &version),
            Happening::SecretTouched { secret, touch } => self.touch_secret(&secret, touch),
            Happening::TestEnds { secret, version } => self.end_test(&secret, &version),
            Happening::ServiceCreated(plan) => self.create_service(*plan),
            Happening::ServiceTouched { id, touch } => self.touch_service(&id, touch),
            Happening::AlarmGoesOff(id) => self.roll_back(&id),
            Happening::TasksProbed(id) => self.replace_refused(&id),
            Happening::DeploymentProbed { id, deployment } => self.probe_deployment(&id, &deployment),
            Happening::CacheExpires(consumer) => self.expire_cache(&consumer),
            Happening::FunctionRenewed(name) => self.renew_function(&name),
            Happening::FunctionDrained { name, since } => self.drain_function(&name, since),
            Happening::FunctionTouched { name, touch } => self.touch_function(&name, touch),
            Happening::Reassess => {}
        }
    }

    fn log(&mut self, group: &str, stream: &str, delay: SignedDuration, message: String) {
        let line = LogLine {
            at: self.now,
            visible: self.now + delay,
            stream: stream.to_owned(),
            message,
        };
        self.logs.entry(group.to_owned()).or_default().push(line);
    }

    /// Notes a write that reached the account. What users feel may change with it.
    fn note(&mut self, operation: &'static str, subject: &impl fmt::Display, wrong: Vec<Wrong>) {
        let verdict = if wrong.is_empty() {
            String::new()
        } else {
            format!(", wrongly: {wrong:?}")
        };
        self.tell(format!("{operation} {subject}{verdict}"));
        self.writes.push(Write {
            at: self.now,
            told: self.now,
            operation,
            subject: subject.to_string(),
            wrong,
            beside: Vec::new(),
            restores: false,
        });
        self.count_outages();
    }

    /// Whether the last write puts back what was switched off.
    fn mark_restoring(&mut self, restores: bool) {
        if let Some(write) = self.writes.last_mut() {
            write.restores = restores;
        }
    }
}
