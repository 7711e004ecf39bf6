//! The ports on a simulated account. Every operation passes a gate before and after its effect.

mod ecs;
mod lambda;
mod login;
mod secrets;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::{Look, LookFailure, NoEffect, Outcome};

use super::world::World;
use crate::ports::{PortError, Ports, ReadResult, WriteResult};
use crate::runtime::Clock;

/// A place where a crash can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    pub operation: &'static str,
    pub side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

impl Crossing {
    pub fn before(operation: &'static str) -> Self {
        Self {
            operation,
            side: Side::Before,
        }
    }

    pub fn after(operation: &'static str) -> Self {
        Self {
            operation,
            side: Side::After,
        }
    }
}

/// Passed before and after each effect on the outside. One that never opens is a crash.
#[async_trait]
pub trait Gate: Send + Sync {
    async fn cross(&self, point: Crossing);
}

/// Lets everything pass.
pub struct OpenGate;

#[async_trait]
impl Gate for OpenGate {
    async fn cross(&self, _point: Crossing) {}
}

/// The simulated account as the watchdog reaches it.
#[derive(Clone)]
pub struct SimAccount {
    world: Arc<Mutex<World>>,
    clock: Clock,
    gate: Arc<dyn Gate>,
    faults: Faults,
}

/// What is to go wrong, in no order.
pub type Faults = Arc<Mutex<Vec<Fault>>>;

/// A failure of the next `times` calls of an operation, within its window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub operation: &'static str,
    pub times: u32,
    pub kind: FaultKind,
    /// From when until when; nothing for always.
    pub window: Option<(Timestamp, Timestamp)>,
}

impl Fault {
    fn is_met(&self, operation: &str, now: Timestamp) -> bool {
        let in_time = self.window.is_none_or(|(from, to)| (from..to).contains(&now));
        self.operation == operation && self.times > 0 && in_time
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Throttled,
    Denied,
    /// Nothing happened, and there is no answer.
    LostBefore,
    /// It happened, and there is no answer.
    LostAfter,
}

/// One way through the network.
const LATENCY: SignedDuration = SignedDuration::from_millis(8);

impl SimAccount {
    pub fn new(world: Arc<Mutex<World>>, clock: Clock, gate: Arc<dyn Gate>) -> Self {
        Self {
            world,
            clock,
            gate,
            faults: Arc::default(),
        }
    }

    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    pub fn ports(&self) -> Ports {
        let account = Arc::new(self.clone());
        Ports {
            secrets: account.clone(),
            logs: account.clone(),
            ecs: account.clone(),
            ecs_writes: account.clone(),
            lambda: account.clone(),
            lambda_writes: account.clone(),
            login: account,
        }
    }

    /// The world as it is at this moment.
    fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(self.clock.now());
        world
    }

    async fn look<T>(&self, operation: &'static str, read: impl FnOnce(&World) -> T) -> (Look, T) {
        let sent = self.clock.now();
        self.gate.cross(Crossing::before(operation)).await;
        self.clock.sleep(LATENCY).await;
        let answer = read(&self.world());
        self.clock.sleep(LATENCY).await;
        (
            Look {
                sent,
                arrived: self.clock.now(),
            },
            answer,
        )
    }

    /// A read of AWS: a look that may fail.
    async fn read<T>(
        &self,
        operation: &'static str,
        subject: &str,
        read: impl FnOnce(&World) -> T,
    ) -> ReadResult<T> {
        self.try_read(operation, subject, |world| Ok(read(world))).await
    }

    /// A read that AWS answers with an error where its subject is not there.
    async fn try_read<T>(
        &self,
        operation: &'static str,
        subject: &str,
        read: impl FnOnce(&World) -> Result<T, LookFailure>,
    ) -> ReadResult<T> {
        let fault = self.fault(operation);
        let (look, answer) = self.look(operation, read).await;
        let failure = match (fault, answer) {
            (None, Ok(answer)) => return Ok((look, answer)),
            (None, Err(failure)) => failure,
            (Some(FaultKind::Throttled), _) => LookFailure::Throttled,
            (Some(FaultKind::Denied), _) => LookFailure::Denied {
                iam_action: operation.to_owned(),
                resource: subject.to_owned(),
            },
            (Some(FaultKind::LostBefore | FaultKind::LostAfter), _) => LookFailure::Timeout,
        };
        Err(PortError {
            operation,
            subject: subject.to_owned(),
            look,
            failure,
        })
    }

    async fn write(
        &self,
        operation: &'static str,
        subject: &str,
        write: impl FnOnce(&mut World) -> Outcome,
    ) -> WriteResult {
        let fault = self.fault(operation);
        self.gate.cross(Crossing::before(operation)).await;
        self.clock.sleep(LATENCY).await;
        let outcome = match &fault {
            Some(FaultKind::Throttled) => Outcome::NoEffect(NoEffect::Throttled),
            Some(FaultKind::Denied) => Outcome::NoEffect(NoEffect::Denied {
                iam_action: operation.to_owned(),
                resource: subject.to_owned(),
            }),
            Some(FaultKind::LostBefore) => Outcome::InDoubt {
                why: "cut".to_owned(),
            },
            Some(FaultKind::LostAfter) => {
                write(&mut self.world());
                Outcome::InDoubt {
                    why: "cut".to_owned(),
                }
            }
            None => write(&mut self.world()),
        };
        self.gate.cross(Crossing::after(operation)).await;
        self.clock.sleep(LATENCY).await;
        (self.clock.now(), outcome)
    }

    fn fault(&self, operation: &'static str) -> Option<FaultKind> {
        next_fault(&self.faults, operation, self.clock.now())
    }
}

fn not_found(what: &str) -> LookFailure {
    LookFailure::NotFound {
        what: format!("there is no {what}"),
    }
}

/// The fault that this call meets, if any.
pub(super) fn next_fault(faults: &Faults, operation: &str, now: Timestamp) -> Option<FaultKind> {
    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    let fault = faults.iter_mut().find(|fault| fault.is_met(operation, now))?;
    fault.times -= 1;
    Some(fault.kind.clone())
}
