//! What a consumer's reason speaks of. Whoever treats reasons alike asks for their topic, so that a new reason must say
//! which it has, and a new topic breaks the build wherever it matters.

use super::Why;
use crate::model::Stage;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Not looked at since the promotion.
    Unlooked,
    /// Looked at in vain.
    Unseen,
    /// What runs was given the new value.
    NewValue,
    /// Nothing runs that could hold a value.
    Absence,
    /// A cache that is waited for.
    Cache,
    /// It has the new value, and does not run well.
    Ailing,
    OldValue,
    /// Nobody saw when the promotion was, and this was made about then.
    Ambiguous,
    /// Somebody else's deployment is waited for.
    AwaitsAnother,
    UnderWay,
    /// So many tries in a row changed nothing.
    InVain {
        times: usize,
    },
    /// Tried as often as may be.
    GivenUp,
    Protected,
    /// How a service is deployed.
    Settings,
    /// How a function is made.
    Function,
    /// What an update does not end.
    Outlives,
    UpdateFailed,
    Pinned,
    /// Only the configuration knows it.
    Declared,
    NeverFound,
    LeftExposed,
}

impl Why {
    pub(crate) fn topic(&self) -> Topic {
        match self {
            Self::NotLookedYet => Topic::Unlooked,
            Self::TasksUnseen => Topic::Unseen,
            Self::StartedByUs
            | Self::CreatedAfter
            | Self::CreatedWhileCurrent
            | Self::SoleDeploymentAfter
            | Self::ConfigUpdated
            | Self::UpdatedByAnother
            | Self::Cycled => Topic::NewValue,
            Self::NothingRuns | Self::Gone | Self::SwitchedOff => Topic::Absence,
            Self::CacheLives { .. } | Self::CacheExpired => Topic::Cache,
            Self::Starting { .. } | Self::Unhealthy { .. } => Topic::Ailing,
            Self::HoldsOld { .. } | Self::MayHoldOld { .. } | Self::ConfiguredBefore => Topic::OldValue,
            Self::CreatedAround { .. } | Self::ConfiguredAround => Topic::Ambiguous,
            Self::OlderDeployment => Topic::AwaitsAnother,
            Self::Deploying
            | Self::RolledBackOnce
            | Self::UnderWay { .. }
            | Self::InDoubt { .. }
            | Self::Updating
            | Self::Asleep { .. }
            | Self::Cycling
            | Self::CycleBroken => Topic::UnderWay,
            Self::NoEffect { times, .. } => Topic::InVain { times: *times },
            Self::RolledBackTwice | Self::NotInTime { .. } => Topic::GivenUp,
            Self::Protected { .. } => Topic::Protected,
            Self::Controller { .. } | Self::StagedStrategy { .. } | Self::Downtime | Self::NoRoom { .. } => {
                Topic::Settings
            }
            Self::EnvironmentUnreadable { .. }
            | Self::EnvironmentFull { .. }
            | Self::AliasPinned { .. }
            | Self::SnapStart
            | Self::Provisioned
            | Self::ManagedInstances
            | Self::RuntimeBlocked => Topic::Function,
            Self::Tenants | Self::Durable => Topic::Outlives,
            Self::UpdateFailed => Topic::UpdateFailed,
            Self::Pinned { .. } => Topic::Pinned,
            Self::OnlyDeclared => Topic::Declared,
            Self::NeverFound => Topic::NeverFound,
            Self::LeftExposed { .. } => Topic::LeftExposed,
        }
    }
}

impl Topic {
    /// Of a consumer that is fresh or presumed: whether that is because it runs well with the new value.
    pub(crate) fn is_of_what_runs_well(self) -> bool {
        match self {
            Self::Absence | Self::Cache | Self::Ailing => false,
            Self::Unlooked
            | Self::Unseen
            | Self::NewValue
            | Self::OldValue
            | Self::Ambiguous
            | Self::AwaitsAnother
            | Self::UnderWay
            | Self::InVain { .. }
            | Self::GivenUp
            | Self::Protected
            | Self::Settings
            | Self::Function
            | Self::Outlives
            | Self::UpdateFailed
            | Self::Pinned
            | Self::Declared
            | Self::NeverFound
            | Self::LeftExposed => true,
        }
    }

    /// It was restarted, and did not become healthy with the new value.
    pub(crate) fn is_failure(self) -> bool {
        match self {
            Self::GivenUp | Self::UpdateFailed => true,
            Self::Unlooked
            | Self::Unseen
            | Self::NewValue
            | Self::Absence
            | Self::Cache
            | Self::Ailing
            | Self::OldValue
            | Self::Ambiguous
            | Self::AwaitsAnother
            | Self::UnderWay
            | Self::InVain { .. }
            | Self::Protected
            | Self::Settings
            | Self::Function
            | Self::Outlives
            | Self::Pinned
            | Self::Declared
            | Self::NeverFound
            | Self::LeftExposed => false,
        }
    }

    /// Where a consumer stands that waits for a write: one that had no effect leaves it stale; one under way or in doubt
    /// may be refreshing it.
    pub(crate) fn stage_of_wait(self) -> Stage {
        match self {
            Self::InVain { .. } => Stage::Stale,
            Self::Unlooked
            | Self::Unseen
            | Self::NewValue
            | Self::Absence
            | Self::Cache
            | Self::Ailing
            | Self::OldValue
            | Self::Ambiguous
            | Self::AwaitsAnother
            | Self::UnderWay
            | Self::GivenUp
            | Self::Protected
            | Self::Settings
            | Self::Function
            | Self::Outlives
            | Self::UpdateFailed
            | Self::Pinned
            | Self::Declared
            | Self::NeverFound
            | Self::LeftExposed => Stage::Refreshing,
        }
    }

    /// Time alone tells it, or nothing does.
    pub(crate) fn needs_no_look(self) -> bool {
        match self {
            Self::Cache | Self::Pinned => true,
            Self::Unlooked
            | Self::Unseen
            | Self::NewValue
            | Self::Absence
            | Self::Ailing
            | Self::OldValue
            | Self::Ambiguous
            | Self::AwaitsAnother
            | Self::UnderWay
            | Self::InVain { .. }
            | Self::GivenUp
            | Self::Protected
            | Self::Settings
            | Self::Function
            | Self::Outlives
            | Self::UpdateFailed
            | Self::Declared
            | Self::NeverFound
            | Self::LeftExposed => false,
        }
    }
}
