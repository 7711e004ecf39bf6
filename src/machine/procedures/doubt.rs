//! Writes in doubt: whether they happened is looked at, twice and far enough apart, before anything is repeated.

use jiff::Timestamp;

use super::Effect;
use crate::facts::attempts::Attempts;
use crate::model::{Decision, Fact, Look, NoEffect, Outcome};
use crate::policy::Timing;

/// What the latest look settles about the attempts in doubt of one subject. `effect`: what that look shows of a decision.
pub(super) fn resolve(
    attempts: &mut Attempts,
    timing: &Timing,
    effect: impl Fn(&Decision) -> Option<Effect>,
) -> Vec<Fact> {
    let doubts = attempts.iter().filter_map(|attempt| match attempt.outcome {
        Some((at, Outcome::InDoubt { .. })) => Some((attempt.decision.clone(), at)),
        _ => None,
    });
    let doubts: Vec<(Decision, Timestamp)> = doubts.collect();
    let settled = doubts.into_iter().filter_map(|(decision, since)| {
        let shown = effect(&decision)?;
        resolve_one(attempts, &decision, since, shown, timing)
    });
    settled.collect()
}

fn resolve_one(
    attempts: &mut Attempts,
    decision: &Decision,
    since: Timestamp,
    (look, shown): Effect,
    timing: &Timing,
) -> Option<Fact> {
    if let Some(done) = shown {
        return Some(ended(decision, look, Outcome::Done(done)));
    }
    if look.sent < since + timing.settle {
        return None;
    }
    let first = *attempts
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
