//! What a simulation tells at its end.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{LineStyle, Table};
use jiff::SignedDuration;
use serde_json::json;

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
    /// By kind.
    faults: Counts,
    /// By rule.
    checks: Counts,
    /// Seeds in which more outage was explained by a rule of its own, by that rule.
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
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(super) fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(0.001)
}

fn rows(totals: &Totals, profile: Profile, elapsed: Duration) -> Vec<(&'static str, String)> {
    let saved = totals.outage.1 - totals.outage.0;
    let mut rows = vec![
        ("faults", profile.name().to_owned()),
        ("seeds", totals.seeds.to_string()),
        ("seeds that failed", totals.failures.len().to_string()),
        ("rotations", totals.rotations.to_string()),
        (
            "simulated time",
            format!("{:.1} days", totals.simulated.as_secs_f64() / 86_400.0),
        ),
        ("what went wrong", told(&totals.faults)),
        ("checks made", told(&totals.checks)),
        ("more outage, explained", told(&totals.excused)),
        (
            "outage with, without",
            format!(
                "{:.0} s, {:.0} s: {saved:.0} s saved",
                totals.outage.0, totals.outage.1
            ),
        ),
        (
            "rotations a second",
            format!("{:.0}", per_second(totals.rotations, elapsed)),
        ),
        ("took", format!("{:.1} s", elapsed.as_secs_f64())),
    ];
    let shares = totals.shares();
    if !shares.is_empty() {
        let each = shares.iter().map(|(part, share)| format!("{part} {share:.0} %"));
        rows.push(("spent on", each.collect::<Vec<_>>().join("\n")));
    }
    rows
}

pub(super) fn write(
    totals: &Totals,
    profile: Profile,
    elapsed: Duration,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for failure in &totals.failures {
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
    for (name, value) in rows(totals, profile, elapsed) {
        table.add_row([name.to_owned(), value]);
    }
    writeln!(out, "{table}")?;
    Ok(())
}

pub(super) fn json(totals: &Totals, profile: Profile, elapsed: Duration) -> serde_json::Value {
    let failures = totals.failures.iter().map(|failure| {
        let broken = failure
            .broken
            .iter()
            .map(|broken| json!({ "rule": broken.rule, "text": broken.text }));
        json!({
            "seed": failure.seed,
            "broken": broken.collect::<Vec<_>>(),
            "smallest": failure.smallest,
        })
    });
    json!({
        "faults": profile.name(),
        "seeds": totals.seeds,
        "rotations": totals.rotations,
        "simulated_seconds": totals.simulated.as_secs(),
        "faults_drawn": totals.faults,
        "checks": totals.checks,
        "excused": totals.excused,
        "outage_seconds": { "with": totals.outage.0, "without": totals.outage.1 },
        "took_seconds": elapsed.as_secs_f64(),
        "spent_percent": totals.shares().into_iter().collect::<BTreeMap<_, _>>(),
        "failures": failures.collect::<Vec<_>>(),
    })
}
