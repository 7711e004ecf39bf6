//! `explain`: what a running process knows of one secret, and why it does what it does.

use std::io::Write;

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{ask, encoded, get, json as body, list, read};
use super::pick::pick;
use super::status::{Finding, told};
use super::story::{self, Entry};
use super::width::Width;

pub(super) const HELP: &str = "\
It shows the rotation that matters most with its timeline, in the words of replay: what happened, the interval in which \
it happened, who told. Then each consumer: its stage and why, what it waits for, what was decided for it and how that \
ended; and the findings with their remedies.

With --json: one object with `secret` (/v1/secrets/{name}), `rotation` (/v1/rotations/{id}, or null) and `findings`.

Exit code 0, 1 where nobody answers or the secret is not watched.";

#[derive(Deserialize)]
struct Secret {
    arn: String,
    name: String,
    rule: String,
    mode: String,
    held: bool,
    strategy: String,
    strategy_evidence: String,
    phase_text: String,
    labels: Labels,
    last_look: Option<Timestamp>,
    next_rotation: Option<Timestamp>,
    danger_window: Option<Window>,
    consumer_standings: Vec<Standing>,
}

#[derive(Deserialize)]
struct Labels {
    current: Option<String>,
    pending: Option<String>,
    previous: Option<String>,
}

#[derive(Deserialize)]
struct Window {
    open: bool,
    opened: Interval,
    closed: Option<Interval>,
    at_least_seconds: f64,
    at_most_seconds: Option<f64>,
    caches_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Interval {
    not_before: Option<Timestamp>,
    not_after: Timestamp,
}

#[derive(Deserialize)]
struct Rotation {
    id: String,
    version: String,
    origin: String,
    works: Works,
    timeline: Vec<Entry>,
}

#[derive(Deserialize)]
struct Works {
    verdict: String,
    at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Standing {
    consumer: String,
    stage: Option<String>,
    why: Option<String>,
    as_of: Option<Timestamp>,
    wants: Option<String>,
    waits_for: Option<String>,
    remediations: Vec<Remediation>,
}

#[derive(Deserialize)]
struct Remediation {
    attempt: String,
    action: String,
    text: String,
    decided: Timestamp,
    answered: Option<Timestamp>,
    outcome_text: Option<String>,
}

/// Always 0: what is wrong with a secret is for `status` to tell by its exit code.
pub(super) fn run(
    url: &str,
    wanted: &str,
    as_json: bool,
    width: Width,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let raw = find(url, wanted)?;
    let rotation = match raw["rotation"].as_str() {
        Some(id) => ask(url, &format!("/v1/rotations/{id}"))?,
        None => Value::Null,
    };
    let secret: Secret = read(raw.clone())?;
    let findings: Vec<Value> = list(url, "/v1/findings")?
        .into_iter()
        .filter(|finding| secret.concerns(finding))
        .collect();
    if as_json {
        let all = json!({"secret": raw, "rotation": rotation, "findings": findings});
        let text = serde_json::to_string_pretty(&all).context("cannot write JSON")?;
        writeln!(out, "{text}")
    } else {
        let rotation: Option<Rotation> = read(rotation)?;
        secret.write(
            rotation.as_ref(),
            &read::<Vec<Finding>>(Value::Array(findings))?,
            width,
            out,
        )
    }
    .context("cannot write the explanation")?;
    Ok(0)
}

/// The secret of that name or ARN; else the one whose name begins so.
fn find(url: &str, wanted: &str) -> anyhow::Result<Value> {
    let path = |wanted: &str| format!("/v1/secrets/{}", encoded(wanted));
    let answer = get(url, &path(wanted))?;
    if answer.status != 404 {
        return body(&path(wanted), &answer);
    }
    #[derive(Deserialize)]
    struct Named {
        arn: String,
        name: String,
    }
    let all: Vec<Named> = read(Value::Array(list(url, "/v1/secrets")?))?;
    let known = all
        .iter()
        .map(|secret| (secret.arn.as_str(), secret.name.as_str()));
    match pick(wanted, &known.collect::<Vec<_>>(), "is watched")?.as_slice() {
        [arn] => ask(url, &path(arn)),
        several => anyhow::bail!(
            "several secrets have this name; ask by ARN: {}",
            several.join(", ")
        ),
    }
}

impl Secret {
    /// A finding about the secret, or about a consumer of it and no secret.
    fn concerns(&self, finding: &Value) -> bool {
        match finding["secret_arn"].as_str() {
            Some(arn) => arn == self.arn,
            None => self
                .consumer_standings
                .iter()
                .any(|standing| finding["subject"] == standing.consumer.as_str()),
        }
    }

    fn write(
        &self,
        rotation: Option<&Rotation>,
        findings: &[Finding],
        width: Width,
        out: &mut dyn Write,
    ) -> std::io::Result<()> {
        writeln!(out, "{}", width.wrap(&format!("{}  {}", self.name, self.arn), 2))?;
        for (key, value) in self.lines(rotation) {
            writeln!(out, "{}", width.wrap(&format!("  {key:<14}{value}"), 16))?;
        }
        if let Some(rotation) = rotation {
            story::write(&rotation.timeline, width, out)?;
        }
        self.write_consumers(width, out)?;
        writeln!(out)?;
        out.write_all(told(findings, width).trim_start().as_bytes())
    }

    fn lines(&self, rotation: Option<&Rotation>) -> Vec<(&'static str, String)> {
        let held = if self.held { ", held by its tag" } else { "" };
        let mut lines = vec![
            ("rule", format!("{}, mode {}{held}", self.rule, self.mode)),
            (
                "strategy",
                format!("{}: {}", self.strategy, self.strategy_evidence),
            ),
            ("labels", self.labels.line(self.last_look)),
        ];
        match rotation {
            Some(rotation) => {
                let Rotation {
                    id,
                    version,
                    origin,
                    works,
                    ..
                } = rotation;
                lines.push((
                    "rotation",
                    format!("{id} to {version} ({origin}): {}", self.phase_text),
                ));
                lines.push(("proof", works.line()));
            }
            None => lines.push(("rotation", "none was seen yet".to_owned())),
        }
        if let Some(window) = &self.danger_window {
            lines.push(("danger window", window.line()));
        }
        if let Some(next) = self.next_rotation {
            lines.push(("next rotation", format!("by {next:.0}")));
        }
        lines
    }

    fn write_consumers(&self, width: Width, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "\nconsumers")?;
        if self.consumer_standings.is_empty() {
            return writeln!(out, "  none was found");
        }
        let longest = |text: &dyn Fn(&Standing) -> usize| self.consumer_standings.iter().map(text).max();
        let names = longest(&|standing| standing.consumer.chars().count()).unwrap_or(0);
        let stages = longest(&|standing| standing.stage().len()).unwrap_or(0);
        for standing in &self.consumer_standings {
            let Standing {
                consumer,
                remediations,
                ..
            } = standing;
            let (stage, why) = (standing.stage(), standing.why());
            let line = format!("  {consumer:<names$}  {stage:<stages$}  {why}");
            writeln!(out, "{}", width.wrap(&line, names + stages + 6))?;
            for remediation in remediations {
                writeln!(out, "{}", width.wrap(&format!("      {}", remediation.line()), 8))?;
            }
        }
        Ok(())
    }
}

impl Labels {
    fn line(&self, looked: Option<Timestamp>) -> String {
        let each = [
            ("AWSCURRENT", &self.current),
            ("AWSPENDING", &self.pending),
            ("AWSPREVIOUS", &self.previous),
        ];
        let on = each
            .iter()
            .filter_map(|(label, version)| Some(format!("{label} {}", version.as_ref()?)));
        let on = on.collect::<Vec<_>>().join(", ");
        match looked {
            Some(looked) => format!("{on}; last looked at {looked:.3}"),
            None => "not looked at yet".to_owned(),
        }
    }
}

impl Works {
    fn line(&self) -> String {
        let at = self.at.map_or_else(String::new, |at| format!(" at {at:.3}"));
        match self.verdict.as_str() {
            "login" => format!("it logged in{at}"),
            "test-secret" => format!("testSecret logged in{at}"),
            "protocol" => "by protocol: it came through AWSPENDING; one consumer goes first".to_owned(),
            "refused" => format!("none: the database refused it{at}"),
            _ => "none: nobody is restarted for it".to_owned(),
        }
    }
}

impl Window {
    fn line(&self) -> String {
        let lasted = story::window(self.open, self.at_least_seconds, self.at_most_seconds);
        let closed = self
            .closed
            .as_ref()
            .map(|closed| format!("; closed {}", closed.line()));
        let caches = self.caches_until;
        let caches = caches.map(|until| format!("; caches may hold the old value until {until:.0}"));
        format!(
            "{lasted}: opened {}{}{}",
            self.opened.line(),
            closed.unwrap_or_default(),
            caches.unwrap_or_default()
        )
    }
}

impl Interval {
    fn line(&self) -> String {
        match self.not_before {
            Some(from) => format!("{from:.3} to {:.3}", self.not_after),
            None => format!("by {:.3}", self.not_after),
        }
    }
}

impl Standing {
    fn stage(&self) -> &str {
        self.stage.as_deref().unwrap_or("–")
    }

    fn why(&self) -> String {
        let mut why = self
            .why
            .clone()
            .unwrap_or_else(|| "no promotion was seen to judge it by".to_owned());
        if let Some(looked) = self.as_of {
            why += &format!(" (seen {looked:.3})");
        }
        if let Some(wants) = &self.wants {
            why += &format!("; wants {wants}");
        }
        if let Some(waits) = &self.waits_for {
            why += &format!("; waits: {waits}");
        }
        why
    }
}

impl Remediation {
    fn line(&self) -> String {
        let Self {
            attempt,
            action,
            text,
            decided,
            ..
        } = self;
        let ended = match (&self.answered, &self.outcome_text) {
            (Some(answered), Some(outcome)) => format!("answered {answered:.3}: {outcome}"),
            _ => "under way".to_owned(),
        };
        format!("{action} decided {decided:.3}: {text}; {ended} (attempt {attempt})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::status::tests::{printed, served};
    use super::*;
    use crate::http::fixture::{AT_REST, FAILING, SHOP};

    fn explained(url: &str, wanted: &str) -> String {
        let (code, text) = printed(|out| run(url, wanted, false, Width::UNKNOWN, out));
        assert_eq!(code, 0);
        text
    }

    #[test]
    fn a_secret_is_explained_with_its_rotation_consumers_and_findings() {
        let (url, _serving, _guard) = served(true);
        let secrets = [SHOP, FAILING, AT_REST];
        insta::assert_snapshot!(secrets.map(|secret| explained(&url, secret)).join("\n=====\n\n"));
    }

    #[test]
    fn a_name_or_its_beginning_is_enough() {
        let (url, _serving, _guard) = served(true);
        let whole = explained(&url, SHOP);
        for wanted in ["/shop/db", "shop/db", "/shop", "sho"] {
            assert_eq!(explained(&url, wanted), whole, "{wanted}");
        }
        for (wanted, expected) in [
            (
                "shop/bd",
                "no secret \"shop/bd\" is watched; did you mean /shop/db?",
            ),
            ("a secret?/&", "there are: /shop/db, billing/db, mail-key"),
        ] {
            let error = run(&url, wanted, false, Width::UNKNOWN, &mut Vec::new()).expect_err(wanted);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn json_is_what_the_api_says() {
        let (url, _serving, _guard) = served(true);
        let json = |wanted: &str| -> Value {
            let (_, text) = printed(|out| run(&url, wanted, true, Width::UNKNOWN, out));
            serde_json::from_str(&text).expect("JSON")
        };
        let shop = json("/shop/db");
        assert_eq!(shop["secret"]["arn"], SHOP);
        assert_eq!(shop["rotation"]["timeline"][0]["what"], "started");
        assert_eq!(shop["findings"], json!([]));
        assert_eq!(json("billing")["findings"][0]["kind"], "rotation-failed");
    }
}
