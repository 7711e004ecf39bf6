//! Who uses which secret, put together from all parts of discovery.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::facts::state::{ConsumerFacts, Failing, State};
use crate::model::{
    Consumer, ConsumerId, Look, LookFailure, LookKey, Reference, ReferenceKind, Scope, ScopeSeen, SecretArn,
};

/// After so many a list is not waited for, if it can be done without.
const ENOUGH_FAILURES: u32 = 3;

impl State {
    /// One part of discovery anew. Others may name the same consumers: a rule names what a list finds too.
    pub(crate) fn see_scope(&mut self, look: Look, scope: Scope, seen: ScopeSeen) {
        let known = self.scopes.get(&scope);
        if known.is_some_and(|(known, _)| known.sent > look.sent) {
            return;
        }
        // Whom the journal names may now be known to be there, or not.
        self.touched.every_secret |= known.is_none();
        // Who is told to be without consumers is told what was left out, too.
        let unreadable = known.map_or(0, |(_, before)| before.unreadable.len());
        self.touched.every_secret |= unreadable != seen.unreadable.len();
        let elsewhere = |(id, place): &(&ConsumerId, &String)| {
            known.is_none_or(|(_, before)| before.suspicions.get(id) != Some(place))
        };
        let suspected = seen.suspicions.iter().filter(elsewhere);
        self.touched.consumers.extend(suspected.map(|(id, _)| id.clone()));
        let seen = with_what_was_known(seen, known.map(|(_, before)| before));
        if seen.unread.is_empty() {
            self.searched.insert(scope.clone(), look.sent);
        }
        match scope {
            Scope::Declared => self.see_rds_rules(seen.databases.clone()),
            Scope::Clusters | Scope::Cluster(_) | Scope::Tasks(_) | Scope::Functions | Scope::Proxies => {
                self.find(look, &seen.consumers);
            }
        }
        let mut concerned = ids_of(&seen);
        if scope == Scope::Clusters {
            concerned.extend(self.forget_clusters(&seen.clusters));
        }
        self.touch_tasks(&seen);
        if let Some((_, before)) = self.scopes.insert(scope, (look, seen)) {
            self.touch_tasks(&before);
            concerned.extend(ids_of(&before));
        }
        self.describe_anew(concerned);
        self.note_search();
    }

    fn find(&mut self, look: Look, consumers: &[Consumer]) {
        for consumer in consumers {
            let facts = self.consumers.entry(consumer.id.clone()).or_default();
            if facts.found(&look) {
                self.note_sleep(&consumer.id);
                self.touch_consumer(&consumer.id);
            }
        }
    }

    /// Tasks without a service are told with their secret.
    fn touch_tasks(&mut self, seen: &ScopeSeen) {
        let secrets = seen.standalone.iter().map(|task| task.secret.clone());
        self.touched.secrets.extend(secrets);
    }

    /// To be called whenever a part of discovery has answered or failed.
    pub(crate) fn note_search(&mut self) {
        let whole_since = |state: &Self| {
            let mut oldest = Timestamp::MAX;
            let is_whole = state.of_every_scope(|scope| {
                let searched = state.searched.get(scope).copied();
                oldest = searched.map_or(oldest, |at| at.min(oldest));
                searched.is_some()
            });
            is_whole.then_some(oldest)
        };
        let searched = whole_since(self);
        self.touched.searched |= searched != self.searched_whole;
        // Who was told to be used by nobody may be used where it is not searched now.
        self.touched.every_secret |= searched < self.searched_whole;
        self.searched_whole = searched;
    }

    /// Who is known to use a secret: neither suspected of it, nor the function that rotates it.
    pub fn users_of<'a>(
        &'a self,
        secret: &'a SecretArn,
    ) -> impl Iterator<Item = (&'a ConsumerId, &'a ConsumerFacts)> {
        let users = self
            .consumers_of(secret)
            .filter(move |(_, facts)| facts.uses(secret));
        users.filter(|(id, _)| !self.rotates_secrets(id))
    }

    /// Whether every part of discovery that there is has had an answer since then that left nothing out but functions whose
    /// environment cannot be decrypted: one of another team would silence everything for good.
    pub fn is_searched(&self, since: Timestamp) -> bool {
        self.searched_whole.is_some_and(|searched| searched >= since)
    }

    /// Whether every part of discovery that there is has had an answer.
    pub fn is_answered(&self) -> bool {
        self.of_every_scope(|scope| self.scopes.contains_key(scope))
    }

    /// The parts of discovery: the given clusters, or those that were found.
    pub(crate) fn scopes_of(&self, clusters: Option<&[String]>) -> BTreeSet<Scope> {
        let mut scopes = BTreeSet::from([Scope::Functions]);
        if self.searches_proxies {
            scopes.insert(Scope::Proxies);
        }
        let found = clusters.unwrap_or_else(|| {
            scopes.insert(Scope::Clusters);
            let found = self.scopes.get(&Scope::Clusters);
            found
                .map(|(_, seen)| seen.clusters.as_slice())
                .unwrap_or_default()
        });
        for cluster in found {
            scopes.insert(Scope::Cluster(cluster.clone()));
            scopes.insert(Scope::Tasks(cluster.clone()));
        }
        scopes
    }

    /// Proxies that may not be listed, or out of a network without a way to RDS, keep nothing else from being known. Where
    /// the list was only throttled, the next tells.
    pub(crate) fn is_done_without(&self, scope: &Scope) -> bool {
        let failing = self.failing.get(&LookKey::Discovery(scope.clone()));
        let is_given_up = |failing: &Failing| {
            failing.times >= ENOUGH_FAILURES || matches!(failing.failure, LookFailure::Denied { .. })
        };
        *scope == Scope::Proxies && failing.is_some_and(is_given_up)
    }

    /// Where the configuration names the clusters, those that were asked for are all that is known.
    fn of_every_scope(&self, mut has: impl FnMut(&Scope) -> bool) -> bool {
        let has_answer = |scope: &Scope| self.scopes.contains_key(scope) || self.is_done_without(scope);
        let is_unanswered = |key: &LookKey| matches!(key, LookKey::Discovery(scope) if !has_answer(scope));
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
        let awaits_proxies = self.searches_proxies && !self.is_done_without(&Scope::Proxies);
        clusters.iter().all(&mut has) && has(&Scope::Functions) && (!awaits_proxies || has(&Scope::Proxies))
    }

    /// Drops what was found in clusters that are gone. The consumers named there.
    fn forget_clusters(&mut self, left: &[String]) -> BTreeSet<ConsumerId> {
        let is_gone = |scope: &Scope| match scope {
            Scope::Cluster(cluster) | Scope::Tasks(cluster) => !left.contains(cluster),
            Scope::Clusters | Scope::Functions | Scope::Proxies | Scope::Declared => false,
        };
        let stays = |key: &LookKey| !matches!(key, LookKey::Discovery(scope) if is_gone(scope));
        self.failing.retain(|key, _| stays(key));
        self.touched.failing = true;
        self.searched.retain(|scope, _| !is_gone(scope));
        let gone = self.scopes.extract_if(.., |scope, _| is_gone(scope));
        let gone: Vec<ScopeSeen> = gone.map(|(_, (_, seen))| seen).collect();
        self.touched.every_secret |= !gone.is_empty();
        gone.iter().flat_map(ids_of).collect()
    }

    fn describe_anew(&mut self, concerned: BTreeSet<ConsumerId>) {
        let mut described = self.describe(&concerned);
        for id in concerned {
            match described.remove(&id) {
                Some(consumer) => self.describe_one(&consumer),
                None => self.forget_consumer(&id),
            }
        }
    }

    fn describe_one(&mut self, consumer: &Consumer) {
        let facts = self.consumers.entry(consumer.id.clone()).or_default();
        if facts.is_described(consumer) {
            return;
        }
        let before = facts.references.clone();
        facts.describe(consumer);
        self.users.describe(&consumer.id, &before, &consumer.references);
        self.touch_described(&consumer.id, before);
    }

    /// `before`: what it referenced until now.
    fn touch_described(&mut self, id: &ConsumerId, before: Vec<Reference>) {
        let before = before.into_iter().map(|reference| reference.secret);
        self.touched.secrets.extend(before);
        self.touch_consumer(id);
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
        let before = std::mem::take(&mut facts.references);
        if facts.attempts.is_empty() {
            self.consumers.remove(id);
            self.note_sleep(id);
        }
        self.users.describe(id, &before, &[]);
        self.touch_described(id, before);
    }
}

/// Whose task definition or environment could not be read stays what it was.
fn with_what_was_known(mut seen: ScopeSeen, before: Option<&ScopeSeen>) -> ScopeSeen {
    let Some(before) = before else { return seen };
    let definitions = seen.unread.iter().filter_map(|unread| unread.consumer.clone());
    let environments = seen.unreadable.iter().map(ConsumerId::function);
    let unread: BTreeSet<ConsumerId> = definitions.chain(environments).collect();
    if !unread.is_empty() {
        seen.hosts.extend(before.hosts.iter().cloned());
    }
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
