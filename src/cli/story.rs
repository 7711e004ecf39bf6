//! What happened, one line each: the same for a journal that is replayed and for a process that is asked.

use std::fmt;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::width::Width;

/// One thing that was seen, decided or done. The API's timelines have the same fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// When it was known: when its transaction was durable. Timelines, which tell what is known in the end, have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    pub what: String,
    /// Names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_arns: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<String>,
    pub text: String,
    /// It happened no earlier; nothing where no look showed that it had not happened yet.
    pub not_before: Option<Timestamp>,
    pub not_after: Timestamp,
    /// Who told.
    pub sources: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The id of a finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Entry {
    fn known(&self) -> Timestamp {
        self.at.unwrap_or(self.not_after)
    }

    /// What it is, in a word.
    fn word(&self) -> &str {
        match self.what.as_str() {
            "started" | "createSecret" | "setSecret" | "testSecret" | "finishSecret" | "promoted" => "step",
            "step-failed" => "failed",
            "labels" | "value" | "log" | "login" | "brake" | "users" => "seen",
            "would-remediate" => "would",
            "remediation-decided" => "decided",
            "remediation-answered" => "answered",
            "application-fails" => "fails",
            "application-well" => "well",
            "finding-changed" => "changed",
            "finding-ended" => "over",
            other => other,
        }
    }
}

/// Writes entries in their order, with a heading for each day; `secrets` in a column of their own where they differ.
pub(super) fn write(entries: &[Entry], width: Width, out: &mut dyn Write) -> io::Result<()> {
    let secrets: Vec<String> = entries.iter().map(|entry| entry.secrets.join(", ")).collect();
    let differ = secrets.iter().any(|secret| *secret != secrets[0]);
    let longest = |column: &mut dyn Iterator<Item = &str>| column.map(|text| text.chars().count()).max();
    let secret_width = longest(&mut secrets.iter().map(String::as_str)).unwrap_or(0);
    let word_width = longest(&mut entries.iter().map(Entry::word)).unwrap_or(0);
    let mut day = None;
    for (entry, secret) in entries.iter().zip(&secrets) {
        let date = date(entry.known());
        if day != Some(date) {
            writeln!(out, "\n{date} (UTC)")?;
            day = Some(date);
        }
        let mut line = format!("  {}  ", OnDay(entry.known(), date));
        if differ {
            line += &format!("{secret:<secret_width$}  ");
        }
        line += &format!("{:<word_width$}  ", entry.word());
        let indent = line.chars().count();
        let attempt = entry.attempt.as_ref();
        let attempt = attempt.map_or_else(String::new, |attempt| format!(" (attempt {attempt})"));
        line += &format!("{}{attempt}{}", entry.text, Interval { entry, date });
        writeln!(out, "{}", width.wrap(&line, indent))?;
    }
    Ok(())
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// A time as it reads under the heading of a day.
struct OnDay(Timestamp, Date);

impl fmt::Display for OnDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(at, day) = self;
        let full = format!("{at:.3}");
        match full.split_once('T') {
            Some((_, time)) if date(*at) == *day => f.write_str(time.trim_end_matches('Z')),
            _ => f.write_str(&full),
        }
    }
}

/// When it happened and who told, where the line's own time does not say it already.
struct Interval<'a> {
    entry: &'a Entry,
    date: Date,
}

impl fmt::Display for Interval<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry {
            not_before,
            not_after,
            sources,
            ..
        } = self.entry;
        if sources.iter().all(|source| source == "watchdog") && *not_after == self.entry.known() {
            return Ok(());
        }
        let time = |at: Timestamp| OnDay(at, self.date);
        match not_before {
            None => write!(f, "  [by {}", time(*not_after))?,
            Some(from) if from == not_after => write!(f, "  [at {}", time(*from))?,
            Some(from) => write!(f, "  [{} to {}", time(*from), time(*not_after))?,
        }
        write!(f, ", {}]", sources.join(", "))
    }
}

/// How long a danger window lasted, in seconds; while it is open, so far.
pub(super) fn window(open: bool, at_least: f64, at_most: Option<f64>) -> String {
    let is_nothing = at_least < 0.05;
    let lasted = match at_most {
        Some(most) if is_nothing => format!("up to {most:.1} s"),
        Some(most) => format!("{at_least:.1} to {most:.1} s"),
        None if is_nothing => "of unknown length".to_owned(),
        None => format!("at least {at_least:.1} s"),
    };
    if open { format!("open, {lasted}") } else { lasted }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where nobody holds the old value, none is told to have lasted.
    #[test]
    fn g15_a_window_of_no_length_is_not_at_least_nothing() {
        for ((open, at_least, at_most), expected) in [
            ((false, 0.0, None), "of unknown length"),
            ((false, 0.04, Some(2.0)), "up to 2.0 s"),
            ((false, 1.0, None), "at least 1.0 s"),
            ((true, 0.0, Some(0.5)), "open, up to 0.5 s"),
            ((true, 2.5, Some(4.0)), "open, 2.5 to 4.0 s"),
        ] {
            assert_eq!(window(open, at_least, at_most), expected);
        }
    }
}
