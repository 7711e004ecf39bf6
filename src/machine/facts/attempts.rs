//! What was decided for one target, and what became of it.

use std::collections::BTreeMap;
use std::ops::Deref;

use jiff::Timestamp;

use crate::model::{Attempt, AttemptId, Decision, Look, Outcome, RotationKey, WriteKind};

/// In the order of their decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    list: Vec<Attempt>,
    /// For each attempt in doubt: the first look after it that did not show its effect.
    pub(crate) no_effect_seen: BTreeMap<AttemptId, Look>,
}

impl Attempts {
    /// Attempts kept for a target: months of rotations.
    pub const LIMIT: usize = 128;

    /// Takes a decision in. Returns the attempt that had to make room for it.
    pub(crate) fn begin(&mut self, decision: Decision) -> Option<Attempt> {
        self.list.push(Attempt {
            decision,
            outcome: None,
        });
        (self.list.len() > Self::LIMIT).then(|| self.list.remove(self.least_telling()))
    }

    /// Whether the outcome is news.
    pub(crate) fn end(&mut self, attempt: &AttemptId, at: Timestamp, outcome: &Outcome) -> bool {
        self.no_effect_seen.remove(attempt);
        let mut attempts = self.list.iter_mut();
        let Some(known) = attempts.find(|known| &known.decision.attempt == attempt) else {
            return false;
        };
        let outcome = Some((at, outcome.clone()));
        let news = known.outcome != outcome;
        known.outcome = outcome;
        news
    }

    /// The attempt that has no answer yet, or none that says what happened.
    pub fn unresolved(&self) -> Option<&Attempt> {
        let mut attempts = self.list.iter();
        attempts.find(|attempt| matches!(attempt.outcome, None | Some((_, Outcome::InDoubt { .. }))))
    }

    /// Those for the sake of one rotation, oldest first.
    pub fn serving<'a>(&'a self, rotation: &'a RotationKey) -> impl Iterator<Item = &'a Attempt> {
        let attempts = self.list.iter();
        attempts.filter(move |attempt| attempt.decision.serves.contains(rotation))
    }

    /// Those of a kind for the sake of one rotation, oldest first.
    pub(crate) fn tries<'a>(&'a self, rotation: &'a RotationKey, kind: WriteKind) -> Vec<&'a Attempt> {
        let of_the_kind = |attempt: &&Attempt| attempt.decision.write.kind() == kind;
        self.serving(rotation).filter(of_the_kind).collect()
    }

    /// The number of the next attempt of a kind for a rotation, from 1.
    pub(crate) fn nth(&self, rotation: &RotationKey, kind: WriteKind) -> u32 {
        let before = self.tries(rotation, kind).len();
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The attempt to forget first: the oldest restore without effect, lest what it is to put back is lost.
    fn least_telling(&self) -> usize {
        let in_vain = |attempt: &Attempt| {
            attempt.decision.write.restores() && matches!(attempt.outcome, Some((_, Outcome::NoEffect(_))))
        };
        self.list.iter().position(in_vain).unwrap_or(0)
    }
}

impl Deref for Attempts {
    type Target = [Attempt];

    fn deref(&self) -> &[Attempt] {
        &self.list
    }
}
