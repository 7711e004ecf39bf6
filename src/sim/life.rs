//! Lives of the watchdog on a simulated account: the real loop, journal and ports on a paused clock, crashed at will.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::Fact;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::ports::{Crossing, Faults, Gate, Jump, next_fault};
use super::spent::{self, On};
use crate::http::{Limits, Shown, answers};
use crate::runtime::{Clock, Options, Parts, RunError, Snapshot, Watchdog};
use crate::store::{JournalPort, Loaded, ReadError, WriteError};

/// How a life ended.
#[derive(Debug)]
pub enum End {
    /// The harness's time was up.
    Stopped,
    /// It was told to stop, and did.
    Drained,
    /// At this crossing, as asked.
    Crashed {
        crossing: u64,
    },
    Failed(RunError),
}

/// What a life leaves behind.
#[derive(Debug)]
pub struct Life {
    pub end: End,
    /// Gates passed.
    pub crossings: u64,
    pub last: Arc<Snapshot>,
    /// What the API and the metrics answered at its end; nothing after a crash.
    pub shown: String,
}

/// How a life ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// kill -9
    Killed,
    /// SIGTERM: what was switched off is put back first.
    Terminated,
}

/// The process is suspended at a crossing, with its machine: every clock goes on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub crossing: u64,
    pub length: SignedDuration,
}

/// What disturbs a life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disruptions {
    pub end: Option<(u64, How)>,
    pub pauses: Vec<Pause>,
    pub jumps: Vec<Jump>,
}

impl Disruptions {
    pub fn killed_at(crossing: u64) -> Self {
        Self {
            end: Some((crossing, How::Killed)),
            ..Self::default()
        }
    }

    /// Together.
    pub fn paused_for(&self) -> SignedDuration {
        self.pauses.iter().map(|pause| pause.length).sum()
    }
}

/// Counts crossings, and disturbs the life at those that were chosen.
///
/// For a crash it wakes the harness and stays pending for ever.
struct LifeGate {
    count: AtomicU64,
    disruptions: Disruptions,
    crashed: Notify,
    stop: CancellationToken,
}

impl LifeGate {
    fn new(disruptions: &Disruptions) -> Self {
        Self {
            count: AtomicU64::new(0),
            disruptions: disruptions.clone(),
            crashed: Notify::new(),
            stop: CancellationToken::new(),
        }
    }

    fn crossings(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Gate for LifeGate {
    async fn cross(&self, _point: Crossing) {
        let n = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        for pause in self.disruptions.pauses.iter().filter(|pause| pause.crossing == n) {
            tokio::time::advance(Duration::try_from(pause.length).unwrap_or_default()).await;
        }
        match self.disruptions.end {
            Some((at, How::Killed)) if n >= at => {
                self.crashed.notify_one();
                pending::<()>().await;
            }
            Some((at, How::Terminated)) if n >= at => self.stop.cancel(),
            _ => {}
        }
    }
}

/// When facts were committed, and how many: what an older copy of the journal holds.
pub type Commits = Arc<Mutex<Vec<(Timestamp, usize)>>>;

/// The journal behind the gate: a crash before or after each of its operations.
pub struct GatedJournal {
    pub inner: Arc<dyn JournalPort>,
    pub gate: Arc<dyn Gate>,
    pub faults: Faults,
    pub commits: Commits,
    pub ledger: Ledger,
}

#[async_trait]
impl JournalPort for GatedJournal {
    async fn load(&self) -> Result<Loaded, ReadError> {
        self.gate.cross(Crossing::before("journal.load")).await;
        self.ledger.begin();
        let _on = On::part(spent::Part::Journal);
        self.inner.load().await
    }

    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        self.gate.cross(Crossing::before("journal.commit")).await;
        let result = match next_fault(&self.faults, "journal.commit", at) {
            None => {
                let (count, copy) = (facts.len(), facts.clone());
                let committed = {
                    let _on = On::part(spent::Part::Journal);
                    self.inner.commit(facts, at).await
                };
                if committed.is_ok() {
                    self.ledger.commit(&copy);
                    let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
                    commits.push((at, count));
                }
                committed
            }
            Some(_) => Err(WriteError::Full),
        };
        self.gate.cross(Crossing::after("journal.commit")).await;
        result
    }

    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError> {
        self.inner.prune(keep_since).await
    }

    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }
}

/// Lives one life from `from` until `until`, or until it is ended. `parts` is given the life's own clock and gate,
/// `watch` each snapshot that is published.
///
/// A crash drops the whole runtime: nothing that was under way goes on, and no `Drop` writes anything.
pub fn live(
    from: Timestamp,
    until: Timestamp,
    disruptions: &Disruptions,
    options: &Options,
    parts: impl FnOnce(Clock, Arc<dyn Gate>) -> Parts,
    mut watch: impl FnMut(&Snapshot),
) -> std::io::Result<Life> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let gate = Arc::new(LifeGate::new(disruptions));
    let life = runtime.block_on(async {
        let clock = Clock::scaled(from, 1);
        let parts = parts(clock.clone(), gate.clone());
        let metrics = parts.metrics.clone();
        let watchdog = Watchdog::new(parts, options.clone());
        let snapshots = watchdog.snapshots();
        let pulse = watchdog.pulse();
        let mut published = watchdog.snapshots();
        let watching = async {
            while published.changed().await.is_ok() {
                watch(&published.borrow_and_update().clone());
            }
            pending::<()>().await;
        };
        let end = tokio::select! {
            biased;
            () = gate.crashed.notified() => End::Crashed { crossing: gate.crossings() },
            ended = watchdog.run(gate.stop.clone()) => ended.map_or_else(End::Failed, |()| End::Drained),
            () = clock.sleep_until(until) => End::Stopped,
            () = watching => End::Stopped,
        };
        let last = snapshots.borrow().clone();
        let shown = match end {
            End::Crashed { .. } => String::new(),
            End::Stopped | End::Drained | End::Failed(_) => {
                let limits = Limits::default();
                let _on = On::part(spent::Part::Answers);
                answers(Shown {
                    snapshot: snapshots,
                    metrics,
                    pulse,
                    clock,
                    limits,
                })
                .await
            }
        };
        Life {
            end,
            crossings: gate.crossings(),
            last,
            shown,
        }
    });
    drop(runtime);
    Ok(life)
}
