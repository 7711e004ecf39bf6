//! ECS services: fresh is every running task created after the promotion, and healthy (aws-facts: ECS).

use jiff::Timestamp;

use super::{Promotion, Standing, Why, is_injected};
use crate::facts::state::ConsumerFacts;
use crate::model::{ConsumerId, Health, Protected, Rollout, ServiceSeen, Stage, Task, Write};
use crate::procedures::redeploy;

/// `redeploy`: what would help.
pub(super) fn stand(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    promotion: &Promotion<'_>,
    redeploy: Write,
) -> Standing {
    let looked = facts
        .service
        .as_ref()
        .filter(|(look, _)| look.sent >= promotion.promoted);
    let Some((look, Some(seen))) = looked else {
        return Standing::of(Stage::Unknown, Why::NotLookedYet);
    };
    let standing = match proven(id, facts, seen, promotion, look.arrived) {
        Some(standing) => standing,
        None => redeploy::stand(facts, seen, promotion, redeploy),
    };
    // The answer may be so old.
    let as_of = look.sent - promotion.timing.settle;
    let old = holds_old(facts, seen, promotion).then_some(as_of);
    Standing {
        old,
        ..standing.seen_at(look.arrived)
    }
}

/// Whether a task that is wanted was certainly given the old value. What programs fetch later nobody sees.
fn holds_old(facts: &ConsumerFacts, seen: &ServiceSeen, promotion: &Promotion<'_>) -> bool {
    let mut created = seen.tasks.iter().filter_map(|task| task.created);
    is_injected(facts, &promotion.rotation.secret) && created.any(|at| promotion.is_certainly_older(at))
}

/// What the tasks prove; nothing where some of them hold the old value. A service that was healthy with the new one
/// stays fresh: a deployment of the team that does not get healthy is not the rotation's doing.
fn proven(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    seen: &ServiceSeen,
    promotion: &Promotion<'_>,
    at: Timestamp,
) -> Option<Standing> {
    let was_over = promotion.was_over(id);
    if seen.tasks.is_empty() && seen.tasks_listed && was_over {
        return Some(Standing::of(Stage::Fresh, Why::NothingRuns));
    }
    if seen.tasks.is_empty() {
        return Some(without_tasks(facts, seen, promotion));
    }
    let ours = redeploy::deployments(facts, promotion);
    let by_us = |task: &Task| {
        let deployment = task.started_by.as_ref();
        deployment.is_some_and(|id| ours.contains(&id.as_str()))
    };
    let created_after = |task: &Task| {
        task.created
            .is_some_and(|created| created > promotion.threshold())
    };
    let of_a_tenure = |task: &Task| {
        task.created
            .is_some_and(|created| promotion.is_of_a_tenure(created))
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
    Some(match unhealthy(seen, promotion, at) {
        None => Standing::of(Stage::Fresh, proof),
        Some(why) if was_over => Standing::of(Stage::Fresh, why),
        Some(why) => refreshing(why, facts, seen, promotion),
    })
}

fn without_tasks(facts: &ConsumerFacts, seen: &ServiceSeen, promotion: &Promotion<'_>) -> Standing {
    // Counts of running tasks may be older than the list, or include those that drain.
    if seen.tasks_listed && seen.settings.desired == 0 {
        return Standing::of(Stage::Fresh, Why::NothingRuns);
    }
    if seen.tasks_listed {
        let starting = Why::Starting {
            running: 0,
            desired: seen.settings.desired,
        };
        return refreshing(starting, facts, seen, promotion);
    }
    match seen.deployments.as_slice() {
        [sole] if sole.created > promotion.threshold() && sole.rollout == Rollout::Completed => {
            Standing::of(Stage::Presumed, Why::SoleDeploymentAfter)
        }
        _ => Standing::of(Stage::Unknown, Why::TasksUnseen),
    }
}

/// Why a service whose tasks are all young is not yet healthy.
fn unhealthy(seen: &ServiceSeen, promotion: &Promotion<'_>, at: Timestamp) -> Option<Why> {
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
                .is_some_and(|started| at >= started + promotion.timing.steady)
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
pub(crate) fn refreshing(
    why: Why,
    facts: &ConsumerFacts,
    seen: &ServiceSeen,
    promotion: &Promotion<'_>,
) -> Standing {
    let ours = facts
        .attempts
        .serving(promotion.rotation)
        .filter_map(|attempt| attempt.outcome.as_ref())
        .map(|(at, _)| *at);
    let theirs = seen.deployments.iter().map(|deployment| deployment.created);
    let began = ours
        .chain(theirs)
        .max()
        .unwrap_or(promotion.promoted)
        .max(promotion.promoted);
    let deadline = began + promotion.timing.recover_deadline;
    if promotion.now >= deadline {
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
