//! Lambda functions: neither method proves anything about an environment, so `Presumed` is the best there is.

use super::sleep;
use super::{Question, Retry, Standing, Why, retry, tries_of};
use crate::model::{Action, AttemptId, ConsumerId, EnvironmentSeen, FunctionSeen, Stage, UpdateStatus};
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
    let Some((look, seen)) = looked else {
        return Standing::of(Stage::Unknown, Why::NotLookedYet);
    };
    let standing = match seen {
        None => Standing::of(Stage::Fresh, Why::Gone),
        Some(seen) => match question.policy.lambda_method {
            LambdaMethod::ConfigUpdate => by_update(id, facts, seen, question),
            LambdaMethod::ConcurrencyCycle => sleep::stand(id, facts, seen, question),
        },
    };
    standing.seen_at(look.arrived)
}

fn by_update(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    question: &Question<'_>,
) -> Standing {
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
    if seen.last_modified.is_some_and(|at| at > question.threshold()) {
        let ours = facts
            .attempts_for(question.rotation)
            .any(|a| a.decision.action.kind() == "update-environment");
        let why = if ours {
            Why::ConfigUpdated
        } else {
            Why::UpdatedByAnother
        };
        return Standing::of(Stage::Presumed, why);
    }
    let tries = tries_of(facts, question.rotation, "update-environment");
    match retry(facts, &tries, question.now) {
        Retry::Went { at, .. } => after_update(facts, at, question),
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

fn stage_of_wait(why: &Why) -> Stage {
    if matches!(why, Why::NoEffect { .. }) {
        Stage::Stale
    } else {
        Stage::Refreshing
    }
}

/// An update of $LATEST does not reach these (aws-facts: Lambda).
fn unreached_by_update(seen: &FunctionSeen) -> Option<Why> {
    if let Some(alias) = seen.pinned_aliases.first() {
        return Some(Why::AliasPinned {
            alias: alias.name.clone(),
            version: alias.version.clone(),
        });
    }
    if seen.snap_start {
        return Some(Why::SnapStart);
    }
    seen.provisioned.then_some(Why::Provisioned)
}

fn after_update(facts: &ConsumerFacts, at: jiff::Timestamp, question: &Question<'_>) -> Standing {
    let seen_after = facts.function.as_ref().is_some_and(|(look, _)| look.sent >= at);
    let deadline = at + question.timing.recover_deadline;
    if seen_after {
        Standing::of(Stage::Presumed, Why::ConfigUpdated)
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
    match &seen.environment {
        EnvironmentSeen::Unreadable { why } => {
            Standing::of(Stage::Beyond, Why::EnvironmentUnreadable { why: why.clone() })
        }
        EnvironmentSeen::Readable { bytes, .. } if bytes + MARKER_BYTES > ENVIRONMENT_LIMIT => {
            Standing::of(Stage::Beyond, Why::EnvironmentFull { bytes: *bytes })
        }
        EnvironmentSeen::Readable { .. } => {
            let nth = super::nth(facts, question.rotation, "update-environment");
            let marker = AttemptId::of("marker", &id.to_string(), question.rotation.id().as_str(), nth);
            let action = Action::UpdateEnvironment {
                marker: marker.as_str().to_owned(),
                revision: seen.revision.clone(),
            };
            Standing::wanting(action, Why::ConfiguredBefore)
        }
    }
}
