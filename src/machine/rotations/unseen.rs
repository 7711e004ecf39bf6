//! Promotions that nobody saw: what LastRotatedDate, LastChangedDate and the log tell of them.

use jiff::{SignedDuration, Timestamp};

use super::{Origin, Story};
use crate::model::{Labels, LogLine, Step, VersionId, When};
use crate::track::{Run, began};

/// LastRotatedDate is written after finishSecret has returned, so it is a little later than the labels' change.
const ROTATED_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// And no change that is later than that by more belongs to the rotation.
const CHANGED_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// AWSCURRENT came to a version between two runs.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub before: &'a Run<Labels>,
    pub run: &'a Run<Labels>,
    /// From the version that was seen before.
    pub is_direct: bool,
}

impl<'a> Change<'a> {
    /// AWSPREVIOUS follows AWSCURRENT by itself: it shows whether AWSCURRENT was on another version meanwhile.
    pub(super) fn between(before: &'a Run<Labels>, run: &'a Run<Labels>) -> Self {
        Self {
            before,
            run,
            is_direct: run.state.previous.is_none() || run.state.previous == before.state.current,
        }
    }

    /// Whether what was told at this moment may have brought it about.
    fn may_be_of(&self, told: Timestamp) -> bool {
        let when = began(Some(self.before), self.run, SignedDuration::ZERO);
        when.not_before.is_none_or(|from| told >= from) && told <= when.not_after + ROTATED_AFTER
    }
}

impl Story<'_> {
    /// What was current at the first look is a baseline, unless it came about shortly before (design rule 9): by the
    /// rotation of that time, or by somebody who has changed the secret since.
    pub(super) fn baseline(&self, current: &VersionId, run: &Run<Labels>) -> Origin {
        let rotated = self
            .facts
            .first_look
            .zip(self.facts.last_rotated())
            .filter(|(first, rotated)| {
                rotated <= first
                    && first.duration_since(*rotated) <= self.timing.baseline_age
                    && self.left(run).is_none_or(|left| *rotated < left)
            });
        match rotated {
            None => Origin::Baseline,
            Some((_, rotated)) if self.unchanged_since(rotated) => Origin::Rotation,
            Some(_) if run.state.pending.as_ref() == Some(current) => Origin::Rotation,
            Some((_, rotated)) if self.finished(current) >= Some(rotated - ROTATED_AFTER) => Origin::Rotation,
            Some(_) => Origin::Manual,
        }
    }

    /// When finishSecret last promoted this version, as its log tells.
    fn finished(&self, version: &VersionId) -> Option<Timestamp> {
        let lines = self.facts.log.iter().filter(|fact| {
            matches!(&fact.line, LogLine::Done { step: Step::FinishSecret, version: Some(v), .. } if v == version)
        });
        lines.map(|fact| fact.at).max()
    }

    /// Whether AWSCURRENT has not moved since finishSecret put it on this version: nothing has changed since, by
    /// LastChangedDate or the first look, but for the next AWSPENDING.
    pub(super) fn was_finished_last(&self, version: &VersionId, run: &Run<Labels>, when: When) -> bool {
        self.finished(version).is_some_and(|finished| {
            let unchanged = when.not_after <= finished + CHANGED_AFTER || run.state.in_progress().is_some();
            let rotated = self.facts.last_rotated();
            unchanged && rotated.is_none_or(|rotated| rotated <= finished + ROTATED_AFTER)
        })
    }

    /// The version that is current now was promoted by the last rotation or after it.
    pub(super) fn bound_by_last_rotation(&mut self) {
        let Some((_, seen)) = &self.facts.seen else { return };
        let Some(rotated) = seen.last_rotated else { return };
        let current = self.rotations.iter_mut().rfind(|rotation| rotation.is_current());
        if let Some(rotation) = current
            && seen.labels.current.as_ref() == Some(&rotation.key.version)
            && let Some(promoted) = &mut rotation.promoted
            && rotated <= promoted.when.not_after
        {
            let bound = When::between(rotated - ROTATED_AFTER, promoted.when.not_after);
            promoted.when = promoted.when.narrow(bound);
        }
    }

    /// Whether the rotation was the last thing that happened to the secret.
    fn unchanged_since(&self, rotated: Timestamp) -> bool {
        let changed = self.facts.seen.as_ref().and_then(|(_, seen)| seen.last_changed);
        changed.is_some_and(|changed| changed <= rotated + CHANGED_AFTER)
    }

    /// A rotation that ran unseen left its mark in the log, or in LastRotatedDate where nothing came after it.
    pub(super) fn was_rotated(&self, version: &VersionId, change: Change<'_>) -> bool {
        self.is_last_rotation(change) || self.finished_last(version, change).is_some()
    }

    /// The same of a version that had AWSPENDING, which nobody saw come: it may have been promoted long before, and whoever
    /// moves AWSCURRENT back to it proves nothing.
    pub(super) fn was_rotated_again(&self, version: &VersionId, change: Change<'_>) -> bool {
        let finished = self.finished_last(version, change);
        self.is_last_rotation(change) || finished.is_some_and(|at| change.may_be_of(at))
    }

    /// When finishSecret promoted this version, where that was the last move: from the version that was seen before, or
    /// from one that its log promoted in between.
    fn finished_last(&self, version: &VersionId, change: Change<'_>) -> Option<Timestamp> {
        let previous = change.run.state.previous.as_ref();
        let in_between = previous.and_then(|previous| self.finished(previous));
        let is_last = |at: &Timestamp| change.is_direct || in_between.is_some_and(|other| other < *at);
        self.finished(version).filter(is_last)
    }

    /// LastRotatedDate from before the last look without it is the rotation's before, and one from after the next move
    /// the rotation's after.
    fn is_last_rotation(&self, change: Change<'_>) -> bool {
        self.facts.last_rotated().is_some_and(|rotated| {
            change.may_be_of(rotated)
                && self.left(change.run).is_none_or(|left| rotated < left)
                && (change.is_direct || self.unchanged_since(rotated))
        })
    }

    /// Since when AWSCURRENT may be elsewhere.
    fn left(&self, run: &Run<Labels>) -> Option<Timestamp> {
        let pairs = self
            .runs
            .windows(2)
            .filter(|pair| pair[1].first.sent > run.first.sent);
        let mut moves = pairs.filter(|pair| pair[1].state.current != run.state.current);
        moves.next().map(|pair| pair[0].last.sent - self.timing.settle)
    }
}
