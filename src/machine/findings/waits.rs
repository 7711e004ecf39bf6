//! Waits that only a person can end.

use std::sync::Arc;

use jiff::Timestamp;

use super::roll_forward::stopped;
use super::{Finding, Kind, Severity, commands};
use crate::admission::Admission;
use crate::facts::state::{ConsumerFacts, State};
use crate::judge::{Judgement, Judgements, LoweredBy, Reason};
use crate::model::{ConsumerId, Mode, SecretArn, Subject};
use crate::policy::Settings;

/// Who waits, and what is known beside it.
pub(crate) struct Waits<'a> {
    pub(crate) state: &'a State,
    pub(crate) judgements: &'a Judgements,
    pub(crate) admission: &'a Admission,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

/// How a wait is told, and what ends it.
type Told = (Severity, Kind, String);

impl Waits<'_> {
    /// Told of whoever waits so, each for its secret.
    pub(crate) fn told(&self) -> Vec<Finding> {
        let told = |((secret, consumer), reason): (&(SecretArn, ConsumerId), &Reason)| {
            let (severity, kind, remedy) = self
                .long_wait((secret, consumer), reason)
                .or_else(|| self.held_back(secret, reason))?;
            Some(Finding {
                severity,
                kind,
                subject: Subject::Consumer(consumer.clone()),
                secret: Some(secret.clone()),
                text: reason.to_string(),
                remedy,
            })
        };
        let waits = self.admission.waits.iter().filter_map(told);
        waits.chain(stopped(self.admission)).collect()
    }

    /// Nothing where it ends by itself, or with what another waits for.
    fn long_wait(&self, (secret, consumer): (&SecretArn, &ConsumerId), reason: &Reason) -> Option<Told> {
        let critical = |kind, remedy| Some((Severity::Critical, kind, remedy));
        let warning = |kind, remedy| Some((Severity::Warning, kind, remedy));
        match reason {
            Reason::Observing => warning(Kind::WouldAct, self.let_it_act(secret, consumer)),
            Reason::Held => warning(Kind::Held, self.let_it_go_on(secret, consumer)),
            Reason::FirstFailed { .. } => critical(
                Kind::FirstFailed,
                "mend the consumer that went first; the others follow".to_owned(),
            ),
            Reason::HourlyCap { .. } => critical(Kind::Capped, lift_the_cap(consumer)),
            Reason::Another {
                secret: other,
                reason,
            } if reason.until().is_none() && reason.goes_after().is_none() => {
                critical(Kind::HeldBack, self.see_to(other))
            }
            Reason::Deleted { secret: other } if is_surely_deleted(self.state, other) => {
                critical(Kind::HeldBack, do_without(other))
            }
            Reason::Moving { secret: other, .. } if self.is_stuck(other) => {
                critical(Kind::HeldBack, end_its_rotation(other))
            }
            Reason::Another { .. }
            | Reason::Deleted { .. }
            | Reason::Moving { .. }
            | Reason::Margin { .. }
            | Reason::Proof { .. }
            | Reason::Unproven
            | Reason::Refused
            | Reason::First { .. }
            | Reason::Unseen { .. }
            | Reason::TooMany { .. }
            | Reason::Busy { .. }
            | Reason::InFlight { .. }
            | Reason::Wave { .. }
            | Reason::Refusals { .. }
            | Reason::OwnServiceLast
            | Reason::Draining
            | Reason::Journal => None,
        }
    }

    fn see_to(&self, other: &SecretArn) -> String {
        format!(
            "see to {} first: a restart gives the consumer its new value too; once that works, restart by hand{}",
            other.name(),
            self.or_test(other)
        )
    }

    /// The tag may stand on another secret of the consumer: a restart would give the consumer that one's value too.
    fn let_it_go_on(&self, secret: &SecretArn, consumer: &ConsumerId) -> String {
        let is_held = |secret: &SecretArn| self.judgements.get(secret).is_some_and(|judged| judged.held);
        let held = self.of_the_consumer(secret, consumer, is_held);
        format!(
            "when it may go on, remove the tag of {}: {}",
            held.name(),
            commands::release(held)
        )
    }

    /// What keeps the mode at observe must be lifted where it stands: maybe at another secret of the consumer.
    fn let_it_act(&self, secret: &SecretArn, consumer: &ConsumerId) -> String {
        let only_observes = |secret: &SecretArn| {
            let judged = self.judgements.get(secret);
            judged.is_some_and(|judged| judged.mode != Mode::Act)
        };
        let secret = self.of_the_consumer(secret, consumer, only_observes);
        let lowered = self.judgements.get(secret).and_then(|judged| judged.lowered);
        let lift = match lowered.map(|lowered| lowered.by) {
            Some(LoweredBy::AtMost) => "raise remediation.at_most, which lowers every rule".to_owned(),
            Some(LoweredBy::Tag) => format!(
                "remove the tag of {}: {}",
                secret.name(),
                commands::release(secret)
            ),
            None => format!("set mode = \"act\" for {}", secret.name()),
        };
        format!("{lift}, or do it by hand: {}", commands::refresh(consumer))
    }

    /// The secret itself where it is so, else another one of the consumer's.
    fn of_the_consumer<'s>(
        &'s self,
        secret: &'s SecretArn,
        consumer: &ConsumerId,
        is_so: impl Fn(&SecretArn) -> bool,
    ) -> &'s SecretArn {
        let known = self.state.consumers.get(consumer);
        let references = known.into_iter().flat_map(ConsumerFacts::used);
        let others = references.map(|reference| &reference.secret);
        let mut all = std::iter::once(secret).chain(others);
        all.find(|secret| is_so(secret)).unwrap_or(secret)
    }

    /// Where the login test is on already there is nothing to switch on.
    fn or_test(&self, secret: &SecretArn) -> &'static str {
        let is_on = |judgement: &Arc<Judgement>| judgement.login_test;
        if self.judgements.get(secret).is_some_and(is_on) {
            ""
        } else {
            ", or switch its login test on"
        }
    }

    /// Where the one that goes first waits for a person itself. Where it merely would act, or is held, that holds nobody
    /// back but who waits for it with the same secret.
    fn held_back(&self, secret: &SecretArn, reason: &Reason) -> Option<Told> {
        let first = reason.goes_after()?;
        let is_for_a_person = |(secret, reason): (&SecretArn, &Reason)| {
            let told = self.long_wait((secret, first), reason);
            told.is_some_and(|(severity, ..)| severity == Severity::Critical)
        };
        let test = reason.goes_first(secret).map_or("", |(of, _)| self.or_test(of));
        if waited_for(self.admission, first).into_iter().any(is_for_a_person) {
            let remedy = format!("see to {first} first, which is held back itself{test}");
            return Some((Severity::Critical, Kind::HeldBack, remedy));
        }
        let first = left_to_a_person(self.admission, secret, reason)?;
        let remedy = format!("see to {first} first, which is left to you{test}");
        Some((Severity::Warning, Kind::HeldBack, remedy))
    }

    /// AWSPENDING has stood on that secret for so long that nobody waits for it by itself any more.
    fn is_stuck(&self, secret: &SecretArn) -> bool {
        let latest = self.state.secret(secret).and_then(|facts| facts.labels.latest());
        let patience = self.settings.timing.stalled_after;
        latest.is_some_and(|run| self.now >= run.first.arrived + patience)
    }
}

fn lift_the_cap(consumer: &ConsumerId) -> String {
    format!(
        "raise remediation.redeploys_per_service_and_hour, or do it by hand, it holds an old value until then: {}",
        commands::refresh(consumer)
    )
}

fn do_without(deleted: &SecretArn) -> String {
    format!(
        "take {} out of its task definition, or restore or make the secret again: until then no task of it can start, so \
         it is not restarted for any other",
        deleted.name()
    )
}

fn end_its_rotation(moving: &SecretArn) -> String {
    format!(
        "end the rotation of {} first: it holds this restart back",
        moving.name()
    )
}

/// Who goes first and is only observed, or held: directly, or behind others that go first.
fn left_to_a_person<'a>(
    admission: &'a Admission,
    secret: &'a SecretArn,
    reason: &'a Reason,
) -> Option<&'a ConsumerId> {
    let mut asked = Vec::new();
    let mut next = reason.goes_first(secret);
    while let Some((secret, first)) = next.filter(|pair| !asked.contains(pair)) {
        asked.push((secret, first));
        let reason = admission.waits.get(&(secret.clone(), first.clone()))?;
        if matches!(reason, Reason::Observing | Reason::Held) {
            return Some(first);
        }
        next = reason.goes_first(secret);
    }
    None
}

/// What a consumer waits for, and whoever goes before it. Two that are both under way may each be first of one secret,
/// and so wait for each other for a while.
fn waited_for<'a>(admission: &'a Admission, consumer: &'a ConsumerId) -> Vec<(&'a SecretArn, &'a Reason)> {
    let mut asked = vec![consumer];
    let mut reasons = Vec::new();
    let mut next = 0;
    while let Some(consumer) = asked.get(next).copied() {
        next += 1;
        let waits = admission.waits.iter().filter(|((_, of), _)| of == consumer);
        for ((secret, _), reason) in waits {
            reasons.push((secret, reason));
            asked.extend(reason.goes_after().filter(|first| !asked.contains(first)));
        }
    }
    reasons
}

/// Scheduled for deletion, or neither described nor listed: a list may lag behind, and another may have its name by then.
fn is_surely_deleted(state: &State, secret: &SecretArn) -> bool {
    let seen = state.secret(secret).and_then(|facts| facts.seen.as_ref());
    state.is_dead(secret) || seen.is_some_and(|(_, seen)| seen.deleted.is_some())
}
