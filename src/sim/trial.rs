//! A trial: one simulated account and one journal that outlive the lives of the watchdog on them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use machine::model::{Fact, LogPatterns, Mode, Staleness};
use machine::policy::{LambdaMethod, Policy, Settings};

use super::ledger::Ledger;
use super::life::{Commits, Disruptions, GatedJournal, Life, live};
use super::ports::{Faults, Gate, SimAccount, Skew};
use super::spent;
use super::world::World;
use crate::ports::LoginTarget;
use crate::runtime::{Assignment, Clock, Options, Parts, Snapshot};
use crate::store::{Inline, Sqlite};
use crate::telemetry::logs::{self, Format, LogOptions};
use crate::telemetry::{Metrics, MetricsOptions};

/// One account with its future, and what a watchdog keeps of it between its lives.
pub struct Trial {
    pub world: Arc<Mutex<World>>,
    pub options: Options,
    pub faults: Faults,
    /// What keys of a life are made from.
    pub seed: u64,
    /// What a seeded defect changes in the parts of a life.
    pub change: fn(Parts) -> Parts,
    /// What the lives logged, through the production formatter.
    pub log: Log,
    disk: Arc<Inline>,
    commits: Commits,
}

/// A log kept in memory.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Trial {
    pub fn new(world: World, options: Options) -> anyhow::Result<Self> {
        Ok(Self {
            world: Arc::new(Mutex::new(world)),
            options,
            faults: Arc::default(),
            seed: 0,
            change: |parts| parts,
            log: Log::default(),
            disk: empty_disk()?,
            commits: Arc::default(),
        })
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loses the journal, as a container loses its disk.
    pub fn lose_disk(&mut self) -> anyhow::Result<()> {
        self.disk = empty_disk()?;
        self.commits = Arc::default();
        Ok(())
    }

    /// Puts a copy of the journal in its place, as it was at that moment.
    pub fn restore(&mut self, moment: Timestamp) -> anyhow::Result<()> {
        let mut facts = self.facts()?;
        let commits = self
            .commits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let copied: Vec<_> = commits.into_iter().filter(|(at, _)| *at <= moment).collect();
        facts.truncate(copied.iter().map(|(_, count)| count).sum());
        let mut journal = Sqlite::in_memory()?;
        journal.commit(&facts, moment)?;
        self.disk = Arc::new(Inline::new(journal));
        self.commits = Arc::new(Mutex::new(copied));
        Ok(())
    }

    /// How often each fault could still be met.
    pub fn faults_left(&self) -> Vec<u32> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().map(|fault| fault.times).collect()
    }

    /// Everything the journal keeps.
    pub fn facts(&self) -> anyhow::Result<Vec<Fact>> {
        Ok(self.disk.journal().load()?.facts)
    }

    /// One life from the world's time until `until`, or until it crashes at the given crossing.
    pub fn live(&self, until: Timestamp, crash_at: Option<u64>) -> anyhow::Result<Life> {
        let disruptions = crash_at.map_or_else(Disruptions::default, Disruptions::killed_at);
        self.live_through(until, &disruptions, |_| {})
    }

    /// One life with all that disturbs it, and each snapshot shown to `watch` as it is published.
    pub fn live_through(
        &self,
        until: Timestamp,
        disruptions: &Disruptions,
        watch: impl FnMut(&Snapshot),
    ) -> anyhow::Result<Life> {
        let from = self.world().now();
        let metrics = Arc::new(Metrics::new(MetricsOptions::default())?);
        let clock_of_life = Arc::new(OnceLock::<Clock>::new());
        let log = self.log_from(from, clock_of_life.clone())?;
        let skew = Skew::new(disruptions.jumps.clone());
        let life = tracing::dispatcher::with_default(&log, || {
            let parts = |clock: Clock, gate| {
                clock_of_life.get_or_init(|| clock.clone());
                self.parts(clock, &skew, gate, metrics)
            };
            live(from, until, disruptions, &self.options, parts, watch)
        })?;
        Ok(life)
    }

    fn log_from(
        &self,
        from: Timestamp,
        clock: Arc<OnceLock<Clock>>,
    ) -> Result<tracing::Dispatch, logs::LogError> {
        let options = LogOptions {
            format: Format::Human,
            filter: None,
        };
        let log = self.log.clone();
        let now = Arc::new(move || clock.get().map_or(from, Clock::now));
        logs::dispatch(&options, false, move || log.clone(), now)
    }

    /// What a life stands on, for a clock and a gate.
    pub fn parts(&self, clock: Clock, skew: &Skew, gate: Arc<dyn Gate>, metrics: Arc<Metrics>) -> Parts {
        let ledger = Ledger::default();
        let account = SimAccount::new(self.world.clone(), clock.clone(), gate.clone())
            .with_faults(self.faults.clone())
            .with_seed(self.seed)
            .with_ledger(ledger.clone())
            .with_skew(skew.clone());
        (self.change)(Parts {
            ports: account.ports(),
            journal: Arc::new(GatedJournal {
                inner: self.disk.clone(),
                commits: self.commits.clone(),
                gate,
                faults: self.faults.clone(),
                ledger,
            }),
            decide: spent::decide(),
            clock: skew.over(clock),
            metrics,
        })
    }
}

fn empty_disk() -> anyhow::Result<Arc<Inline>> {
    Ok(Arc::new(Inline::new(Sqlite::in_memory()?)))
}

/// Options for a simulated account: one rule for all secrets.
pub fn options(mode: Mode, lambda_method: LambdaMethod, login_test: bool) -> Options {
    options_of(policy(mode, lambda_method, login_test))
}

/// The rule of a simulated account.
pub fn policy(mode: Mode, lambda_method: LambdaMethod, login_test: bool) -> Policy {
    Policy {
        rule: "every secret of the simulated account".into(),
        mode,
        login_test,
        lambda_method,
        // As their operators know them.
        ecs_fetching: Staleness::Wait(SignedDuration::from_hours(1)),
        ..Policy::default()
    }
}

/// Options for a simulated account in which all secrets have this rule.
pub fn options_of(policy: Policy) -> Options {
    let assignment = Assignment {
        policy: Arc::new(policy),
        login: LoginTarget::default(),
        log_group: None,
    };
    let assignment = Arc::new(assignment);
    Options {
        rules: Arc::new(move |_| Some(Arc::clone(&assignment))),
        rule_list: Vec::new(),
        region: None,
        settings: Settings::default(),
        clusters: None,
        database_hosts: BTreeMap::new(),
        patterns: Arc::new(LogPatterns::default()),
        retention: SignedDuration::from_hours(90 * 24),
        journal: ":memory:".to_owned(),
        drain: SignedDuration::from_secs(90),
        simulated: true,
    }
}
