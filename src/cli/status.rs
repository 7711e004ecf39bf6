//! `status`: what the running watchdog knows, as a table or as JSON.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ago::ago;
use super::client::{ask, list, read};
use super::filter::Filter;
use super::findings::{self, Finding};
use super::listing::Listing;
use super::story;
use super::table::{counts, table};
use super::unwatched;
use super::width::Width;
use super::{MUST_ACT, NOT_READY};

pub(super) const HELP: &str = "\
A secret whose rotations nobody has seen yet shows what the next one would do to its consumers: to redeploy, to update, \
to switch off and on (Lambda, with lambda_method = \"concurrency-cycle\"), to wait for, by hand. `explain SECRET` says it \
for each of them, with the reason.

Exit code 0; 3 where a finding that is shown is critical: somebody must act; 4 where the watchdog is not ready, and says \
what is missing; 1 where it cannot be asked; 2 for wrong usage.";

#[derive(Deserialize)]
struct Status {
    version: String,
    region: Option<String>,
    account: Option<String>,
    simulated: bool,
    ready: bool,
    draining: bool,
    missing: Vec<String>,
    started: Timestamp,
    now: Timestamp,
    outlook: Outlook,
    journal: Journal,
}

#[derive(Deserialize)]
struct Journal {
    path: String,
    is_new: bool,
}

#[derive(Deserialize)]
pub(super) struct Counts {
    pub critical: usize,
    pub warning: usize,
    pub info: usize,
}

/// What the next rotation would do, by the API's words.
#[derive(Deserialize)]
#[serde(transparent)]
struct Outlook(BTreeMap<String, usize>);

#[derive(Deserialize)]
struct Secret {
    arn: String,
    name: String,
    mode: String,
    /// `at-most`, `tag` or `hold`.
    lowered_by: Option<String>,
    phase: String,
    phase_text: String,
    consumers: Consumers,
    outlook: Outlook,
    danger_window: Option<Window>,
    findings: Counts,
}

#[derive(Deserialize)]
struct Consumers {
    total: usize,
    fresh: usize,
    presumed: usize,
    refreshing: usize,
    stale: usize,
    unknown: usize,
    beyond: usize,
    unjudged: usize,
}

#[derive(Deserialize)]
struct Window {
    open: bool,
    at_least_seconds: f64,
    at_most_seconds: Option<f64>,
}

/// 0; [`MUST_ACT`] where a finding that is shown is critical, [`NOT_READY`].
pub(super) fn run(asked: &Listing<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let raw = ask(asked.url, "/v1/status")?;
    let status: Status = read(raw.clone())?;
    let secrets = list(asked.url, "/v1/secrets")?;
    let chosen = chosen(&secrets, asked.filter)?;
    let secrets: Vec<Value> = secrets
        .into_iter()
        .filter(|secret| chosen.iter().any(|arn| secret["arn"] == arn.as_str()))
        .collect();
    let findings = findings::about(list(asked.url, "/v1/findings")?, asked.filter, &chosen);
    let code = code(&status, &findings);
    let told = |mut all: Value| {
        let secrets: Vec<Secret> = read(all["secrets"].take())?;
        let findings: Vec<Finding> = read(all["findings"].take())?;
        let (filter, width) = (asked.filter, asked.width);
        Ok(headline(&status, filter, width)
            + &shown(&secrets, filter, width)
            + &findings::told(&findings, status.now, width))
    };
    let all = json!({"status": raw, "secrets": secrets, "findings": findings});
    asked.write(all, told, out)?;
    Ok(code)
}

fn code(status: &Status, findings: &[Value]) -> u8 {
    let is_critical = |finding: &Value| finding["severity"] == "critical";
    match (findings.iter().any(is_critical), status.ready) {
        (true, _) => MUST_ACT,
        (false, false) => NOT_READY,
        (false, true) => 0,
    }
}

/// The ARNs of the secrets that are asked for.
fn chosen(secrets: &[Value], filter: &Filter) -> anyhow::Result<Vec<String>> {
    let secrets: Vec<Secret> = read(Value::Array(secrets.to_vec()))?;
    let known: Vec<(&str, &str)> = secrets
        .iter()
        .map(|s| (s.arn.as_str(), s.name.as_str()))
        .collect();
    let named = filter.named(&known)?;
    let is_asked = |secret: &&Secret| named.contains(&secret.arn.as_str()) && filter.admits(secret.words());
    let asked = secrets.iter().filter(is_asked);
    Ok(asked.map(|secret| secret.arn.clone()).collect())
}

impl Secret {
    /// What it can be asked for by.
    fn words(&self) -> Vec<&str> {
        let mut words = vec![self.phase.as_str()];
        let stages = self.consumers.stages().into_iter();
        let severities = self.findings.each().into_iter();
        words.extend(
            stages
                .chain(severities)
                .filter(|(n, _)| *n > 0)
                .map(|(_, word)| word),
        );
        words
    }

    fn row(&self) -> [String; 6] {
        [
            self.name.clone(),
            self.mode(),
            self.phase_text.clone(),
            self.consumers(),
            self.danger_window.as_ref().map_or_else(|| "–".to_owned(), window),
            counts(self.findings.each(), "none"),
        ]
    }

    /// With what keeps it below its rule's.
    fn mode(&self) -> String {
        match self.lowered_by.as_deref() {
            Some("at-most") => format!("{} (at_most)", self.mode),
            Some(by) => format!("{} ({by})", self.mode),
            None => self.mode.clone(),
        }
    }

    /// Before any promotion was seen there is nothing to be fresh for: what the next one would do.
    fn consumers(&self) -> String {
        match self.consumers.total {
            0 => "none".to_owned(),
            total if self.consumers.unjudged == total => {
                let unknown = format!("{total} not looked at yet");
                counts(self.outlook.each(), &unknown)
            }
            // Those that are likely fresh are not called fresh.
            _ => counts(self.consumers.stages(), "none"),
        }
    }
}

impl Consumers {
    fn stages(&self) -> [(usize, &'static str); 7] {
        [
            (self.fresh, "fresh"),
            (self.presumed, "presumed"),
            (self.refreshing, "refreshing"),
            (self.stale, "stale"),
            (self.unknown, "unknown"),
            (self.beyond, "beyond"),
            (self.unjudged, "unjudged"),
        ]
    }
}

impl Counts {
    fn each(&self) -> [(usize, &'static str); 3] {
        [
            (self.critical, "critical"),
            (self.warning, "warning"),
            (self.info, "info"),
        ]
    }
}

impl Outlook {
    fn each(&self) -> [(usize, &'static str); 8] {
        let words = [
            ("redeploy", "to redeploy"),
            ("config-update", "to update"),
            ("concurrency-cycle", "to switch off and on"),
            ("wait", "to wait for"),
            ("by-hand", "by hand"),
            ("nothing", "idle"),
            ("suspected", "suspected"),
            ("unknown", "unknown"),
        ];
        words.map(|(word, text)| (self.0.get(word).copied().unwrap_or(0), text))
    }
}

fn headline(status: &Status, filter: &Filter, width: Width) -> String {
    let state = if status.draining {
        "draining".to_owned()
    } else if status.ready {
        "ready".to_owned()
    } else {
        format!("not ready: {}", status.missing.join("; "))
    };
    let simulated = if status.simulated {
        ", simulated account"
    } else {
        ""
    };
    let mut lines = vec![format!(
        "rotation-watchdog {}{simulated}: {state}",
        status.version
    )];
    let place = unwatched::place(status.region.as_deref(), status.account.as_deref());
    lines.push(format!("secrets of {place}"));
    if !filter.is_given() {
        let new = if status.journal.is_new {
            "; nothing in it is from before this start"
        } else {
            ""
        };
        lines.push(format!(
            "started {}; journal {}{new}",
            ago(status.started, status.now),
            status.journal.path
        ));
        lines.extend(next_rotations(&status.outlook));
    }
    let lines = lines.iter().map(|line| width.wrap(line, 2) + "\n");
    lines.collect()
}

fn next_rotations(outlook: &Outlook) -> Option<String> {
    let counted = counts(outlook.each(), "");
    (!counted.is_empty()).then(|| format!("consumers at the next rotations: {counted}"))
}

fn shown(secrets: &[Secret], filter: &Filter, width: Width) -> String {
    if secrets.is_empty() {
        let none = if filter.is_given() {
            "no secret is so"
        } else {
            "no secrets are watched"
        };
        return format!("{none}\n");
    }
    let header = [
        "secret",
        "mode",
        "phase",
        "consumers",
        "danger window",
        "findings",
    ];
    table(header, secrets.iter().map(Secret::row), width)
}

fn window(window: &Window) -> String {
    story::window(window.open, window.at_least_seconds, window.at_most_seconds)
}

#[cfg(test)]
pub(super) mod tests;
