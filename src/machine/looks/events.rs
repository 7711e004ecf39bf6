//! What events change in when to look: sooner at what a hint is about, and less often where events come.

use jiff::{SignedDuration, Timestamp};

use super::Plan;
use crate::facts::hints::Hints;
use crate::facts::state::SecretFacts;
use crate::judge::Judgement;
use crate::model::{ConsumerId, LookKey, SecretArn, Stage};
use crate::story::rotations::Origin;

/// Where events come, the whole fleet is listed so seldom, and a secret at rest looked at so seldom.
pub(super) const SWEEP_BESIDE_EVENTS: SignedDuration = SignedDuration::from_mins(5);
pub(super) const IDLE_BESIDE_EVENTS: SignedDuration = SignedDuration::from_hours(6);
/// A rotation's start is told in time: labels or the log show it so soon before, or after, at most.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_secs(30);

impl Plan<'_> {
    /// What an event told of is looked at, whatever was planned; at most once in `cadence.active`.
    pub(super) fn hinted(&mut self, secret: &SecretArn, facts: &SecretFacts, judgement: &Judgement) {
        let Some(hints) = facts.hints.as_deref() else {
            return;
        };
        let labels = LookKey::Secret(secret.clone());
        self.outdated(labels.clone(), hints.came);
        if hints.closely_until.is_some_and(|until| self.now < until) {
            self.every(labels, self.cadence().active);
        }
        let Some(failed) = hints.failed else { return };
        if judgement.open().is_some() {
            self.outdated(LookKey::Versions(secret.clone()), Some(failed.came));
        }
        if facts.rotation_lambda().is_some() {
            self.outdated(LookKey::Log(secret.clone()), Some(failed.came));
        }
    }

    /// What an event told of a consumer matters while the consumer is being refreshed, or must be.
    pub(super) fn hinted_of_consumer(&mut self, consumer: &ConsumerId, stage: Stage) {
        let facts = self.state.consumers.get(consumer);
        if let Some(facts) = facts.filter(|_| !stage.is_over()) {
            self.outdated(LookKey::Consumer(consumer.clone()), facts.hinted);
        }
    }

    /// Due at once where the last answer was asked for before that moment.
    fn outdated(&mut self, key: LookKey, since: Option<Timestamp>) {
        let last = self.last(&key).map(|look| look.sent);
        if since.is_some() && last < since {
            let earliest = last.map_or(self.now, |last| last + self.cadence().active);
            self.at(key, earliest.max(self.now));
        }
    }

    /// The interval of looks that events stand in for, as long as they come.
    pub(super) fn by_events(
        &self,
        interval: SignedDuration,
        beside_events: SignedDuration,
    ) -> SignedDuration {
        if self.state.delivery.works {
            interval.max(beside_events)
        } else {
            interval
        }
    }

    /// Whether events come, and one told of the last rotation's start in time. A failed rotation moves no label: the
    /// label's event alone would not tell of it.
    pub(super) fn is_told_of_starts(&self, facts: &SecretFacts, judgement: &Judgement) -> bool {
        let started = facts.hints.as_deref().and_then(|hints: &Hints| hints.started);
        let rotations = judgement.rotations.iter().rev().map(|view| &view.rotation);
        let mut rotations = rotations.filter(|rotation| rotation.origin == Origin::Rotation);
        let seen = rotations.next().and_then(|last| last.started.as_ref());
        let is_in_time = started.zip(seen).is_some_and(|((came, took), seen)| {
            let since = seen.when.not_before.unwrap_or(seen.when.not_after);
            took <= TOLD_WITHIN && came >= since - TOLD_WITHIN && came <= seen.when.not_after + TOLD_WITHIN
        });
        self.state.delivery.works && is_in_time
    }
}
