//! What a consumer's reason speaks of. Whoever treats reasons alike asks what their topic means, so that a new reason must
//! say which topic it has, and a new topic what it means.

use super::Why;
use crate::procedures::NO_EFFECT_LIMIT;

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
    /// A cache that is waited for, or an RDS Proxy, which is one.
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
            Self::CacheLives { .. }
            | Self::CacheExpired
            | Self::ProxyReads { .. }
            | Self::ProxyRefuses
            | Self::ProxyHasRead
            | Self::LoggedInThrough => Topic::Cache,
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

/// What a topic means to those who treat reasons alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// Of a consumer that is fresh or presumed: it is so because it runs well with the new value.
    pub(crate) runs_well: bool,
    /// It was restarted, and did not become healthy with the new value.
    pub(crate) failed: bool,
    /// Time alone tells it, or nothing does.
    pub(crate) needs_no_look: bool,
    /// It is soon over by itself.
    pub(crate) passes: bool,
    /// Of a consumer that waits for a write: the write changed nothing, so that it is stale. One under way or in doubt may
    /// be refreshing it.
    pub(crate) in_vain: bool,
    /// What was tried did not help: somebody must act.
    pub(crate) is_urgent: bool,
    /// How the consumer is made, which is known before a promotion.
    pub(crate) of_the_consumer: bool,
}

/// What most topics mean.
const NOTHING_SPECIAL: Meaning = Meaning {
    runs_well: true,
    failed: false,
    needs_no_look: false,
    passes: false,
    in_vain: false,
    is_urgent: false,
    of_the_consumer: false,
};

impl Topic {
    pub(crate) fn meaning(self) -> Meaning {
        let usual = NOTHING_SPECIAL;
        match self {
            Self::Unseen
            | Self::NewValue
            | Self::OldValue
            | Self::Ambiguous
            | Self::UnderWay
            | Self::Outlives
            | Self::NeverFound
            | Self::LeftExposed => usual,
            Self::Unlooked | Self::AwaitsAnother => Meaning {
                passes: true,
                ..usual
            },
            Self::Absence | Self::Ailing => Meaning {
                runs_well: false,
                ..usual
            },
            Self::Cache => Meaning {
                runs_well: false,
                needs_no_look: true,
                ..usual
            },
            Self::Pinned => Meaning {
                needs_no_look: true,
                ..usual
            },
            Self::InVain { times } => Meaning {
                passes: times < NO_EFFECT_LIMIT,
                in_vain: true,
                is_urgent: true,
                ..usual
            },
            Self::GivenUp => Meaning {
                failed: true,
                is_urgent: true,
                ..usual
            },
            Self::Protected => Meaning {
                is_urgent: true,
                ..usual
            },
            Self::UpdateFailed => Meaning {
                failed: true,
                is_urgent: true,
                of_the_consumer: true,
                ..usual
            },
            Self::Settings | Self::Function | Self::Declared => Meaning {
                of_the_consumer: true,
                ..usual
            },
        }
    }
}
