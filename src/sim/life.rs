//! Lives of the watchdog on a simulated account: the real loop, journal and ports on a paused clock, crashed at will.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::Fact;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::ports::{Crossing, FaultKind, Faults, Gate, Jump, next_fault};
use super::spent::{self, On};
use crate::http::{Limits, Shown, answers};
use crate::runtime::{Clock, Options, Parts, RunError, Snapshot, Watchdog};
use crate::store::{JournalPort, Loaded, ReadError, WriteError};
use crate::telemetry::Reading;

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
    /// When it was suspended, from when to when.
    pub suspended: Vec<(Timestamp, Timestamp)>,
    pub last: Arc<Snapshot>,
    /// What the API and the metrics answered at its end; nothing after a crash.
    pub shown: String,
    /// What it had counted, in Prometheus's format; also after a crash.
    pub counted: String,
    /// It was killed in the moment of a commit: what was kept may not be counted.
    pub uncounted: bool,
}

/// How a life ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// kill -9
    Killed,
    /// SIGTERM: what was switched off is put back first.
    Terminated,
}

/// A crossing of a life: the n-th that is not before a moment, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub not_before: Timestamp,
    pub crossing: u64,
}

impl Place {
    /// Counted from the life's beginning.
    pub fn nth(crossing: u64) -> Self {
        Self {
            not_before: Timestamp::MIN,
            crossing,
        }
    }
}

/// The process is suspended, with its machine: every clock goes on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub at: Place,
    pub length: SignedDuration,
}

/// What disturbs a life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disruptions {
    pub end: Option<(Place, How)>,
    pub pauses: Vec<Pause>,
    pub jumps: Vec<Jump>,
}

impl Disruptions {
    pub fn killed_at(crossing: u64) -> Self {
        Self {
            end: Some((Place::nth(crossing), How::Killed)),
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
    clock: Clock,
    passed: Mutex<Passed>,
    crashed: Notify,
    stop: CancellationToken,
}

/// What a life has passed, and what is still to disturb it.
#[derive(Default)]
struct Passed {
    crossings: u64,
    suspended: Vec<(Timestamp, Timestamp)>,
    is_killed: bool,
    /// When the last commit was over.
    committed: Option<Timestamp>,
    uncounted: bool,
    end: Option<(Place, How)>,
    pauses: Vec<Pause>,
}

impl LifeGate {
    fn new(disruptions: &Disruptions, clock: Clock) -> Self {
        let passed = Passed {
            end: disruptions.end,
            pauses: disruptions.pauses.clone(),
            ..Passed::default()
        };
        Self {
            clock,
            passed: Mutex::new(passed),
            crashed: Notify::new(),
            stop: CancellationToken::new(),
        }
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passed {
    /// One more crossing. How long the life is suspended at it.
    fn cross(&mut self, now: Timestamp) -> SignedDuration {
        self.crossings += 1;
        let mut due = self.pauses.extract_if(.., |pause| pause.at.is_reached(now));
        let length: SignedDuration = due.by_ref().map(|pause| pause.length).sum();
        if !length.is_zero() {
            self.suspended.push((now, now + length));
        }
        length
    }

    /// Whether it ends here, and how.
    fn end(&mut self, point: &Crossing, now: Timestamp) -> Option<How> {
        if *point == Crossing::after("journal.commit") {
            self.committed = Some(now);
        }
        let (_, how) = self.end.take_if(|(at, _)| at.is_reached(now))?;
        if how == How::Killed {
            self.uncounted = self.committed == Some(now);
            self.is_killed = true;
        }
        Some(how)
    }
}

impl Place {
    /// Counts a crossing down.
    fn is_reached(&mut self, now: Timestamp) -> bool {
        if now < self.not_before {
            return false;
        }
        self.crossing = self.crossing.saturating_sub(1);
        self.crossing == 0
    }
}

#[async_trait]
impl Gate for LifeGate {
    async fn cross(&self, point: Crossing) {
        let now = self.clock.now();
        let suspended = self.passed().cross(now);
        if !suspended.is_zero() {
            tokio::time::advance(Duration::try_from(suspended).unwrap_or_default()).await;
        }
        let ended = self.passed().end(&point, now);
        match ended {
            Some(How::Killed) => self.crashed.notify_one(),
            Some(How::Terminated) => self.stop.cancel(),
            None => {}
        }
        let is_killed = self.passed().is_killed;
        if is_killed {
            pending::<()>().await;
        }
    }
}

/// When facts were committed, and how many: what an older copy of the journal holds.
pub type Commits = Arc<Mutex<Vec<(Timestamp, usize)>>>;

/// The journal behind the gate: a crash before it is read, and before or after each commit.
pub struct GatedJournal {
    pub inner: Arc<dyn JournalPort>,
    pub gate: Arc<dyn Gate>,
    pub faults: Faults,
    pub commits: Commits,
    pub ledger: Ledger,
}

impl GatedJournal {
    async fn keep(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        let (count, copy) = (facts.len(), facts.clone());
        {
            let _on = On::part(spent::Part::Journal);
            self.inner.commit(facts, at).await?;
        }
        self.ledger.commit(&copy);
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        commits.push((at, count));
        Ok(())
    }
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
            None => self.keep(facts, at).await,
            // It is kept, and nobody knows.
            Some(FaultKind::LostAfter) => {
                let kept = self.keep(facts, at).await;
                kept.and(Err(WriteError::Full))
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
    let life = runtime.block_on(async {
        let clock = Clock::scaled(from, 1);
        let gate = Arc::new(LifeGate::new(disruptions, clock.clone()));
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
            () = gate.crashed.notified() => End::Crashed { crossing: gate.passed().crossings },
            ended = watchdog.run(gate.stop.clone()) => ended.map_or_else(End::Failed, |_| End::Drained),
            () = clock.sleep_until(until) => End::Stopped,
            () = watching => End::Stopped,
        };
        let last = snapshots.borrow().clone();
        let counted = metrics.render(&Reading::default()).unwrap_or_default();
        let shown = Shown {
            snapshot: snapshots,
            metrics,
            pulse,
            clock,
            limits: Limits::default(),
        };
        let shown = asked_at(&end, shown).await;
        let passed = gate.passed();
        Life {
            end,
            crossings: passed.crossings,
            suspended: passed.suspended.clone(),
            last,
            shown,
            counted,
            uncounted: passed.uncounted,
        }
    });
    drop(runtime);
    Ok(life)
}

/// What the API answers at the end of a life; nothing after a crash.
async fn asked_at(end: &End, shown: Shown) -> String {
    match end {
        End::Crashed { .. } => String::new(),
        End::Stopped | End::Drained | End::Failed(_) => {
            let _on = On::part(spent::Part::Answers);
            answers(shown).await
        }
    }
}
