//! Promotions that nobody saw: what LastRotatedDate, LastChangedDate and the log tell of them.

use jiff::{SignedDuration, Timestamp};

use super::{Origin, Story};
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
            Some(_) if run.state.pending.as_ref() == Some(current) || self.was_finished(current) => {
                Origin::Rotation
            }
            Some(_) => Origin::Manual,
        }
    }

    /// The log tells that finishSecret promoted this version.
    fn was_finished(&self, version: &VersionId) -> bool {
        self.facts.log.iter().any(|fact| {
            matches!(&fact.line, LogLine::Done { step: Step::FinishSecret, version: Some(v), .. } if v == version)
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
        // LastRotatedDate from before the last look without it is the rotation's before.
        let when = began(Some(before), run, SignedDuration::ZERO);
        let within = |at: Timestamp| {
            when.not_before.is_none_or(|from| at >= from) && at <= when.not_after + ROTATED_AFTER
        };
        let one_promotion = run.state.previous == before.state.current;
        let is_last = |rotated: Timestamp| one_promotion || self.unchanged_since(rotated);
        self.facts
            .last_rotated()
            .is_some_and(|rotated| within(rotated) && is_last(rotated))
            || self.was_finished(version)
    }
}
