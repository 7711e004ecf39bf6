//! What people are told just now, kept by whom it is about: only what has changed is told anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::state::State;
use crate::findings::{self, Finding};
use crate::judge::outlook::{Next, Outlook};
use crate::judge::{Judgement, Judgements};
use crate::model::{ConsumerId, SecretArn};

/// Findings and outlooks.
#[derive(Clone, Debug, Default)]
pub struct Told {
    secrets: BTreeMap<SecretArn, Arc<[Finding]>>,
    /// What the next rotation does to each consumer of a secret, in the order of the consumers.
    outlooks: BTreeMap<SecretArn, Arc<[Outlook]>>,
    consumers: BTreeMap<ConsumerId, Vec<Finding>>,
    pub(crate) looks: Vec<Finding>,
    pub(crate) search: Vec<Finding>,
    pub(crate) waits: Vec<Finding>,
    pub(crate) journal: Option<Finding>,
    pub(crate) events: Option<Finding>,
    /// When a look that fails is no finding any more.
    pub(crate) wake: Option<Timestamp>,
    /// Secrets whose consumers were not searched for since their first look.
    unsearched: BTreeSet<SecretArn>,
}

impl Told {
    pub fn of_secret(&self, secret: &SecretArn) -> Arc<[Finding]> {
        self.secrets.get(secret).cloned().unwrap_or_default()
    }

    /// In the order of the consumers.
    pub fn outlook(&self, secret: &SecretArn) -> Arc<[Outlook]> {
        self.outlooks.get(secret).cloned().unwrap_or_default()
    }

    /// What belongs to no single secret.
    pub fn of_the_fleet(&self) -> impl Iterator<Item = &Finding> {
        let alone = [&self.looks, &self.search, &self.waits];
        let consumers = self.consumers.values().flatten();
        let single = self.journal.iter().chain(&self.events);
        consumers.chain(alone.into_iter().flatten()).chain(single)
    }

    pub(crate) fn unsearched(&self) -> impl Iterator<Item = &SecretArn> {
        self.unsearched.iter()
    }

    /// What is told of a secret now. The consumers of which something else is to be told.
    pub(crate) fn tell_secret(
        &mut self,
        secret: &SecretArn,
        state: &State,
        (found, outlook): (Vec<Finding>, Vec<Outlook>),
    ) -> Vec<ConsumerId> {
        if *self.of_secret(secret) != *found {
            self.secrets.insert(secret.clone(), found.into());
        }
        let first_look = state.secret(secret).and_then(|facts| facts.first_look);
        if first_look.is_some_and(|at| state.is_searched(at)) {
            self.unsearched.remove(secret);
        } else {
            self.unsearched.insert(secret.clone());
        }
        let before = self.outlook(secret);
        if *before == *outlook {
            return Vec::new();
        }
        let changed = changed_outlooks(&before, &outlook);
        self.outlooks.insert(secret.clone(), outlook.into());
        changed
    }

    /// What is told of a consumer now. Whether that is anything else than before.
    pub(crate) fn tell_consumer(
        &mut self,
        consumer: &ConsumerId,
        state: &State,
        judgements: &Judgements,
    ) -> bool {
        let mut found = findings::of_consumer(state, consumer, judgements);
        found.extend(self.beyond_next(consumer, state, judgements));
        let before = self.consumers.get(consumer);
        if before.map(Vec::as_slice).unwrap_or_default() == found {
            return false;
        }
        if found.is_empty() {
            self.consumers.remove(consumer);
        } else {
            self.consumers.insert(consumer.clone(), found);
        }
        true
    }

    fn beyond_next(&self, consumer: &ConsumerId, state: &State, judgements: &Judgements) -> Option<Finding> {
        let facts = state.consumers.get(consumer)?;
        let references = facts.references.iter().map(|reference| &reference.secret);
        let secrets: BTreeSet<&SecretArn> = references.collect();
        let outlooks = secrets.into_iter().filter_map(|secret| {
            let (secret, outlook) = self.outlooks.get_key_value(secret)?;
            Some((secret, next_of(outlook, consumer)?))
        });
        findings::beyond_next(consumer, outlooks, judgements)
    }

    pub(crate) fn forget(&mut self, secret: &SecretArn) -> Vec<ConsumerId> {
        self.secrets.remove(secret);
        self.unsearched.remove(secret);
        let outlook = self.outlooks.remove(secret).unwrap_or_default();
        outlook.iter().map(|told| told.consumer.clone()).collect()
    }
}

fn next_of<'a>(outlook: &'a [Outlook], consumer: &ConsumerId) -> Option<&'a Next> {
    let at = outlook
        .binary_search_by(|told| told.consumer.cmp(consumer))
        .ok()?;
    Some(&outlook[at].next)
}

/// The consumers that the next rotation does something else to than before.
fn changed_outlooks(before: &[Outlook], now: &[Outlook]) -> Vec<ConsumerId> {
    let differs = |told: &&Outlook, others: &[Outlook]| next_of(others, &told.consumer) != Some(&told.next);
    let came = now.iter().filter(|told| differs(told, before));
    let went = before.iter().filter(|told| differs(told, now));
    came.chain(went).map(|told| told.consumer.clone()).collect()
}

/// The consumers that are beyond us for a promotion, and were not, or the other way round, or for another reason.
pub(crate) fn changed_beyond(before: Option<&Judgement>, now: &Judgement) -> Vec<ConsumerId> {
    let differs = |consumer: &ConsumerId| {
        let why = before.and_then(|before| findings::beyond(before, consumer));
        why != findings::beyond(now, consumer)
    };
    let judged = before.into_iter().chain([now]).filter_map(Judgement::current);
    let consumers = judged.flat_map(|view| &view.consumers).map(|(id, _)| id);
    consumers.filter(|id| differs(id)).cloned().collect()
}
