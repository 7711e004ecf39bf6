//! What enters the machine: answers to looks, failures of looks, and the facts that the journal keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::{
    AttemptId, Consumer, ConsumerId, DatabaseSeen, Decision, FunctionSeen, Hint, LoginAnswer, Look, Measured,
    NumbersSeen, Outcome, RdsDatabase, RdsEvent, RdsPart, RdsRule, SecretArn, SecretSeen, SecretSummary,
    ServiceSeen, Step, Strategy, VersionId,
};

/// What to look at. One look of a key is under way at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookKey {
    /// ListSecrets, all pages.
    Sweep,
    /// DescribeSecret.
    Secret(SecretArn),
    /// ListSecretVersionIds: which versions have a value.
    Versions(SecretArn),
    /// The rotation Lambda's log.
    Log(SecretArn),
    /// A login with one version of the secret.
    Login(SecretArn, VersionId),
    /// A consumer's own state.
    Consumer(ConsumerId),
    Discovery(Scope),
    /// The queue of events.
    Events,
    /// A part of what RDS tells of its databases.
    Rds(RdsPart),
    /// The numbers of an application or a database.
    Numbers(Measured),
}

/// A part of discovery: seen whole or not at all, so that what could not be read keeps what was known of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Which clusters there are.
    Clusters,
    /// The services of one cluster.
    Cluster(String),
    /// The tasks of one cluster that no service started.
    Tasks(String),
    Functions,
    /// RDS Proxies.
    Proxies,
    /// What the configuration names.
    Declared,
}

impl Scope {
    /// The part of discovery that finds a consumer.
    pub fn of(consumer: &ConsumerId) -> Self {
        match consumer {
            ConsumerId::Service { cluster, .. } => Self::Cluster(cluster.to_string()),
            ConsumerId::Function { .. } => Self::Functions,
            ConsumerId::Proxy { .. } => Self::Proxies,
            ConsumerId::Declared { .. } => Self::Declared,
        }
    }
}

/// What a part of discovery showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSeen {
    pub consumers: Vec<Consumer>,
    /// For [`Scope::Clusters`].
    pub clusters: Vec<String>,
    /// Running tasks without a service that hold a secret.
    pub standalone: Vec<StandaloneTask>,
    /// Functions whose environment could not be decrypted for us: whether they use a secret is unknown.
    pub unreadable: Vec<String>,
    /// Whose task definition could not be read: what was known of them before is kept.
    pub unread: Vec<Unread>,
    /// Database hosts of the configuration that something names ([`host_key`]).
    pub hosts: BTreeSet<String>,
    /// Where the first suspicion of a consumer comes from: a variable, by its name; a command has none.
    pub suspicions: BTreeMap<ConsumerId, String>,
    /// For [`Scope::Declared`]: the databases of RDS that rules name.
    pub databases: BTreeMap<SecretArn, RdsRule>,
}

/// A host as hosts are compared: in small letters, without the dot that may end a whole name.
pub fn host_key(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// A running task that no service started, and a secret that it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandaloneTask {
    pub task: String,
    pub secret: SecretArn,
    pub created: Option<Timestamp>,
}

/// A task definition that could not be read, while the rest of its cluster was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The service that runs it; nothing for a task without one.
    pub consumer: Option<ConsumerId>,
    pub definition: String,
    pub why: LookFailure,
}

/// The answer to a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    Sweep {
        secrets: Vec<SecretSummary>,
    },
    Secret {
        secret: SecretArn,
        seen: SecretSeen,
    },
    /// DescribeSecret found nothing by this ARN.
    SecretGone {
        secret: SecretArn,
    },
    Versions {
        secret: SecretArn,
        valued: Vec<VersionId>,
    },
    Log {
        secret: SecretArn,
        lines: Vec<LogFact>,
    },
    /// The log could not be read, or not to its end.
    LogTrouble {
        secret: SecretArn,
        lines: Vec<LogFact>,
        trouble: LogTrouble,
    },
    Login {
        secret: SecretArn,
        version: VersionId,
        answer: LoginAnswer,
        /// Where the value logs in; nothing where it does not say so.
        database: Option<DatabaseSeen>,
    },
    /// `None`: the service is gone.
    Service {
        consumer: ConsumerId,
        seen: Option<ServiceSeen>,
    },
    /// `None`: the function is gone.
    Function {
        consumer: ConsumerId,
        seen: Option<FunctionSeen>,
    },
    Scope {
        scope: Scope,
        seen: ScopeSeen,
    },
    /// What the queue of events had.
    Hints {
        hints: Vec<Hint>,
    },
    /// One of RDS's lists, whole.
    Rds {
        part: RdsPart,
        databases: Vec<RdsDatabase>,
    },
    Numbers {
        measured: Measured,
        seen: NumbersSeen,
    },
    /// What RDS's events say of master users' passwords.
    RdsEvents {
        events: Vec<RdsEvent>,
    },
}

impl Evidence {
    /// Which look this answers.
    pub fn key(&self) -> LookKey {
        match self {
            Self::Sweep { .. } => LookKey::Sweep,
            Self::Secret { secret, .. } | Self::SecretGone { secret } => LookKey::Secret(secret.clone()),
            Self::Versions { secret, .. } => LookKey::Versions(secret.clone()),
            Self::Log { secret, .. } | Self::LogTrouble { secret, .. } => LookKey::Log(secret.clone()),
            Self::Login { secret, version, .. } => LookKey::Login(secret.clone(), version.clone()),
            Self::Service { consumer, .. } | Self::Function { consumer, .. } => {
                LookKey::Consumer(consumer.clone())
            }
            Self::Scope { scope, .. } => LookKey::Discovery(scope.clone()),
            Self::Hints { .. } => LookKey::Events,
            Self::Rds { part, .. } => LookKey::Rds(*part),
            Self::RdsEvents { .. } => LookKey::Rds(RdsPart::Events),
            Self::Numbers { measured, .. } => LookKey::Numbers(measured.clone()),
        }
    }
}

/// A line of the rotation Lambda's log that means something. Never the line itself: it holds user and host names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogFact {
    pub at: Timestamp,
    pub line: LogLine,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLine {
    /// A step's success. Only createSecret and finishSecret name the version.
    Done {
        step: Step,
        version: Option<VersionId>,
        strategy: Option<Strategy>,
    },
    /// A step that failed, as far as the line tells which; `why` is one of a few fixed texts. `ended`: the invocation is
    /// known to have ended with it. A function that only logs an error may still set the database back.
    Failed {
        step: Option<Step>,
        why: String,
        ended: bool,
    },
    /// The invocation that did setSecret's work ended without a failure: every account that it sets is set.
    SetEnded,
}

/// What keeps a log from telling all that it holds (aws-facts: The rotation Lambda's log).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTrouble {
    /// The log group.
    pub group: String,
    pub reach: LogReach,
}

/// How far a log was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogReach {
    Whole,
    /// It holds more than is read at once: what came after this moment was not.
    Cut {
        until: Timestamp,
    },
    /// There is no such group.
    Absent,
    /// Its log class, or its key, lets nobody filter it.
    Refused {
        why: String,
    },
}

/// Why a look gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookFailure {
    Denied {
        iam_action: String,
        resource: String,
    },
    Throttled,
    Timeout,
    Credentials {
        why: String,
    },
    Unreachable {
        why: String,
    },
    NotFound {
        what: String,
    },
    /// An answer that makes no sense: HTML, a missing field, an endless page token.
    Unexpected {
        why: String,
    },
}

impl fmt::Display for LookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { iam_action, resource } => write!(f, "access denied: {iam_action} on {resource}"),
            Self::Throttled => f.write_str("throttled"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Credentials { why } => write!(f, "no usable AWS credentials: {why}"),
            Self::Unreachable { why } => write!(f, "unreachable: {why}"),
            Self::NotFound { what } => write!(f, "not found: {what}"),
            Self::Unexpected { why } => write!(f, "unexpected answer: {why}"),
        }
    }
}

/// Everything the loop feeds the machine.
#[expect(
    clippy::large_enum_variant,
    reason = "most events are answers: a box would be an allocation for each"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Seen {
        look: Look,
        evidence: Evidence,
    },
    Unseen {
        look: Look,
        key: LookKey,
        failure: LookFailure,
    },
    Decided(Decision),
    Ended {
        attempt: AttemptId,
        at: Timestamp,
        outcome: Outcome,
    },
}
