//! What a person decided beforehand: per secret ([`Policy`]) and for the whole fleet ([`Settings`]).
//!
//! The defaults here are the built-in defaults of the configuration.

pub(crate) mod mode;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;

use crate::model::{ConsumerId, Declared, Mode, OwnMeasures, RdsRule, Staleness};

/// What the first matching rule says about one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The rule, as people count and know it: `rule 1 (prefix "shop/")`.
    pub rule: Arc<str>,
    pub mode: Mode,
    /// Whether the secret's value may be read to log in with it.
    pub login_test: bool,
    /// Log in with AWSPENDING as soon as it has a value, without waiting for a sign of setSecret.
    pub login_pending_early: bool,
    /// Consumers that no discovery can find.
    pub declared: Vec<Declared>,
    /// Staleness models that replace what discovery concludes.
    pub staleness: BTreeMap<ConsumerId, Staleness>,
    /// For consumers that fetch the value themselves.
    pub ecs_fetching: Staleness,
    pub lambda_fetching: Staleness,
    pub lambda_method: LambdaMethod,
    /// Redeploy services that stop a task before its successor runs.
    pub allow_downtime: bool,
    /// What becomes of a rotation whose password is in the database, and that nobody finishes.
    pub roll_forward: RollForward,
    /// Secrets of one database share its waves; by the login test's host, else by where they are seen to log in, else each
    /// has its own.
    pub database: Option<String>,
    /// The database of RDS that the secret belongs to, where nothing else tells.
    pub rds: Option<RdsRule>,
}

/// Whether AWSPENDING is promoted where the database has its password already and refuses AWSCURRENT's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RollForward {
    /// Promoted by the watchdog; else offered: a finding with the command.
    pub acts: bool,
    /// The rotation function sets one account and nothing else: whether its setSecret came to its end does not matter.
    pub one_account: bool,
    /// The rule's host and port are those of the database that the function sets, whatever the secret's value names.
    pub by_rule_host: bool,
}

/// How warm Lambda environments are made to go away (aws-facts: Lambda).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LambdaMethod {
    ConfigUpdate,
    ConcurrencyCycle,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rule: "its rule".into(),
            mode: Mode::Observe,
            login_test: false,
            login_pending_early: false,
            declared: Vec::new(),
            staleness: BTreeMap::new(),
            // Most applications fetch once, when they start: waiting would leave them with the old value.
            ecs_fetching: Staleness::Restart,
            lambda_fetching: Staleness::Restart,
            lambda_method: LambdaMethod::ConfigUpdate,
            allow_downtime: false,
            roll_forward: RollForward::default(),
            database: None,
            rds: None,
        }
    }
}

/// What holds for the whole fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub timing: Timing,
    pub cadence: Cadence,
    pub limits: Limits,
    /// Events are read from a queue.
    pub events: bool,
    /// RDS is asked for its databases.
    pub rds: bool,
    /// Applications and databases are measured while a rotation of theirs lasts.
    pub numbers: bool,
    pub applications: Arc<Applications>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timing: Timing::default(),
            cadence: Cadence::default(),
            limits: Limits::default(),
            events: false,
            rds: true,
            numbers: true,
            applications: Arc::default(),
        }
    }
}

/// Consumers that are one application to people, and metrics of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applications {
    pub groups: BTreeMap<ConsumerId, Arc<str>>,
    /// What no discovery finds, by the application's name.
    pub named: BTreeMap<Arc<str>, OwnMeasures>,
}

impl Applications {
    /// The group that the configuration puts a consumer into.
    pub fn group_of(&self, consumer: &ConsumerId) -> Option<Arc<str>> {
        self.groups.get(consumer).cloned()
    }

    /// The application that a consumer belongs to: its group, or itself alone.
    pub fn of(&self, consumer: &ConsumerId) -> Arc<str> {
        self.group_of(consumer)
            .unwrap_or_else(|| consumer.to_string().into())
    }
}

impl Settings {
    /// A refusal so long before a promotion says nothing of it any more: logins are repeated at least twice in that time.
    pub fn outdated_after(&self) -> SignedDuration {
        const LEAST: SignedDuration = SignedDuration::from_mins(10);
        LEAST.max(self.cadence.login_backoff * 2)
    }

    /// Login tests that tell nothing for so long are a finding.
    pub(crate) fn patience_with_logins(&self) -> SignedDuration {
        self.cadence.login_backoff
    }
}

impl Cadence {
    /// Logins of which nothing new is expected. Some databases count refusals in a row, over any time.
    pub fn login_seldom(&self) -> SignedDuration {
        const LEAST: SignedDuration = SignedDuration::from_mins(30);
        LEAST.max(self.login_backoff)
    }
}

/// Margins and deadlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Added to a promotion before a task counts as created after it, and before a write is sent.
    pub margin: SignedDuration,
    /// Promotions older than this at a secret's very first look give findings, no restarts.
    pub baseline_age: SignedDuration,
    /// How far a read of Secrets Manager may be behind: labels that seem to go back must be seen so for so long, and a
    /// change may be so much older than the last look without it (aws-facts: Reading cheaply).
    pub settle: SignedDuration,
    /// How long to wait for a login or a testSecret line before a promotion is trusted by protocol.
    pub proof_wait: SignedDuration,
    /// Databases count refused logins of an account over so long, before they lock it.
    pub refusals_within: SignedDuration,
    /// A rotation without progress for so long is stalled.
    pub stalled_after: SignedDuration,
    /// One write's own deadline.
    pub write_deadline: SignedDuration,
    /// Between the two looks that must agree before a write in doubt is repeated.
    pub doubt_gap: SignedDuration,
    /// From a consumer's remediation until it must be healthy.
    pub recover_deadline: SignedDuration,
    /// A task without a health check counts as healthy after running for so long.
    pub steady: SignedDuration,
    /// How long a function stays at concurrency 0.
    pub sleep_for: SignedDuration,
    /// A function's concurrency is put back at the latest so long after it was noted down.
    pub sleep_deadline: SignedDuration,
    /// All consumers are checked for so long before a rotation is merely watched.
    pub verify_for: SignedDuration,
    pub watch_for: SignedDuration,
    /// A danger window longer than this is a finding of its own.
    pub long_window: SignedDuration,
    /// setSecret is done for so long, and AWSCURRENT has not moved: a warning, and critical.
    pub open_window_warning: SignedDuration,
    pub open_window_critical: SignedDuration,
}

impl Default for Timing {
    fn default() -> Self {
        let (s, m, h) = (
            SignedDuration::from_secs,
            SignedDuration::from_mins,
            SignedDuration::from_hours,
        );
        Self {
            margin: s(1),
            baseline_age: m(15),
            settle: s(5),
            proof_wait: s(20),
            refusals_within: m(10),
            stalled_after: m(30),
            write_deadline: s(10),
            doubt_gap: s(10),
            recover_deadline: m(15),
            steady: s(15),
            sleep_for: s(15),
            sleep_deadline: m(2),
            verify_for: m(5),
            watch_for: h(24),
            long_window: s(30),
            open_window_warning: s(10),
            open_window_critical: s(60),
        }
    }
}

/// How often to look. Every wait of the program comes from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// ListSecrets for the whole fleet.
    pub sweep: SignedDuration,
    /// DescribeSecret of a secret at rest.
    pub idle: SignedDuration,
    /// DescribeSecret in the announced window.
    pub announced: SignedDuration,
    /// How long before the end of the day of NextRotationDate the announced window opens.
    pub announced_window: SignedDuration,
    /// DescribeSecret while a rotation is under way.
    pub active: SignedDuration,
    /// ListSecretVersionIds while AWSPENDING has no value.
    pub versions: SignedDuration,
    /// The rotation Lambda's log while a rotation is under way.
    pub log: SignedDuration,
    /// RDS, while the rotation of a master user's secret is under way.
    pub rds: SignedDuration,
    /// Logins while a rotation is under way.
    pub login: SignedDuration,
    /// The longest wait after refused logins; each refusal doubles the wait from `login`.
    pub login_backoff: SignedDuration,
    /// A consumer while it is being refreshed.
    pub consumer: SignedDuration,
    /// A consumer while its rotation is watched.
    pub consumer_watch: SignedDuration,
    /// Full discovery.
    pub discovery: SignedDuration,
    /// A look that failed is repeated after this, doubled up to `failure_backoff`.
    pub failure: SignedDuration,
    pub failure_backoff: SignedDuration,
}

impl Default for Cadence {
    fn default() -> Self {
        let (ms, s, m, h) = (
            SignedDuration::from_millis,
            SignedDuration::from_secs,
            SignedDuration::from_mins,
            SignedDuration::from_hours,
        );
        Self {
            sweep: s(60),
            idle: h(1),
            announced: s(10),
            announced_window: h(24),
            active: ms(500),
            versions: s(1),
            log: s(2),
            rds: s(5),
            login: s(1),
            login_backoff: m(5),
            consumer: s(2),
            consumer_watch: m(5),
            discovery: m(10),
            failure: s(2),
            failure_backoff: m(2),
        }
    }
}

/// Caps over the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The brake for everything: lowers every rule's mode to this.
    pub at_most: Mode,
    /// Refused logins of one account within `Timing::refusals_within` that may never be exceeded.
    pub refusals: usize,
    /// Consumers being refreshed at once.
    pub in_flight: usize,
    pub redeploys_per_service_and_hour: usize,
    /// Consumers of one database being refreshed at once.
    pub wave: usize,
    /// The service the watchdog itself runs in: refreshed last.
    pub own_service: Option<ConsumerId>,
    pub roll_forward: RollForwardLimits,
}

/// When rolling forward stops and calls people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollForwardLimits {
    /// Of one secret within a day.
    pub a_day: usize,
    /// So many secrets may begin to want it within [`Self::within`]; with one more all further promotions stop.
    pub secrets: usize,
    /// They go on when none has begun for so long.
    pub within: SignedDuration,
}

impl Default for RollForwardLimits {
    fn default() -> Self {
        Self {
            a_day: 3,
            secrets: 5,
            within: SignedDuration::from_mins(10),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_most: Mode::Act,
            refusals: 10,
            in_flight: 10,
            redeploys_per_service_and_hour: 3,
            wave: 3,
            own_service: None,
            roll_forward: RollForwardLimits::default(),
        }
    }
}
