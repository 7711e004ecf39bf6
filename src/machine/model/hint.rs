//! Hints: what an event tells us to look at. A hint is never believed: only looks are.

use jiff::Timestamp;

use super::{ConsumerId, RdsId, SecretArn, Step};

/// One event, as far as it matters here (aws-facts: Events).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub about: HintAbout,
    pub kind: HintKind,
    /// The whole second in which it happened: it began no earlier, and may have happened at the end of that second.
    pub at: Option<Timestamp>,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HintAbout {
    Secret(NamedSecret),
    Consumer(ConsumerId),
    Database(RdsId),
    /// The way that events take to us.
    Delivery,
}

/// A secret as an event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSecret {
    /// A full ARN, or one without the six random characters.
    Arn(String),
    /// A name, of the watchdog's own account and region.
    Name(String),
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintKind {
    /// `Secret Label Updated`: a label other than AWSPENDING and AWSPREVIOUS was moved.
    LabelMoved,
    RotationStarted,
    RotationSucceeded,
    RotationFailed {
        step: Option<Step>,
    },
    RotationAbandoned,
    /// RotateSecret with RotateImmediately=false.
    TestRotation,
    /// A call of Secrets Manager's API.
    SecretCall,
    /// A call of ECS's or Lambda's API that changes a consumer.
    ConsumerCall,
    TaskState,
    DeploymentState,
    /// RDS set a master user's password, or could not.
    DatabaseEvent,
    /// A call of RDS's API that changes a database.
    DatabaseCall,
    /// The schedule that shows that events come.
    Heartbeat,
}

impl HintKind {
    pub const ALL: [Self; 13] = [
        Self::LabelMoved,
        Self::RotationStarted,
        Self::RotationSucceeded,
        Self::RotationFailed { step: None },
        Self::RotationAbandoned,
        Self::TestRotation,
        Self::SecretCall,
        Self::ConsumerCall,
        Self::TaskState,
        Self::DeploymentState,
        Self::DatabaseEvent,
        Self::DatabaseCall,
        Self::Heartbeat,
    ];

    /// Its word in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::LabelMoved => "label-moved",
            Self::RotationStarted => "rotation-started",
            Self::RotationSucceeded => "rotation-succeeded",
            Self::RotationFailed { .. } => "rotation-failed",
            Self::RotationAbandoned => "rotation-abandoned",
            Self::TestRotation => "test-rotation",
            Self::SecretCall => "secret-call",
            Self::ConsumerCall => "consumer-call",
            Self::TaskState => "task-state",
            Self::DeploymentState => "deployment-state",
            Self::DatabaseEvent => "database-event",
            Self::DatabaseCall => "database-call",
            Self::Heartbeat => "heartbeat",
        }
    }
}

impl NamedSecret {
    /// Whether it names this secret.
    pub fn names(&self, secret: &SecretArn) -> bool {
        match self {
            Self::Arn(arn) => secret.is(arn),
            Self::Name(name) => secret.name() == name,
        }
    }
}
