//! `rotations`: every rotation that is known, the latest first.

use std::io::Write;

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::ago::with_ago;
use super::client::{ask, list, read};
use super::filter::Filter;
use super::findings::arn_and_name;
use super::story;
use super::table::{plural, table};
use super::width::Width;

#[derive(Deserialize)]
struct Rotation {
    id: String,
    secret: String,
    secret_arn: String,
    origin: String,
    phase: String,
    phase_text: String,
    seen: Option<Timestamp>,
    danger_window: Option<Window>,
    would_remediate: usize,
}

#[derive(Deserialize)]
struct Window {
    open: bool,
    at_least_seconds: f64,
    at_most_seconds: Option<f64>,
}

#[derive(Deserialize)]
struct Now {
    now: Timestamp,
}

/// Always 0: `status` tells by its exit code whether somebody must act.
pub(super) fn run(
    url: &str,
    filter: &Filter,
    as_json: bool,
    width: Width,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let Now { now } = read(ask(url, "/v1/status")?)?;
    let known = list(url, "/v1/secrets")?;
    let known: Vec<(&str, &str)> = known.iter().filter_map(arn_and_name).collect();
    let named = filter.named(&known)?;
    let mut chosen = Vec::new();
    let mut rows = Vec::new();
    for raw in list(url, "/v1/rotations")? {
        let rotation: Rotation = read(raw.clone())?;
        if named.contains(&rotation.secret_arn.as_str()) && filter.admits([rotation.phase.as_str()]) {
            rows.push(rotation.row(now));
            chosen.push(raw);
        }
    }
    let text = if as_json {
        serde_json::to_string_pretty(&Value::Array(chosen)).context("cannot write JSON")? + "\n"
    } else if rows.is_empty() {
        "no rotation is known\n".to_owned()
    } else {
        let header = [
            "rotation",
            "secret",
            "seen",
            "what",
            "danger window",
            "only observed",
        ];
        table(header, rows, width)
    };
    out.write_all(text.as_bytes())
        .context("cannot write the rotations")?;
    Ok(0)
}

impl Rotation {
    fn row(&self, now: Timestamp) -> [String; 6] {
        let window =
            |window: &Window| story::window(window.open, window.at_least_seconds, window.at_most_seconds);
        let nothing = || "–".to_owned();
        let kind = match self.origin.as_str() {
            "baseline" => "current at the first look".to_owned(),
            origin => format!("{origin}: {}", self.phase_text),
        };
        [
            self.id.clone(),
            self.secret.clone(),
            self.seen.map_or_else(nothing, |at| with_ago(at, now)),
            kind,
            self.danger_window.as_ref().map_or_else(nothing, window),
            match self.would_remediate {
                0 => nothing(),
                n => plural(n, "consumer"),
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::status::tests::{printed, served};
    use super::*;

    #[test]
    fn f13_rotations_is_a_command_of_its_own() {
        let (url, _serving, _guard) = served(true);
        let shown = |only: &[&str]| {
            let filter = Filter {
                name: None,
                only: only.iter().map(|word| (*word).to_owned()).collect(),
            };
            printed(|out| run(&url, &filter, false, Width::UNKNOWN, out)).1
        };
        let all = shown(&[]);
        for part in [
            "e0ddf3aa2cc5",
            "propagating",
            "2027-01-15T08:00:10Z,",
            "29s ago",
            "first look",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
        assert_eq!(shown(&["failed"]).matches("rotation:").count(), 1);
        assert!(all.lines().all(|line| line.chars().count() <= 100), "{all}");
    }
}
