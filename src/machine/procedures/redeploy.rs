//! The forced redeploy of an ECS service: old tasks are replaced by new ones, which are given the new value.
//!
//! It is wanted where a task is older than the promotion, once for a rotation, and once more where ECS rolled it back. It
//! works where tasks of its deployment are healthy. Nothing has to be put back.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Effect;
use super::retry::{Retry, retry, stage_of_wait};
use crate::consumers::service::refreshing;
use crate::consumers::{Promotion, Standing, Why, is_injected};
use crate::facts::state::ConsumerFacts;
use crate::model::{
    Attempt, Controller, Deployment, Done, Guard, Outcome, Rollout, ServiceGuard, ServiceSeen,
    ServiceSettings, Stage, Write, WriteKind,
};
use crate::policy::Policy;

/// Redeploys for one rotation: the second one only after ECS rolled the first one back (design rule 5).
const TIMES: u32 = 2;
/// How much AWS's clock as we know it may be off: the `Date` of an answer counts whole seconds.
const CLOCK_ERROR: SignedDuration = SignedDuration::from_secs(2);

/// For people: what is wanted, and what the whole procedure is.
pub(super) const WANTED: &str = "a forced deployment";
pub(super) const WHOLE: &str = WANTED;

pub(super) fn text(fresh_after: Timestamp) -> String {
    format!("a forced deployment; tasks created after {fresh_after:.3} hold the new value already")
}

pub(crate) fn write(cluster: &Arc<str>, service: &Arc<str>, fresh_after: Timestamp) -> Write {
    Write::Redeploy {
        cluster: Arc::clone(cluster),
        service: Arc::clone(service),
        fresh_after,
    }
}

/// Two redeploys of one service are one, after the later promotion.
pub(crate) fn combine(write: &mut Write, other: &Write) {
    if let (
        Write::Redeploy { fresh_after, .. },
        Write::Redeploy {
            fresh_after: other, ..
        },
    ) = (write, other)
    {
        *fresh_after = (*fresh_after).max(*other);
    }
}

pub(super) fn guard(cluster: &Arc<str>, service: &Arc<str>, fresh_after: Timestamp) -> Guard {
    Guard::Service {
        cluster: Arc::clone(cluster),
        service: Arc::clone(service),
        expects: ServiceGuard { fresh_after },
    }
}

/// Whether the latest look after the decision shows a deployment that began with it.
pub(super) fn effect(facts: &ConsumerFacts, decided: Timestamp) -> Option<Effect> {
    let (look, seen) = facts.service.as_ref().filter(|(look, _)| look.sent >= decided)?;
    let mut deployments = seen.iter().flat_map(|seen| &seen.deployments);
    let ours = deployments.find(|deployment| deployment.created >= decided - CLOCK_ERROR);
    let began = ours.map(|ours| Some(ours.id.to_string()));
    Some((*look, began.map(|began| Done::Written { began })))
}

/// The deployments that we began for the promotion.
pub(crate) fn deployments<'a>(facts: &'a ConsumerFacts, promotion: &'a Promotion<'_>) -> Vec<&'a str> {
    let ours = facts.attempts.serving(promotion.rotation);
    ours.filter_map(deployment_of).collect()
}

/// Those for this rotation, and those for another one that would have given the service this value too: a deployment
/// that ECS rolls back is repeated once, for whichever rotation it was (design rule 5).
fn redeploys<'a>(facts: &'a ConsumerFacts, promotion: &Promotion<'_>) -> Vec<&'a Attempt> {
    let went_after = |attempt: &Attempt| attempt.written().is_some_and(|at| at > promotion.threshold());
    let counts = |attempt: &&Attempt| {
        attempt.decision.write.kind() == WriteKind::Redeploy
            && (attempt.decision.serves.contains(promotion.rotation) || went_after(attempt))
    };
    facts.attempts.iter().filter(counts).collect()
}

fn deployment_of(attempt: &Attempt) -> Option<&str> {
    match &attempt.outcome {
        Some((_, Outcome::Done(Done::Written { began }))) => began.as_deref(),
        _ => None,
    }
}

/// Some tasks hold the old value: what can be done about it?
pub(crate) fn stand(
    facts: &ConsumerFacts,
    seen: &ServiceSeen,
    promotion: &Promotion<'_>,
    redeploy: Write,
) -> Standing {
    if let Some(why) = beyond_us(&seen.settings, promotion.policy) {
        return Standing::of(Stage::Beyond, why);
    }
    if deploying_since(seen, promotion.threshold()) {
        return refreshing(Why::Deploying, facts, seen, promotion);
    }
    let tasks = seen.tasks.len();
    let stale = stale_tasks(seen, promotion);
    // What a program fetched, and when, is seen by nobody.
    let holds_old = if is_injected(facts, &promotion.rotation.secret) {
        Why::HoldsOld { stale, tasks }
    } else {
        Why::MayHoldOld { stale, tasks }
    };
    match retry(&facts.attempts, &redeploys(facts, promotion), promotion.now) {
        Retry::Wait { why, until } => Standing {
            wake: until,
            ..Standing::of(stage_of_wait(&why), why)
        },
        Retry::GiveUp(why) => Standing::of(Stage::Beyond, why),
        Retry::Went { attempt, times, at } => {
            if still_stands(&attempt, at, facts, seen, promotion) {
                refreshing(Why::Deploying, facts, seen, promotion)
            } else if times >= TIMES {
                Standing::of(Stage::Beyond, Why::RolledBackTwice)
            } else if stale == 0 {
                Standing::of(Stage::Unknown, Why::CreatedAround { tasks })
            } else {
                Standing::wanting(redeploy, Why::RolledBackOnce)
            }
        }
        Retry::Now if stale == 0 => Standing::of(Stage::Unknown, Why::CreatedAround { tasks }),
        Retry::Now if older_deployment(seen) => older(facts, seen, promotion),
        Retry::Now => Standing::wanting(redeploy, holds_old),
    }
}

fn stale_tasks(seen: &ServiceSeen, promotion: &Promotion<'_>) -> usize {
    let created = seen.tasks.iter().filter_map(|task| task.created);
    created.filter(|at| promotion.is_older(*at)).count()
}

/// Another's deployment is waited for as long as one of ours would be; it refreshes nothing.
fn older(facts: &ConsumerFacts, seen: &ServiceSeen, promotion: &Promotion<'_>) -> Standing {
    match refreshing(Why::OlderDeployment, facts, seen, promotion) {
        waiting @ Standing {
            stage: Stage::Refreshing,
            ..
        } => Standing {
            stage: Stage::Stale,
            ..waiting
        },
        over => over,
    }
}

/// What keeps a redeploy from being made at all, or from being made unasked.
pub(crate) fn beyond_us(settings: &ServiceSettings, policy: &Policy) -> Option<Why> {
    match settings.controller {
        Controller::CodeDeploy => return Some(Why::Controller { name: "CODE_DEPLOY" }),
        Controller::External => return Some(Why::Controller { name: "EXTERNAL" }),
        Controller::Ecs => {}
    }
    if let Some(name) = &settings.staged_strategy {
        return Some(Why::StagedStrategy { name: name.clone() });
    }
    if settings.redeploy_is_stuck() {
        return Some(Why::NoRoom {
            minimum: settings.minimum_percent,
            maximum: settings.maximum_percent,
        });
    }
    (settings.redeploy_has_downtime() && !policy.allow_downtime).then_some(Why::Downtime)
}

fn deploying_since(seen: &ServiceSeen, threshold: Timestamp) -> bool {
    let may_go_on = |d: &Deployment| matches!(d.rollout, Rollout::InProgress | Rollout::Unknown);
    seen.deployments
        .iter()
        .any(|d| d.primary && d.created > threshold && may_go_on(d))
}

/// A rolling deployment of another, from before the promotion: its tasks hold the old value, and it is let end first.
fn older_deployment(seen: &ServiceSeen) -> bool {
    seen.deployments
        .iter()
        .any(|d| d.primary && d.rollout == Rollout::InProgress)
}

/// Our deployment was answered, yet old tasks run on: is it still rolling, or did the platform roll it back?
fn still_stands(
    attempt: &Attempt,
    at: Timestamp,
    facts: &ConsumerFacts,
    seen: &ServiceSeen,
    promotion: &Promotion<'_>,
) -> bool {
    let looked = |since| facts.service.as_ref().is_some_and(|(look, _)| look.sent >= since);
    let (seen_after, seen_surely) = (looked(at), looked(at + promotion.timing.settle));
    let id = deployment_of(attempt);
    let ours = id.and_then(|id| seen.deployments.iter().find(|d| d.id.as_str() == id));
    match (id, ours) {
        _ if !seen_after => true,
        (Some(_), Some(deployment)) => deployment.primary && deployment.rollout != Rollout::Failed,
        // A look soon after it may be too old to show it.
        (Some(_), None) => !seen_surely,
        // The guard found it done: another's deployment is doing it.
        (None, _) => promotion.now < at + promotion.timing.settle,
    }
}
