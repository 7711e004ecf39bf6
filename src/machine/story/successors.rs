//! Secrets that were made again under their old name: the living one takes over from the dead one.
//!
//! A name is unique within account and region, and a secret's ARN never comes back: of two ARNs with one name only one
//! can be alive. Lists of secrets lag (aws-facts: Reading cheaply), so that both may be listed for some minutes.

use jiff::Timestamp;

use crate::facts::state::{SecretFacts, State};
use crate::model::{LookKey, ReferenceKind, SecretArn};

impl State {
    /// The living secret that bears this one's name now, where this one is dead.
    pub fn successor<'a>(&'a self, secret: &SecretArn) -> Option<&'a SecretArn> {
        let dead = self.is_dead_or_unlisted(secret);
        let mut namesakes = self.namesakes(secret);
        namesakes.find(|other| dead && !self.is_dead_or_unlisted(other))
    }

    /// Whether another secret of its name is listed beside it: one of the two is dead.
    pub(crate) fn has_living_namesake(&self, secret: &SecretArn) -> bool {
        self.namesakes(secret)
            .any(|other| !self.is_dead_or_unlisted(other))
    }

    /// Whether it is gone for good: neither described nor listed, or another one has its name.
    pub fn is_dead(&self, secret: &SecretArn) -> bool {
        let facts = self.secret(secret);
        facts.is_some_and(|facts| facts.gone.is_some() && !self.is_listed(facts))
            || self.successor(secret).is_some()
    }

    /// Whether only the journal knows it: no list has had it since the start, and no look has said yet that it is gone.
    pub(crate) fn is_missing(&self, secret: &SecretArn) -> bool {
        let facts = self.secret(secret);
        let is_unheard_of = facts.is_some_and(|facts| {
            facts.first_look.is_some() && facts.summary.is_none() && facts.gone.is_none()
        });
        is_unheard_of && self.looked.contains_key(&LookKey::Sweep)
    }

    /// Secrets that are dead or missing: whoever still names one is looked for and told.
    pub fn not_there(&self) -> impl Iterator<Item = &SecretArn> {
        let secrets = self.secrets.keys();
        secrets.filter(|secret| self.is_dead(secret) || self.is_missing(secret))
    }

    /// Whether it is gone for good, and nothing has taken over.
    pub(crate) fn is_lost(&self, secret: &SecretArn) -> bool {
        let is_gone = |other: &SecretArn| self.secrets[other].gone.is_some();
        self.is_dead(secret) && is_gone(secret) && self.namesakes(secret).all(is_gone)
    }

    /// Since when a search can tell the dead one's full ARN from other ways to name it: those mean the living one.
    pub(crate) fn told_apart_since(&self, dead: &SecretArn, living: &SecretArn) -> Option<Timestamp> {
        let listed = self.secret(living)?.listed_since;
        let gone = self.secret(dead)?.gone.map(|look| look.arrived);
        listed.max(gone)
    }

    /// All secrets by name, so that where two bear one name the living one, or else the younger one, comes first.
    pub fn by_life(&self) -> Vec<SecretArn> {
        let mut secrets: Vec<&SecretArn> = self.secrets.keys().collect();
        secrets.sort_by_cached_key(|secret| {
            let first_look = self.secrets[*secret].first_look;
            let age = std::cmp::Reverse(first_look.unwrap_or(Timestamp::MAX));
            (self.is_dead_or_unlisted(secret), age, *secret)
        });
        secrets.into_iter().cloned().collect()
    }

    /// Drops what is known of the dead that nobody names any more, once it is known who names what.
    pub(crate) fn forget_the_dead(&mut self) {
        if self.searching {
            return;
        }
        let is_named = |secret: &SecretArn| self.users.of(secret).next().is_some();
        let dead: Vec<SecretArn> = self
            .secrets
            .keys()
            .filter(|secret| self.is_dead(secret) && !is_named(secret))
            .cloned()
            .collect();
        for secret in dead {
            self.secrets.remove(&secret);
            self.note_rotator(&secret);
        }
    }

    pub(crate) fn namesakes<'a, 's>(
        &'a self,
        secret: &'s SecretArn,
    ) -> impl Iterator<Item = &'a SecretArn> + use<'a, 's> {
        let stem = secret.stem();
        let begin_so = stem.into_iter().flat_map(|stem| self.begin_with(stem));
        begin_so.filter(move |other| other.stem() == stem && *other != secret)
    }

    /// The secrets whose ARN begins so.
    pub(crate) fn begin_with<'a, 's>(
        &'a self,
        beginning: &'s str,
    ) -> impl Iterator<Item = &'a SecretArn> + use<'a, 's> {
        let from = self.secrets.range(SecretArn::new(beginning)..);
        let secrets = from.map(|(secret, _)| secret);
        secrets.take_while(move |secret| secret.as_str().starts_with(beginning))
    }

    fn is_dead_or_unlisted(&self, secret: &SecretArn) -> bool {
        let Some(facts) = self.secret(secret) else {
            return true;
        };
        let is_deleted = matches!(&facts.seen, Some((_, seen)) if seen.deleted.is_some());
        facts.gone.is_some() || is_deleted || !self.is_listed(facts)
    }

    fn is_listed(&self, facts: &SecretFacts) -> bool {
        let swept = self.looked.get(&LookKey::Sweep).map(|look| look.sent);
        facts.summary.as_ref().map(|(look, _)| look.sent) == swept && swept.is_some()
    }
}

/// Whether a task or environment of this kind needs the secret to be there when it starts.
pub(crate) fn needs_it_to_start(kind: &ReferenceKind) -> bool {
    match kind {
        ReferenceKind::Injected | ReferenceKind::Pinned { .. } => true,
        ReferenceKind::Fetches
        | ReferenceKind::Named
        | ReferenceKind::Suspected
        | ReferenceKind::Declared => false,
    }
}
