//! Who uses which secret, put together from all parts of discovery.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Consumer, ConsumerId, Look, LookKey, ReferenceKind, Scope, ScopeSeen, SecretArn};
use crate::state::{ConsumerFacts, State};

impl State {
    /// One part of discovery anew. Others may name the same consumers: a rule names what a list finds too.
    pub(crate) fn see_scope(&mut self, look: Look, scope: Scope, seen: ScopeSeen) {
        let known = self.scopes.get(&scope);
        if known.is_some_and(|(known, _)| known.sent > look.sent) {
            return;
        }
        let seen = with_what_was_known(seen, known.map(|(_, before)| before));
        if seen.unread.is_empty() && seen.unreadable.is_empty() {
            self.searched.insert(scope.clone(), look.sent);
        }
        if scope != Scope::Declared {
            for consumer in &seen.consumers {
                self.consumers
                    .entry(consumer.id.clone())
                    .or_default()
                    .found(&look);
            }
        }
        let mut concerned = ids_of(&seen);
        if scope == Scope::Clusters {
            concerned.extend(self.forget_clusters(&seen.clusters));
        }
        if let Some((_, before)) = self.scopes.insert(scope, (look, seen)) {
            concerned.extend(ids_of(&before));
        }
        self.describe_anew(concerned);
    }

    /// Who is known to use a secret: neither suspected of it, nor the function that rotates it.
    pub fn users_of<'a>(
        &'a self,
        secret: &'a SecretArn,
    ) -> impl Iterator<Item = (&'a ConsumerId, &'a ConsumerFacts)> {
        let users = self.consumers.iter().filter(move |(_, facts)| facts.uses(secret));
        users.filter(|(id, _)| !self.rotates_secrets(id))
    }

    /// Whether every part of discovery that there is has had an answer since then that left nothing out.
    pub fn is_searched(&self, since: Timestamp) -> bool {
        self.of_every_scope(|scope| self.searched.get(scope).is_some_and(|sent| *sent >= since))
    }

    /// Whether every part of discovery that there is has had an answer.
    pub fn is_answered(&self) -> bool {
        self.of_every_scope(|scope| self.scopes.contains_key(scope))
    }

    /// Where the configuration names the clusters, those that were asked for are all that is known.
    fn of_every_scope(&self, has: impl Fn(&Scope) -> bool) -> bool {
        let is_unanswered =
            |key: &LookKey| matches!(key, LookKey::Discovery(scope) if !self.scopes.contains_key(scope));
        if self.failing.keys().any(is_unanswered) {
            return false;
        }
        let clusters = match self.scopes.get(&Scope::Clusters) {
            Some((_, seen)) => seen
                .clusters
                .iter()
                .map(|name| Scope::Cluster(name.clone()))
                .collect(),
            None => {
                let clusters = self
                    .scopes
                    .keys()
                    .filter(|scope| matches!(scope, Scope::Cluster(_)));
                let clusters: Vec<Scope> = clusters.cloned().collect();
                if clusters.is_empty() {
                    return false;
                }
                clusters
            }
        };
        clusters.iter().all(&has) && has(&Scope::Functions)
    }

    /// Drops what was found in clusters that are gone. The consumers named there.
    fn forget_clusters(&mut self, left: &[String]) -> BTreeSet<ConsumerId> {
        let is_gone = |scope: &Scope| match scope {
            Scope::Cluster(cluster) | Scope::Tasks(cluster) => !left.contains(cluster),
            Scope::Clusters | Scope::Functions | Scope::Declared => false,
        };
        let stays = |key: &LookKey| !matches!(key, LookKey::Discovery(scope) if is_gone(scope));
        self.failing.retain(|key, _| stays(key));
        self.searched.retain(|scope, _| !is_gone(scope));
        let gone = self.scopes.extract_if(.., |scope, _| is_gone(scope));
        gone.flat_map(|(_, (_, seen))| ids_of(&seen)).collect()
    }

    fn describe_anew(&mut self, concerned: BTreeSet<ConsumerId>) {
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

/// Whose task definition or environment could not be read stays what it was.
fn with_what_was_known(mut seen: ScopeSeen, before: Option<&ScopeSeen>) -> ScopeSeen {
    let Some(before) = before else { return seen };
    let definitions = seen.unread.iter().filter_map(|unread| unread.consumer.clone());
    let environments = seen.unreadable.iter().map(ConsumerId::function);
    let unread: BTreeSet<ConsumerId> = definitions.chain(environments).collect();
    for known in before.consumers.iter().filter(|known| unread.contains(&known.id)) {
        match seen.consumers.iter_mut().find(|found| found.id == known.id) {
            // By the command of its image.
            Some(found) => add(found, known),
            None => seen.consumers.push(known.clone()),
        }
    }
    seen
}

fn ids_of(seen: &ScopeSeen) -> BTreeSet<ConsumerId> {
    seen.consumers
        .iter()
        .map(|consumer| consumer.id.clone())
        .collect()
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
    if known.settings.is_none() {
        known.settings.clone_from(&more.settings);
    }
}
