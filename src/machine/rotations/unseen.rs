//! Promotions that nobody saw: what LastRotatedDate, LastChangedDate and the log tell of them.

use jiff::{SignedDuration, Timestamp};

use super::{Origin, Story, is_one_promotion};
use crate::model::{Labels, LogLine, Step, VersionId, When};
use crate::track::{Run, began};

/// LastRotatedDate is written after finishSecret has returned, so it is a little later than the labels' change.
const ROTATED_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// And no change that is later than that by more belongs to the rotation.
const CHANGED_AFTER: SignedDuration = SignedDuration::from_secs(5);

impl Story<'_> {
    /// What was current at the first look is a baseline, unless it came about shortly before (design rule 9): by the
    /// rotation of that time, or by somebody who has changed the secret since.
    pub(super) fn baseline(&self, current: &VersionId, run: &Run<Labels>) -> Origin {
        let rotated = self
            .facts
            .first_look
            .zip(self.facts.last_rotated())
            .filter(|(first, rotated)| {
                rotated <= first && first.duration_since(*rotated) <= self.timing.baseline_age
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
    pub(super) fn was_rotated(&self, version: &VersionId, before: &Run<Labels>, run: &Run<Labels>) -> bool {
        self.is_last_rotation(before, run) || self.finished(version).is_some()
    }

    /// The same of a version that was promoted before and kept AWSPENDING: whoever moves AWSCURRENT back to it proves
    /// nothing, unless a rotation has taken it up again.
    pub(super) fn was_rotated_again(
        &self,
        version: &VersionId,
        before: &Run<Labels>,
        run: &Run<Labels>,
    ) -> bool {
        let is_of_now = |finished| moved_by(before, run, finished);
        self.is_last_rotation(before, run) || self.finished(version).is_some_and(is_of_now)
    }

    /// LastRotatedDate from before the last look without it is the rotation's before, and one from after the next move
    /// the rotation's after.
    fn is_last_rotation(&self, before: &Run<Labels>, run: &Run<Labels>) -> bool {
        self.facts.last_rotated().is_some_and(|rotated| {
            moved_by(before, run, rotated)
                && self.left(run).is_none_or(|left| rotated < left)
                && (is_one_promotion(before, run) || self.unchanged_since(rotated))
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

/// Whether what was told at this moment may be what moved AWSCURRENT.
fn moved_by(before: &Run<Labels>, run: &Run<Labels>, at: Timestamp) -> bool {
    let when = began(Some(before), run, SignedDuration::ZERO);
    when.not_before.is_none_or(|from| at >= from) && at <= when.not_after + ROTATED_AFTER
}
