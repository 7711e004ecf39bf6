//! The alerts: tested both ways by Prometheus's own tool, over metrics and kinds that exist, each with a place in the
//! runbook.

use std::collections::BTreeSet;

use machine::findings::Kind;

use super::prometheus::{everything_shown, promtool};
use super::text;

const RULES: &str = "deploy/prometheus/alerts.yml";
const CASES: &str = "deploy/prometheus/alerts_test.yml";
/// Prometheus's own: whether it could scrape.
const OF_PROMETHEUS: &str = "up";
/// What the alerts by findings put into the address.
const BY_KIND: &str = "{{ $labels.kind }}";

#[test]
fn promtool_takes_the_rules_and_each_case() {
    promtool(&["check", "rules", RULES], "");
    promtool(&["test", "rules", CASES], "");
}

struct Rule {
    name: String,
    text: String,
}

fn rules() -> Vec<Rule> {
    let rules = text(RULES);
    let each = rules.split("- alert: ").skip(1);
    each.map(|rule| Rule {
        name: rule.lines().next().unwrap_or_default().to_owned(),
        text: rule.to_owned(),
    })
    .collect()
}

impl Rule {
    /// The value of a key that stands on one line.
    fn value(&self, key: &str) -> &str {
        let line = self
            .text
            .lines()
            .find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
        line.unwrap_or_else(|| panic!("{}: no {key}", self.name))
    }

    fn expression(&self) -> &str {
        let (_, from) = self.text.split_once("expr: ").expect("an expression");
        let end = ["\n        for:", "\n        labels:"]
            .iter()
            .filter_map(|key| from.find(key));
        &from[..end.min().expect("labels")]
    }

    /// The kinds that it names by `operator`: `kind="a"`, `kind=~"a|b"`, `kind!~"a|b"`.
    fn kinds(&self, operators: &[&str]) -> BTreeSet<&str> {
        let mut kinds = BTreeSet::new();
        for operator in operators {
            let begins = format!("kind{operator}\"");
            let lists = self.expression().split(begins.as_str()).skip(1);
            kinds.extend(lists.flat_map(|rest| rest.split('"').next().unwrap_or_default().split('|')));
        }
        kinds
    }
}

#[test]
fn each_alert_says_what_a_page_needs() {
    for rule in rules() {
        assert!(rule.name.starts_with("RotationWatchdog"), "{}", rule.name);
        let severity = rule.value("severity").trim_matches('"');
        let known = ["critical", "warning", "none", "{{ $labels.severity }}"];
        assert!(known.contains(&severity), "{}: {severity}", rule.name);
        assert!(!rule.value("summary").contains("{{"), "{}: a constant", rule.name);
        let of_a_finding = rule.expression().contains("finding_info");
        let (_, description) = rule.text.split_once("description: ").expect("a description");
        let names = |label: &str| description.contains(&format!("$labels.{label}"));
        assert!(
            !of_a_finding || names("secret") || names("consumer") || rule.kinds(&["="]).contains("journal"),
            "{}",
            rule.name
        );
    }
}

#[test]
fn each_alert_has_a_case_that_fires_and_one_that_does_not() {
    let cases = text(CASES);
    let tested = |name: &str, fires: bool| {
        let of_it = cases
            .split("alertname: ")
            .skip(1)
            .filter(|case| case.lines().next() == Some(name));
        of_it.filter(|case| case.contains("exp_labels:") == fires).count()
    };
    for Rule { name, .. } in rules() {
        assert!(tested(&name, true) > 0, "{name} never fires");
        assert!(tested(&name, false) > 0, "{name} always fires");
    }
}

#[test]
fn every_metric_in_the_rules_exists() {
    let shown = everything_shown();
    let declared: BTreeSet<&str> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for rule in rules() {
        let words = rule.expression().split(|c| !is_name(c));
        let metrics: Vec<&str> = words
            .filter(|word| word.starts_with("rotation_watchdog_"))
            .map(|word| {
                let parts = ["_bucket", "_count", "_sum"];
                parts
                    .iter()
                    .find_map(|part| word.strip_suffix(part))
                    .unwrap_or(word)
            })
            .collect();
        assert!(
            !metrics.is_empty() || rule.expression().starts_with(OF_PROMETHEUS),
            "{}",
            rule.name
        );
        for metric in metrics {
            assert!(
                declared.contains(metric),
                "{}: {metric} of {declared:?}",
                rule.name
            );
        }
    }
}

/// So that no finding is without an alert, and none has two.
#[test]
fn the_last_two_alerts_take_the_kinds_that_no_other_names() {
    let all: BTreeSet<&str> = Kind::ALL.map(Kind::name).into();
    let rules = rules();
    let mut named = BTreeSet::new();
    for rule in &rules {
        for kind in rule.kinds(&["=", "=~"]) {
            assert!(all.contains(kind), "{}: {kind}", rule.name);
            assert!(named.insert(kind), "{}: {kind} has two alerts", rule.name);
        }
    }
    let rest: Vec<_> = rules
        .iter()
        .filter(|rule| !rule.kinds(&["!~"]).is_empty())
        .collect();
    assert_eq!(rest.len(), 2);
    for rule in rest {
        assert_eq!(rule.kinds(&["!~"]), named, "{}", rule.name);
    }
}

#[test]
fn each_alert_leads_to_a_heading_of_the_runbook() {
    let runbook = text("docs/runbook.md");
    let anchors: BTreeSet<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(str::to_lowercase)
        .collect();
    for rule in rules() {
        let (_, anchor) = rule
            .value("runbook_url")
            .split_once("docs/runbook.md#")
            .expect("the runbook");
        let anchors_of_it = match (anchor == BY_KIND, rule.kinds(&["=", "=~"])) {
            (false, _) => vec![anchor],
            (true, kinds) if kinds.is_empty() => Kind::ALL.map(Kind::name).to_vec(),
            (true, kinds) => kinds.into_iter().collect(),
        };
        for anchor in anchors_of_it {
            assert!(anchors.contains(anchor), "{}: {anchor}", rule.name);
        }
    }
}
