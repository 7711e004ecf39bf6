//! Lambda functions: neither method proves anything about an environment, so `Presumed` is the best there is.

use std::sync::Arc;

use super::{Promotion, Standing, Why};
use crate::facts::state::ConsumerFacts;
use crate::model::{ConsumerId, FunctionSeen, Stage, UpdateStatus, WriteKind};
use crate::policy::LambdaMethod;
use crate::procedures::{concurrency_cycle, environment_update};

pub(super) fn stand(
    id: &ConsumerId,
    name: &Arc<str>,
    facts: &ConsumerFacts,
    promotion: &Promotion<'_>,
) -> Standing {
    let looked = facts
        .function
        .as_ref()
        .filter(|(look, _)| look.sent >= promotion.promoted);
    let Some((look, Some(seen))) = looked else {
        return Standing::of(Stage::Unknown, Why::NotLookedYet);
    };
    let standing = match promotion.policy.lambda_method {
        LambdaMethod::ConfigUpdate => by_update(id, name, facts, seen, promotion),
        LambdaMethod::ConcurrencyCycle => by_cycle(name, facts, seen, promotion),
    };
    standing.seen_at(look.arrived)
}

/// What refreshed it by the other method counts, too: a change of the rule is no reason to do it again.
fn by_cycle(
    name: &Arc<str>,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    promotion: &Promotion<'_>,
) -> Standing {
    let is_updated =
        is_configured_after(seen, promotion) || environment_update::went_through(facts, promotion);
    let is_over = is_updated
        && seen.update == UpdateStatus::Successful
        && environment_update::unreached(seen).is_none();
    if is_over && seen.sleep_tag.is_none() && !concurrency_cycle::has_begun(facts, promotion) {
        return updated(facts, seen, promotion);
    }
    concurrency_cycle::stand(name, facts, seen, promotion)
}

pub(crate) fn is_configured_after(seen: &FunctionSeen, promotion: &Promotion<'_>) -> bool {
    seen.last_modified.is_some_and(|at| at > promotion.threshold())
}

/// Its configuration is newer than the promotion.
pub(crate) fn updated(facts: &ConsumerFacts, seen: &FunctionSeen, promotion: &Promotion<'_>) -> Standing {
    let ours = facts
        .attempts
        .tries(promotion.rotation, WriteKind::UpdateEnvironment);
    let why = if !ours.is_empty() {
        Why::ConfigUpdated
    } else {
        Why::UpdatedByAnother
    };
    likely(seen, why)
}

/// As far as an update or a cycle reaches (aws-facts: Lambda).
pub(crate) fn likely(seen: &FunctionSeen, why: Why) -> Standing {
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

/// What refreshed it by a cycle counts, too.
fn by_update(
    id: &ConsumerId,
    name: &Arc<str>,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    promotion: &Promotion<'_>,
) -> Standing {
    if concurrency_cycle::cycled(facts, promotion) && seen.sleep_tag.is_none() {
        return likely(seen, Why::Cycled);
    }
    environment_update::stand(id, name, facts, seen, promotion)
}
