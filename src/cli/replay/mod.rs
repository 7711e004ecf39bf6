//! `replay`: what a journal tells of what was seen, decided and why, offline.

mod facts;
mod fold;
#[cfg(test)]
mod tests;
mod turns;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use machine::facts::state::State;
use machine::model::{Labels, SecretArn, SecretSummary};
use machine::policy::{Policy, Settings};
use serde::Serialize;

use super::pick::pick;
use super::story::{self, Entry};
use super::table::plural;
use super::width::Width;
use crate::config::{Config, environment};
use crate::store::{Contents, Recorded};
use fold::Rules;

/// Help that does not fit beside the options.
pub(super) const HELP: &str = "\
The journal is only read: beside the process that works on it, as a copy (take JOURNAL-wal along), or on a disk that \
cannot be written. Its transactions are folded in their order through the same functions that the daemon decides with, \
each judged at its own time; what time alone changes is told up to the last transaction.

Each line begins with the time at which something was known; in brackets stand the interval in which it happened and who \
told. A decision names what it rests on. Findings are told as they were told then (journals of format 1 and 2 have none). \
Told is only what follows from the journal, judged by the functions that the daemon uses. It keeps no look at a consumer \
but the stages that it came to, no tag but the brake's, no failed look and no wait; status and explain ask the running \
process for them. Labels that go back (a rotation given up, a rollback) are believed with the next change, whose \
record says how long they stayed. What is older than store.retention may be gone.

With --json each line is one JSON object: first {\"what\": \"journal\"} with path, format, written_by, facts, secrets, \
wal (whether JOURNAL-wal lies beside it), from, to and policy; then entries as in the API's timelines, with `at`, the time at which it was known. `what` is labels, \
value, log, login, brake, users (whom a promotion has to come to), a step (started, createSecret, setSecret, testSecret, finishSecret, promoted), phase, consumer, \
would-remediate (what only the mode kept from being done), remediation-decided, remediation-answered, finding, finding-changed, \
finding-ended, or stands.

Exit code 0, 1 where the journal cannot be read or has no such secret, 2 for a configuration with problems.";

#[derive(Args)]
pub(super) struct ReplayArgs {
    /// The journal: store.path of the configuration, or a copy of it
    journal: PathBuf,
    /// Only this secret: its name, ARN, or the beginning of its name
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Only what was known since then, as 2026-11-24, 2026-11-24T08:00 (UTC) or 2026-11-24T09:00+01:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// The configuration that the daemon ran with, for its margins and deadlines; else the built-in defaults. Rules that
    /// go by a tag match nothing: the journal keeps no tags
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object a line, for scripts
    #[arg(long)]
    json: bool,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    text.parse()
        .or_else(|_| text.parse().and_then(utc))
        .map_err(|_| "a date or time, as 2026-11-24 or 2026-11-24T08:00Z".to_owned())
}

/// What the journal is, and what it is judged by.
#[derive(Serialize)]
struct Head {
    what: &'static str,
    path: String,
    format: i64,
    written_by: Option<String>,
    facts: usize,
    secrets: usize,
    /// Whether its write-ahead log, PATH-wal, lies beside it.
    wal: bool,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    policy: String,
}

/// 0 when it was told; 2 where the configuration has problems.
pub(super) fn run(args: &ReplayArgs, width: Width, out: &mut dyn Write) -> anyhow::Result<u8> {
    let config = match args
        .config
        .as_deref()
        .map(|file| Config::load(file, environment()))
    {
        Some(Err(problems)) => {
            writeln!(anstream::stderr(), "{problems}; nothing was told")?;
            return Ok(2);
        }
        Some(Ok(config)) => Some(config),
        None => None,
    };
    refuse_folder(&args.journal)?;
    let contents = Contents::read(&args.journal)?;
    let mut head = Head::of(&args.journal, &contents, args.config.as_deref());
    let (state, entries) = told(&contents.records, config.as_ref());
    head.secrets = state.secrets.len();
    let entries = chosen(entries, &state, args)?;
    if args.json {
        write_json(&head, &entries, out)
    } else {
        head.write(width, out)?;
        if entries.is_empty() {
            let words = match head.secrets {
                0 => "it is empty: nothing of any secret was written yet",
                _ => "nothing of that is in it",
            };
            writeln!(out, "\n{words}")?;
        }
        story::write(&entries, width, out)
    }
    .context("cannot write the story")?;
    Ok(0)
}

/// Names the journals in it, where there are any.
fn refuse_folder(path: &Path) -> anyhow::Result<()> {
    if !path.is_dir() {
        return Ok(());
    }
    let files = fs::read_dir(path).into_iter().flatten().flatten();
    let journals = files.map(|file| file.path());
    let journals = journals.filter(|file| file.extension().is_some_and(|end| end == "sqlite"));
    let mut journals: Vec<String> = journals.map(|file| file.display().to_string()).collect();
    journals.sort();
    let remedy = match journals.as_slice() {
        [] => "give the journal in it, store.path of the configuration, or a copy of it".to_owned(),
        found => format!("give the journal in it: {}", found.join(" or ")),
    };
    anyhow::bail!("{} is a directory: {remedy}", path.display())
}

fn told(records: &[Recorded], config: Option<&Config>) -> (State, Vec<Entry>) {
    let policy = |secret: &SecretArn| {
        let rule = config.and_then(|config| config.rules.rule_of(&summary(secret)));
        rule.map_or_else(Policy::default, |rule| rule.policy.clone())
    };
    let settings = config.map_or_else(Settings::default, |config| config.settings.clone());
    fold::story(
        records,
        Rules {
            settings,
            policy: &policy,
        },
    )
}

/// As much as the journal knows of a listed secret.
fn summary(secret: &SecretArn) -> SecretSummary {
    SecretSummary {
        arn: secret.clone(),
        name: secret.name().to_owned(),
        labels: Labels::default(),
        tags: [].into(),
        rotation_enabled: true,
        rotation_lambda: None,
        owning_service: None,
        next_rotation: None,
    }
}

fn chosen(mut entries: Vec<Entry>, state: &State, args: &ReplayArgs) -> anyhow::Result<Vec<Entry>> {
    if let Some(wanted) = &args.secret {
        let known = state.secrets.keys().map(|arn| (arn.as_str(), arn.name()));
        let picked = pick(wanted, &known.collect::<Vec<_>>(), "is in this journal")?;
        entries.retain(|entry| entry.secret_arns.iter().any(|arn| picked.contains(&arn.as_str())));
    }
    if let Some(since) = args.since {
        entries.retain(|entry| entry.at.is_none_or(|at| at >= since));
    }
    Ok(entries)
}

fn write_json(head: &Head, entries: &[Entry], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", serde_json::to_string(head)?)?;
    for entry in entries {
        writeln!(out, "{}", serde_json::to_string(entry)?)?;
    }
    Ok(())
}

impl Head {
    fn of(path: &Path, contents: &Contents, config: Option<&Path>) -> Self {
        Self {
            what: "journal",
            path: path.display().to_string(),
            format: contents.format,
            written_by: contents.written_by.clone(),
            facts: contents.records.len(),
            secrets: 0,
            wal: contents.has_log,
            from: contents.records.first().map(|recorded| recorded.at),
            to: contents.records.last().map(|recorded| recorded.at),
            policy: config.map_or_else(
                || "the built-in defaults".to_owned(),
                |file| file.display().to_string(),
            ),
        }
    }

    /// A copy without its log may lack the newest facts, or all of them, and looks whole.
    fn hint(&self) -> Option<&'static str> {
        match (self.wal, self.facts) {
            (true, _) => None,
            (false, 0) => Some(
                "nothing is in it: where a process works on the journal, all of it may be in the -wal that lies beside \
                 it; copy that along",
            ),
            (false, _) => Some("no -wal lies beside it: whole, if its process has ended"),
        }
    }

    fn write(&self, width: Width, out: &mut dyn Write) -> std::io::Result<()> {
        let Self {
            path,
            format,
            written_by,
            facts,
            secrets,
            policy,
            ..
        } = self;
        let written_by = written_by.as_deref().unwrap_or("unknown");
        let span = self.from.zip(self.to);
        let span = span.map(|(from, to)| format!(", {from:.0} to {to:.0}"));
        let known = format!(
            "  format {format} by version {written_by}; {} about {}{}",
            plural(*facts, "fact"),
            plural(*secrets, "secret"),
            span.unwrap_or_default()
        );
        writeln!(out, "{path}:\n{}", width.wrap(&known, 4))?;
        if let Some(hint) = self.hint() {
            writeln!(out, "{}", width.wrap(&format!("  {hint}"), 4))?;
        }
        writeln!(out, "{}", width.wrap(&format!("  judged by {policy}"), 4))
    }
}
