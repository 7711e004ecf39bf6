//! What the suite needs of a place where the ports can be tried.

use std::fmt;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::SecretArn;
use rotation_watchdog::ports::Ports;
use rotation_watchdog::runtime::Clock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Simulation,
    /// The tests' stand-in for AWS: moto, corrected, with an ECS of the tests' own.
    Wire,
    /// moto as it is, with the tests' ECS in front of it.
    Moto,
    /// An account of AWS.
    Account,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simulation => "the simulation",
            Self::Wire => "the stand-in for AWS",
            Self::Moto => "plain moto",
            Self::Account => "an account of AWS",
        })
    }
}

/// What the suite works with. The service injects the secret; the function has it in a variable, and reserved
/// concurrency [`RESERVED`].
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) secret: SecretArn,
    pub(super) secret_name: String,
    pub(super) cluster: String,
    pub(super) service: String,
    pub(super) function: String,
    /// Nobody else logs to it.
    pub(super) log_group: String,
    /// Nothing is called so.
    pub(super) nobody: String,
}

pub(super) const RESERVED: u32 = 7;

/// What is to go wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Denied,
    Throttled,
    /// Nothing happened, and there is no answer.
    LostBefore,
    /// It happened, and there is no answer.
    LostAfter,
}

/// A service to be made.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) desired: u32,
    /// The platform rolls its next deployment back.
    pub(super) fails_once: bool,
}

impl Wanted {
    pub(super) fn of(name: &str, desired: u32) -> Self {
        Self {
            name: name.to_owned(),
            desired,
            fails_once: false,
        }
    }
}

/// What only some accounts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rare {
    /// A service in ECS's Express Mode.
    Express,
    /// A service whose Service Connect proxy logs with a secret.
    ServiceConnect,
    /// A service with an old task that its scale-in protection keeps, after a deployment.
    Protected,
    /// A function on instances of a capacity provider.
    ManagedInstances,
    /// A function whose runtime is out of support.
    BlockedRuntime,
}

/// The ports, and what others do in the account meanwhile. What a place cannot do stands in `exceptions`, and is never
/// asked of it.
#[async_trait]
pub(super) trait Stage: Send + Sync {
    fn place(&self) -> Place;
    fn ports(&self) -> Ports;
    fn clock(&self) -> Clock;
    fn names(&self) -> Names;
    /// By the stage's clock: after so long, what has not come true will not.
    fn patience(&self) -> SignedDuration;
    /// Why this promise cannot be tried with what the stage was given.
    fn lacks(&self, _promise: &str) -> Option<String> {
        None
    }

    /// RotateSecret: AWSPENDING on a version without a value.
    async fn begin_rotation(&self);
    async fn create_secret_step(&self);
    async fn set_and_test_steps(&self);
    async fn finish_secret_step(&self);
    /// PutSecretValue without stages.
    async fn put_by_hand(&self);

    async fn add_secrets(&self, count: usize) -> Vec<SecretArn>;
    async fn add_functions(&self, count: usize) -> Vec<String>;
    async fn add_services(&self, wanted: &[Wanted]);
    async fn delete_service(&self, name: &str);
    /// A task of the secret's task definition, of no service.
    async fn run_task(&self);
    /// A function whose environment we may not decrypt. Its name.
    async fn add_unreadable_function(&self) -> String;
    /// The name of one.
    async fn add_rare(&self, rare: Rare) -> String;
    /// Lines of [`Names::log_group`], in turn from two streams.
    async fn log(&self, lines: &[(Timestamp, String)]);
    /// A line of each function, in a group that was given to them. Its name.
    async fn log_together(&self, functions: &[&str]) -> String;
    /// An empty log group of the class Infrequent Access. Its name.
    async fn add_infrequent_log_group(&self) -> String;

    /// For a read, with all its attempts.
    async fn fail_next_read(&self, operation: &'static str, trouble: Trouble);
    /// For a write, once: if it were sent again, that would go through.
    async fn fail_next_write(&self, operation: &'static str, trouble: Trouble);
}
