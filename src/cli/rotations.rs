//! `rotations`: every rotation that is known, the latest first.

use std::io::Write;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::ago::with_ago;
use super::client::{list, read};
use super::listing::Listing;
use super::story;
use super::table::{plural, table};

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

/// Always 0: `status` tells by its exit code whether somebody must act.
pub(super) fn run(asked: &Listing<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let now = asked.now()?;
    let (filter, named) = (asked.filter, asked.named()?);
    let mut chosen = Vec::new();
    let mut rows = Vec::new();
    for raw in list(asked.url, "/v1/rotations")? {
        let rotation: Rotation = read(raw.clone())?;
        if named.contains(&rotation.secret_arn) && filter.admits([rotation.phase.as_str()]) {
            rows.push(rotation.row(now.now));
            chosen.push(raw);
        }
    }
    let told = |_| {
        let header = [
            "rotation",
            "secret",
            "seen",
            "what",
            "danger window",
            "only observed",
        ];
        Ok(if rows.is_empty() {
            now.empty(asked.filter, "no rotation is known")
        } else {
            table(header, rows, asked.width)
        })
    };
    asked.write(Value::Array(chosen), told, out)?;
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
    use super::super::status::tests::{listed, served};
    use super::*;

    #[test]
    fn f13_rotations_is_a_command_of_its_own() {
        let (url, _serving, _guard) = served(true);
        let shown = |only: &[&str]| listed(&url, only, run);
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
