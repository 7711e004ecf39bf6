//! Promotions that nobody saw: what LastRotatedDate, LastChangedDate and the log tell of them.

use jiff::{SignedDuration, Timestamp};

use super::{Origin, Rotation, Story};
use crate::facts::track::{Run, began};
use crate::model::{Dates, Labels, LogLine, Step, VersionId, When};

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
        let Some(rotated) = self.rotated_before_the_first_look(run) else {
            return Origin::Baseline;
        };
        let is_finished = || self.finished(current) >= Some(rotated - ROTATED_AFTER);
        if self.unchanged_since(run, rotated) || run.state.pending.as_ref() == Some(current) || is_finished()
        {
            Origin::Rotation
        } else if run.state.in_progress().is_some() {
            // The next rotation has changed the secret: of the one before nothing is known.
            Origin::Baseline
        } else {
            self.put()
        }
    }

    fn rotated_before_the_first_look(&self, run: &Run<Labels>) -> Option<Timestamp> {
        let first = self.facts.first_look?;
        let is_recent = |rotated: &Timestamp| {
            *rotated <= first && first.duration_since(*rotated) <= self.timing.baseline_age
        };
        let rotated = self.dates_of(run).filter_map(|dates| dates.rotated);
        rotated
            .filter(is_recent)
            .filter(|rotated| self.left(run).is_none_or(|left| *rotated < left))
            .max()
    }

    /// The dates that were told while the labels were so.
    fn dates_of(&self, run: &Run<Labels>) -> impl Iterator<Item = Dates> {
        let (from, to) = (run.first.sent, run.last.sent);
        let dates = self.facts.dates.runs().iter();
        dates
            .filter(move |dates| dates.first.sent <= to && dates.last.sent >= from)
            .map(|dates| dates.state)
    }

    /// A value that came without a rotation that could be seen.
    pub(super) fn put(&self) -> Origin {
        let is_replica = self
            .facts
            .seen
            .as_ref()
            .is_some_and(|(_, seen)| seen.primary_elsewhere(self.secret).is_some());
        if is_replica {
            Origin::Replicated
        } else {
            Origin::Manual
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
            let mut rotated = self.dates_of(run).filter_map(|dates| dates.rotated);
            unchanged && rotated.all(|rotated| rotated <= finished + ROTATED_AFTER)
        })
    }

    /// What is current in this run was promoted by the last rotation or after it.
    pub(super) fn bound_by_rotated_date(&mut self, run: &Run<Labels>) {
        let Some(i) = self.rotations.iter().rposition(Rotation::is_current) else {
            return;
        };
        let rotated: Vec<Timestamp> = self.dates_of(run).filter_map(|dates| dates.rotated).collect();
        let rotation = &mut self.rotations[i];
        if run.state.current.as_ref() != Some(&rotation.key.version) {
            return;
        }
        if let Some(promoted) = &mut rotation.promoted
            && let Some(rotated) = rotated
                .into_iter()
                .filter(|at| *at <= promoted.when.not_after)
                .max()
        {
            let bound = When::between(rotated - ROTATED_AFTER, promoted.when.not_after);
            promoted.when = promoted.when.narrow(bound);
        }
    }

    /// Whether the rotation was the last thing that had happened to the secret when labels were first seen so.
    fn unchanged_since(&self, run: &Run<Labels>, rotated: Timestamp) -> bool {
        let mut changed = self.dates_of(run).filter_map(|dates| dates.changed);
        changed.any(|changed| changed <= rotated + CHANGED_AFTER)
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
        self.facts.rotated().any(|rotated| {
            change.may_be_of(rotated)
                && self.left(change.run).is_none_or(|left| rotated < left)
                && (change.is_direct || self.unchanged_since(change.run, rotated))
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
