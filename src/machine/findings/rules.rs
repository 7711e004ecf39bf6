//! Rules that get no secret, and a watchdog that watches none: the wrong region, account, or a mistyped name.

use super::{Finding, Kind, Severity, commands};
use crate::model::{Part, SecretArn, Subject};

/// Findings about single rules, at most.
const TOLD: usize = 20;

/// What the last list of secrets gave the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub region: Option<String>,
    pub account: Option<String>,
    /// Secrets that the list has.
    pub listed: usize,
    /// Secrets that are watched.
    pub watched: usize,
    /// In the order of the rules.
    pub rules: Vec<RuleCoverage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCoverage {
    /// `rule 1 (prefix "shop/")`
    pub rule: String,
    /// It takes what the others leave, and may well be left nothing.
    pub catches_all: bool,
    /// Listed secrets that it goes by.
    pub matches: usize,
    /// Those that no rule before it takes.
    pub gets: usize,
}

/// A listed secret that is not watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwatched {
    pub arn: SecretArn,
    pub name: String,
    pub rotation_enabled: bool,
    /// A rule goes by it, and the configuration excludes it.
    pub excluded: bool,
}

impl Coverage {
    /// `us-east-1 of account 123456789012`
    fn place(&self) -> String {
        let region = self.region.as_deref().unwrap_or("this region");
        match &self.account {
            Some(account) => format!("{region} of account {account}"),
            None => region.to_owned(),
        }
    }
}

/// After the first list that was complete.
pub(crate) fn of_rules(coverage: &Coverage) -> Vec<Finding> {
    let mut found: Vec<Finding> = coverage
        .rules
        .iter()
        .filter_map(|rule| without_secrets(rule, coverage))
        .take(TOLD)
        .collect();
    if coverage.watched == 0 {
        found.push(watching_nothing(coverage));
    }
    found
}

fn without_secrets(rule: &RuleCoverage, coverage: &Coverage) -> Option<Finding> {
    let (text, remedy) = match (rule.matches, rule.gets) {
        (0, _) => (
            format!("it matches no secret in {}", coverage.place()),
            "correct its name, prefix or tag, or aws.region; `rotation-watchdog unwatched` lists what no rule takes",
        ),
        (matches, 0) if !rule.catches_all => (
            format!("it gets no secret: rules before it take the {matches} that it matches"),
            "move it up, for the first rule that matches wins",
        ),
        _ => return None,
    };
    let severity = if rule.catches_all {
        Severity::Info
    } else {
        Severity::Warning
    };
    Some(finding(
        severity,
        Kind::RuleWithoutSecrets,
        Subject::Watchdog(Part::Rule(rule.rule.as_str().into())),
        text,
        remedy.to_owned(),
    ))
}

fn watching_nothing(coverage: &Coverage) -> Finding {
    let (text, remedy) = if coverage.listed == 0 {
        (
            format!("no secret is watched: there is none in {}", coverage.place()),
            format!(
                "check aws.region, and whose credentials these are: `aws sts get-caller-identity`; {}",
                commands::list_secrets(coverage.region.as_deref())
            ),
        )
    } else {
        (
            format!(
                "no secret is watched: no rule takes any of the {} in {}",
                coverage.listed,
                coverage.place()
            ),
            "correct secrets.rules, secrets.excludes or aws.region; `rotation-watchdog unwatched` lists them"
                .to_owned(),
        )
    };
    finding(
        Severity::Critical,
        Kind::WatchingNothing,
        Subject::Watchdog(Part::Rules),
        text,
        remedy,
    )
}

fn finding(severity: Severity, kind: Kind, subject: Subject, text: String, remedy: String) -> Finding {
    Finding {
        severity,
        kind,
        subject,
        secret: None,
        text,
        remedy,
    }
}
