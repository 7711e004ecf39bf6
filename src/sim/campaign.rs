//! Cases run and judged: one seed after the other, and the smallest part of a case that still fails.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use machine::model::Mode;

use super::Trial;
use super::case::{Case, Crash, Disk, Part};
use super::check::{Broken, Checks, Counters, Excuse, Lived};
use super::life::{Disruptions, End, How, Life};
use super::spent::{self, On};
use super::world::World;
use crate::runtime::{Parts, Snapshot};

/// What one case came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub broken: Vec<Broken>,
    pub excused: Vec<Excuse>,
    /// How often each rule was asked.
    pub checks: BTreeMap<&'static str, u64>,
    pub rotations: u64,
    /// Lives that ended before their time, killed or told to stop.
    pub crashes: u64,
    /// What went wrong in it, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    pub simulated: SignedDuration,
    /// Seconds of outage with the watchdog, and without.
    pub outage: (f64, f64),
    /// What happened, and what its lives logged.
    pub story: String,
}

/// Runs a case to its end, and checks what must hold.
pub fn run(case: &Case) -> anyhow::Result<Outcome> {
    run_with(case, |parts| parts)
}

/// The same with other parts, such as one with a defect. A panic breaks a rule, as anything else that must not be.
pub fn run_with(case: &Case, change: fn(Parts) -> Parts) -> anyhow::Result<Outcome> {
    let run = || run_to_its_end(case, change);
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
        let broken = Broken {
            rule: "nothing-panics",
            text: text.unwrap_or("a panic without words").to_owned(),
        };
        Ok(Outcome {
            broken: vec![broken],
            ..Outcome::default()
        })
    })
}

fn run_to_its_end(case: &Case, change: fn(Parts) -> Parts) -> anyhow::Result<Outcome> {
    let mut run = Run::new(case, change)?;
    let last = run.live()?;
    run.checks.end(case, &run.trial.world(), &last, &run.lives);
    let last = run.restart(&last)?;
    run.judge(&last)
}

/// The account of a case with nobody watching it, for as long as lives that are not ended would last.
pub fn unwatched(case: &Case) -> anyhow::Result<Outcome> {
    let mut world = case.scenario.world();
    let paused: SignedDuration = case.pauses.iter().map(|pause| pause.length).sum();
    world.advance(case.end() + paused + RESTART);
    let outage = world.outage_seconds();
    Ok(Outcome {
        rotations: promotions(&world),
        simulated: world.now().duration_since(case.scenario.start),
        outage: (outage, outage),
        story: told(&world, ""),
        ..Outcome::default()
    })
}

/// Rotations that finishSecret ended; values put and labels moved by hand are none.
fn promotions(world: &World) -> u64 {
    let histories = world.secrets.values().flat_map(|secret| secret.history.values());
    let promoted = histories.filter(|history| history.started.is_some() && !history.promoted.is_empty());
    promoted.count() as u64
}

/// A case under way: its lives, one after the other.
struct Run<'a> {
    case: &'a Case,
    trial: Trial,
    checks: Checks,
    lives: Vec<Lived>,
    counters: Counters,
    mode: Mode,
    /// When the journal at hand began, and whether it began empty.
    journal: (Timestamp, bool),
    /// What did go wrong, by kind.
    met: BTreeMap<&'static str, u64>,
}

/// To fold a journal anew costs as much as a third of its life: one case of so many is asked.
const REMEMBERED: u64 = 4;
/// After the last life another one shows that there is nothing left to do.
const RESTART: SignedDuration = SignedDuration::from_mins(2);

impl<'a> Run<'a> {
    fn new(case: &'a Case, change: fn(Parts) -> Parts) -> anyhow::Result<Self> {
        let mut trial = Trial::new(case.scenario.world(), case.options(case.mode))?;
        trial.seed = case.seed;
        trial.change = change;
        trial.faults = Arc::new(Mutex::new(case.faults.clone()));
        let first = case.scenario.start + case.first_start;
        trial.world().advance(first);
        if let Some(events) = &case.events {
            trial.world().send_events(events.clone());
        }
        Ok(Self {
            case,
            trial,
            checks: Checks::default(),
            lives: Vec::new(),
            counters: Counters::default(),
            mode: case.mode,
            journal: (first, true),
            met: BTreeMap::new(),
        })
    }

    /// Every life, each but the last with its crash. What the last one showed at its end.
    fn live(&mut self) -> anyhow::Result<Arc<Snapshot>> {
        for crash in &self.case.crashes {
            let disruptions = Disruptions {
                end: Some((crash.at, crash.how)),
                jumps: self.case.jumps.clone(),
                ..Disruptions::default()
            };
            let life = self.one_life(&disruptions)?;
            if let End::Stopped = life.end {
                return Ok(life.last);
            }
            self.crash(crash)?;
        }
        let disruptions = Disruptions {
            end: None,
            pauses: self.case.pauses.clone(),
            jumps: self.case.jumps.clone(),
        };
        Ok(self.one_life(&disruptions)?.last)
    }

    fn one_life(&mut self, disruptions: &Disruptions) -> anyhow::Result<Life> {
        let from = self.trial.world().now();
        // Nothing goes wrong for a while before the end.
        let until = self.case.end().max(from + Case::calm()) + disruptions.paused_for();
        self.live_until(until, disruptions)
    }

    fn live_until(&mut self, until: Timestamp, disruptions: &Disruptions) -> anyhow::Result<Life> {
        let (trial, checks) = (&self.trial, &mut self.checks);
        let from = trial.world().now();
        trial
            .world()
            .tell(format!("the watchdog starts, mode {:?}", self.mode));
        let life = trial.live_through(until, disruptions, |snapshot| {
            let _on = On::part(spent::Part::Checks);
            checks.snapshot(snapshot, &trial.world());
        })?;
        let _on = On::part(spent::Part::Checks);
        self.checks.goes_on(&life.end);
        self.counters.add(&life, &self.trial.world());
        self.checks.numbers(self.case, &self.trial.world(), &life.last);
        if self.case.seed.is_multiple_of(REMEMBERED) {
            self.checks
                .remembered(self.trial.facts()?, &life, &self.trial.options);
        }
        self.checks.secrecy("the API's answers", &life.shown);
        let now = self.trial.world().now();
        for _ in &life.suspended {
            self.count("suspended");
        }
        for jump in &disruptions.jumps {
            if (from..now).contains(&jump.at) {
                self.count("clock jumps");
            }
        }
        self.lives.push(Lived {
            from,
            to: now,
            mode: self.mode,
            suspended: life.suspended.clone(),
        });
        let (since, began_empty) = self.journal;
        if began_empty {
            self.checks.baseline(&self.trial.world(), since);
        }
        Ok(life)
    }

    /// The world goes on; the next life finds what is left of the disk, and the mode that somebody chose.
    fn crash(&mut self, crash: &Crash) -> anyhow::Result<()> {
        self.meet(match crash.how {
            How::Killed => "killed",
            How::Terminated => "terminated",
        });
        let ended = self.trial.world().now();
        let restart = ended + crash.downtime;
        self.trial.world().advance(restart);
        if let Some(mode) = crash.mode {
            self.mode = mode;
            self.trial.options = self.case.options(mode);
        }
        match crash.disk {
            Disk::Kept => return Ok(()),
            Disk::Lost => self.trial.lose_disk()?,
            Disk::Old(age) => self.trial.restore(ended - age)?,
        }
        // A copy from before the first life holds nothing.
        let is_empty = self.trial.facts()?.is_empty();
        self.meet(if is_empty { "journal lost" } else { "journal old" });
        self.journal = (restart, is_empty);
        Ok(())
    }

    /// Something goes wrong at this moment.
    fn meet(&mut self, what: &'static str) {
        self.trial.world().tell(format!("the watchdog: {what}"));
        self.count(what);
    }

    /// Something went wrong.
    fn count(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    /// Another start when everything is over.
    fn restart(&mut self, last: &Snapshot) -> anyhow::Result<Arc<Snapshot>> {
        let before = self.trial.world().clone();
        let until = before.now() + RESTART;
        let life = self.live_until(until, &Disruptions::default())?;
        let after = self.trial.world();
        self.checks.restarted((&before, last), (&after, &life.last));
        drop(after);
        Ok(life.last)
    }

    /// Checks what must hold of the whole.
    fn judge(self, last: &Snapshot) -> anyhow::Result<Outcome> {
        let Self {
            case,
            mut checks,
            lives,
            counters,
            mut met,
            ..
        } = self;
        for (fault, left) in case.faults.iter().zip(self.trial.faults_left()) {
            if left < fault.times {
                *met.entry(fault.kind.name()).or_default() += 1;
            }
        }
        let (facts, log) = (self.trial.facts()?, self.trial.log.text());
        let world = self.trial.world();
        let mut unwatched = case.scenario.world();
        let on = On::part(spent::Part::World);
        unwatched.advance(world.now());
        drop(on);
        let _on = On::part(spent::Part::Checks);
        checks.writes(case, &world, &lives, &log);
        checks.promotions(case, &world);
        checks.outage(case, &world, &unwatched, &lives);
        checks.counters(case, &world, last, &facts, &counters);
        checks.secrecy("the log", &log);
        checks.secrecy("the journal", &format!("{facts:?}"));
        checks.secrecy("the snapshot", &format!("{last:?}"));
        Ok(Outcome {
            rotations: promotions(&world),
            crashes: ["killed", "terminated"]
                .iter()
                .filter_map(|how| met.get(how))
                .sum(),
            faults: met,
            simulated: world.now().duration_since(case.scenario.start),
            outage: (world.outage_seconds(), unwatched.outage_seconds()),
            broken: checks.broken,
            excused: checks.excused,
            checks: checks.made,
            story: told(&world, &log),
        })
    }
}

/// What happened, and what the watchdog logged, in one order.
fn told(world: &World, log: &str) -> String {
    let world = world.story.iter();
    let world = world.map(|(at, text)| format!("{at:.3}   --> {text}"));
    let mut lines: Vec<String> = world.chain(log.lines().map(str::to_owned)).collect();
    // Every line begins with its time.
    lines.sort_by(|a, b| a.get(..TIME).cmp(&b.get(..TIME)));
    lines.join("\n")
}

/// The length of a time in the log.
const TIME: usize = "2025-10-09T08:53:20.000Z".len();

/// Leaves out whatever can be left out of a failing case while it still breaks the same rule.
pub fn shrink(case: &Case, rule: &str) -> anyhow::Result<Case> {
    shrink_with(case, rule, |parts| parts)
}

/// The same with other parts, such as one with the defect that breaks the rule.
pub fn shrink_with(case: &Case, rule: &str, change: fn(Parts) -> Parts) -> anyhow::Result<Case> {
    let mut smallest = case.clone();
    loop {
        let Some(smaller) = smaller(&smallest, rule, change)? else {
            return Ok(smallest);
        };
        smallest = smaller;
    }
}

fn smaller(case: &Case, rule: &str, change: fn(Parts) -> Parts) -> anyhow::Result<Option<Case>> {
    for part in indices(case) {
        let mut left_out = case.left_out.clone();
        left_out.push(part);
        let candidate = Case::without(case.seed, case.profile, &left_out);
        let outcome = run_with(&candidate, change)?;
        if outcome.broken.iter().any(|broken| broken.rule == rule) {
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
