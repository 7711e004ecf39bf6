//! `simulate`: the real loop on thousands of simulated accounts, with faults and crashes, checked against the truth.

mod args;
mod report;
#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;
use tokio::time::Instant;

pub(super) use self::args::SimulateArgs;
use self::report::{Failure, Totals};
use crate::sim::campaign::{Outcome, run as run_case, shrink, unwatched};
use crate::sim::case::Case;
use crate::sim::spent;

const LOOK_EVERY: Duration = Duration::from_millis(200);
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Exit code 0 where every rule held for every seed, else 1.
pub(super) fn run(args: &SimulateArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    if let Err(problem) = args.check() {
        writeln!(anstream::stderr(), "rotation-watchdog: {problem}")?;
        return Ok(2);
    }
    let (first, all) = args.span();
    let begun = Instant::now();
    let campaign = Campaign {
        taken: AtomicU64::new(0),
        first,
        all,
        stop: AtomicBool::new(false),
        totals: Mutex::default(),
        args,
    };
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let jobs = jobs.map_or(1, NonZeroUsize::get);
    thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(|| campaign.work())).collect();
        if std::io::stderr().is_terminal() {
            campaign.show_progress();
        } else {
            campaign.tell_progress(begun)?;
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
    taken: AtomicU64,
    first: u64,
    all: u64,
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
        let i = self.taken.fetch_add(1, Ordering::Relaxed);
        (i < self.all).then(|| self.first + i)
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
        if totals.failures.len() >= self.args.failures.get() {
            self.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// How many seeds are handed out; nothing when it is over with that.
    fn handed_out(&self) -> Option<u64> {
        let taken = self.taken.load(Ordering::Relaxed);
        let goes_on = taken < self.all && !self.stop.load(Ordering::Relaxed);
        goes_on.then_some(taken)
    }

    /// A bar with the rate and the time left, until the seeds are handed out.
    fn show_progress(&self) {
        let bar = ProgressBar::new(self.all).with_style(report::bar());
        while let Some(done) = self.handed_out() {
            bar.set_position(done);
            thread::park_timeout(LOOK_EVERY);
        }
        bar.finish_and_clear();
    }

    /// The same where nobody can see a bar: a line every minute.
    fn tell_progress(&self, begun: Instant) -> std::io::Result<()> {
        let mut next = TELL_EVERY;
        while let Some(done) = self.handed_out() {
            if begun.elapsed() >= next {
                next += TELL_EVERY;
                let line = report::progress(done, self.all, begun.elapsed());
                writeln!(anstream::stderr(), "{line}")?;
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(())
    }
}
