//! What the watchdog asks of the world and does to it, in our own words. SDK types never pass through here.
//!
//! Reading and writing are apart: a reader may be repeated, a write is sent once (design rule 2).

mod comparison;
mod error;
mod events;
mod identity;
mod login;
mod metrics;
mod rds;
mod reads;
mod writes;

pub use comparison::{Comparison, Endpoint, Hindrance, KeyNames, Side, Writer};
pub use error::{PortError, ReadResult};
pub use events::{EventQueue, Message, QueueAttributes, Receipt};
pub use identity::Identities;
pub use login::{Credentials, Login, LoginTarget, TlsMode};
pub use metrics::{MetricAnswer, MetricReads, MetricWanted};
pub use rds::{ProxySummary, RdsReads, RdsSummary};
pub use reads::{
    ContainerDefinition, EcsReads, EnvironmentVariable, FunctionSummary, LambdaReads, LogEvent, LogRead,
    LogReads, LogWanted, SecretReads, ServiceSummary, TaskDefinition, TaskSummary,
};
pub use writes::{EcsWrites, LambdaWrites, MARKER_VARIABLE, SecretWrites, WriteResult};

use std::sync::Arc;

/// Everything the runtime needs from outside, so that the simulation and AWS can stand in for each other.
#[derive(Clone)]
pub struct Ports {
    pub secrets: Arc<dyn SecretReads>,
    pub secret_writes: Arc<dyn SecretWrites>,
    pub logs: Arc<dyn LogReads>,
    pub ecs: Arc<dyn EcsReads>,
    pub ecs_writes: Arc<dyn EcsWrites>,
    pub lambda: Arc<dyn LambdaReads>,
    pub lambda_writes: Arc<dyn LambdaWrites>,
    pub rds: Arc<dyn RdsReads>,
    pub metrics: Arc<dyn MetricReads>,
    pub login: Arc<dyn Login>,
    /// Nothing where no queue is configured.
    pub events: Option<Arc<dyn EventQueue>>,
}
