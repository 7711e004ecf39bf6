//! ListSecretVersionIds: a version has a value, or has none yet.

use super::first;
use crate::facts::state::SecretFacts;
use crate::model::When;
use crate::policy::Timing;
use crate::story::rotations::Rotation;
use crate::story::sighting::{Milestone, Sighting, Source};

pub(in crate::story) fn read(rotation: &Rotation, facts: &SecretFacts, timing: &Timing) -> Option<Sighting> {
    let track = facts.valued.get(&rotation.key.version)?;
    let when = first(track, |present| *present, |present| !*present)?;
    Some(Sighting {
        milestone: Milestone::Created,
        when: When {
            // Lists of versions are eventually consistent too.
            not_before: when.not_before.map(|bound| bound - timing.settle),
            ..when
        },
        source: Source::Versions,
    })
}
