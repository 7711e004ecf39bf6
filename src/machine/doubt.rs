//! Writes in doubt: whether they happened is looked at, twice and far enough apart, before anything is repeated.

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Action, Attempt, Decision, DeploymentId, Done, EnvironmentSeen, Fact, FunctionSeen, Look, NoEffect,
    Outcome, ServiceSeen,
};
use crate::policy::Timing;
use crate::state::ConsumerFacts;

/// How much AWS's clock as we know it may be off: the `Date` of an answer counts whole seconds.
const CLOCK_ERROR: SignedDuration = SignedDuration::from_secs(2);

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

/// Whether the latest look after the decision shows what the write was to bring about.
fn effect(facts: &ConsumerFacts, decision: &Decision) -> Option<(Look, Option<Done>)> {
    let after = |look: &Look| look.sent >= decision.at;
    match &decision.action {
        Action::Redeploy { .. } => {
            let (look, seen) = facts.service.as_ref().filter(|(look, _)| after(look))?;
            let deployment = seen.as_ref().and_then(|seen| deployment_since(seen, decision.at));
            Some((*look, deployment.map(|id| Done::Written { deployment: Some(id) })))
        }
        action => {
            let (look, seen) = facts.function.as_ref().filter(|(look, _)| after(look))?;
            let shown = seen.as_ref().is_some_and(|seen| function_shows(seen, action));
            Some((*look, shown.then_some(Done::Written { deployment: None })))
        }
    }
}

fn deployment_since(seen: &ServiceSeen, decided: Timestamp) -> Option<DeploymentId> {
    let ours = seen
        .deployments
        .iter()
        .find(|deployment| deployment.created >= decided - CLOCK_ERROR)?;
    Some(ours.id.clone())
}

/// Whether a function is as the write was to leave it.
pub(crate) fn function_shows(seen: &FunctionSeen, action: &Action) -> bool {
    match action {
        Action::Redeploy { .. } => false,
        Action::UpdateEnvironment { marker, .. } => matches!(
            &seen.environment,
            EnvironmentSeen::Readable { marker: Some(found), .. } if found == marker
        ),
        Action::TagSleep { tag } => seen.sleep_tag.as_ref() == Some(tag),
        Action::Sleep { .. } => seen.reserved == Some(0),
        Action::Restore { former } => seen.reserved == *former,
        Action::Untag => seen.sleep_tag.is_none(),
    }
}
