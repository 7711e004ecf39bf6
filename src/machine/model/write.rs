//! Writes as data: ONE change of the world each, with the target that it changes.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{ConsumerId, SecretArn, SleepTag, Target, VersionId};

/// One write, with all that is needed to precheck it and to undo it. Each names a target of the one kind that it fits, so
/// that no write can be decided for another: there is no redeploy of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// UpdateService with forceNewDeployment. Tasks created after `fresh_after` hold the new value already.
    Redeploy {
        cluster: Arc<str>,
        service: Arc<str>,
        fresh_after: Timestamp,
    },
    /// Merge one marker variable into the function's environment, guarded by its revision.
    UpdateEnvironment {
        function: Arc<str>,
        marker: String,
        revision: String,
    },
    /// One step of a concurrency cycle.
    Cycle { function: Arc<str>, step: CycleStep },
    /// UpdateSecretVersionStage: AWSCURRENT to `version`, if it still is on `from`.
    Promote {
        secret: SecretArn,
        version: VersionId,
        from: VersionId,
    },
}

/// What a concurrency cycle does to a function, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CycleStep {
    /// Note on the function what its concurrency was, before it is changed.
    TagSleep { tag: SleepTag },
    /// Reserved concurrency 0, if it still is `former`.
    Sleep { former: Option<u32> },
    /// Reserved concurrency back to `former`, if it still is 0: put N, or delete where there was none.
    Restore { former: Option<u32> },
    /// Remove the note, once the concurrency was read back.
    Untag,
}

impl Write {
    pub fn kind(&self) -> WriteKind {
        match self {
            Self::Redeploy { .. } => WriteKind::Redeploy,
            Self::UpdateEnvironment { .. } => WriteKind::UpdateEnvironment,
            Self::Cycle { step, .. } => step.kind(),
            Self::Promote { .. } => WriteKind::Promote,
        }
    }

    pub fn target(&self) -> Target {
        match self {
            Self::Redeploy { cluster, service, .. } => {
                Target::Consumer(ConsumerId::service(cluster, service))
            }
            Self::UpdateEnvironment { function, .. } | Self::Cycle { function, .. } => {
                Target::Consumer(ConsumerId::function(function))
            }
            Self::Promote { secret, .. } => Target::Secret(secret.clone()),
        }
    }

    /// Whether it puts back what the watchdog itself switched off. Such writes are covered by the first decision.
    pub fn restores(&self) -> bool {
        self.kind().restores()
    }

    /// The step of a concurrency cycle that it is, if it is one.
    pub fn cycle_step(&self) -> Option<&CycleStep> {
        match self {
            Self::Cycle { step, .. } => Some(step),
            Self::Redeploy { .. } | Self::UpdateEnvironment { .. } | Self::Promote { .. } => None,
        }
    }
}

impl CycleStep {
    fn kind(&self) -> WriteKind {
        match self {
            Self::TagSleep { .. } => WriteKind::TagSleep,
            Self::Sleep { .. } => WriteKind::Sleep,
            Self::Restore { .. } => WriteKind::Restore,
            Self::Untag => WriteKind::Untag,
        }
    }
}

/// What a write is, without its target and its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteKind {
    Redeploy,
    UpdateEnvironment,
    TagSleep,
    Sleep,
    Restore,
    Untag,
    Promote,
}

impl WriteKind {
    pub const ALL: [Self; 7] = [
        Self::Redeploy,
        Self::UpdateEnvironment,
        Self::TagSleep,
        Self::Sleep,
        Self::Restore,
        Self::Untag,
        Self::Promote,
    ];

    /// A stable word for metrics, logs and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redeploy => "redeploy",
            Self::UpdateEnvironment => "update-environment",
            Self::TagSleep => "tag-sleep",
            Self::Sleep => "sleep",
            Self::Restore => "restore",
            Self::Untag => "untag",
            Self::Promote => "promote",
        }
    }

    /// What it is part of.
    pub fn procedure(self) -> Procedure {
        match self {
            Self::Redeploy => Procedure::Redeploy,
            Self::UpdateEnvironment => Procedure::ConfigUpdate,
            Self::TagSleep | Self::Sleep | Self::Restore | Self::Untag => Procedure::ConcurrencyCycle,
            Self::Promote => Procedure::RollForward,
        }
    }

    /// Whether it begins something that must be put back: its decision is kept until that is done.
    pub fn leaves_something(self) -> bool {
        match self {
            Self::TagSleep => true,
            Self::Redeploy
            | Self::UpdateEnvironment
            | Self::Sleep
            | Self::Restore
            | Self::Untag
            | Self::Promote => false,
        }
    }

    /// Whether it is part of what must be put back.
    pub fn is_put_back(self) -> bool {
        match self {
            Self::TagSleep | Self::Sleep | Self::Restore | Self::Untag => true,
            Self::Redeploy | Self::UpdateEnvironment | Self::Promote => false,
        }
    }

    fn restores(self) -> bool {
        match self {
            Self::Restore | Self::Untag => true,
            Self::Redeploy | Self::UpdateEnvironment | Self::TagSleep | Self::Sleep | Self::Promote => false,
        }
    }
}

impl fmt::Display for WriteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A way to help. A concurrency cycle is several writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Procedure {
    Redeploy,
    ConfigUpdate,
    ConcurrencyCycle,
    RollForward,
}

impl Procedure {
    pub const ALL: [Self; 4] = [
        Self::Redeploy,
        Self::ConfigUpdate,
        Self::ConcurrencyCycle,
        Self::RollForward,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Redeploy => "redeploy",
            Self::ConfigUpdate => "config-update",
            Self::ConcurrencyCycle => "concurrency-cycle",
            Self::RollForward => "roll-forward",
        }
    }
}

impl fmt::Display for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
