//! Whether a version is proven well enough to be given to anybody (design rule 3).

use jiff::{SignedDuration, Timestamp};

use crate::consumers::Standing;
use crate::facts::state::{SecretFacts, State};
use crate::judge::{Reason, RotationView};
use crate::model::{ConsumerId, LookKey, Stage};
use crate::policy::{Policy, Settings};
use crate::story::proof::{Proof, Works};
use crate::story::rotations::Origin;

/// A login proves a version for so long.
const PROVEN_FOR: SignedDuration = SignedDuration::from_secs(5);

/// Whether it is sure enough that this version works (design rule 3).
pub(crate) fn doubtful(
    state: &State,
    view: &RotationView,
    consumer: &ConsumerId,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Option<Reason> {
    match view.works {
        // Nobody tested the version but our own logins: one goes first.
        Works::Yes(Proof::Login(_)) if is_untested(view) => {
            one_first(view, consumer, &settings.limits.own_service)
        }
        Works::Yes(Proof::Login(_) | Proof::TestSecret(_)) => None,
        Works::No { .. } => Some(Reason::Refused),
        Works::Unproven if view.rotation.rolled_forward().is_some() => {
            proof_may_come(state, view, policy, settings, now).or(Some(Reason::Unproven))
        }
        Works::Unproven => Some(Reason::Unproven),
        Works::Yes(Proof::Protocol) => proof_may_come(state, view, policy, settings, now)
            .or_else(|| one_first(view, consumer, &settings.limits.own_service)),
    }
}

/// Rolled forward by us, and testSecret was not seen to succeed.
fn is_untested(view: &RotationView) -> bool {
    view.rotation.rolled_forward().is_some() && view.rotation.tested.is_none()
}

/// Until when another login is waited for where the last one is from long before the look that asks for a restart: what
/// it waited for may have taken minutes, and ECS may have rolled back what did not start with the password.
pub(crate) fn awaits_login(
    state: &State,
    view: &RotationView,
    standing: &Standing,
    policy: &Policy,
    settings: &Settings,
) -> Option<Timestamp> {
    let asked = login_asked(state, view);
    let by_login = policy.login_test && matches!(view.works, Works::Yes(Proof::Login(_)));
    let looked = standing.as_of.filter(|_| by_login)?;
    (asked.map(|at| at + PROVEN_FOR) < Some(looked)).then_some(looked + settings.timing.proof_wait)
}

/// A login, or testSecret's line, soon tells more of a promotion than its protocol. A process that was suspended may
/// not have come to its login in that time.
fn proof_may_come(
    state: &State,
    view: &RotationView,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Option<Reason> {
    let facts = state.secret(&view.rotation.key.secret)?;
    // Where nothing tested it the label may move before the password comes true.
    if let Some(until) = facts.being_set_until().filter(|until| now < *until) {
        return Some(Reason::Proof { until });
    }
    let promoted = view.rotation.promoted.as_ref()?.when.not_after;
    // A promotion that was seen late has its login then.
    let seen = facts.current_seen.as_ref().map(|(_, at)| *at);
    let until = seen.map_or(promoted, |seen| seen.max(promoted)) + settings.timing.proof_wait;
    let may_come = policy.login_test || facts.rotation_lambda().is_some();
    let is_asked_for = policy.login_test && view.phase.awaits_proof();
    let key = &view.rotation.key;
    // One that the lock-out budget puts off for minutes is not waited for.
    let is_put_off = || {
        state
            .login_waits(&key.secret, &key.version, settings, now)
            .is_some()
    };
    let is_to_come = is_asked_for && login_asked(state, view) < Some(promoted) && !is_put_off();
    (is_to_come || may_come && now < until).then_some(Reason::Proof { until })
}

/// When a login with the version last had an answer, or failed to get one.
fn login_asked(state: &State, view: &RotationView) -> Option<Timestamp> {
    let key = &view.rotation.key;
    let key = LookKey::Login(key.secret.clone(), key.version.clone());
    let answered = state.looked.get(&key).map(|look| look.arrived);
    answered.max(state.failing.get(&key).map(|failing| failing.last))
}

/// What starts so soon after a promotion would have to be started again (design rule 5), and nobody is given a value
/// that is refused or unproven. What was current at the first look is proven by one login, where there are login tests.
pub(crate) fn withheld(
    state: &State,
    view: &RotationView,
    facts: &SecretFacts,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Option<Reason> {
    let timing = &settings.timing;
    let settled = view.rotation.promoted.as_ref()?.when.not_after + timing.margin;
    if now < settled {
        return Some(Reason::Margin { until: settled });
    }
    match (view.rotation.origin, view.works) {
        (_, Works::No { .. }) => Some(Reason::Refused),
        (Origin::Baseline, Works::Unproven) => {
            let until = facts.first_look? + timing.proof_wait;
            (policy.login_test && now < until).then_some(Reason::Proof { until })
        }
        (_, Works::Unproven) if view.rotation.rolled_forward().is_some() => {
            proof_may_come(state, view, policy, settings, now).or(Some(Reason::Unproven))
        }
        (_, Works::Unproven) => Some(Reason::Unproven),
        (_, Works::Yes(Proof::Protocol)) => proof_may_come(state, view, policy, settings, now),
        (_, Works::Yes(Proof::Login(_) | Proof::TestSecret(_))) => None,
    }
}

/// A promotion trusted by protocol alone: one consumer goes first, the others follow when it is healthy.
fn one_first(view: &RotationView, consumer: &ConsumerId, own: &Option<ConsumerId>) -> Option<Reason> {
    if view
        .consumers
        .iter()
        .any(|(_, standing)| standing.holds_the_new_value())
    {
        return None;
    }
    let under_way = view
        .consumers
        .iter()
        .find(|(_, standing)| standing.stage == Stage::Refreshing);
    if let Some((first, _)) = under_way {
        return Some(Reason::First {
            consumer: first.clone(),
        });
    }
    let tried = view
        .consumers
        .iter()
        .find(|(_, standing)| standing.why.topic().meaning().failed);
    if let Some((first, _)) = tried {
        return Some(Reason::FirstFailed {
            consumer: first.clone(),
        });
    }
    let mut wanting = view
        .consumers
        .iter()
        .filter(|(_, standing)| standing.wants.is_some())
        .map(|(id, _)| id);
    let first = wanting
        .clone()
        .find(|id| Some(*id) != own.as_ref())
        .or_else(|| wanting.next())?;
    (first != consumer).then(|| Reason::First {
        consumer: first.clone(),
    })
}
