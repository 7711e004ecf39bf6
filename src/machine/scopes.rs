//! Who uses which secret, put together from all parts of discovery.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Consumer, ConsumerId, Look, ReferenceKind, Scope, ScopeSeen};
use crate::state::State;

impl State {
    /// One part of discovery anew. Others may name the same consumers: a rule names what a list finds too.
    pub(crate) fn see_scope(&mut self, look: Look, scope: Scope, seen: ScopeSeen) {
        let known = self.scopes.get(&scope);
        if known.is_some_and(|(known, _)| known.sent > look.sent) {
            return;
        }
        let named = seen.consumers.iter().map(|consumer| consumer.id.clone());
        let mut concerned: BTreeSet<ConsumerId> = named.collect();
        if let Some((_, before)) = self.scopes.insert(scope, (look, seen)) {
            concerned.extend(before.consumers.into_iter().map(|consumer| consumer.id));
        }
        let mut described = self.describe(&concerned);
        for id in concerned {
            match described.remove(&id) {
                Some(consumer) => self.consumers.entry(id).or_default().describe(&consumer),
                None => self.forget_consumer(&id),
            }
        }
    }

    /// What all parts together say of these consumers.
    fn describe(&self, concerned: &BTreeSet<ConsumerId>) -> BTreeMap<ConsumerId, Consumer> {
        let mut described: BTreeMap<ConsumerId, Consumer> = BTreeMap::new();
        let named = self.scopes.values().flat_map(|(_, seen)| &seen.consumers);
        for consumer in named.filter(|consumer| concerned.contains(&consumer.id)) {
            match described.get_mut(&consumer.id) {
                None => drop(described.insert(consumer.id.clone(), consumer.clone())),
                Some(known) => add(known, consumer),
            }
        }
        described
    }

    /// A consumer that references nothing any more is dropped, unless something was done to it.
    fn forget_consumer(&mut self, id: &ConsumerId) {
        let Some(facts) = self.consumers.get_mut(id) else {
            return;
        };
        facts.references.clear();
        if facts.attempts.is_empty() {
            self.consumers.remove(id);
        }
    }
}

/// Who is known to use a secret is not suspected of it.
fn add(known: &mut Consumer, more: &Consumer) {
    known.references.extend(more.references.iter().cloned());
    known.references.sort();
    known.references.dedup();
    let sure: BTreeSet<_> = known
        .references
        .iter()
        .filter(|reference| reference.kind != ReferenceKind::Suspected)
        .map(|reference| reference.secret.clone())
        .collect();
    known
        .references
        .retain(|reference| reference.kind != ReferenceKind::Suspected || !sure.contains(&reference.secret));
    known.mutable_images.extend(more.mutable_images.iter().cloned());
    known.mutable_images.dedup();
}
