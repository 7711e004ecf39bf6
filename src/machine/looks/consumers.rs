//! Looks at a consumer that no rotation asks for.

use super::Plan;
use crate::facts::state::ConsumerFacts;
use crate::model::{ConsumerId, LookKey, ReferenceKind};
use crate::procedures::open_sleep;

impl Plan<'_> {
    pub(super) fn between_rotations(&mut self, consumer: &ConsumerId, facts: &ConsumerFacts) {
        self.missing(facts);
        let key = LookKey::Consumer(consumer.clone());
        let cadence = &self.settings.cadence;
        if open_sleep(facts).is_some() || facts.attempts.unresolved().is_some() {
            self.every(key, cadence.consumer);
        } else if facts.is_gone() && !facts.references.is_empty() {
            // It is no consumer any more, until a look or the next search finds it.
            self.every(key, cadence.consumer_watch);
        } else if is_told_by_looks_alone(consumer, facts) {
            // Who could not be refreshed is told before there is anything to refresh.
            self.every(key, cadence.idle);
        } else if matches!(consumer, ConsumerId::Function { .. }) {
            // It may bear the note of a life whose journal is gone, whatever its secrets do now (design rule 4).
            self.once(key);
        }
    }

    /// What the journal knows and no list has: whether it is gone, a look tells. Only what somebody names is looked at.
    fn missing(&mut self, facts: &ConsumerFacts) {
        let secrets = facts.used().map(|reference| &reference.secret);
        for secret in secrets.filter(|secret| self.state.is_missing(secret)) {
            self.every(LookKey::Secret(secret.clone()), self.settings.cadence.idle);
        }
    }
}

/// Functions, and what only a rule names: discovery does not tell how they could be refreshed, nor whether they exist.
fn is_told_by_looks_alone(consumer: &ConsumerId, facts: &ConsumerFacts) -> bool {
    match consumer {
        ConsumerId::Service { .. } => facts.used().any(|r| r.kind == ReferenceKind::Declared),
        ConsumerId::Function { .. } => facts.used().next().is_some(),
        ConsumerId::Proxy { .. } | ConsumerId::Declared { .. } => false,
    }
}
