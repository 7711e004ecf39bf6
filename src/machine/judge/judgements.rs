//! The latest judgement of each secret, and which of them matter to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::judge::{Judgement, RotationView};
use crate::model::{ConsumerId, SecretArn, Stage};
use crate::story::phase::Phase;
use crate::story::rotations::Origin;

/// By secret. What is at rest costs nothing but a lookup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgements {
    all: BTreeMap<SecretArn, Arc<Judgement>>,
    /// When time alone may change which.
    wakes: BTreeSet<(Timestamp, SecretArn)>,
    /// When the last rotation of which was first seen.
    begun: BTreeSet<(Timestamp, SecretArn)>,
    /// Those with something that is wanted, waits or is under way: all that admission has to walk.
    moving: BTreeSet<SecretArn>,
    /// Those with a rotation under way or given up, or a promotion that is checked.
    rotating: BTreeSet<SecretArn>,
    /// The secrets whose promotion that stands a consumer is judged by.
    naming: BTreeMap<ConsumerId, BTreeSet<SecretArn>>,
}

impl Judgements {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn get(&self, secret: &SecretArn) -> Option<&Arc<Judgement>> {
        self.all.get(secret)
    }

    pub fn contains_key(&self, secret: &SecretArn) -> bool {
        self.all.contains_key(secret)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&SecretArn, &Arc<Judgement>)> {
        self.all.iter()
    }

    pub fn values(&self) -> impl Iterator<Item = &Arc<Judgement>> {
        self.all.values()
    }

    /// In the order of their secrets: those with something that is wanted, waits or is under way.
    pub(crate) fn moving(&self) -> impl Iterator<Item = (&SecretArn, &Arc<Judgement>)> {
        self.moving
            .iter()
            .filter_map(|secret| self.all.get_key_value(secret))
    }

    /// In the order of their secrets: those with a rotation under way or given up, or a promotion that is checked.
    pub(crate) fn rotating(&self) -> impl Iterator<Item = (&SecretArn, &Arc<Judgement>)> {
        self.rotating
            .iter()
            .filter_map(|secret| self.all.get_key_value(secret))
    }

    /// The secrets by whose promotion a consumer is judged.
    pub(crate) fn naming(&self, consumer: &ConsumerId) -> impl Iterator<Item = &SecretArn> {
        self.naming.get(consumer).into_iter().flatten()
    }

    /// When time alone may next change one.
    pub(crate) fn wake(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Those that time may have changed by now.
    pub(crate) fn woken(&self, now: Timestamp) -> impl Iterator<Item = &SecretArn> {
        let due = self.wakes.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, secret)| secret)
    }

    /// When a rotation was last seen to begin.
    pub(crate) fn last_began(&self) -> Option<Timestamp> {
        self.begun.last().map(|(at, _)| *at)
    }

    /// Takes in a new judgement. The one before it.
    pub fn insert(&mut self, secret: &SecretArn, judgement: &Arc<Judgement>) -> Option<Arc<Judgement>> {
        let before = self.all.insert(secret.clone(), Arc::clone(judgement));
        self.index(secret, before.as_deref(), Some(judgement));
        before
    }

    pub fn remove(&mut self, secret: &SecretArn) -> Option<Arc<Judgement>> {
        let before = self.all.remove(secret);
        self.index(secret, before.as_deref(), None);
        before
    }

    /// Keeps what is looked up beside the judgements. Most judgements change none of it.
    fn index(&mut self, secret: &SecretArn, before: Option<&Judgement>, now: Option<&Judgement>) {
        let wake = |judgement: &Judgement| judgement.wake;
        moved(&mut self.wakes, secret, before.and_then(wake), now.and_then(wake));
        moved(
            &mut self.begun,
            secret,
            before.and_then(began),
            now.and_then(began),
        );
        keep(
            &mut self.moving,
            secret,
            [before, now].map(|of| of.is_some_and(is_moving)),
        );
        keep(
            &mut self.rotating,
            secret,
            [before, now].map(|of| of.is_some_and(is_rotating)),
        );
        if before
            .into_iter()
            .flat_map(named)
            .eq(now.into_iter().flat_map(named))
        {
            return;
        }
        for consumer in before.into_iter().flat_map(named) {
            if let Some(naming) = self.naming.get_mut(consumer) {
                naming.remove(secret);
            }
        }
        for consumer in now.into_iter().flat_map(named) {
            let naming = self.naming.entry(consumer.clone()).or_default();
            naming.insert(secret.clone());
        }
        for consumer in before.into_iter().flat_map(named) {
            if self.naming.get(consumer).is_some_and(BTreeSet::is_empty) {
                self.naming.remove(consumer);
            }
        }
    }

    /// The same, as if none were at rest: what admission must come to all the same.
    #[cfg(test)]
    pub(crate) fn all_moving(&self) -> Self {
        Self {
            moving: self.all.keys().cloned().collect(),
            ..self.clone()
        }
    }
}

impl FromIterator<(SecretArn, Arc<Judgement>)> for Judgements {
    fn from_iter<T: IntoIterator<Item = (SecretArn, Arc<Judgement>)>>(judged: T) -> Self {
        let mut judgements = Self::default();
        for (secret, judgement) in judged {
            judgements.insert(&secret, &judgement);
        }
        judgements
    }
}

impl<const N: usize> From<[(SecretArn, Arc<Judgement>); N]> for Judgements {
    fn from(judged: [(SecretArn, Arc<Judgement>); N]) -> Self {
        judged.into_iter().collect()
    }
}

/// A secret is in one place of the times, and not in another any more.
fn moved(
    times: &mut BTreeSet<(Timestamp, SecretArn)>,
    secret: &SecretArn,
    before: Option<Timestamp>,
    now: Option<Timestamp>,
) {
    if before == now {
        return;
    }
    if let Some(before) = before {
        times.remove(&(before, secret.clone()));
    }
    if let Some(now) = now {
        times.insert((now, secret.clone()));
    }
}

/// Among those of which something is so: `was` and `is`.
fn keep(secrets: &mut BTreeSet<SecretArn>, secret: &SecretArn, [was, is]: [bool; 2]) {
    match (was, is) {
        (false, true) => drop(secrets.insert(secret.clone())),
        (true, false) => drop(secrets.remove(secret)),
        (true, true) | (false, false) => {}
    }
}

fn is_rotating(judgement: &Judgement) -> bool {
    let may_move = |view: &RotationView| view.phase.awaits_proof() || view.phase == Phase::Abandoned;
    judgement.open().is_some() || judgement.latest().is_some_and(may_move)
}

fn is_moving(judgement: &Judgement) -> bool {
    let mut standings = judgement.current().into_iter().flat_map(|view| &view.consumers);
    !judgement.wants.is_empty()
        || !judgement.waits.is_empty()
        || judgement.forward.is_some()
        || judgement.current().is_some_and(was_rolled_forward)
        || standings.any(|(_, standing)| standing.stage == Stage::Refreshing)
}

/// How many were rolled forward lately matters to all others that want it.
fn was_rolled_forward(view: &RotationView) -> bool {
    view.rotation.rolled_forward().is_some() && view.phase != Phase::Settled
}

fn named(judgement: &Judgement) -> impl Iterator<Item = &ConsumerId> {
    let current = judgement.current().into_iter();
    current.flat_map(|view| &view.consumers).map(|(id, _)| id)
}

/// When the last rotation was first seen: who uses the secret matters from then on.
fn began(judgement: &Judgement) -> Option<Timestamp> {
    let rotation = &judgement.latest()?.rotation;
    let first = rotation.started.as_ref().or(rotation.promoted.as_ref())?;
    (rotation.origin != Origin::Baseline).then_some(first.when.not_after)
}
