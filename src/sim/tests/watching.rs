//! The brake for everything, what a change to `act` does, and rules that take nothing.

use std::sync::Arc;

use machine::facts::watched::RuleWords;
use machine::findings::Kind;

use super::*;

#[test]
fn g11_one_key_holds_the_remediations_of_every_rule() {
    let scenario = Scenario::mixed(7);
    let mut trial = trial(&scenario, Mode::Act);
    trial.options.settings.limits.at_most = Mode::Observe;
    let life = live(&trial, end_of(&scenario));
    assert_eq!(trial.world().writes, []);
    let findings = life.last.open_findings();
    let would = findings.iter().find(|finding| finding.kind == Kind::WouldAct);
    let remedy = &would.expect("somebody is stale").remedy;
    assert!(remedy.contains("remediation.at_most"), "{remedy}");
}

#[test]
fn g11_a_change_to_act_says_first_whom_it_restarts() {
    let scenario = Scenario::mixed(7);
    let mut trial = trial(&scenario, Mode::Observe);
    live(&trial, end_of(&scenario));
    const TOLD: &str = "stood stale at this start, and the mode is act";
    assert!(!trial.log.text().contains(TOLD), "nothing is done in observe");
    trial.options = options(Mode::Act, LambdaMethod::ConfigUpdate, true);
    let until = trial.world().now() + SignedDuration::from_mins(20);
    live(&trial, until);
    let log = trial.log.text();
    let told: Vec<&str> = log.lines().filter(|line| line.contains(TOLD)).collect();
    let written = trial.world().writes.clone();
    assert!(!written.is_empty(), "{log}");
    for write in &written {
        let subject = &write.subject;
        assert!(
            told.iter().any(|line| line.contains(subject.as_str())),
            "{subject} of {told:#?}"
        );
    }
    let decided = log
        .lines()
        .position(|line| line.contains("decided"))
        .expect("a decision");
    let first = log.lines().position(|line| line.contains(TOLD)).expect("told");
    assert!(first < decided, "{log}");
}

#[test]
fn g1_rules_that_take_nothing_are_findings_after_the_first_list() {
    let scenario = Scenario::mixed(7);
    let mut trial = trial(&scenario, Mode::Act);
    let names: Vec<String> = trial
        .world()
        .secrets
        .values()
        .map(|secret| secret.name().to_owned())
        .collect();
    trial.options.rules = Arc::new(|_| None);
    trial.options.rule_list = vec![RuleWords {
        rule: "rule 1 (name \"shp/db\")".to_owned(),
        catches_all: false,
        covers: Arc::new(|_| false),
    }];
    let until = trial.world().now() + SignedDuration::from_mins(2);
    let life = live(&trial, until);
    let kinds: Vec<Kind> = life
        .last
        .open_findings()
        .iter()
        .map(|finding| finding.kind)
        .collect();
    assert_eq!(kinds, [Kind::WatchingNothing, Kind::RuleWithoutSecrets]);
    let unwatched: Vec<String> = life
        .last
        .unwatched
        .iter()
        .map(|secret| secret.name.clone())
        .collect();
    assert_eq!(unwatched.len(), names.len(), "{unwatched:?}");
    assert!(life.last.region.is_some() && life.last.account.is_some());
    assert!(
        trial.log.text().contains("no rule takes any of the"),
        "{}",
        trial.log.text()
    );
}

#[test]
fn a_decision_is_told_before_what_it_changes() {
    let scenario = Scenario::mixed(7);
    let trial = trial(&scenario, Mode::Act);
    live(&trial, end_of(&scenario));
    let log = trial.log.text();
    let first = |words: &str| log.find(words).unwrap_or_else(|| panic!("{words}: {log}"));
    assert!(first("decided consumer=") < first("is under way"), "{log}");
}
