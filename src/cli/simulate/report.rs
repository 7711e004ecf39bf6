//! What a simulation tells at its end.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{LineStyle, Table};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::sim::campaign::Outcome;
use crate::sim::case::{Case, Profile};
use crate::sim::check::Broken;
use crate::sim::spent::Spent;

type Counts = BTreeMap<&'static str, u64>;

fn add(counts: &mut Counts, more: &Counts) {
    for (name, count) in more {
        *counts.entry(name).or_default() += count;
    }
}

/// All together, and each on a line of its own.
fn told(counts: &Counts) -> String {
    let all: u64 = counts.values().sum();
    let each = counts.iter().map(|(name, count)| format!("\n  {name} {count}"));
    format!("{all}{}", each.collect::<String>())
}

/// All seeds together.
#[derive(Default)]
pub(super) struct Totals {
    seeds: u64,
    rotations: u64,
    crashes: u64,
    /// By kind.
    faults: Counts,
    /// By rule.
    checks: Counts,
    /// Consumers whose longer outage was explained by a rule of its own, by that rule.
    excused: Counts,
    simulated: SignedDuration,
    outage: (f64, f64),
    /// Over all threads, where it was measured.
    spent: Spent,
    pub(super) failures: Vec<Failure>,
}

impl Totals {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.rotations += outcome.rotations;
        self.crashes += outcome.crashes;
        add(&mut self.faults, &outcome.faults);
        add(&mut self.checks, &outcome.checks);
        for excuse in &outcome.excused {
            *self.excused.entry(excuse.name()).or_default() += 1;
        }
        self.simulated += outcome.simulated;
        self.outage.0 += outcome.outage.0;
        self.outage.1 += outcome.outage.1;
    }
}

impl Totals {
    pub(super) fn add_spent(&mut self, more: &Spent) {
        for (part, time) in more {
            *self.spent.entry(*part).or_default() += *time;
        }
    }

    /// Each part of the time, in percent.
    fn shares(&self) -> Vec<(&'static str, f64)> {
        let all: Duration = self.spent.values().sum();
        let share = |time: &Duration| 100.0 * time.as_secs_f64() / all.as_secs_f64().max(0.001);
        let parts = self.spent.iter();
        parts.map(|(part, time)| (part.name(), share(time))).collect()
    }
}

/// A seed for which a rule did not hold.
pub(super) struct Failure {
    pub(super) seed: u64,
    broken: Vec<Broken>,
    /// What repeats the smallest case that fails alike.
    smallest: String,
}

impl Failure {
    pub(super) fn new(case: &Case, broken: &[Broken], smallest: &Case) -> Self {
        Self {
            seed: case.seed,
            broken: broken.to_vec(),
            smallest: smallest.command(),
        }
    }

    fn json(&self) -> Value {
        let broken = self.broken.iter();
        let broken = broken.map(|broken| json!({ "rule": broken.rule, "text": broken.text }));
        json!({
            "seed": self.seed,
            "broken": broken.collect::<Vec<_>>(),
            "smallest": self.smallest,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(super) fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(0.001)
}

/// Everything that is told at the end, as a table and as JSON, in the same words.
pub(super) struct Summary {
    pub(super) totals: Totals,
    pub(super) profile: Profile,
    pub(super) elapsed: Duration,
    /// That worked.
    pub(super) cores: u32,
}

impl Summary {
    fn saved(&self) -> f64 {
        self.totals.outage.1 - self.totals.outage.0
    }

    fn rotations_per_second(&self) -> f64 {
        per_second(self.totals.rotations, self.elapsed)
    }

    fn rotations_per_core_and_minute(&self) -> f64 {
        self.rotations_per_second() * 60.0 / f64::from(self.cores)
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let totals = &self.totals;
        let days = totals.simulated.as_secs_f64() / 86_400.0;
        let (with, without) = totals.outage;
        let mut rows = vec![
            ("faults", self.profile.name().to_owned()),
            ("seeds", totals.seeds.to_string()),
            ("seeds failed", totals.failures.len().to_string()),
            ("rotations", totals.rotations.to_string()),
            ("crashes", totals.crashes.to_string()),
            ("simulated time", format!("{days:.1} days")),
            ("faults met", told(&totals.faults)),
            ("checks made", told(&totals.checks)),
            ("more outage, excused", told(&totals.excused)),
            (
                "outage with, without",
                format!("{with:.0} s, {without:.0} s: {:.0} s saved", self.saved()),
            ),
            (
                "rotations a second",
                format!("{:.0}", self.rotations_per_second()),
            ),
            (
                "rotations a core and minute",
                format!("{:.0}", self.rotations_per_core_and_minute()),
            ),
            (
                "took",
                format!("{:.1} s on {} cores", self.elapsed.as_secs_f64(), self.cores),
            ),
        ];
        let shares = totals.shares();
        if !shares.is_empty() {
            let each = shares.iter().map(|(part, share)| format!("{part} {share:.0} %"));
            rows.push(("spent on", each.collect::<Vec<_>>().join("\n")));
        }
        rows
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        for failure in &self.totals.failures {
            writeln!(out, "seed {} failed:", failure.seed)?;
            for broken in &failure.broken {
                writeln!(out, "  {}: {}", broken.rule, broken.text)?;
            }
            writeln!(
                out,
                "  the smallest case that fails alike: {}\n",
                failure.smallest
            )?;
        }
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
        for (name, value) in self.rows() {
            table.add_row([name.to_owned(), value]);
        }
        writeln!(out, "{table}")?;
        Ok(())
    }

    pub(super) fn json(&self) -> Value {
        let totals = &self.totals;
        let failures = totals.failures.iter().map(Failure::json);
        json!({
            "faults": self.profile.name(),
            "seeds": totals.seeds,
            "seeds_failed": totals.failures.len(),
            "rotations": totals.rotations,
            "crashes": totals.crashes,
            "simulated_seconds": totals.simulated.as_secs(),
            "faults_met": totals.faults,
            "checks_made": totals.checks.values().sum::<u64>(),
            "checks": totals.checks,
            "excused": totals.excused,
            "outage_seconds": { "with": totals.outage.0, "without": totals.outage.1, "saved": self.saved() },
            "rotations_per_second": self.rotations_per_second(),
            "rotations_per_core_and_minute": self.rotations_per_core_and_minute(),
            "took_seconds": self.elapsed.as_secs_f64(),
            "cores": self.cores,
            "spent_percent": totals.shares().into_iter().collect::<BTreeMap<_, _>>(),
            "failures": failures.collect::<Vec<_>>(),
        })
    }
}
