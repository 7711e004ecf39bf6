//! When a version was current before: AWSCURRENT can be moved back to what running tasks were given long ago.

use jiff::Timestamp;

use super::was_watched;
use crate::judge::RotationView;
use crate::policy::Timing;
use crate::story::rotations::{Origin, Rotation};

/// A time in which a version was current.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tenure {
    /// Nothing where it was current when it was first seen.
    from: Option<Timestamp>,
    to: Timestamp,
    /// The same with what nobody watched: it may have begun so early, and lasted so long.
    earliest: Option<Timestamp>,
    latest: Timestamp,
}

impl Tenure {
    /// Whether a task that was created at this moment was given the version.
    pub(super) fn gave(&self, created: Timestamp) -> bool {
        self.from.is_some_and(|from| created > from) && created < self.to
    }

    /// Whether it may have been, for all that is known. At a baseline nobody knows what is older.
    pub(super) fn may_have_given(&self, created: Timestamp) -> bool {
        self.earliest.is_none_or(|earliest| created > earliest) && created < self.latest
    }
}

/// The tenures of a rotation's version that ended before the one that stands, as far as their ends are known.
pub(crate) fn tenures_before(earlier: &[RotationView], rotation: &Rotation, timing: &Timing) -> Vec<Tenure> {
    let promoted = |of: &Rotation| of.promoted.as_ref().map(|seen| seen.when.not_after);
    let earlier = || earlier.iter().map(|view| &view.rotation);
    let mut same = earlier()
        .filter(|before| before.key.version == rotation.key.version && before.promoted.is_some())
        .peekable();
    let is_untold = match rotation.origin {
        // Somebody had moved AWSCURRENT to it before the first look: it may have been current long ago.
        Origin::Manual | Origin::Replicated => earlier().next().is_none(),
        Origin::Rollback => same.peek().is_none(),
        Origin::Rotation | Origin::Baseline => false,
    };
    if is_untold {
        // Nobody knows what was made before the first promotion that is known.
        let to = promoted(earlier().next().unwrap_or(rotation));
        let untold = |to| Tenure {
            from: None,
            to,
            earliest: None,
            latest: to,
        };
        return to.map(untold).into_iter().collect();
    }
    same.filter_map(|before| tenure(before, timing)).collect()
}

fn tenure(before: &Rotation, timing: &Timing) -> Option<Tenure> {
    let began = before.promoted.as_ref()?.when;
    let (_, ended) = before.ending?;
    let is_known = before.origin != Origin::Baseline;
    let from = is_known.then_some(began.not_after + timing.margin);
    let to = ended.not_before?;
    let earliest = if was_watched(began, timing) {
        from
    } else {
        began.not_before
    };
    let latest = if was_watched(ended, timing) {
        to
    } else {
        ended.not_after
    };
    Some(Tenure {
        from,
        to,
        earliest: earliest.filter(|_| is_known),
        latest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_of_the_very_moment_that_a_version_came_or_went_was_not_surely_given_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let tenure = |from| Tenure {
            from,
            to: at(20),
            earliest: from,
            latest: at(20),
        };
        let known = tenure(Some(at(10)));
        assert_eq!(
            [10, 11, 19, 20].map(|second| known.gave(at(second))),
            [false, true, true, false]
        );
        let baseline = tenure(None);
        assert_eq!(
            [19, 20].map(|second| baseline.may_have_given(at(second))),
            [true, false]
        );
        assert!(!baseline.gave(at(19)));
    }
}
