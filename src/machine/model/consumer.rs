//! Consumers: what they are, how they hold a secret, and what a look at one shows.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{DeploymentId, HostId, SecretArn};

/// What uses a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsumerId {
    /// An ECS service: cluster and service name.
    Service { cluster: Arc<str>, name: Arc<str> },
    /// A Lambda function, by name.
    Function { name: Arc<str> },
    /// An RDS Proxy, by name: it logs in for others with what it read of the secret.
    Proxy { name: Arc<str> },
    /// Named by a person in the configuration; only its cache's lifetime is known.
    Declared { name: Arc<str> },
}

impl ConsumerId {
    pub fn service(cluster: impl AsRef<str>, name: impl AsRef<str>) -> Self {
        Self::Service {
            cluster: cluster.as_ref().into(),
            name: name.as_ref().into(),
        }
    }

    pub fn function(name: impl AsRef<str>) -> Self {
        Self::Function {
            name: name.as_ref().into(),
        }
    }

    pub fn proxy(name: impl AsRef<str>) -> Self {
        Self::Proxy {
            name: name.as_ref().into(),
        }
    }

    pub fn declared(name: impl AsRef<str>) -> Self {
        Self::Declared {
            name: name.as_ref().into(),
        }
    }

    /// Reads what `Display` writes. No part may be empty.
    pub fn parse(text: &str) -> Option<Self> {
        let filled = |name: &str| !name.is_empty();
        match text.split_once(':')? {
            ("ecs", rest) => rest
                .split_once('/')
                .filter(|(cluster, name)| filled(cluster) && filled(name))
                .map(|(cluster, name)| Self::service(cluster, name)),
            ("lambda", name) => filled(name).then(|| Self::function(name)),
            ("rds-proxy", name) => filled(name).then(|| Self::proxy(name)),
            ("declared", name) => filled(name).then(|| Self::declared(name)),
            _ => None,
        }
    }
}

impl fmt::Display for ConsumerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { cluster, name } => write!(f, "ecs:{cluster}/{name}"),
            Self::Function { name } => write!(f, "lambda:{name}"),
            Self::Proxy { name } => write!(f, "rds-proxy:{name}"),
            Self::Declared { name } => write!(f, "declared:{name}"),
        }
    }
}

/// A consumer as discovery or a rule describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    pub id: ConsumerId,
    pub references: Vec<Reference>,
    /// Containers whose image is named by a tag that can move: a redeploy may ship other code.
    pub mutable_images: Vec<String>,
    /// How a service is deployed; nothing for other consumers, and where the list did not tell.
    pub settings: Option<ServiceSettings>,
    /// Where others log in through it, of an RDS Proxy.
    pub endpoint: Option<HostId>,
    /// Of a service behind a load balancer: `targetgroup/NAME/ID`.
    pub target_groups: Vec<Arc<str>>,
}

/// How a consumer names a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub secret: SecretArn,
    pub kind: ReferenceKind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// ECS puts the value into the environment when a task starts.
    Injected,
    /// Injected, but by a fixed version id or another label than AWSCURRENT ([`given_by_pin`]).
    Pinned { to: String },
    /// The environment, a command or an entry point holds the secret's ARN: the program fetches the value by itself.
    Fetches,
    /// The same, found by the secret's exact name.
    Named,
    /// Only the database's host matches, or a word that is the secret's name among others: never written to.
    Suspected,
    /// A person named it.
    Declared,
}

/// What a new task gets from a reference that is pinned to this.
pub fn given_by_pin(to: &str) -> &'static str {
    if to == "AWSPREVIOUS" {
        "the value that the last promotion replaced, which is dead at once where one user has one password"
    } else if to.starts_with("version ") {
        "the same value again"
    } else {
        "what that label is on, which is not AWSCURRENT"
    }
}

/// How long a consumer goes on with an old value (aws-facts: How stale is a consumer?).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// Until it is restarted.
    Restart,
    /// Until its cache expires.
    Wait(SignedDuration),
    /// Until it reads AWSCURRENT anew, which it does by itself.
    Proxy,
}

/// A consumer that only a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub id: ConsumerId,
    pub staleness: Staleness,
}

/// How far a consumer has come with a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Not seen well enough to say; never a reason to write.
    Unknown,
    Stale,
    Refreshing,
    /// Likely to hold the new value, not proven.
    Presumed,
    Fresh,
    /// Only a person can help.
    Beyond,
}

impl Stage {
    /// Fresh or presumed: it is taken to hold the new value.
    pub fn is_over(self) -> bool {
        match self {
            Self::Fresh | Self::Presumed => true,
            Self::Unknown | Self::Stale | Self::Refreshing | Self::Beyond => false,
        }
    }

    /// Nothing is left for the watchdog to do: the same, or left to a person.
    pub fn is_settled(self) -> bool {
        self.is_over() || self == Self::Beyond
    }
}

/// One look at an ECS service and its tasks. A service that is gone is `None` in the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSeen {
    pub settings: ServiceSettings,
    pub running: u32,
    pub pending: u32,
    pub deployments: Vec<Deployment>,
    /// Tasks that ECS wants to run; draining ones are not among them.
    pub tasks: Vec<Task>,
    /// False where the tasks could not be listed.
    pub tasks_listed: bool,
    /// What keeps tasks of an older deployment running. Asked for only where there are such tasks.
    pub protected: Option<Protected>,
}

/// Tasks that their scale-in protection keeps running, whatever is deployed (aws-facts: ECS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    pub tasks: usize,
    /// When the last protection ends, unless it is prolonged.
    pub until: Option<Timestamp>,
}

/// How a service is deployed: what decides whether a redeploy is possible at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSettings {
    pub controller: Controller,
    /// BLUE_GREEN, LINEAR or CANARY; nothing for the rolling strategy.
    pub staged_strategy: Option<String>,
    pub daemon: bool,
    pub minimum_percent: u32,
    pub maximum_percent: u32,
    pub desired: u32,
}

impl ServiceSettings {
    /// As ECS deploys a service whose owner says nothing else (CreateService: deploymentConfiguration).
    pub fn by_default(desired: u32) -> Self {
        Self {
            controller: Controller::Ecs,
            staged_strategy: None,
            daemon: false,
            minimum_percent: 100,
            maximum_percent: 200,
            desired,
        }
    }

    /// Whether a rolling redeploy stops a task before its successor runs (aws-facts: ECS).
    pub fn redeploy_has_downtime(&self) -> bool {
        self.daemon || (!self.may_start_more() && self.may_stop_some())
    }

    /// The percents allow neither another task nor one less: a redeploy would never begin.
    pub fn redeploy_is_stuck(&self) -> bool {
        !self.daemon && !self.may_start_more() && !self.may_stop_some()
    }

    /// ECS rounds the greatest number of tasks down (Service: deploymentConfiguration).
    fn may_start_more(&self) -> bool {
        u64::from(self.desired) * u64::from(self.maximum_percent) / 100 > u64::from(self.desired)
    }

    /// ECS rounds the least number of healthy tasks up.
    fn may_stop_some(&self) -> bool {
        (u64::from(self.desired) * u64::from(self.minimum_percent)).div_ceil(100) < u64::from(self.desired)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Controller {
    Ecs,
    CodeDeploy,
    External,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: DeploymentId,
    pub primary: bool,
    pub created: Timestamp,
    pub rollout: Rollout,
    pub desired: u32,
    pub running: u32,
    pub failed_tasks: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollout {
    InProgress,
    Completed,
    Failed,
    /// The service does not report it.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: Arc<str>,
    pub created: Option<Timestamp>,
    pub started: Option<Timestamp>,
    /// The deployment that started it.
    pub started_by: Option<DeploymentId>,
    pub running: bool,
    pub health: Health,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Healthy,
    Unhealthy,
    /// No container has a health check.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consumer_ids_read_back_what_they_write() {
        for id in [
            ConsumerId::service("prod", "orders"),
            ConsumerId::function("mailer"),
            ConsumerId::proxy("shop"),
            ConsumerId::declared("nightly report: 2"),
        ] {
            assert_eq!(ConsumerId::parse(&id.to_string()), Some(id));
        }
        for broken in [
            "ecs:no-service",
            "ecs:/x",
            "ecs:x/",
            "lambda:",
            "declared:",
            "fargate:x",
            "",
        ] {
            assert_eq!(ConsumerId::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn g1_a_pin_gives_what_it_names() {
        for (to, expected) in [
            ("AWSPREVIOUS", "the value that the last promotion replaced"),
            ("version 0a1b", "the same value again"),
            ("BLUE", "what that label is on"),
        ] {
            assert!(given_by_pin(to).starts_with(expected), "{to}");
        }
    }

    /// Desired count, minimum and maximum percent; downtime, stuck.
    #[test]
    fn what_the_percents_allow() {
        let table = [
            ((2, 100, 200), (false, false)),
            ((2, 50, 100), (true, false)),
            ((1, 0, 100), (true, false)),
            ((1, 0, 150), (true, false)),
            ((1, 100, 150), (false, true)),
            ((2, 100, 150), (false, false)),
            ((4, 100, 100), (false, true)),
            ((1, 50, 100), (false, true)),
        ];
        for ((desired, minimum_percent, maximum_percent), expected) in table {
            let seen = ServiceSettings {
                controller: Controller::Ecs,
                staged_strategy: None,
                daemon: false,
                minimum_percent,
                maximum_percent,
                desired,
            };
            let found = (seen.redeploy_has_downtime(), seen.redeploy_is_stuck());
            assert_eq!(
                found, expected,
                "{desired} tasks, {minimum_percent} % to {maximum_percent} %"
            );
        }
    }
}
