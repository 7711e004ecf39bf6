//! Remediations as data: ONE write to the world each, decided before it is sent.

use std::fmt;

use jiff::Timestamp;

use super::{AttemptId, ConsumerId, DeploymentId, RotationKey, SleepTag, VersionId};

/// One write, with all that is needed to precheck it and to undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// UpdateService with forceNewDeployment. Tasks created after `fresh_after` hold the new value already.
    Redeploy { fresh_after: Timestamp },
    /// Merge one marker variable into the function's environment, guarded by its revision.
    UpdateEnvironment { marker: String, revision: String },
    /// Note on the function what its concurrency was, before it is changed.
    TagSleep { tag: SleepTag },
    /// Reserved concurrency 0, if it still is `former`.
    Sleep { former: Option<u32> },
    /// Reserved concurrency back to `former`, if it still is 0: put N, or delete where there was none.
    Restore { former: Option<u32> },
    /// Remove the note, once the concurrency was read back.
    Untag,
}

impl Action {
    /// Every word of [`Action::kind`].
    pub const KINDS: [&'static str; 6] = [
        "redeploy",
        "update-environment",
        "tag-sleep",
        "sleep",
        "restore",
        "untag",
    ];

    /// A stable word for metrics, logs and the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Redeploy { .. } => "redeploy",
            Self::UpdateEnvironment { .. } => "update-environment",
            Self::TagSleep { .. } => "tag-sleep",
            Self::Sleep { .. } => "sleep",
            Self::Restore { .. } => "restore",
            Self::Untag => "untag",
        }
    }

    /// Whether it puts back what the watchdog itself switched off. Such writes are covered by the first decision.
    pub fn restores(&self) -> bool {
        matches!(self, Self::Restore { .. } | Self::Untag)
    }
}

/// A way to refresh a consumer. A concurrency cycle is several writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Redeploy,
    ConfigUpdate,
    ConcurrencyCycle,
}

impl Method {
    pub const ALL: [Self; 3] = [Self::Redeploy, Self::ConfigUpdate, Self::ConcurrencyCycle];

    /// What a write is part of.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::Redeploy { .. } => Self::Redeploy,
            Action::UpdateEnvironment { .. } => Self::ConfigUpdate,
            Action::TagSleep { .. } | Action::Sleep { .. } | Action::Restore { .. } | Action::Untag => {
                Self::ConcurrencyCycle
            }
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Redeploy => "redeploy",
            Self::ConfigUpdate => "config-update",
            Self::ConcurrencyCycle => "concurrency-cycle",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A remediation that was decided: durable before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub attempt: AttemptId,
    pub consumer: ConsumerId,
    pub action: Action,
    /// The rotations it serves; none when a switched-off function is found by its tag alone.
    pub rotations: Vec<RotationKey>,
    pub at: Timestamp,
    /// The write's own deadline: after it the answer is in doubt.
    pub deadline: Timestamp,
}

/// A decision and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub decision: Decision,
    /// Nothing while it is under way, or when the process died before the answer.
    pub outcome: Option<(Timestamp, Outcome)>,
}

impl Attempt {
    /// When AWS answered that the write was made.
    pub fn written(&self) -> Option<Timestamp> {
        match &self.outcome {
            Some((at, Outcome::Done(Done::Written { .. }))) => Some(*at),
            _ => None,
        }
    }
}

/// What a write's answer means for sending it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(Done),
    /// Certainly nothing changed: may be sent again.
    NoEffect(NoEffect),
    /// A timeout, a cut connection, a server error: it may have happened. Looked at before anything is repeated.
    InDoubt {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The write went through; for a redeploy, the deployment that answered.
    Written { deployment: Option<DeploymentId> },
    /// The precheck found it done.
    AlreadySo,
}

/// How a restart of a consumer must find a secret that the consumer uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The version believed to be AWSCURRENT, where that is known.
    pub current: Option<VersionId>,
    /// Whether nothing of the consumer starts where the secret is not there.
    pub needed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEffect {
    Throttled,
    Denied {
        iam_action: String,
        resource: String,
    },
    /// The precheck, or AWS's own guard, found another state than the decision expected.
    Conflict {
        expected: String,
        found: String,
    },
    /// AWS rejects the request as such.
    Rejected {
        why: String,
    },
    /// The connection could not be made, so nothing was sent.
    NotSent {
        why: String,
    },
}

impl NoEffect {
    /// What is kept of AWS's refusal to update a function whose runtime is out of support.
    pub const RUNTIME_BLOCKED: &str =
        "InvalidParameterValueException: the runtime is no longer supported for updating functions";

    /// Whether no update of the function will ever go through with its present runtime.
    pub fn is_blocked_runtime(&self) -> bool {
        matches!(self, Self::Rejected { why } if why == Self::RUNTIME_BLOCKED)
    }
}
