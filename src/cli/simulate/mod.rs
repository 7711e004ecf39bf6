//! `simulate`: the real loop on thousands of simulated accounts, with faults and crashes, checked against the truth.

mod args;
mod progress;
mod report;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::iter;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Mutex, MutexGuard};
use std::thread;

use anyhow::Context;
use tokio::time::Instant;

pub(super) use self::args::SimulateArgs;
use self::progress::{News, Progress};
use self::report::{Failure, Summary, Totals};
use crate::sim::campaign::{Outcome, run as run_case, shrink, unwatched};
use crate::sim::case::Case;
use crate::sim::spent;

/// A worker waits where it has more to say.
const NEWS_QUEUED: usize = 64;

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
    let (told, news) = mpsc::sync_channel(NEWS_QUEUED);
    thread::scope(|scope| -> anyhow::Result<()> {
        let (campaign, told) = (&campaign, told);
        let work = || {
            let told = told.clone();
            scope.spawn(move || campaign.work(&told))
        };
        let workers: Vec<_> = (0..args.threads()).map(|_| work()).collect();
        // The last worker to end takes the last sender along.
        drop(told);
        let watched = Progress::new(all, begun).watch(&news);
        // Where that failed, they find nobody to tell, and end.
        drop(news);
        watched?;
        for worker in workers {
            worker
                .join()
                .map_err(|_| anyhow::anyhow!("a simulation panicked"))??;
        }
        Ok(())
    })?;
    let mut totals = campaign.totals.into_inner().context("a simulation panicked")?;
    totals.failures.sort_by_key(|failure| failure.seed);
    let failed = !totals.failures.is_empty();
    let summary = Summary {
        totals,
        profile: args.faults,
        elapsed: begun.elapsed(),
        cores: args.cores(),
    };
    if args.json {
        writeln!(out, "{}", summary.json())?;
    } else {
        summary.write(out)?;
    }
    Ok(u8::from(failed))
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
    /// Until no seed is left, or one cannot be run: then nobody takes another.
    fn work(&self, told: &SyncSender<News>) -> anyhow::Result<()> {
        if self.args.timing {
            spent::start();
        }
        let mut seeds = iter::from_fn(|| self.take());
        let done = seeds.try_for_each(|seed| self.run(seed, told).with_context(|| format!("seed {seed}")));
        if done.is_err() {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.totals()?.add_spent(&spent::stop());
        done
    }

    fn run(&self, seed: u64, told: &SyncSender<News>) -> anyhow::Result<()> {
        let case = Case::without(seed, self.args.faults, &self.args.without);
        let run = if self.args.without_watchdog {
            unwatched
        } else {
            run_case
        };
        let outcome = run(&case)?;
        if self.args.trace {
            for line in case.told() {
                writeln!(anstream::stdout(), "{line}")?;
            }
            writeln!(anstream::stdout(), "{}", outcome.story)?;
        }
        if let Some(broken) = outcome.broken.first() {
            told.send(News::failed(&case, broken))?;
        }
        self.count(&case, &outcome)?;
        told.send(News::Done)?;
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
}
