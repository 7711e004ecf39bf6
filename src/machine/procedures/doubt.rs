//! Writes in doubt: whether they happened is looked at, twice and far enough apart, before anything is repeated.

use jiff::Timestamp;

use super::effect;
use crate::model::{Attempt, Decision, Fact, Look, NoEffect, Outcome};
use crate::policy::Timing;
use crate::state::ConsumerFacts;

/// What the latest look settles about the attempts in doubt of one consumer.
pub(crate) fn resolve(facts: &mut ConsumerFacts, timing: &Timing) -> Vec<Fact> {
    let doubts: Vec<(Attempt, Timestamp)> = facts
        .attempts
        .iter()
        .filter_map(|attempt| match attempt.outcome {
            Some((at, Outcome::InDoubt { .. })) => Some((attempt.clone(), at)),
            _ => None,
        })
        .collect();
    doubts
        .into_iter()
        .filter_map(|(attempt, since)| resolve_one(facts, &attempt.decision, since, timing))
        .collect()
}

fn resolve_one(
    facts: &mut ConsumerFacts,
    decision: &Decision,
    since: Timestamp,
    timing: &Timing,
) -> Option<Fact> {
    let (look, shown) = effect(facts, decision)?;
    if let Some(done) = shown {
        return Some(ended(decision, look, Outcome::Done(done)));
    }
    if look.sent < since + timing.settle {
        return None;
    }
    let first = *facts
        .attempts
        .no_effect_seen
        .entry(decision.attempt.clone())
        .or_insert(look);
    (look.sent >= first.sent + timing.doubt_gap).then(|| {
        let why = "two looks, far enough apart, did not show its effect".to_owned();
        ended(decision, look, Outcome::NoEffect(NoEffect::NotSent { why }))
    })
}

fn ended(decision: &Decision, look: Look, outcome: Outcome) -> Fact {
    Fact::Ended {
        attempt: decision.attempt.clone(),
        at: look.arrived,
        outcome,
    }
}
