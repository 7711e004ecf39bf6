//! The ports on a simulated account. Every operation passes a gate before its effect, and every write after it as well.

mod ecs;
mod fault;
mod identity;
mod lambda;
mod login;
mod metrics;
mod queue;
mod rds;
mod secrets;
mod skew;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Look, LookFailure, NoEffect, Outcome, SecretArn};

pub(super) use fault::next_fault;
pub use fault::{Fault, FaultKind, Faults};
pub use skew::{Jump, Skew};

use super::ledger::Ledger;
use super::spent::{On, Part};
use super::world::{World, Wrong};
use crate::ports::{Identities, PortError, Ports, ReadResult, WriteResult};
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
    skew: Skew,
    /// What may be written; nothing where nobody keeps a journal.
    ledger: Option<Ledger>,
    identities: Identities,
    late: Arc<Mutex<Vec<Late>>>,
}

/// An answer that came late or was old.
struct Late {
    /// What was asked about: a secret, a consumer, a cluster, or `*`.
    subject: String,
    /// As of when it tells what is so.
    told: Timestamp,
    arrived: Timestamp,
}

/// How an answer differs from what is so at the moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Angle {
    pub as_of: Timestamp,
    pub partial: bool,
}

/// One way through the network.
const LATENCY: SignedDuration = SignedDuration::from_millis(8);
/// The looks before a write, where nothing delays them.
const LOOKS: SignedDuration = SignedDuration::from_secs(1);
/// An answer later than this was delayed.
const AT_ONCE: SignedDuration = SignedDuration::from_millis(100);

impl SimAccount {
    pub fn new(world: Arc<Mutex<World>>, clock: Clock, gate: Arc<dyn Gate>) -> Self {
        Self {
            world,
            identities: identity::of_life(0, clock.now()),
            clock,
            gate,
            faults: Arc::default(),
            skew: Skew::default(),
            ledger: None,
            late: Arc::default(),
        }
    }

    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The seed that the key of its databases' hashes is made from.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.identities = identity::of_life(seed, self.clock.now());
        self
    }

    /// Decisions, without which nothing may be written.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// Whose clock AWS's answers set right.
    #[must_use]
    pub fn with_skew(mut self, skew: Skew) -> Self {
        self.skew = skew;
        self
    }

    pub fn ports(&self) -> Ports {
        let account = Arc::new(self.clone());
        Ports {
            secrets: account.clone(),
            secret_writes: account.clone(),
            logs: account.clone(),
            ecs: account.clone(),
            ecs_writes: account.clone(),
            lambda: account.clone(),
            lambda_writes: account.clone(),
            rds: account.clone(),
            metrics: account.clone(),
            login: account.clone(),
            events: self.world().has_queue().then_some(account),
        }
    }

    /// The world as it is at this moment.
    fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(self.clock.now());
        world
    }

    /// One way there, the question, and one way back.
    async fn look<T>(
        &self,
        operation: &'static str,
        subject: &str,
        fault: Option<&FaultKind>,
        ask: impl FnOnce(&mut World, Angle) -> T,
    ) -> (Look, T) {
        let sent = self.clock.now();
        self.gate.cross(Crossing::before(operation)).await;
        let way = LATENCY + fault.map_or(SignedDuration::ZERO, FaultKind::delay);
        let lag = fault.map_or(SignedDuration::ZERO, FaultKind::lag);
        self.clock.sleep(way).await;
        let answer = {
            let _on = On::part(Part::World);
            let mut world = self.world();
            let now = world.now();
            world.reads.push((now, operation));
            let angle = Angle {
                as_of: world.now() - lag,
                partial: fault == Some(&FaultKind::Partial),
            };
            ask(&mut world, angle)
        };
        self.clock.sleep(way).await;
        let arrived = self.clock.now();
        if arrived.duration_since(sent - lag) > AT_ONCE {
            self.late().push(Late {
                subject: subject.to_owned(),
                told: sent - lag,
                arrived,
            });
        }
        (Look { sent, arrived }, answer)
    }

    /// A read of AWS: a look that may fail.
    async fn read<T>(
        &self,
        operation: &'static str,
        subject: &str,
        read: impl FnOnce(&World, Angle) -> T,
    ) -> ReadResult<T> {
        let read = |world: &World, angle| Ok(read(world, angle));
        self.try_read(operation, subject, read).await
    }

    /// A read that AWS answers with an error where its subject is not there.
    async fn try_read<T>(
        &self,
        operation: &'static str,
        subject: &str,
        read: impl FnOnce(&World, Angle) -> Result<T, LookFailure>,
    ) -> ReadResult<T> {
        let fault = self.fault(operation);
        let ask = |world: &mut World, angle| read(world, angle);
        let (look, answer) = self.look(operation, subject, fault.as_ref(), ask).await;
        if !fault.as_ref().is_some_and(FaultKind::loses) {
            self.skew.correct(look.arrived);
        }
        let failure = match fault {
            None | Some(FaultKind::Slow(_) | FaultKind::Stale(_) | FaultKind::Partial | FaultKind::Full) => {
                match answer {
                    Ok(answer) => return Ok((look, answer)),
                    Err(failure) => failure,
                }
            }
            Some(FaultKind::Throttled) => LookFailure::Throttled,
            Some(FaultKind::Denied) => LookFailure::Denied {
                iam_action: operation.to_owned(),
                resource: subject.to_owned(),
            },
            Some(FaultKind::LostBefore) => LookFailure::Timeout,
            Some(FaultKind::LostAfter) => LookFailure::Unreachable {
                why: "connection reset".to_owned(),
            },
        };
        Err(PortError {
            operation,
            subject: subject.to_owned(),
            look,
            failure,
        })
    }

    /// A write that refreshes a consumer.
    async fn write(
        &self,
        operation: &'static str,
        consumer: &ConsumerId,
        write: impl FnOnce(&mut World, Timestamp) -> Outcome,
    ) -> WriteResult {
        let secrets = self.world().truth().secrets_of(consumer).to_vec();
        let is_seen_by = |subject: &str| concerns(subject, consumer, &secrets);
        let since = self.seen_since(is_seen_by);
        self.write_to(operation, &consumer.to_string(), since, write)
            .await
    }

    /// `write` is told `since` when whoever writes could know last what is so.
    async fn write_to(
        &self,
        operation: &'static str,
        subject: &str,
        since: Timestamp,
        write: impl FnOnce(&mut World, Timestamp) -> Outcome,
    ) -> WriteResult {
        let fault = self.fault(operation);
        self.gate.cross(Crossing::before(operation)).await;
        let way = LATENCY + fault.as_ref().map_or(SignedDuration::ZERO, FaultKind::delay);
        self.clock.sleep(way).await;
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
                let _on = On::part(Part::World);
                self.put(operation, since, write);
                Outcome::InDoubt {
                    why: "cut".to_owned(),
                }
            }
            None | Some(FaultKind::Slow(_) | FaultKind::Stale(_) | FaultKind::Partial | FaultKind::Full) => {
                let _on = On::part(Part::World);
                self.put(operation, since, write)
            }
        };
        self.gate.cross(Crossing::after(operation)).await;
        self.clock.sleep(way).await;
        let arrived = self.clock.now();
        if !fault.as_ref().is_some_and(FaultKind::loses) {
            self.skew.correct(arrived);
        }
        (arrived, outcome)
    }

    /// The write's effect, which a decision in the journal must cover.
    fn put(
        &self,
        operation: &str,
        since: Timestamp,
        write: impl FnOnce(&mut World, Timestamp) -> Outcome,
    ) -> Outcome {
        let mut world = self.world();
        let before = world.writes.len();
        let outcome = write(&mut world, since);
        let Some(done) = world.writes.get_mut(before) else {
            return outcome;
        };
        done.told = since;
        if let Some(ledger) = &self.ledger
            && !done.restores
            && !ledger.spend(operation, &done.subject)
        {
            done.wrong.push(Wrong::Undecided);
        }
        outcome
    }

    /// As of when whoever writes now can know what is so: the looks before a write, at subjects that concern it, lie a
    /// round trip or two back, one after the other, and each that is late or tells of an earlier time moves them back.
    fn seen_since(&self, concerns: impl Fn(&str) -> bool) -> Timestamp {
        let mut since = self.clock.now() - LOOKS;
        let late = self.late();
        let about = late.iter().rev().filter(|late| concerns(&late.subject));
        for Late { told, arrived, .. } in about {
            if *arrived >= since {
                since = since.min(*told - LOOKS);
            }
        }
        since
    }

    fn late(&self) -> MutexGuard<'_, Vec<Late>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, operation: &'static str) -> Option<FaultKind> {
        let fault = next_fault(&self.faults, operation, self.clock.now())?;
        let mut world = self.world();
        world.tell(format!("{operation}: {}", fault.name()));
        world.faults_met.push((self.clock.now(), operation));
        Some(fault)
    }
}

/// Whether an answer about this subject tells something of a consumer.
fn concerns(subject: &str, consumer: &ConsumerId, secrets: &[SecretArn]) -> bool {
    let is_itself = match consumer {
        ConsumerId::Service { cluster, .. } => subject == &**cluster || subject == consumer.to_string(),
        ConsumerId::Function { name } | ConsumerId::Proxy { name } | ConsumerId::Declared { name } => {
            subject == &**name
        }
    };
    is_itself || subject == EVERYTHING || secrets.iter().any(|arn| arn.as_str() == subject)
}

/// The subject of a list of all there are.
const EVERYTHING: &str = "*";

fn not_found(what: &str) -> LookFailure {
    LookFailure::NotFound {
        what: format!("there is no {what}"),
    }
}
