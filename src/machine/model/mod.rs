//! The words of the project as types: what can be seen, and what can be done about it.

mod consumer;
mod database;
mod evidence;
mod function;
mod ids;
mod patterns;
#[cfg(test)]
mod properties;
pub mod regions;
mod remediation;
mod secret;
mod time;

pub use consumer::{
    Consumer, ConsumerId, Controller, Declared, Deployment, Health, Protected, Reference, ReferenceKind,
    Rollout, ServiceSeen, ServiceSettings, Stage, Staleness, Task, given_by_pin,
};
pub use database::{AccountId, DatabaseId, DatabaseSeen, HostId};
pub use evidence::{
    Event, Evidence, Fact, LogFact, LogLine, LogReach, LogTrouble, LookFailure, LookKey, Refusal, Scope,
    ScopeSeen, StandaloneTask, Unread, WouldAct, host_key,
};
pub use function::{Alias, EnvironmentSeen, FunctionSeen, SleepTag, UpdateStatus};
pub use ids::{AttemptId, DeploymentId, RotationId, RotationKey, SecretArn, VersionId};
pub use patterns::LogPatterns;
pub use remediation::{Action, Attempt, Decision, Done, Expected, Method, NoEffect, Outcome};
pub use secret::{Brake, Dates, Labels, LoginAnswer, Mode, SecretSeen, SecretSummary, Step, Strategy};
pub use time::{Look, When};
