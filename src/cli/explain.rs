//! `explain`: what a running process knows of one secret, and why it does what it does.

mod shapes;

use std::io::Write;

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ago::{ago, with_ago};
use super::client::{ask, encoded, get, json as body, list, read};
use super::findings::{Finding, told};
use super::pick::pick;

use super::story;
use super::width::Width;
use shapes::{Labels, Outlook, RollForward, Rotation, Standing, Window};

pub(super) const HELP: &str = "\
It shows the rotation that matters most with its timeline, in the words of replay: what happened, the interval in which \
it happened, who told. Then each consumer: its stage and why, what it waits for, what was decided for it and how that \
ended; what the next rotation would do to it, and why, from what is known now; and the findings with their remedies.

Four writes may be decided for a Lambda function that is switched off and on again (lambda_method = \
\"concurrency-cycle\"): tag-sleep notes on it what its reserved concurrency was, sleep sets that to 0, restore puts it back \
after remediation.sleep_for, untag takes the note away.

With --json: one object with `secret` (/v1/secrets/{name}), `rotation` (/v1/rotations/{id}, or null) and `findings`.

Exit code 0, 1 where nobody answers or the secret is not watched.";

#[derive(Deserialize)]
struct Secret {
    arn: String,
    name: String,
    rule: String,
    mode: String,
    rule_mode: Option<String>,
    lowered_by: Option<String>,
    held: bool,
    strategy: String,
    strategy_evidence: String,
    phase_text: String,
    labels: Labels,
    last_look: Option<Timestamp>,
    next_rotation: Option<Timestamp>,
    danger_window: Option<Window>,
    roll_forward: Option<RollForward>,
    consumer_standings: Vec<Standing>,
    next_rotation_would: Vec<Outlook>,
    login_waits: Option<LoginWait>,
}

#[derive(Deserialize)]
struct LoginWait {
    reason: String,
}

#[derive(Deserialize)]
struct Now {
    now: Timestamp,
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
        let Now { now } = read(ask(url, "/v1/status")?)?;
        let findings: Vec<Finding> = read(Value::Array(findings))?;
        secret.write(rotation.as_ref(), &findings, now, width, out)
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
        now: Timestamp,
        width: Width,
        out: &mut dyn Write,
    ) -> std::io::Result<()> {
        writeln!(out, "{}", width.wrap(&format!("{}  {}", self.name, self.arn), 2))?;
        for (key, value) in self.lines(rotation, now) {
            writeln!(out, "{}", width.wrap(&format!("  {key:<14}{value}"), 16))?;
        }
        if let Some(rotation) = rotation {
            story::write(&rotation.timeline, width, out)?;
        }
        self.write_consumers(now, width, out)?;
        self.write_outlook(now, width, out)?;
        writeln!(out)?;
        out.write_all(told(findings, now, width).trim_start().as_bytes())
    }

    fn lines(&self, rotation: Option<&Rotation>, now: Timestamp) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("rule", format!("{}, {}", self.rule, self.mode())),
            (
                "strategy",
                format!("{}: {}", self.strategy, self.strategy_evidence),
            ),
            ("labels", self.labels.line(self.last_look, now)),
        ];
        match rotation {
            Some(rotation) => {
                let Rotation {
                    id, version, origin, ..
                } = rotation;
                lines.push((
                    "rotation",
                    format!("{id} to {version} ({origin}): {}", self.phase_text),
                ));
                lines.push(("proof", rotation.proof()));
            }
            None => lines.push(("rotation", "none was seen yet".to_owned())),
        }
        if let Some(waits) = &self.login_waits {
            lines.push(("login test", waits.reason.clone()));
        }
        if let Some(window) = &self.danger_window {
            lines.push(("danger window", window.line()));
        }
        if let Some(forward) = &self.roll_forward {
            let since = format!("only the database has its password since {:.0}", forward.since);
            lines.push(("roll forward", format!("{}; {since}", forward.text)));
        }
        if let Some(next) = self.next_rotation {
            lines.push(("next rotation", format!("by {}", with_ago(next, now))));
        }
        lines
    }

    /// And who lowered it, where the rule allows more.
    fn mode(&self) -> String {
        let held = if self.held { ", held by its tag" } else { "" };
        let lowered = self.rule_mode.as_ref().zip(self.lowered_by.as_ref());
        let lowered = lowered.map(|(from, by)| format!(": {by} lowers it from {from}"));
        format!("mode {}{held}{}", self.mode, lowered.unwrap_or_default())
    }

    /// What the next rotation would do, to whom, and why.
    fn write_outlook(&self, now: Timestamp, width: Width, out: &mut dyn Write) -> std::io::Result<()> {
        if self.next_rotation_would.is_empty() {
            return Ok(());
        }
        let only_told = if self.mode == "act" {
            ""
        } else {
            ": nothing of it is done, it is told"
        };
        writeln!(out, "\nat the next rotation, in mode {}{only_told}", self.mode)?;
        let longest = |text: &dyn Fn(&Outlook) -> usize| self.next_rotation_would.iter().map(text).max();
        let names = longest(&|outlook| outlook.consumer.chars().count()).unwrap_or(0);
        let words = longest(&|outlook| outlook.next.len()).unwrap_or(0);
        for outlook in &self.next_rotation_would {
            let Outlook {
                consumer,
                how,
                next,
                text,
                as_of,
            } = outlook;
            let how = how.join(", ");
            let seen = as_of.map(|at| format!(" (as seen {})", ago(at, now)));
            let line = format!(
                "  {consumer:<names$}  {next:<words$}  {how}: {text}{}",
                seen.unwrap_or_default()
            );
            writeln!(out, "{}", width.wrap(&line, names + words + 6))?;
        }
        Ok(())
    }

    fn write_consumers(&self, now: Timestamp, width: Width, out: &mut dyn Write) -> std::io::Result<()> {
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
            let (stage, why) = (standing.stage(), standing.why(now));
            let line = format!("  {consumer:<names$}  {stage:<stages$}  {why}");
            writeln!(out, "{}", width.wrap(&line, names + stages + 6))?;
            for remediation in remediations {
                writeln!(out, "{}", width.wrap(&format!("      {}", remediation.line()), 8))?;
            }
        }
        Ok(())
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
