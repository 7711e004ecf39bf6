//! When a version was current before: AWSCURRENT can be moved back to what running tasks were given long ago.

use jiff::Timestamp;

use crate::judge::RotationView;
use crate::policy::Timing;
use crate::rotations::{Origin, Rotation};

/// A time in which a version was current.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tenure {
    /// Nothing where it was current when it was first seen.
    from: Option<Timestamp>,
    to: Timestamp,
}

impl Tenure {
    /// Whether a task that was created at this moment was given the version.
    pub(super) fn gave(&self, created: Timestamp) -> bool {
        self.from.is_some_and(|from| created > from) && created < self.to
    }

    /// At a baseline nobody knows what is older: neither that it holds the version, nor that it does not.
    pub(super) fn is_baseline_for(&self, created: Timestamp) -> bool {
        self.from.is_none() && created < self.to
    }
}

/// The tenures of a rotation's version that ended before the one that stands, as far as their ends are known.
///
/// What somebody had moved AWSCURRENT to before the first look may have been current long ago: nobody knows whose tasks
/// hold it.
pub(crate) fn tenures_before(earlier: &[RotationView], rotation: &Rotation, timing: &Timing) -> Vec<Tenure> {
    if earlier.is_empty() && rotation.origin == Origin::Manual {
        let to = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        return to.map(|to| Tenure { from: None, to }).into_iter().collect();
    }
    let same = earlier.iter().map(|view| &view.rotation);
    let same = same.filter(|before| before.key.version == rotation.key.version);
    same.filter_map(|before| {
        let (_, ended) = before.ending?;
        let promoted = before.promoted.as_ref()?.when.not_after;
        let is_known = before.origin != Origin::Baseline;
        Some(Tenure {
            from: is_known.then(|| promoted + timing.margin),
            to: ended.not_before?,
        })
    })
    .collect()
}
