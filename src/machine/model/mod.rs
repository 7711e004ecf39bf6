//! The words of the project as types: what can be seen, and what can be done about it.

mod consumer;
mod database;
mod decision;
mod evidence;
mod fact;
pub mod finding;
mod function;
mod guard;
mod hint;
mod ids;
mod metrics;
mod patterns;
#[cfg(test)]
mod properties;
mod rds;
pub mod regions;
mod secret;
mod series;
mod subject;
mod target;
mod time;
mod write;

pub use consumer::{
    Consumer, ConsumerId, Controller, Declared, Deployment, Health, Protected, Reference, ReferenceKind,
    Rollout, ServiceSeen, ServiceSettings, Stage, Staleness, Task, given_by_pin,
};
pub use database::{AccountId, DatabaseId, DatabaseSeen, HostId, IdentifierId};
pub use decision::{Attempt, Decision, Done, NoEffect, Outcome};
pub use evidence::{
    Event, Evidence, LogFact, LogLine, LogReach, LogTrouble, LookFailure, LookKey, Scope, ScopeSeen,
    StandaloneTask, Unread, host_key,
};
pub use fact::{Fact, Pace, Refusal, WouldAct};
pub use function::{Alias, EnvironmentSeen, FunctionSeen, SleepTag, UpdateStatus};
pub use guard::{AtRest, FunctionGuard, Guard, Promotable, ServiceGuard, Verdict};
pub use hint::{Hint, HintAbout, HintKind, NamedSecret};
pub use ids::{AttemptId, DeploymentId, RotationId, RotationKey, SecretArn, VersionId};
pub use metrics::{Gateway, MetricSource, OwnMeasures, OwnMetric};
pub use patterns::LogPatterns;
pub use rds::{
    Belongs, ManagedSecret, ManagedStatus, MasterState, RdsDatabase, RdsEvent, RdsId, RdsPart, RdsRule, Reset,
};
pub use secret::{Brake, Dates, Labels, LoginAnswer, Mode, SecretSeen, SecretSummary, Step, Strategy};
pub use series::{Measure, Measured, Number, NumbersSeen, Point, SeriesSeen, SeriesTrouble, Unit};
pub use subject::{Part, Subject};
pub use target::Target;
pub use time::{Look, When};
pub use write::{CycleStep, Procedure, Write, WriteKind};
