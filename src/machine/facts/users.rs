//! Who references which secret, which functions rotate secrets, and who sleeps: kept beside the facts, so that a question
//! about one secret does not walk the fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::facts::state::{ConsumerFacts, SecretFacts, State};
use crate::model::{ConsumerId, Reference, SecretArn, Target};
use crate::procedures::open_sleep;

#[derive(Clone, Debug, Default)]
pub(crate) struct Users {
    by_secret: BTreeMap<SecretArn, BTreeSet<ConsumerId>>,
    /// The secrets that a function rotates, by its name.
    rotated_by: BTreeMap<Arc<str>, BTreeSet<SecretArn>>,
    rotator_of: BTreeMap<SecretArn, Arc<str>>,
    /// Functions that we have switched off, or that bear our note.
    asleep: BTreeSet<ConsumerId>,
}

impl Users {
    pub(crate) fn of(&self, secret: &SecretArn) -> impl Iterator<Item = &ConsumerId> {
        self.by_secret.get(secret).into_iter().flatten()
    }

    /// A consumer references these now, and not those any more.
    pub(crate) fn describe(&mut self, id: &ConsumerId, before: &[Reference], now: &[Reference]) {
        for Reference { secret, .. } in before {
            if let Some(users) = self.by_secret.get_mut(secret) {
                users.remove(id);
                if users.is_empty() {
                    self.by_secret.remove(secret);
                }
            }
        }
        for Reference { secret, .. } in now {
            self.by_secret
                .entry(secret.clone())
                .or_default()
                .insert(id.clone());
        }
    }

    /// Who rotates a secret. The functions for which that is news.
    fn rotate(&mut self, secret: &SecretArn, function: Option<&str>) -> Vec<Arc<str>> {
        let before = self.rotator_of.get(secret);
        if before.map(|name| &**name) == function {
            return Vec::new();
        }
        let before = before.cloned();
        if let Some(before) = &before {
            self.rotator_of.remove(secret);
            if let Some(rotated) = self.rotated_by.get_mut(before) {
                rotated.remove(secret);
                if rotated.is_empty() {
                    self.rotated_by.remove(before);
                }
            }
        }
        let now = function.map(|name| self.known_name(name));
        if let Some(now) = &now {
            self.rotator_of.insert(secret.clone(), Arc::clone(now));
            let rotated = self.rotated_by.entry(Arc::clone(now)).or_default();
            rotated.insert(secret.clone());
        }
        before.into_iter().chain(now).collect()
    }

    /// Thousands of secrets may share a function, and so its name.
    fn known_name(&self, name: &str) -> Arc<str> {
        let known = self.rotated_by.get_key_value(name);
        known.map_or_else(|| name.into(), |(known, _)| Arc::clone(known))
    }
}

impl State {
    /// The consumers that reference `secret`, in order.
    pub fn consumers_of<'a>(
        &'a self,
        secret: &SecretArn,
    ) -> impl Iterator<Item = (&'a ConsumerId, &'a ConsumerFacts)> {
        let ids = self.users.by_secret.get(secret).into_iter().flatten();
        ids.filter_map(|id| self.consumers.get_key_value(id))
    }

    /// Whether it is a Lambda function that rotates secrets: neither a consumer nor a suspect.
    pub fn rotates_secrets(&self, id: &ConsumerId) -> bool {
        match id {
            ConsumerId::Function { name } => self.users.rotated_by.contains_key(&**name),
            ConsumerId::Service { .. } | ConsumerId::Proxy { .. } | ConsumerId::Declared { .. } => false,
        }
    }

    /// The secrets that a Lambda function rotates, by its name.
    pub fn rotated_by<'a>(
        &'a self,
        function: &str,
    ) -> impl Iterator<Item = (&'a SecretArn, &'a SecretFacts)> {
        let secrets = self.users.rotated_by.get(function).into_iter().flatten();
        secrets.filter_map(|secret| Some((secret, self.secret(secret)?)))
    }

    /// Functions that we have switched off, or that bear our note.
    pub fn asleep(&self) -> impl Iterator<Item = (&ConsumerId, &ConsumerFacts)> {
        let ids = self.users.asleep.iter();
        ids.filter_map(|id| self.consumers.get_key_value(id))
    }

    /// To be called whenever what is known of a secret's function may have changed.
    pub(crate) fn note_rotator(&mut self, secret: &SecretArn) {
        let known = self.secrets.get(secret);
        let function = known.and_then(|facts| facts.rotation_lambda_name());
        for name in self.users.rotate(secret, function) {
            self.touched.search = true;
            let id = ConsumerId::function(&*name);
            if self.consumers.contains_key(&id) {
                self.touch_consumer(&id);
            }
        }
    }

    /// To be called whenever something was decided for a target, or answered.
    pub(crate) fn note_write(&mut self, target: &Target) {
        if let Some(consumer) = target.consumer() {
            self.note_sleep(consumer);
        }
    }

    /// To be called whenever a function was seen or written to.
    pub(crate) fn note_sleep(&mut self, id: &ConsumerId) {
        let is_open = self
            .consumers
            .get(id)
            .is_some_and(|facts| open_sleep(facts).is_some());
        if is_open {
            self.users.asleep.insert(id.clone());
        } else {
            self.users.asleep.remove(id);
        }
    }
}
