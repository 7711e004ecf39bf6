//! What the journal keeps: how much, and what a start still knows when old records were dropped.

use machine::facts::state::State;
use machine::judge::judge;
use machine::model::finding::FindingNews;
use machine::model::{Fact, SecretArn};
use machine::policy::Policy;

use super::*;
use crate::store::Sqlite;

fn demo(seed: u64) -> (Trial, Scenario) {
    let scenario = Scenario::demo(seed);
    let trial = trial(&scenario, Mode::Act);
    live(&trial, end_of(&scenario));
    (trial, scenario)
}

fn bytes_of(facts: &[Fact], at: Timestamp) -> u64 {
    let mut journal = Sqlite::in_memory().expect("a journal");
    journal.commit(facts, at).expect("room");
    journal.bytes()
}

/// What was added for what people are told, against all that was kept before: no more than half as much again.
#[test]
fn lives_of_findings_do_not_swell_the_journal() {
    for seed in 0..3 {
        let (trial, scenario) = demo(seed);
        let all = trial.facts().expect("readable");
        let is_new =
            |fact: &&Fact| matches!(fact, Fact::Finding(_) | Fact::Users { .. } | Fact::Braked { .. });
        let before: Vec<Fact> = all.iter().filter(|fact| !is_new(fact)).cloned().collect();
        let (now, then) = (bytes_of(&all, scenario.start), bytes_of(&before, scenario.start));
        assert!(now * 2 <= then * 3, "seed {seed}: {now} bytes, {then} without");
    }
}

/// Which findings stand, what must be put back, and which promotion of each secret stands.
fn needed(facts: Vec<Fact>, now: Timestamp, options: &crate::runtime::Options) -> Vec<String> {
    let mut state = State::at_the_start();
    facts.into_iter().for_each(|fact| state.recall(fact));
    let standing = state
        .lives
        .all()
        .map(|life| format!("{:?} since {}", life.finding.id(), life.since));
    let unanswered = state
        .unanswered()
        .map(|attempt| format!("{:?}", attempt.decision.attempt));
    let promoted = state.secrets.keys().map(|secret: &SecretArn| {
        let judgement = judge(&state, secret, &Policy::default(), &options.settings, now);
        let current = judgement.current().map(|view| &view.rotation.key);
        format!("{} {current:?}", secret.name())
    });
    standing.chain(unanswered).chain(promoted).collect()
}

#[test]
fn what_a_start_needs_outlives_its_retention() {
    for seed in 0..3 {
        let (trial, scenario) = demo(seed);
        let facts = trial.facts().expect("readable");
        let mut journal = Sqlite::in_memory().expect("a journal");
        journal.commit(&facts, scenario.start).expect("room");
        let dropped = journal
            .prune(scenario.start + SignedDuration::from_secs(1))
            .expect("pruned");
        assert!(dropped > 0, "seed {seed}");
        let kept = journal.load().expect("readable").facts;
        let later = end_of(&scenario) + SignedDuration::from_hours(100);
        let ended = |fact: &Fact| matches!(fact, Fact::Finding(told) if told.news == FindingNews::Ended);
        assert!(!kept.iter().any(ended), "seed {seed}: what is over is forgotten");
        assert_eq!(
            needed(kept, later, &trial.options),
            needed(facts, later, &trial.options),
            "seed {seed}"
        );
    }
}
