//! Waits that only a person can end.

use jiff::{SignedDuration, Timestamp};

use super::{Finding, Kind, Severity, commands};
use crate::fleet::Admission;
use crate::judge::Reason;
use crate::model::{ConsumerId, SecretArn};
use crate::state::State;

/// Told of whoever waits so, each for its secret.
pub(super) fn long_waits(admission: &Admission, state: &State, now: Timestamp) -> Vec<Finding> {
    let told = |((secret, consumer), reason): (&(SecretArn, ConsumerId), &Reason)| {
        let (severity, kind, remedy) = long_wait(state, (secret, consumer), reason, now)
            .or_else(|| held_back(admission, state, (secret, reason), now))?;
        Some(Finding {
            severity,
            kind,
            subject: consumer.to_string(),
            secret: Some(secret.clone()),
            text: reason.to_string(),
            remedy,
        })
    };
    admission.waits.iter().filter_map(told).collect()
}

/// How a wait is told, and what ends it.
type Told = (Severity, Kind, String);

/// Nothing where it ends by itself, or with what another waits for.
fn long_wait(
    state: &State,
    (secret, consumer): (&SecretArn, &ConsumerId),
    reason: &Reason,
    now: Timestamp,
) -> Option<Told> {
    let (severity, kind, remedy) = match reason {
        Reason::Observing => (
            Severity::Warning,
            Kind::WouldAct,
            format!(
                "set mode = \"act\" for the secret, or do it by hand: {}",
                commands::refresh(consumer)
            ),
        ),
        Reason::Held => (
            Severity::Warning,
            Kind::Held,
            format!(
                "when it may go on, remove the secret's tag: {}",
                commands::release(secret)
            ),
        ),
        Reason::FirstFailed { .. } => (
            Severity::Critical,
            Kind::FirstFailed,
            "mend the consumer that went first; the others follow".to_owned(),
        ),
        Reason::HourlyCap { .. } => (
            Severity::Critical,
            Kind::Capped,
            format!(
                "raise remediation.redeploys_per_service_and_hour, or do it by hand, it holds an old value until then: {}",
                commands::refresh(consumer)
            ),
        ),
        Reason::Another {
            secret: other,
            reason,
        } if reason.until().is_none() && reason.goes_after().is_none() => (
            Severity::Critical,
            Kind::HeldBack,
            format!(
                "see to {} first: a restart gives the consumer its new value too; once that works, restart by hand, or \
                 switch its login test on",
                other.name()
            ),
        ),
        Reason::Moving { secret: other, .. } if is_stuck(state, other, now) => (
            Severity::Critical,
            Kind::HeldBack,
            format!(
                "end the rotation of {} first: it holds this restart back",
                other.name()
            ),
        ),
        _ => return None,
    };
    Some((severity, kind, remedy))
}

/// Where the one that goes first waits for a person itself. Where it merely would act, or is held, that holds nobody
/// back but who waits for it with the same secret.
fn held_back(
    admission: &Admission,
    state: &State,
    (secret, reason): (&SecretArn, &Reason),
    now: Timestamp,
) -> Option<Told> {
    let first = reason.goes_after()?;
    let is_for_a_person = |reason: &Reason| {
        long_wait(state, (secret, first), reason, now)
            .is_some_and(|(severity, ..)| severity == Severity::Critical)
    };
    if waited_for(admission, first).into_iter().any(is_for_a_person) {
        let remedy = format!("see to {first} first, which is held back itself, or switch the login test on");
        return Some((Severity::Critical, Kind::HeldBack, remedy));
    }
    let first = left_to_a_person(admission, secret, reason)?;
    let remedy = format!("see to {first} first, which is left to you, or switch the login test on");
    Some((Severity::Warning, Kind::HeldBack, remedy))
}

/// Who goes first and is only observed, or held: directly, or behind others that go first.
fn left_to_a_person<'a>(
    admission: &'a Admission,
    secret: &'a SecretArn,
    reason: &'a Reason,
) -> Option<&'a ConsumerId> {
    let mut asked = Vec::new();
    let mut next = goes_first(secret, reason);
    while let Some((secret, first)) = next.filter(|pair| !asked.contains(pair)) {
        asked.push((secret, first));
        let reason = admission.waits.get(&(secret.clone(), first.clone()))?;
        if matches!(reason, Reason::Observing | Reason::Held) {
            return Some(first);
        }
        next = goes_first(secret, reason);
    }
    None
}

/// Who goes first, and the secret whose new value it tries.
fn goes_first<'a>(secret: &'a SecretArn, reason: &'a Reason) -> Option<(&'a SecretArn, &'a ConsumerId)> {
    match reason {
        Reason::First { consumer } => Some((secret, consumer)),
        Reason::Another { secret, reason } => goes_first(secret, reason),
        _ => None,
    }
}

/// What a consumer waits for, and whoever goes before it. Two that are both under way may each be first of one secret,
/// and so wait for each other for a while.
fn waited_for<'a>(admission: &'a Admission, consumer: &'a ConsumerId) -> Vec<&'a Reason> {
    let mut asked = vec![consumer];
    let mut reasons = Vec::new();
    let mut next = 0;
    while let Some(consumer) = asked.get(next).copied() {
        next += 1;
        let waits = admission.waits.iter().filter(|((_, of), _)| of == consumer);
        for (_, reason) in waits {
            reasons.push(reason);
            asked.extend(reason.goes_after().filter(|first| !asked.contains(first)));
        }
    }
    reasons
}

/// AWSPENDING has stood on that secret for so long that nobody waits for it by itself any more.
fn is_stuck(state: &State, secret: &SecretArn, now: Timestamp) -> bool {
    const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
    let latest = state.secrets.get(secret).and_then(|facts| facts.labels.latest());
    latest.is_some_and(|run| now >= run.first.arrived + PATIENCE)
}
