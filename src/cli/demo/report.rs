//! The table at the demo's end: what was seen, and the same seed with nobody watching.

use std::io::Write;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table};
use jiff::Timestamp;
use machine::judge::RotationView;
use machine::story::rotations::Origin;
use machine::words;

use crate::runtime::{SecretView, Snapshot};
use crate::sim::Scenario;
use crate::sim::world::World;

/// Writes the table and the open findings.
pub(super) fn write(
    scenario: &Scenario,
    watched: &World,
    snapshot: &Snapshot,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut unwatched = scenario.world();
    unwatched.advance(now);
    writeln!(out, "\n{}", table(watched, &unwatched, snapshot, now))?;
    writeln!(
        out,
        "Outage: seconds in which a consumer's logins are refused or it is switched off, added up over the secret's consumers,\n\
         until now; with nobody watching it would go on. In all {:.0} s with the watchdog, {:.0} s without.",
        watched.outage_seconds(),
        unwatched.outage_seconds()
    )?;
    for life in snapshot.all_findings() {
        let finding = &life.finding;
        writeln!(
            out,
            "\n{}: {}: {}\n  to do: {}",
            finding.severity, finding.subject, finding.text, finding.remedy
        )?;
    }
    Ok(())
}

fn table(watched: &World, unwatched: &World, snapshot: &Snapshot, now: Timestamp) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
        .set_header([
            "secret",
            "strategy",
            "rotation",
            "danger window",
            "outage with",
            "without",
        ]);
    for (arn, view) in &snapshot.secrets {
        table.add_row([
            view.name.to_string(),
            words::strategy(view.judgement.strategy.0).to_owned(),
            rotation(view),
            window(view, now),
            format!("{:.1} s", watched.outage_of(arn)),
            format!("{:.1} s", unwatched.outage_of(arn)),
        ]);
    }
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn last_rotation(view: &SecretView) -> Option<&RotationView> {
    let rotations = view.judgement.rotations.iter().rev();
    rotations
        .into_iter()
        .find(|view| view.rotation.origin == Origin::Rotation)
}

fn rotation(view: &SecretView) -> String {
    let Some(last) = last_rotation(view) else {
        return "none".to_owned();
    };
    let by_us = last.rotation.rolled_forward().map_or("", |_| ", rolled forward");
    format!("{}{by_us}", last.phase)
}

fn window(view: &SecretView, now: Timestamp) -> String {
    let Some(window) = last_rotation(view).and_then(|rotation| rotation.window) else {
        return "none".to_owned();
    };
    let least = window.at_least(now).as_secs_f64();
    match (window.closed, window.at_most(now)) {
        (None, _) => format!("open for {least:.1} s"),
        (Some(_), None) => format!("at least {least:.1} s"),
        (Some(_), Some(most)) => format!("{least:.1} to {:.1} s", most.as_secs_f64()),
    }
}
