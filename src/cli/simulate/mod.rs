//! `simulate`: the real loop on thousands of simulated accounts, with faults and crashes, checked against the truth.

mod report;

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;
use tokio::time::Instant;

use self::report::{Failure, Totals};
use crate::sim::campaign::{Outcome, run as run_case, shrink, unwatched};
use crate::sim::case::{Case, Part, Profile};
use crate::sim::spent;

const LOOK_EVERY: Duration = Duration::from_millis(200);
const TELL_EVERY: Duration = Duration::from_secs(60);

#[derive(Args)]
pub(super) struct SimulateArgs {
    /// The seeds to run, the last one not included
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = seeds)]
    seeds: Range<u64>,
    /// Only this seed
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// What goes wrong with the watchdog: none, network, crash, disk, clock or all
    #[arg(long, value_name = "PROFILE", default_value = "all")]
    faults: Profile,
    /// Leave parts of the case out, as a failure's smallest case names them
    #[arg(long, value_name = "PART", value_delimiter = ',', requires = "seed")]
    without: Vec<Part>,
    /// The same accounts with nobody watching: what it would have cost
    #[arg(long)]
    without_watchdog: bool,
    /// Print the story of the seed: what goes wrong, what really happened (`-->`), and what every life of the watchdog
    /// logged
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Threads; each runs one seed at a time [default: one for each processor]
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// Show failures as they are, without looking for the smallest case that fails alike
    #[arg(long)]
    no_shrink: bool,
    /// Measure what the time is spent on, too
    #[arg(long)]
    timing: bool,
    /// The summary as JSON
    #[arg(long)]
    json: bool,
    /// End at the first seeds that fail, as many as this
    #[arg(long, value_name = "N", default_value_t = 3)]
    failures: usize,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("two numbers, as 0..1000")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
    let range = number(from)?..number(to)?;
    if range.is_empty() {
        return Err("it is empty: the first number must be smaller than the last".to_owned());
    }
    Ok(range)
}

/// Exit code 0 where every rule held for every seed, else 1.
pub(super) fn run(args: &SimulateArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    let range = args
        .seed
        .map_or_else(|| args.seeds.clone(), |seed| seed..seed + 1);
    let begun = Instant::now();
    let campaign = Campaign {
        next: AtomicU64::new(range.start),
        end: range.end,
        stop: AtomicBool::new(false),
        totals: Mutex::default(),
        args,
    };
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let jobs = jobs.map_or(1, NonZeroUsize::get);
    thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(|| campaign.work())).collect();
        if std::io::stderr().is_terminal() {
            campaign.show_progress(range.start);
        } else {
            campaign.tell_progress(range.start, begun)?;
        }
        for worker in workers {
            worker
                .join()
                .map_err(|_| anyhow::anyhow!("a simulation panicked"))??;
        }
        Ok(())
    })?;
    let mut totals = campaign.totals.into_inner().context("a simulation panicked")?;
    totals.failures.sort_by_key(|failure| failure.seed);
    if args.json {
        writeln!(out, "{}", report::json(&totals, args.faults, begun.elapsed()))?;
    } else {
        report::write(&totals, args.faults, begun.elapsed(), out)?;
    }
    Ok(u8::from(!totals.failures.is_empty()))
}

/// Seeds handed out one by one, and what they came to.
struct Campaign<'a> {
    next: AtomicU64,
    end: u64,
    stop: AtomicBool,
    totals: Mutex<Totals>,
    args: &'a SimulateArgs,
}

impl Campaign<'_> {
    fn work(&self) -> anyhow::Result<()> {
        if self.args.timing {
            spent::start();
        }
        while let Some(seed) = self.take() {
            let case = Case::without(seed, self.args.faults, &self.args.without);
            let run = if self.args.without_watchdog {
                unwatched
            } else {
                run_case
            };
            let outcome = run(&case).with_context(|| format!("seed {seed}"))?;
            if self.args.trace {
                for line in case.told() {
                    writeln!(anstream::stdout(), "{line}")?;
                }
                writeln!(anstream::stdout(), "{}", outcome.story)?;
            }
            self.count(&case, &outcome)?;
        }
        self.totals()?.add_spent(&spent::stop());
        Ok(())
    }

    fn totals(&self) -> anyhow::Result<MutexGuard<'_, Totals>> {
        self.totals
            .lock()
            .map_err(|_| anyhow::anyhow!("a simulation panicked"))
    }

    fn take(&self) -> Option<u64> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let seed = self.next.fetch_add(1, Ordering::Relaxed);
        (seed < self.end).then_some(seed)
    }

    fn count(&self, case: &Case, outcome: &Outcome) -> anyhow::Result<()> {
        let failure = match outcome.broken.first() {
            None => None,
            Some(_) if self.args.no_shrink => Some(Failure::new(case, &outcome.broken, case)),
            Some(broken) => {
                let smallest = shrink(case, broken.rule)?;
                Some(Failure::new(case, &outcome.broken, &smallest))
            }
        };
        let mut totals = self.totals()?;
        totals.add(outcome);
        totals.failures.extend(failure);
        if totals.failures.len() >= self.args.failures.max(1) {
            self.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// How many seeds are handed out; nothing when it is over with that.
    fn handed_out(&self, first: u64) -> Option<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let goes_on = next < self.end && !self.stop.load(Ordering::Relaxed);
        goes_on.then_some(next - first)
    }

    /// A bar with the rate and the time left, until the seeds are handed out.
    fn show_progress(&self, first: u64) {
        let bar = ProgressBar::new(self.end - first).with_style(report::bar());
        while let Some(done) = self.handed_out(first) {
            bar.set_position(done);
            thread::park_timeout(LOOK_EVERY);
        }
        bar.finish_and_clear();
    }

    /// The same where nobody can see a bar: a line every minute.
    fn tell_progress(&self, first: u64, begun: Instant) -> std::io::Result<()> {
        let mut next = TELL_EVERY;
        while let Some(done) = self.handed_out(first) {
            if begun.elapsed() >= next {
                next += TELL_EVERY;
                let line = report::progress(done, self.end - first, begun.elapsed());
                writeln!(anstream::stderr(), "{line}")?;
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(())
    }
}
