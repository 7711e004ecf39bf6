//! Lambda functions: neither method proves anything about an environment, so `Presumed` is the best there is.

use super::sleep;
use super::{Question, Retry, Standing, Why, retry, stage_of_wait, tries_of};
use crate::model::{
    Action, AttemptId, ConsumerId, EnvironmentSeen, FunctionSeen, Outcome, Stage, UpdateStatus,
};
use crate::policy::LambdaMethod;
use crate::state::ConsumerFacts;

/// AWS's bound on all environment variables of a function together.
pub(super) const ENVIRONMENT_LIMIT: usize = 4096;
/// The marker's name and value.
const MARKER_BYTES: usize = 40;

pub(super) fn stand(id: &ConsumerId, facts: &ConsumerFacts, question: &Question<'_>) -> Standing {
    let looked = facts
        .function
        .as_ref()
        .filter(|(look, _)| look.sent >= question.promoted);
    let Some((look, Some(seen))) = looked else {
        return Standing::of(Stage::Unknown, Why::NotLookedYet);
    };
    let standing = match question.policy.lambda_method {
        LambdaMethod::ConfigUpdate => by_update(id, facts, seen, question),
        LambdaMethod::ConcurrencyCycle => by_cycle(id, facts, seen, question),
    };
    standing.seen_at(look.arrived)
}

/// What refreshed it by the other method counts, too: a change of the rule is no reason to do it again.
fn by_cycle(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    question: &Question<'_>,
) -> Standing {
    let is_updated = is_configured_after(seen, question) || went_through(facts, question);
    let is_over =
        is_updated && seen.update == UpdateStatus::Successful && unreached_by_update(seen).is_none();
    if is_over && seen.sleep_tag.is_none() && !sleep::has_begun(facts, question) {
        return updated(facts, seen, question);
    }
    sleep::stand(id, facts, seen, question)
}

/// Whether an update of ours for this rotation was made, and looked at since: LastModified may lag behind.
fn went_through(facts: &ConsumerFacts, question: &Question<'_>) -> bool {
    let looked = facts.function.as_ref().map(|(look, _)| look.sent);
    let tries = tries_of(facts, question.rotation, "update-environment");
    let mut done = tries.iter().filter_map(|attempt| match &attempt.outcome {
        Some((at, Outcome::Done(_))) => Some(*at),
        _ => None,
    });
    done.any(|at| looked >= Some(at))
}

fn is_configured_after(seen: &FunctionSeen, question: &Question<'_>) -> bool {
    seen.last_modified.is_some_and(|at| at > question.threshold())
}

/// Its configuration is newer than the promotion.
fn updated(facts: &ConsumerFacts, seen: &FunctionSeen, question: &Question<'_>) -> Standing {
    let mut ours = facts.attempts_for(question.rotation);
    let why = if ours.any(|a| a.decision.action.kind() == "update-environment") {
        Why::ConfigUpdated
    } else {
        Why::UpdatedByAnother
    };
    likely(seen, why)
}

/// As far as an update or a cycle reaches (aws-facts: Lambda).
pub(super) fn likely(seen: &FunctionSeen, why: Why) -> Standing {
    match outlives(seen) {
        Some(left) => Standing::of(Stage::Beyond, left),
        None => Standing::of(Stage::Presumed, why),
    }
}

/// What goes on with the old value after an update or a cycle.
pub(crate) fn outlives(seen: &FunctionSeen) -> Option<Why> {
    if seen.durable {
        return Some(Why::Durable);
    }
    seen.tenants.then_some(Why::Tenants)
}

fn by_update(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    question: &Question<'_>,
) -> Standing {
    if sleep::cycled(facts, question) && seen.sleep_tag.is_none() {
        return likely(seen, Why::Cycled);
    }
    if let Some(why) = unreached_by_update(seen) {
        return Standing::of(Stage::Beyond, why);
    }
    // Once it was given the new value, a later update is another's, however it goes.
    let was_over = question.was_over(id);
    match seen.update {
        UpdateStatus::InProgress | UpdateStatus::Failed if was_over => {}
        UpdateStatus::InProgress => return Standing::of(Stage::Refreshing, Why::Updating),
        UpdateStatus::Failed => return Standing::of(Stage::Beyond, Why::UpdateFailed),
        UpdateStatus::Successful => {}
    }
    if is_configured_after(seen, question) {
        return updated(facts, seen, question);
    }
    let tries = tries_of(facts, question.rotation, "update-environment");
    if is_blocked(facts, seen) {
        return Standing::of(Stage::Beyond, Why::RuntimeBlocked);
    }
    match retry(facts, &tries, question.now) {
        Retry::Went { at, .. } => after_update(facts, seen, at, question),
        Retry::Wait { why, until } => Standing {
            wake: until,
            ..Standing::of(stage_of_wait(&why), why)
        },
        Retry::GiveUp(why) => Standing::of(Stage::Beyond, why),
        Retry::Now if seen.last_modified.is_some_and(|at| !question.is_older(at)) => {
            Standing::of(Stage::Unknown, Why::ConfiguredAround)
        }
        Retry::Now => want_update(id, facts, seen, question),
    }
}

/// Lambda refused the last update because of the runtime, and nothing was changed since: it refuses the next one, too.
fn is_blocked(facts: &ConsumerFacts, seen: &FunctionSeen) -> bool {
    let mut tries = facts.attempts.iter().rev();
    let last = tries.find(|attempt| attempt.decision.action.kind() == "update-environment");
    match last.and_then(|attempt| attempt.outcome.as_ref()) {
        Some((at, Outcome::NoEffect(why))) => why.is_blocked_runtime() && seen.last_modified <= Some(*at),
        _ => false,
    }
}

/// An update of $LATEST does not reach these (aws-facts: Lambda). SnapStart is no reason of its own: only published
/// versions start from a snapshot, and whoever calls them through an alias is told so.
pub(super) fn unreached_by_update(seen: &FunctionSeen) -> Option<Why> {
    if seen.managed_instances {
        return Some(Why::ManagedInstances);
    }
    if let Some(alias) = seen.pinned_aliases.first() {
        return Some(Why::AliasPinned {
            alias: alias.name.clone(),
            version: alias.version.clone(),
        });
    }
    seen.provisioned.then_some(Why::Provisioned)
}

/// Why its environment cannot bear the marker.
pub(super) fn unwritable(environment: &EnvironmentSeen) -> Option<Why> {
    match environment {
        EnvironmentSeen::Unreadable { why } => Some(Why::EnvironmentUnreadable { why: why.clone() }),
        EnvironmentSeen::Readable { bytes, .. } if bytes + MARKER_BYTES > ENVIRONMENT_LIMIT => {
            Some(Why::EnvironmentFull { bytes: *bytes })
        }
        EnvironmentSeen::Readable { .. } => None,
    }
}

fn after_update(
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    at: jiff::Timestamp,
    question: &Question<'_>,
) -> Standing {
    let seen_after = facts.function.as_ref().is_some_and(|(look, _)| look.sent >= at);
    let deadline = at + question.timing.recover_deadline;
    if seen_after {
        likely(seen, Why::ConfigUpdated)
    } else if question.now >= deadline {
        Standing::of(Stage::Beyond, Why::NotInTime { deadline })
    } else {
        Standing::of(Stage::Refreshing, Why::Updating).until(deadline)
    }
}

fn want_update(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    question: &Question<'_>,
) -> Standing {
    if let Some(why) = unwritable(&seen.environment) {
        return Standing::of(Stage::Beyond, why);
    }
    let nth = super::nth(facts, question.rotation, "update-environment");
    let marker = AttemptId::of("marker", &id.to_string(), question.rotation.id().as_str(), nth);
    let action = Action::UpdateEnvironment {
        marker: marker.as_str().to_owned(),
        revision: seen.revision.clone(),
    };
    Standing::wanting(action, Why::ConfiguredBefore)
}
