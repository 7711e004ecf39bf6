//! Shapes that several answers share.

use jiff::Timestamp;
use machine::consumers::Standing;
use machine::findings::{Ended, Finding, Life, commands_in};
use machine::judge::Reason;
use machine::model::{Attempt, ConsumerId, RotationKey, SecretArn, When};
use machine::procedures::{wanted_text, write_text};
use machine::story::danger_window::DangerWindow;
use machine::words;
use serde::Serialize;

use crate::runtime::Snapshot;

/// When something happened: as tightly as it was seen, no tighter.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Interval {
    /// Null where no look showed that it had not happened yet.
    pub not_before: Option<Timestamp>,
    pub not_after: Timestamp,
}

impl From<When> for Interval {
    fn from(when: When) -> Self {
        Self {
            not_before: when.not_before,
            not_after: when.not_after,
        }
    }
}

/// From setSecret until every consumer that must be refreshed was fresh or presumed once; absent where the old password
/// goes on working (docs/numbers.md).
#[derive(Serialize)]
pub(super) struct WindowView {
    open: bool,
    opened: Interval,
    /// Null while it is open.
    closed: Option<Interval>,
    at_least_seconds: f64,
    /// Null where its beginning has no lower bound.
    at_most_seconds: Option<f64>,
    /// Until when consumers that only cache may hold the old value, beside the window.
    caches_until: Option<Timestamp>,
}

impl WindowView {
    pub(super) fn of(window: DangerWindow, now: Timestamp) -> Self {
        Self {
            open: window.closed.is_none(),
            opened: window.opened.into(),
            closed: window.closed.map(Interval::from),
            at_least_seconds: window.at_least(now).as_secs_f64(),
            at_most_seconds: window.at_most(now).map(|lasted| lasted.as_secs_f64()),
            caches_until: window.caches_until,
        }
    }
}

/// Why something that is wanted does not happen yet.
#[derive(Serialize)]
pub(super) struct WaitView {
    pub consumer: String,
    pub reason: String,
    /// When the wait ends by itself, where that is known.
    pub until: Option<Timestamp>,
}

impl WaitView {
    pub(super) fn of(consumer: &ConsumerId, reason: &Reason) -> Self {
        Self {
            consumer: consumer.to_string(),
            reason: reason.to_string(),
            until: reason.until(),
        }
    }

    /// The waits of one secret's consumers.
    pub(super) fn all(snapshot: &Snapshot, secret: &SecretArn) -> Vec<Self> {
        let of_secret = snapshot.waits.iter().filter(|((arn, _), _)| arn == secret);
        of_secret
            .map(|((_, consumer), reason)| Self::of(consumer, reason))
            .collect()
    }
}

/// A login test that is put off for the lock-out budget.
#[derive(Serialize)]
pub(super) struct LoginWaitView {
    pub reason: String,
    pub until: Option<Timestamp>,
}

impl LoginWaitView {
    pub(super) fn of(reason: &Reason) -> Self {
        Self {
            reason: reason.to_string(),
            until: reason.until(),
        }
    }
}

/// How one consumer stands with the current version of one secret.
#[derive(Serialize)]
pub(super) struct StandingView {
    pub consumer: String,
    /// Null where no promotion was seen to judge it by.
    pub stage: Option<&'static str>,
    pub why: Option<String>,
    /// The look that this rests on.
    pub as_of: Option<Timestamp>,
    /// The remediation that would help.
    pub wants: Option<&'static str>,
    /// The same for people.
    pub wants_text: Option<&'static str>,
    /// Why that does not happen yet.
    pub waits_for: Option<String>,
    /// What was decided for it, for the sake of this version; oldest first.
    pub remediations: Vec<RemediationView>,
}

/// One write that was decided, and what became of it.
#[derive(Serialize)]
pub(super) struct RemediationView {
    attempt: String,
    action: &'static str,
    /// What it is to change, for people.
    text: String,
    decided: Timestamp,
    /// Null while it is under way.
    answered: Option<Timestamp>,
    outcome: Option<&'static str>,
    /// The same for people: the deployment, or why it had no effect.
    outcome_text: Option<String>,
}

impl RemediationView {
    pub(super) fn of(attempt: &Attempt) -> Self {
        let outcome = attempt.outcome.as_ref();
        Self {
            attempt: attempt.decision.attempt.to_string(),
            action: attempt.decision.write.kind().name(),
            text: write_text(&attempt.decision.write),
            decided: attempt.decision.at,
            answered: outcome.map(|(at, _)| *at),
            outcome: outcome.map(|(_, outcome)| words::outcome(outcome)),
            outcome_text: outcome.map(|(_, outcome)| words::outcome_text(outcome)),
        }
    }

    /// What was decided for a consumer, for the sake of a rotation.
    pub(super) fn all(snapshot: &Snapshot, rotation: &RotationKey, id: &ConsumerId) -> Vec<Self> {
        let facts = snapshot.consumers.get(id).into_iter();
        facts
            .flat_map(|facts| facts.attempts.serving(rotation))
            .map(Self::of)
            .collect()
    }
}

impl StandingView {
    pub(super) fn of(
        snapshot: &Snapshot,
        secret: &SecretArn,
        id: &ConsumerId,
        standing: Option<&Standing>,
    ) -> Self {
        let current = snapshot
            .secrets
            .get(secret)
            .and_then(|view| view.judgement.current());
        let rotation = current.map(|current| &current.rotation.key);
        let waits_for = snapshot.waits.get(&(secret.clone(), id.clone()));
        Self {
            consumer: id.to_string(),
            stage: standing.map(|standing| words::stage(standing.stage)),
            why: standing.map(|standing| standing.why.to_string()),
            as_of: standing.and_then(|standing| standing.as_of),
            wants: standing.and_then(|standing| Some(standing.wants.as_ref()?.kind().name())),
            wants_text: standing.and_then(|standing| standing.wants.as_ref().map(wanted_text)),
            waits_for: waits_for.map(ToString::to_string),
            remediations: rotation.map_or_else(Vec::new, |key| RemediationView::all(snapshot, key, id)),
        }
    }
}

#[derive(Serialize)]
pub(super) struct FindingView {
    /// The same for as long as it stands, and when it comes back: made from kind, subject and secret.
    id: String,
    /// `open`; `ending`: its cause is gone for less than 30 s; `remembered`: told before the last start, and its cause was
    /// not looked for again yet; `ended`.
    state: &'static str,
    since: Timestamp,
    /// When its severity or its cause last became another.
    changed: Timestamp,
    /// Since when its cause is gone, where it is ending.
    gone_since: Option<Timestamp>,
    ended: Option<Timestamp>,
    severity: String,
    kind: &'static str,
    subject: String,
    /// The secret's name, where it is about one.
    secret: Option<String>,
    secret_arn: Option<String>,
    text: String,
    /// What to do about it; commands stand in backticks.
    remedy: String,
    /// The same commands alone, ready to be run.
    commands: Vec<String>,
}

impl FindingView {
    pub(super) fn of(life: &Life) -> Self {
        Self {
            state: life.standing.name(),
            changed: life.changed,
            gone_since: life.gone(),
            ..Self::since(life.since, &life.finding)
        }
    }

    pub(super) fn ended(life: &Ended) -> Self {
        Self {
            state: "ended",
            ended: Some(life.ended),
            ..Self::since(life.since, &life.finding)
        }
    }

    /// As it opened.
    fn since(since: Timestamp, finding: &Finding) -> Self {
        let commands = commands_in(&finding.remedy).into_iter();
        Self {
            id: finding.id().short(),
            state: "open",
            since,
            changed: since,
            gone_since: None,
            ended: None,
            severity: finding.severity.to_string(),
            kind: finding.kind.name(),
            subject: finding.subject.to_string(),
            secret: finding.secret.as_ref().map(|arn| arn.name().to_owned()),
            secret_arn: finding.secret.as_ref().map(ToString::to_string),
            text: finding.text.clone(),
            remedy: finding.remedy.clone(),
            commands: commands.map(str::to_owned).collect(),
        }
    }
}
