//! `findings`: what a person should know, the gravest first, each with its remedy.

use std::io::Write;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::ago::{ago, lasted};
use super::client::{list_where, read};
use super::filter::Filter;
use super::listing::Listing;
use super::width::Width;

#[derive(Deserialize)]
pub(super) struct Finding {
    state: String,
    since: Timestamp,
    gone_since: Option<Timestamp>,
    ended: Option<Timestamp>,
    severity: String,
    kind: String,
    subject: String,
    text: String,
    remedy: String,
}

/// Those that stand, or those that ended. Always 0: `status` tells by its exit code whether somebody must act.
pub(super) fn run(asked: &Listing<'_>, ended: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    let (now, named) = (asked.now()?, asked.named()?);
    let which = if ended { "state=ended" } else { "state=open" };
    let findings = about(
        list_where(asked.url, "/v1/findings", which)?,
        asked.filter,
        &named,
    );
    let told = |findings| Ok(told(&read::<Vec<Finding>>(findings)?, now.now, asked.width));
    asked.write(Value::Array(findings), told, out)?;
    Ok(0)
}

/// Those of the chosen secrets; without a name to go by, those about none as well.
pub(super) fn about(findings: Vec<Value>, filter: &Filter, chosen: &[String]) -> Vec<Value> {
    let severities = filter.severities();
    let of_asked_severity = |finding: &Value| {
        let severity = finding["severity"].as_str().unwrap_or_default();
        severities.is_empty() || severities.contains(&severity)
    };
    let by_stage = severities.len() < filter.only.len();
    let is_about = |finding: &Value| match finding["secret_arn"].as_str() {
        Some(arn) => chosen.iter().any(|chosen| chosen == arn) || (filter.name.is_none() && !by_stage),
        None => filter.name.is_none() && !by_stage,
    };
    findings
        .into_iter()
        .filter(|finding| of_asked_severity(finding) && is_about(finding))
        .collect()
}

/// Each with its times and its remedy below.
pub(super) fn told(findings: &[Finding], now: Timestamp, width: Width) -> String {
    if findings.is_empty() {
        return "no findings\n".to_owned();
    }
    let each = findings.iter().map(|finding| {
        let Finding {
            severity,
            kind,
            subject,
            text,
            remedy,
            ..
        } = finding;
        let what = width.wrap(&format!("{severity}: {subject}: {text} [{kind}]"), 2);
        let times = width.wrap(&format!("    {}", finding.times(now)), 12);
        let remedy = width.wrap(&format!("    remedy: {remedy}"), 12);
        format!("\n{what}\n{times}\n{remedy}\n")
    });
    each.collect()
}

impl Finding {
    fn times(&self, now: Timestamp) -> String {
        let since = format!("since {:.0}", self.since);
        match (self.ended, self.gone_since, self.state.as_str()) {
            (Some(ended), _, _) => format!(
                "{since} for {}; ended {}",
                lasted(self.since, ended),
                ago(ended, now)
            ),
            (None, Some(gone), _) => format!("{since}; its cause is gone since {}", lasted(gone, now)),
            (None, None, "remembered") => {
                format!("{since}; from before the last start, its cause was not looked for again yet")
            }
            (None, None, _) => format!("{since}, {}", ago(self.since, now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::status::tests::{printed, served};
    use super::*;

    fn asked(name: Option<&str>, only: &[&str]) -> Filter {
        Filter {
            name: name.map(str::to_owned),
            only: only.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    #[test]
    fn f13_findings_are_chosen_by_severity_and_secret() {
        let all = vec![
            json!({"kind": "a", "severity": "critical", "secret_arn": "arn:1"}),
            json!({"kind": "b", "severity": "warning", "secret_arn": "arn:2"}),
            json!({"kind": "c", "severity": "warning", "secret_arn": null}),
        ];
        let both = ["arn:1".to_owned(), "arn:2".to_owned()];
        let kinds = |filter: &Filter, chosen: &[String]| -> Vec<String> {
            let found = about(all.clone(), filter, chosen).into_iter();
            found
                .map(|finding| finding["kind"].as_str().expect("text").to_owned())
                .collect()
        };
        assert_eq!(kinds(&asked(None, &[]), &both), ["a", "b", "c"]);
        assert_eq!(kinds(&asked(None, &["warning"]), &both[1..]), ["b", "c"]);
        assert_eq!(kinds(&asked(Some("x"), &[]), &both[1..]), ["b"]);
        assert_eq!(kinds(&asked(None, &["stale"]), &both[..1]), ["a"]);
        assert_eq!(kinds(&asked(None, &["stale", "critical"]), &both), ["a"]);
    }

    #[test]
    fn f13_findings_is_a_command_of_its_own() {
        let (url, _serving, _guard) = served(true);
        let (code, text) = printed(|out| {
            run(
                &Listing::new(&url, &asked(None, &["critical"]), false, Width::UNKNOWN),
                false,
                out,
            )
        });
        assert_eq!(code, 0);
        assert!(
            text.contains("[rotation-failed]") && !text.contains("warning:"),
            "{text}"
        );
        let (_, json) = printed(|out| {
            run(
                &Listing::new(&url, &asked(None, &[]), true, Width::UNKNOWN),
                false,
                out,
            )
        });
        let all: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(all[0]["kind"], "rotation-failed");
    }
}
