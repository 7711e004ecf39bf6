//! Our own write is a sighting of the promotion: from when it was sent to when it was answered.

use crate::facts::state::SecretFacts;
use crate::model::When;
use crate::procedures::promoted_by_us;
use crate::story::rotations::Rotation;
use crate::story::sighting::{Milestone, Sighting, Source};

/// What the function does after our write fails because AWSCURRENT has moved already, which is no failure.
pub(in crate::story) fn read(rotation: &mut Rotation, facts: &SecretFacts) {
    let Some((sent, answered)) = promoted_by_us(&facts.attempts, &rotation.key) else {
        return;
    };
    if rotation.promoted.is_some() {
        rotation.see(Sighting {
            milestone: Milestone::Promoted,
            when: When::between(sent, answered),
            source: Source::Watchdog,
        });
        rotation.failures.retain(|failure| failure.at < sent);
    }
}
