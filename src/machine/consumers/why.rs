//! The reasons for a consumer's standing, in words for people. Shown alike by log, API and page.

use std::fmt;

use jiff::Timestamp;

use crate::model::{NoEffect, VersionId, WriteKind, given_by_pin};

/// What the journal says of consumers that nobody looks at: their caches are waited for.
const CACHE_LIVES: &str = "its cache may hold the old value until";
const CACHE_EXPIRED: &str = "its cache has expired since the promotion";
/// The same of RDS Proxies.
const PROXY_READS: &str = "it reads AWSCURRENT anew by itself";
const PROXY_REFUSES: &str = "our login through it is refused: it has not read AWSCURRENT, or may not";
const PROXY_HAS_READ: &str =
    "it has had the time to read AWSCURRENT anew; no login through it proves that it did";
const LOGGED_IN_THROUGH: &str = "our login through it was accepted with this version";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    NotLookedYet,
    /// Every running task was started by the deployment that answered our call.
    StartedByUs,
    /// Every running task was created after the promotion.
    CreatedAfter,
    /// AWSCURRENT moved back to what these tasks were given.
    CreatedWhileCurrent,
    NothingRuns,
    /// It was there, and is no more.
    Gone,
    /// A rule names it, and nothing by this name was ever seen.
    NeverFound,
    TasksUnseen,
    SoleDeploymentAfter,
    Starting {
        running: u32,
        desired: u32,
    },
    Unhealthy {
        healthy: usize,
        tasks: usize,
    },
    HoldsOld {
        stale: usize,
        tasks: usize,
    },
    /// The same of tasks that fetch the value themselves.
    MayHoldOld {
        stale: usize,
        tasks: usize,
    },
    /// Not before the promotion for certain, nor after it: nobody saw when it was.
    CreatedAround {
        tasks: usize,
    },
    Deploying,
    /// Another's deployment from before the promotion.
    OlderDeployment,
    RolledBackOnce,
    RolledBackTwice,
    NotInTime {
        deadline: Timestamp,
    },
    /// Scale-in protection keeps old tasks running beside those of a deployment.
    Protected {
        tasks: usize,
        until: Option<Timestamp>,
    },
    Controller {
        name: &'static str,
    },
    StagedStrategy {
        name: String,
    },
    Downtime,
    /// Percents that let no deployment begin.
    NoRoom {
        minimum: u32,
        maximum: u32,
    },
    Pinned {
        to: String,
    },
    OnlyDeclared,
    CacheLives {
        until: Timestamp,
    },
    CacheExpired,
    /// A login at the RDS Proxy's endpoint was accepted with the version.
    LoggedInThrough,
    ProxyReads {
        until: Timestamp,
    },
    /// The last login at its endpoint was turned away.
    ProxyRefuses,
    ProxyHasRead,
    UnderWay {
        write: WriteKind,
    },
    InDoubt {
        write: WriteKind,
    },
    NoEffect {
        why: NoEffect,
        times: usize,
    },
    /// A function whose configuration is older than the promotion.
    ConfiguredBefore,
    /// A function whose configuration was changed about when the secret was promoted, which nobody saw.
    ConfiguredAround,
    ConfigUpdated,
    UpdatedByAnother,
    Updating,
    UpdateFailed,
    EnvironmentUnreadable {
        why: String,
    },
    EnvironmentFull {
        bytes: usize,
    },
    AliasPinned {
        alias: String,
        version: String,
    },
    SnapStart,
    Provisioned,
    /// It runs on instances of a capacity provider.
    ManagedInstances,
    /// Updated, but each tenant's environments are its own.
    Tenants,
    /// Updated, but executions from before go on.
    Durable,
    /// Lambda lets functions of its runtime no longer be updated.
    RuntimeBlocked,
    SwitchedOff,
    Asleep {
        until: Timestamp,
    },
    Cycling,
    Cycled,
    CycleBroken,
    /// It holds AWSCURRENT, which the database may refuse since a rotation to this version was given up.
    LeftExposed {
        version: VersionId,
    },
}

impl Why {
    /// Whether the words, as the journal keeps them, are of a cache that was waited for.
    pub fn tells_of_a_cache(words: &str) -> bool {
        let whole = [CACHE_EXPIRED, PROXY_REFUSES, PROXY_HAS_READ, LOGGED_IN_THROUGH];
        let begun = [CACHE_LIVES, PROXY_READS];
        whole.contains(&words) || begun.iter().any(|begin| words.starts_with(begin))
    }

    /// How the service is deployed is the reason.
    pub(crate) fn is_of_settings(&self) -> bool {
        matches!(
            self,
            Self::Controller { .. } | Self::StagedStrategy { .. } | Self::NoRoom { .. } | Self::Downtime
        )
    }

    /// Nobody saw when the promotion was, and this was made about then.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Self::CreatedAround { .. } | Self::ConfiguredAround)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLookedYet => f.write_str("not looked at since the promotion"),
            Self::StartedByUs => f.write_str("every running task was started by the deployment that answered our call"),
            Self::CreatedAfter => f.write_str("every running task was created after the promotion"),
            Self::CreatedWhileCurrent => f.write_str("every running task was created while this version was current"),
            Self::NothingRuns => f.write_str("nothing runs that could hold the old value"),
            Self::Gone => f.write_str("it no longer exists"),
            Self::NeverFound => f.write_str("nothing by this name exists, and nothing by it was seen since the start: the rule may be mistyped"),
            Self::TasksUnseen => f.write_str("its tasks could not be listed"),
            Self::SoleDeploymentAfter => {
                f.write_str("its only deployment is complete and younger than the promotion; its tasks could not be listed")
            }
            Self::Starting { running, desired } => write!(f, "{running} of {desired} tasks run"),
            Self::Unhealthy { healthy, tasks } => write!(f, "{healthy} of {tasks} tasks are healthy"),
            Self::HoldsOld { stale, tasks } => {
                write!(f, "{stale} of {tasks} tasks were created before the promotion and hold the old value")
            }
            Self::MayHoldOld { stale, tasks } => {
                write!(
                    f,
                    "{stale} of {tasks} tasks were created before the promotion: what they fetched then is the old value"
                )
            }
            Self::CreatedAround { tasks } => {
                write!(f, "some of its {tasks} tasks may be older than the promotion, which nobody saw")
            }
            Self::Deploying => f.write_str("a deployment from after the promotion is under way"),
            Self::OlderDeployment => f.write_str("another's deployment from before the promotion is waited for"),
            Self::RolledBackOnce => f.write_str("ECS rolled the deployment back; one more try is allowed"),
            Self::RolledBackTwice => f.write_str("ECS rolled the deployment back twice"),
            Self::NotInTime { deadline } => write!(f, "it did not become healthy by {deadline:.0}"),
            Self::Protected { tasks, until } => {
                write!(f, "{tasks} of its old tasks are kept running by their scale-in protection")?;
                until.map_or(Ok(()), |until| write!(f, ", until {until:.0} at the earliest"))
            }
            Self::Controller { name } => write!(f, "its deployments are made by {name}"),
            Self::StagedStrategy { name } => write!(f, "deployment strategy {name} is not supported yet"),
            Self::Downtime => f.write_str("a redeploy would stop tasks before their successors run, and no rule allows it"),
            Self::NoRoom { minimum, maximum } => f.write_str(&no_room(*minimum, *maximum)),
            Self::Pinned { to } => write!(f, "its reference is pinned to {to}: a restart gives it {}", given_by_pin(to)),
            Self::OnlyDeclared => f.write_str("only the configuration names it: a person restarts it"),
            Self::CacheLives { until } => write!(f, "{CACHE_LIVES} {until:.0}"),
            Self::CacheExpired => f.write_str(CACHE_EXPIRED),
            Self::LoggedInThrough => f.write_str(LOGGED_IN_THROUGH),
            Self::ProxyReads { until } => write!(f, "{PROXY_READS}, by {until:.0}"),
            Self::ProxyRefuses => f.write_str(PROXY_REFUSES),
            Self::ProxyHasRead => f.write_str(PROXY_HAS_READ),
            Self::UnderWay { write } => write!(f, "{write} is under way"),
            Self::InDoubt { write } => write!(f, "{write} may have happened or not: looking twice before anything is repeated"),
            Self::NoEffect { why, times } => write!(f, "{times} tries changed nothing, last: {why}"),
            Self::ConfiguredBefore => f.write_str("its configuration is older than the promotion: warm environments may hold the old value"),
            Self::ConfiguredAround => f.write_str("its configuration may be older than the promotion, which nobody saw"),
            Self::ConfigUpdated => f.write_str("its configuration was updated by us: new environments only"),
            Self::UpdatedByAnother => f.write_str("its configuration was updated by another after the promotion"),
            Self::Updating => f.write_str("its configuration update is under way"),
            Self::UpdateFailed => f.write_str("its last configuration update failed"),
            Self::EnvironmentUnreadable { why } => write!(f, "its environment is unreadable ({why}): an update would wipe it"),
            Self::EnvironmentFull { bytes } => write!(f, "its environment has {bytes} of 4096 bytes: no room for the marker"),
            Self::AliasPinned { alias, version } => {
                write!(f, "alias {alias} points at version {version}: an update does not reach its callers")
            }
            Self::SnapStart => f.write_str("SnapStart keeps what its initialisation fetched"),
            Self::Provisioned => f.write_str("provisioned concurrency keeps environments alive"),
            Self::ManagedInstances => f.write_str(
                "it runs on managed instances: its callers get $LATEST.PUBLISHED, which an update of $LATEST does not reach",
            ),
            Self::Tenants => f.write_str(
                "each tenant has environments of its own, and nothing documents that an update or a cycle ends them all",
            ),
            Self::Durable => {
                f.write_str("durable executions that began before go on with what they fetched, whatever is updated")
            }
            Self::RuntimeBlocked => f.write_str("Lambda no longer lets functions of its runtime be updated"),
            Self::SwitchedOff => f.write_str("its reserved concurrency was 0 already: nothing runs"),
            Self::Asleep { until } => write!(f, "switched off until {until:.0}, then its concurrency is put back"),
            Self::Cycling => f.write_str("its environments are being recycled"),
            Self::CycleBroken => f.write_str("its concurrency or our note on it was changed by another in the middle of each cycle"),
            Self::LeftExposed { version } => f.write_str(&left_exposed(version)),
            Self::Cycled => f.write_str("it was switched off and on again after the promotion"),
        }
    }
}

fn no_room(minimum: u32, maximum: u32) -> String {
    format!(
        "its deployment configuration ({minimum} % to {maximum} %) allows neither one task more nor one less: a redeploy \
         would never begin"
    )
}

fn left_exposed(version: &VersionId) -> String {
    format!(
        "it holds AWSCURRENT, which may not log in any more: the rotation to {version} was given up after setSecret"
    )
}

impl fmt::Display for NoEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Throttled => f.write_str("throttled"),
            Self::Denied { iam_action, resource } => write!(f, "denied: {iam_action} on {resource}"),
            Self::Conflict { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Rejected { why } => write!(f, "rejected: {why}"),
            Self::Unfit { why } => f.write_str(why),
            Self::NotSent { why } => write!(f, "not sent: {why}"),
        }
    }
}
