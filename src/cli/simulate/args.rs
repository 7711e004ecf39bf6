//! What `simulate` takes, and what it refuses.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

use clap::Args;

use crate::sim::case::{Case, Part, Profile};

// clap drops a `requires` whose other option conflicts with what was given: hence each conflict by name.
#[derive(Args)]
pub(in crate::cli) struct SimulateArgs {
    /// The seeds to run, the last one not included
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = seeds)]
    seeds: Range<u64>,
    /// Only this seed
    #[arg(long, value_name = "N", conflicts_with = "seeds", value_parser = seed)]
    seed: Option<u64>,
    /// What goes wrong with the watchdog: none, network, crash, disk, clock, all, moments or failures
    #[arg(long, value_name = "PROFILE", default_value = "all")]
    pub(super) faults: Profile,
    /// Leave parts of the case out, as a failure's smallest case names them
    #[arg(
        long,
        value_name = "PART",
        value_delimiter = ',',
        requires = "seed",
        conflicts_with = "seeds"
    )]
    pub(super) without: Vec<Part>,
    /// The same accounts with nobody watching: what it would have cost
    #[arg(long)]
    pub(super) without_watchdog: bool,
    /// Print the story of the seed: what goes wrong, what really happened (`-->`), and what every life of the watchdog
    /// logged
    #[arg(long, requires = "seed", conflicts_with_all = ["seeds", "json"])]
    pub(super) trace: bool,
    /// Threads; each runs one seed at a time [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<NonZeroUsize>,
    /// Show failures as they are, without looking for the smallest case that fails alike
    #[arg(long)]
    pub(super) no_shrink: bool,
    /// Measure what the time is spent on, too
    #[arg(long)]
    pub(super) timing: bool,
    /// The summary as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// End at the first seeds that fail, as many as this
    #[arg(long, value_name = "N", default_value = "3", value_parser = at_least_one)]
    pub(super) failures: NonZeroUsize,
}

impl SimulateArgs {
    /// The first seed, and how many. The last seed of all has none after it.
    pub(super) fn span(&self) -> (u64, u64) {
        match self.seed {
            Some(seed) => (seed, 1),
            None => (self.seeds.start, self.seeds.end - self.seeds.start),
        }
    }

    pub(super) fn threads(&self) -> usize {
        self.jobs.map_or_else(processors, NonZeroUsize::get)
    }

    /// How many can work at once: no more than there are seeds.
    pub(super) fn cores(&self) -> u32 {
        let (_, seeds) = self.span();
        let cores = u32::try_from(self.threads().min(processors())).unwrap_or(u32::MAX);
        cores.min(u32::try_from(seeds).unwrap_or(u32::MAX))
    }

    /// What only the case can tell: whether it has the parts to be left out.
    pub(super) fn check(&self) -> Result<(), String> {
        let (seed, _) = self.span();
        let parts = Case::generate(seed, self.faults).parts();
        let absent = self.without.iter().filter(|part| !parts.contains(part));
        let absent: Vec<String> = absent.map(Part::to_string).collect();
        if absent.is_empty() {
            return Ok(());
        }
        Err(format!(
            "--without {}: the case of seed {seed} with faults {} has no such part; it has {}",
            absent.join(","),
            self.faults.name(),
            listed(&parts)
        ))
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Each kind from its first part to its last.
fn listed(parts: &[Part]) -> String {
    let names: Vec<String> = parts.iter().map(Part::to_string).collect();
    let word = |name: &String| name.split('.').next().map(str::to_owned);
    let kinds = names.chunk_by(|a, b| word(a) == word(b)).map(|kind| match kind {
        [first, .., last] => format!("{first} to {last}"),
        alone => alone.concat(),
    });
    kinds.collect::<Vec<_>>().join(", ")
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}, as 7", u64::MAX))
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let both = text.split_once("..").and_then(|(from, to)| {
        let numbers = (from.parse::<u64>().ok()?, to.parse::<u64>().ok()?);
        Some(numbers)
    });
    match both {
        None => Err(format!(
            "expected two whole numbers from 0 to {}, as 0..1000",
            u64::MAX
        )),
        Some((from, to)) if from == to => Err(format!(
            "it is empty, for the last number is not included: expected the smaller number first, as {from}..{}; \
             for this seed alone: --seed {from}",
            from.saturating_add(1)
        )),
        Some((from, to)) if from > to => Err(format!(
            "it is empty: expected the smaller number first, as {to}..{from}"
        )),
        Some((from, to)) => Ok(from..to),
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "expected a whole number from 1 on, as 4".to_owned())
}
