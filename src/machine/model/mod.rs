//! The words of the project as types: what can be seen, and what can be done about it.

mod consumer;
mod evidence;
mod ids;
mod patterns;
#[cfg(test)]
mod properties;
pub mod regions;
mod remediation;
mod secret;
mod time;

pub use consumer::{
    Alias, Consumer, ConsumerId, Controller, Declared, Deployment, EnvironmentSeen, FunctionSeen, Health,
    Reference, ReferenceKind, Rollout, ServiceSeen, SleepTag, Stage, Staleness, Task, UpdateStatus,
};
pub use evidence::{
    Event, Evidence, Fact, LogFact, LogLine, LogReach, LogTrouble, LookFailure, LookKey, Scope, ScopeSeen,
    WouldAct,
};
pub use ids::{AttemptId, DeploymentId, RotationId, RotationKey, SecretArn, VersionId};
pub use patterns::LogPatterns;
pub use remediation::{Action, Attempt, Decision, Done, Method, NoEffect, Outcome};
pub use secret::{Brake, Dates, Labels, LoginAnswer, Mode, SecretSeen, SecretSummary, Step, Strategy};
pub use time::{Look, When};
