//! Cases run and judged: one seed after the other, and the smallest part of a case that still fails.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use machine::model::Fact;

use super::case::{Case, Crash, Disk, Part};
use super::check::{Broken, Checks};
use super::life::{End, Life};
use super::{Trial, options};
use crate::runtime::{Parts, Snapshot};

/// What one case came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub broken: Vec<Broken>,
    pub checks: u64,
    pub rotations: u64,
    pub crashes: u64,
    pub faults: u64,
    pub simulated: SignedDuration,
    /// Seconds of outage with the watchdog, and without.
    pub outage: (f64, f64),
    /// The log of all its lives.
    pub story: String,
}

/// Runs a case to its end, and checks what must hold.
pub fn run(case: &Case) -> anyhow::Result<Outcome> {
    run_with(case, |parts| parts)
}

/// The same with other parts, such as one with a defect.
pub fn run_with(case: &Case, change: fn(Parts) -> Parts) -> anyhow::Result<Outcome> {
    let mut course = Course::new(case, change)?;
    let last = course.live()?;
    course.judge(&last)
}

/// A case under way: its lives, one after the other.
struct Course<'a> {
    case: &'a Case,
    trial: Trial,
    checks: Checks,
    crashes: u64,
    /// When the journal at hand began, and whether it began empty.
    journal: (Timestamp, bool),
}

impl<'a> Course<'a> {
    fn new(case: &'a Case, change: fn(Parts) -> Parts) -> anyhow::Result<Self> {
        let mut trial = Trial::new(case.scenario.world(), options(case.mode, case.method))?;
        trial.change = change;
        trial.faults = Arc::new(Mutex::new(case.faults.clone()));
        let first = case.scenario.start + case.first_start;
        trial.world().advance(first);
        Ok(Self {
            case,
            trial,
            checks: Checks::default(),
            crashes: 0,
            journal: (first, true),
        })
    }

    /// Every life, each but the last with its crash. What the last one showed at its end.
    fn live(&mut self) -> anyhow::Result<Arc<Snapshot>> {
        for crash in &self.case.crashes {
            let before = self.trial.facts()?;
            let life = self.one_life(Some(crash.crossing))?;
            if let End::Stopped = life.end {
                return Ok(life.last);
            }
            self.crash(crash, &before)?;
        }
        Ok(self.one_life(None)?.last)
    }

    fn one_life(&mut self, crash_at: Option<u64>) -> anyhow::Result<Life> {
        let (trial, checks) = (&self.trial, &mut self.checks);
        // Nothing goes wrong for a while before the end.
        let until = self.case.end().max(trial.world().now() + Case::calm());
        let life = trial.live_watched(until, crash_at, |snapshot| {
            checks.snapshot(snapshot, &trial.world())
        })?;
        if let End::Failed(error) = &life.end {
            anyhow::bail!("the loop ended: {error}");
        }
        let (since, began_empty) = self.journal;
        self.checks
            .decided(&self.trial.facts()?, &self.trial.world(), since);
        if began_empty {
            self.checks.baseline(&self.trial.world(), since);
        }
        Ok(life)
    }

    /// The world goes on; the next life finds what is left of the disk.
    fn crash(&mut self, crash: &Crash, before: &[Fact]) -> anyhow::Result<()> {
        self.crashes += 1;
        let restart = self.trial.world().now() + crash.downtime;
        self.trial.world().advance(restart);
        match crash.disk {
            Disk::Kept => return Ok(()),
            Disk::Lost => self.trial.lose_disk()?,
            Disk::Old => self.trial.restore(before)?,
        }
        self.journal = (restart, crash.disk == Disk::Lost);
        Ok(())
    }

    /// Checks what must hold at the end.
    fn judge(self, last: &Snapshot) -> anyhow::Result<Outcome> {
        let Self { case, mut checks, .. } = self;
        let (facts, story) = (self.trial.facts()?, self.trial.log.text());
        let world = self.trial.world();
        let mut unwatched = case.scenario.world();
        unwatched.advance(world.now());
        checks.writes(case, &world);
        checks.end(case, &world, last, &unwatched);
        checks.secrecy(&story, &facts, last);
        let promoted = world.secrets.values().map(|secret| secret.promoted.len() as u64);
        Ok(Outcome {
            checks: checks.made,
            broken: checks.broken,
            rotations: promoted.sum(),
            crashes: self.crashes,
            faults: case.faults.len() as u64,
            simulated: world.now().duration_since(case.scenario.start),
            outage: (world.outage_seconds(), unwatched.outage_seconds()),
            story,
        })
    }
}

/// Leaves out whatever can be left out of a failing case while it still breaks the same rule.
pub fn shrink(case: &Case, rule: &str) -> anyhow::Result<Case> {
    let mut smallest = case.clone();
    loop {
        let Some(smaller) = smaller(&smallest, rule)? else {
            return Ok(smallest);
        };
        smallest = smaller;
    }
}

fn smaller(case: &Case, rule: &str) -> anyhow::Result<Option<Case>> {
    for part in indices(case) {
        let mut left_out = case.left_out.clone();
        left_out.push(part);
        let candidate = Case::without(case.seed, case.profile, &left_out);
        if run(&candidate)?.broken.iter().any(|broken| broken.rule == rule) {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// The parts of the case as it was generated that are still in it.
fn indices(case: &Case) -> Vec<Part> {
    let whole = Case::generate(case.seed, case.profile).parts();
    whole
        .into_iter()
        .filter(|part| !case.left_out.contains(part))
        .collect()
}
