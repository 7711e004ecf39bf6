//! The milestones of a rotation, each as the interval that all sources together narrow it to: the one merge.
//!
//! `rotations` reads from the labels what began and what was promoted. Each reader then tells what its source saw of that.

use jiff::Timestamp;

use crate::facts::state::SecretFacts;
use crate::policy::Timing;
use crate::story::readers::{log, logins, ours, versions};
use crate::story::rotations::Rotation;

/// Fills in what versions, logs, logins and our own writes tell of a rotation. `after` is the promotion before it.
pub(crate) fn fill(rotation: &mut Rotation, facts: &SecretFacts, after: Option<Timestamp>, timing: &Timing) {
    versions::read(rotation, facts, timing)
        .into_iter()
        .for_each(|sighting| rotation.see(sighting));
    if rotation.origin.has_steps() {
        log::read(rotation, facts, after, timing);
    }
    logins::read(rotation, facts, timing);
    ours::read(rotation, facts);
}
