//! The update of a function's environment that makes Lambda start new execution environments.
//!
//! It is wanted where the function's configuration is older than the promotion. One marker variable is merged into its
//! environment, guarded by the revision. Its effect is the marker; nothing proves what each environment holds, so the
//! function is presumed. Nothing has to be put back: the variable stays, and tells of the last update.

use std::sync::Arc;

use jiff::Timestamp;

use super::retry::{Retry, retry, stage_of_wait};
use crate::consumers::function::{is_configured_after, likely, updated};
use crate::consumers::{Promotion, Standing, Why};
use crate::facts::state::ConsumerFacts;
use crate::model::{
    AttemptId, ConsumerId, EnvironmentSeen, FunctionGuard, FunctionSeen, Outcome, Stage, UpdateStatus, Write,
    WriteKind,
};

const KIND: WriteKind = WriteKind::UpdateEnvironment;
/// AWS's bound on all environment variables of a function together.
const ENVIRONMENT_LIMIT: usize = 4096;
/// The marker's name and value.
const MARKER_BYTES: usize = 40;
/// For people: what is wanted, and what the whole procedure is.
pub(super) const WANTED: &str = "a marker variable into its environment, for new environments";
pub(super) const WHOLE: &str = "a marker variable into its environment";

pub(super) fn text(revision: &str) -> String {
    format!("our marker into the environment of revision {revision}")
}

pub(super) fn guards(marker: &str, revision: &str) -> Vec<FunctionGuard> {
    let marker = marker.to_owned();
    vec![
        FunctionGuard::Unmarked { marker },
        FunctionGuard::ReadableEnvironment,
        FunctionGuard::NotUpdating,
        FunctionGuard::Revision(revision.to_owned()),
    ]
}

/// Whether a function bears the marker.
pub(super) fn shows(seen: &FunctionSeen, marker: &str) -> bool {
    let EnvironmentSeen::Readable { marker: found, .. } = &seen.environment else {
        return false;
    };
    found.as_deref() == Some(marker)
}

/// Whether an update of ours for this rotation was made, and looked at since: LastModified may lag behind.
pub(crate) fn went_through(facts: &ConsumerFacts, promotion: &Promotion<'_>) -> bool {
    let looked = facts.function.as_ref().map(|(look, _)| look.sent);
    let tries = facts.attempts.tries(promotion.rotation, KIND);
    let mut done = tries.iter().filter_map(|attempt| match &attempt.outcome {
        Some((at, Outcome::Done(_))) => Some(*at),
        _ => None,
    });
    done.any(|at| looked >= Some(at))
}

pub(crate) fn stand(
    id: &ConsumerId,
    name: &Arc<str>,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    promotion: &Promotion<'_>,
) -> Standing {
    if let Some(why) = unreached(seen) {
        return Standing::of(Stage::Beyond, why);
    }
    // Once it was given the new value, a later update is another's, however it goes.
    let was_over = promotion.was_over(id);
    match seen.update {
        UpdateStatus::InProgress | UpdateStatus::Failed if was_over => {}
        UpdateStatus::InProgress => return Standing::of(Stage::Refreshing, Why::Updating),
        UpdateStatus::Failed => return Standing::of(Stage::Beyond, Why::UpdateFailed),
        UpdateStatus::Successful => {}
    }
    if is_configured_after(seen, promotion) {
        return updated(facts, seen, promotion);
    }
    let tries = facts.attempts.tries(promotion.rotation, KIND);
    if is_blocked(facts, seen) {
        return Standing::of(Stage::Beyond, Why::RuntimeBlocked);
    }
    match retry(&facts.attempts, &tries, promotion.now) {
        Retry::Went { at, .. } => after_update(facts, seen, at, promotion),
        Retry::Wait { why, until } => Standing {
            wake: until,
            ..Standing::of(stage_of_wait(&why), why)
        },
        Retry::GiveUp(why) => Standing::of(Stage::Beyond, why),
        Retry::Now if seen.last_modified.is_some_and(|at| !promotion.is_older(at)) => {
            Standing::of(Stage::Unknown, Why::ConfiguredAround)
        }
        Retry::Now => want_update(name, facts, seen, promotion),
    }
}

/// Lambda refused the last update because of the runtime, and nothing was changed since: it refuses the next one, too.
fn is_blocked(facts: &ConsumerFacts, seen: &FunctionSeen) -> bool {
    let mut tries = facts.attempts.iter().rev();
    let last = tries.find(|attempt| attempt.decision.write.kind() == KIND);
    match last.and_then(|attempt| attempt.outcome.as_ref()) {
        Some((at, Outcome::NoEffect(why))) => why.is_blocked_runtime() && seen.last_modified <= Some(*at),
        _ => false,
    }
}

/// An update of $LATEST does not reach these (aws-facts: Lambda). SnapStart is no reason of its own: only published
/// versions start from a snapshot, and whoever calls them through an alias is told so.
pub(crate) fn unreached(seen: &FunctionSeen) -> Option<Why> {
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
fn unwritable(environment: &EnvironmentSeen) -> Option<Why> {
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
    at: Timestamp,
    promotion: &Promotion<'_>,
) -> Standing {
    let seen_after = facts.function.as_ref().is_some_and(|(look, _)| look.sent >= at);
    let deadline = at + promotion.timing.recover_deadline;
    if seen_after {
        likely(seen, Why::ConfigUpdated)
    } else if promotion.now >= deadline {
        Standing::of(Stage::Beyond, Why::NotInTime { deadline })
    } else {
        Standing::of(Stage::Refreshing, Why::Updating).until(deadline)
    }
}

fn want_update(
    name: &Arc<str>,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    promotion: &Promotion<'_>,
) -> Standing {
    if let Some(why) = unwritable(&seen.environment) {
        return Standing::of(Stage::Beyond, why);
    }
    let (nth, rotation) = (
        facts.attempts.nth(promotion.rotation, KIND),
        promotion.rotation.id(),
    );
    let subject = ConsumerId::function(name).to_string();
    let marker = AttemptId::of("marker", &subject, rotation.as_str(), nth);
    let write = Write::UpdateEnvironment {
        function: Arc::clone(name),
        marker: marker.to_string(),
        revision: seen.revision.clone(),
    };
    Standing::wanting(write, Why::ConfiguredBefore)
}
