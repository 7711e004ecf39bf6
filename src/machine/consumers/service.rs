//! ECS services: fresh is every running task created after the promotion, and healthy (aws-facts: ECS).

use jiff::Timestamp;

use super::{Question, Retry, Standing, Why, is_injected, retry, stage_of_wait};
use crate::model::{
    Action, Attempt, ConsumerId, Controller, Deployment, DeploymentId, Done, Health, Outcome, Protected,
    Rollout, ServiceSeen, ServiceSettings, Stage, Task,
};
use crate::policy::Policy;
use crate::state::ConsumerFacts;

pub(super) fn stand(id: &ConsumerId, facts: &ConsumerFacts, question: &Question<'_>) -> Standing {
    let looked = facts
        .service
        .as_ref()
        .filter(|(look, _)| look.sent >= question.promoted);
    let Some((look, Some(seen))) = looked else {
        return Standing::of(Stage::Unknown, Why::NotLookedYet);
    };
    let standing = match proven(id, facts, seen, question, look.arrived) {
        Some(standing) => standing,
        None => remedy(facts, seen, question),
    };
    // The answer may be so old.
    let as_of = look.sent - question.timing.settle;
    let old = holds_old(facts, seen, question).then_some(as_of);
    Standing {
        old,
        ..standing.seen_at(look.arrived)
    }
}

/// Whether a task that is wanted was certainly given the old value. What programs fetch later nobody sees.
fn holds_old(facts: &ConsumerFacts, seen: &ServiceSeen, question: &Question<'_>) -> bool {
    let mut created = seen.tasks.iter().filter_map(|task| task.created);
    is_injected(facts, &question.rotation.secret) && created.any(|at| question.is_certainly_older(at))
}

/// What the tasks prove; nothing where some of them hold the old value. A service that was healthy with the new one
/// stays fresh: a deployment of the team that does not get healthy is not the rotation's doing.
fn proven(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    seen: &ServiceSeen,
    question: &Question<'_>,
    at: Timestamp,
) -> Option<Standing> {
    let was_over = question.was_over(id);
    if seen.tasks.is_empty() && seen.tasks_listed && was_over {
        return Some(Standing::of(Stage::Fresh, Why::NothingRuns));
    }
    if seen.tasks.is_empty() {
        return Some(without_tasks(facts, seen, question));
    }
    let ours = our_deployments(facts, question);
    let by_us = |task: &Task| task.started_by.as_ref().is_some_and(|id| ours.contains(&id));
    let created_after = |task: &Task| task.created.is_some_and(|created| created > question.threshold());
    let of_a_tenure = |task: &Task| {
        task.created
            .is_some_and(|created| question.is_of_a_tenure(created))
    };
    let is_fresh = |task: &Task| by_us(task) || created_after(task);
    if !seen.tasks.iter().all(|task| is_fresh(task) || of_a_tenure(task)) {
        return None;
    }
    let proof = if seen.tasks.iter().all(by_us) {
        Why::StartedByUs
    } else if seen.tasks.iter().all(is_fresh) {
        Why::CreatedAfter
    } else {
        Why::CreatedWhileCurrent
    };
    Some(match unhealthy(seen, question, at) {
        None => Standing::of(Stage::Fresh, proof),
        Some(why) if was_over => Standing::of(Stage::Fresh, why),
        Some(why) => refreshing(why, facts, seen, question),
    })
}

fn without_tasks(facts: &ConsumerFacts, seen: &ServiceSeen, question: &Question<'_>) -> Standing {
    // Counts of running tasks may be older than the list, or include those that drain.
    if seen.tasks_listed && seen.settings.desired == 0 {
        return Standing::of(Stage::Fresh, Why::NothingRuns);
    }
    if seen.tasks_listed {
        let starting = Why::Starting {
            running: 0,
            desired: seen.settings.desired,
        };
        return refreshing(starting, facts, seen, question);
    }
    match seen.deployments.as_slice() {
        [sole] if sole.created > question.threshold() && sole.rollout == Rollout::Completed => {
            Standing::of(Stage::Presumed, Why::SoleDeploymentAfter)
        }
        _ => Standing::of(Stage::Unknown, Why::TasksUnseen),
    }
}

fn our_deployments<'a>(facts: &'a ConsumerFacts, question: &'a Question<'_>) -> Vec<&'a DeploymentId> {
    facts
        .attempts_for(question.rotation)
        .filter_map(deployment_of)
        .collect()
}

/// Those for this rotation, and those for another one that would have given the service this value too: a deployment
/// that ECS rolls back is repeated once, for whichever rotation it was (design rule 5).
fn redeploys<'a>(facts: &'a ConsumerFacts, question: &Question<'_>) -> Vec<&'a Attempt> {
    let went_after = |attempt: &Attempt| attempt.written().is_some_and(|at| at > question.threshold());
    let counts = |attempt: &&Attempt| {
        matches!(attempt.decision.action, Action::Redeploy { .. })
            && (attempt.decision.rotations.contains(question.rotation) || went_after(attempt))
    };
    facts.attempts.iter().filter(counts).collect()
}

fn deployment_of(attempt: &Attempt) -> Option<&DeploymentId> {
    match &attempt.outcome {
        Some((_, Outcome::Done(Done::Written { deployment }))) => deployment.as_ref(),
        _ => None,
    }
}

/// Why a service whose tasks are all young is not yet healthy.
fn unhealthy(seen: &ServiceSeen, question: &Question<'_>, at: Timestamp) -> Option<Why> {
    let running = seen.tasks.iter().filter(|task| task.running).count();
    if running < seen.tasks.len() || u32::try_from(running).unwrap_or(u32::MAX) < seen.settings.desired {
        return Some(Why::Starting {
            running: u32::try_from(running).unwrap_or(u32::MAX),
            desired: seen.settings.desired,
        });
    }
    let steady = |task: &Task| {
        seen.running >= seen.settings.desired
            && task
                .started
                .is_some_and(|started| at >= started + question.timing.steady)
    };
    let healthy = seen.tasks.iter().filter(|task| match task.health {
        Health::Healthy => true,
        Health::Unhealthy => false,
        // Without a health check, running on for a while decides.
        Health::Unknown => steady(task),
    });
    let healthy = healthy.count();
    (healthy < seen.tasks.len()).then_some(Why::Unhealthy {
        healthy,
        tasks: seen.tasks.len(),
    })
}

/// Under way, until the deadline counted from whatever began it.
fn refreshing(why: Why, facts: &ConsumerFacts, seen: &ServiceSeen, question: &Question<'_>) -> Standing {
    let ours = facts
        .attempts_for(question.rotation)
        .filter_map(|attempt| attempt.outcome.as_ref())
        .map(|(at, _)| *at);
    let theirs = seen.deployments.iter().map(|deployment| deployment.created);
    let began = ours
        .chain(theirs)
        .max()
        .unwrap_or(question.promoted)
        .max(question.promoted);
    let deadline = began + question.timing.recover_deadline;
    if question.now >= deadline {
        return Standing::of(
            Stage::Beyond,
            protected(seen).unwrap_or(Why::NotInTime { deadline }),
        );
    }
    Standing::of(Stage::Refreshing, protected(seen).unwrap_or(why)).until(deadline)
}

/// Old tasks that no deployment stops.
fn protected(seen: &ServiceSeen) -> Option<Why> {
    let Protected { tasks, until } = *seen.protected.as_ref()?;
    Some(Why::Protected { tasks, until })
}

/// Some tasks hold the old value: what can be done about it?
fn remedy(facts: &ConsumerFacts, seen: &ServiceSeen, question: &Question<'_>) -> Standing {
    if let Some(why) = beyond_us(&seen.settings, question.policy) {
        return Standing::of(Stage::Beyond, why);
    }
    if deploying_since(seen, question.threshold()) {
        return refreshing(Why::Deploying, facts, seen, question);
    }
    let tasks = seen.tasks.len();
    let stale = stale_tasks(seen, question);
    // What a program fetched, and when, is seen by nobody.
    let holds_old = if is_injected(facts, &question.rotation.secret) {
        Why::HoldsOld { stale, tasks }
    } else {
        Why::MayHoldOld { stale, tasks }
    };
    let redeploy = Action::Redeploy {
        fresh_after: question.threshold(),
    };
    match retry(facts, &redeploys(facts, question), question.now) {
        Retry::Wait { why, until } => Standing {
            wake: until,
            ..Standing::of(stage_of_wait(&why), why)
        },
        Retry::GiveUp(why) => Standing::of(Stage::Beyond, why),
        Retry::Went { attempt, times, at } => {
            match after_redeploy(&attempt, times, at, facts, seen, question) {
                again if again.action.is_some() && stale == 0 => {
                    Standing::of(Stage::Unknown, Why::CreatedAround { tasks })
                }
                standing => standing,
            }
        }
        Retry::Now if stale == 0 => Standing::of(Stage::Unknown, Why::CreatedAround { tasks }),
        Retry::Now if older_deployment(seen) => older(facts, seen, question),
        Retry::Now => Standing::wanting(redeploy, holds_old),
    }
}

fn stale_tasks(seen: &ServiceSeen, question: &Question<'_>) -> usize {
    let created = seen.tasks.iter().filter_map(|task| task.created);
    created.filter(|at| question.is_older(*at)).count()
}

/// Another's deployment is waited for as long as one of ours would be; it refreshes nothing.
fn older(facts: &ConsumerFacts, seen: &ServiceSeen, question: &Question<'_>) -> Standing {
    match refreshing(Why::OlderDeployment, facts, seen, question) {
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
pub(super) fn beyond_us(settings: &ServiceSettings, policy: &Policy) -> Option<Why> {
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

/// Our deployment was answered, yet old tasks run on: still rolling, or rolled back by the platform.
fn after_redeploy(
    attempt: &Attempt,
    times: u32,
    at: Timestamp,
    facts: &ConsumerFacts,
    seen: &ServiceSeen,
    question: &Question<'_>,
) -> Standing {
    let looked = |since| facts.service.as_ref().is_some_and(|(look, _)| look.sent >= since);
    let (seen_after, seen_surely) = (looked(at), looked(at + question.timing.settle));
    let ours = deployment_of(attempt).and_then(|id| seen.deployments.iter().find(|d| &d.id == id));
    let standing = match (deployment_of(attempt), ours) {
        _ if !seen_after => true,
        (Some(_), Some(deployment)) => deployment.primary && deployment.rollout != Rollout::Failed,
        // A look soon after it may be too old to show it.
        (Some(_), None) => !seen_surely,
        // The precheck found it done: another's deployment is doing it.
        (None, _) => question.now < at + question.timing.settle,
    };
    if standing {
        return refreshing(Why::Deploying, facts, seen, question);
    }
    if times >= 2 {
        return Standing::of(Stage::Beyond, Why::RolledBackTwice);
    }
    let action = Action::Redeploy {
        fresh_after: question.threshold(),
    };
    Standing::wanting(action, Why::RolledBackOnce)
}
