//! Lives of the watchdog on a simulated account: the real loop, journal and ports on a paused clock, crashed at will.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::Fact;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::ports::{Crossing, Faults, Gate, next_fault};
use crate::runtime::{Clock, Options, Parts, RunError, Snapshot, Watchdog};
use crate::store::{JournalPort, Loaded, ReadError, WriteError};

/// How a life ended.
#[derive(Debug)]
pub enum End {
    /// The harness's time was up; the loop was drained.
    Stopped,
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
}

/// Counts crossings; at the chosen one it wakes the harness and stays pending for ever.
pub struct CrashGate {
    count: AtomicU64,
    crash_at: Option<u64>,
    crashed: Notify,
}

impl CrashGate {
    pub fn new(crash_at: Option<u64>) -> Self {
        Self {
            count: AtomicU64::new(0),
            crash_at,
            crashed: Notify::new(),
        }
    }

    pub fn crossings(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Gate for CrashGate {
    async fn cross(&self, _point: Crossing) {
        let n = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        if self.crash_at.is_some_and(|at| n >= at) {
            self.crashed.notify_one();
            pending::<()>().await;
        }
    }
}

/// The journal behind the gate: a crash before or after each of its operations.
pub struct GatedJournal {
    pub inner: Arc<dyn JournalPort>,
    pub gate: Arc<dyn Gate>,
    /// Any fault of `journal.commit` is a full disk.
    pub faults: Faults,
}

#[async_trait]
impl JournalPort for GatedJournal {
    async fn load(&self) -> Result<Loaded, ReadError> {
        self.gate.cross(Crossing::before("journal.load")).await;
        self.inner.load().await
    }

    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        self.gate.cross(Crossing::before("journal.commit")).await;
        let result = match next_fault(&self.faults, "journal.commit", at) {
            None => self.inner.commit(facts, at).await,
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

/// Lives one life from `from` until `until`, or until its crash. `parts` is given the life's own clock and gate,
/// `watch` each snapshot that is published.
///
/// A crash drops the whole runtime: nothing that was under way goes on, and no `Drop` writes anything.
pub fn live(
    from: Timestamp,
    until: Timestamp,
    crash_at: Option<u64>,
    options: &Options,
    parts: impl FnOnce(Clock, Arc<dyn Gate>) -> Parts,
    mut watch: impl FnMut(&Snapshot),
) -> std::io::Result<Life> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let gate = Arc::new(CrashGate::new(crash_at));
    let life = runtime.block_on(async {
        let clock = Clock::scaled(from, 1);
        let watchdog = Watchdog::new(parts(clock.clone(), gate.clone()), options.clone());
        let snapshots = watchdog.snapshots();
        let mut published = watchdog.snapshots();
        let watching = async {
            while published.changed().await.is_ok() {
                watch(&published.borrow_and_update().clone());
            }
            pending::<()>().await;
        };
        let stop = CancellationToken::new();
        let end = tokio::select! {
            biased;
            () = gate.crashed.notified() => End::Crashed { crossing: gate.crossings() },
            ended = watchdog.run(stop.clone()) => ended.map_or_else(End::Failed, |()| End::Stopped),
            () = clock.sleep_until(until) => End::Stopped,
            () = watching => End::Stopped,
        };
        let last = snapshots.borrow().clone();
        Life {
            end,
            crossings: gate.crossings(),
            last,
        }
    });
    drop(runtime);
    Ok(life)
}
