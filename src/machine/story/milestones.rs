//! The milestones of a rotation, each as the interval that all sources together narrow it to: the one merge.
//!
//! `rotations` reads from the labels what began and what was promoted. Each reader then tells what its source saw of that.

use jiff::Timestamp;

use crate::facts::state::SecretFacts;
use crate::policy::Timing;
use crate::story::readers::{log, logins, ours, rds, versions};
use crate::story::rotations::Rotation;

/// What of other rotations bounds one.
#[derive(Clone, Copy)]
pub(crate) struct Neighbours {
    /// The promotion before it.
    pub(crate) after: Option<Timestamp>,
    /// When the next one began.
    pub(crate) next: Option<Timestamp>,
}

/// Fills in what versions, logs, RDS, logins and our own writes tell of a rotation.
pub(crate) fn fill(rotation: &mut Rotation, facts: &SecretFacts, neighbours: Neighbours, timing: &Timing) {
    versions::read(rotation, facts, timing)
        .into_iter()
        .for_each(|sighting| rotation.see(sighting));
    if rotation.origin.has_steps() {
        log::read(rotation, facts, neighbours.after, timing);
    }
    rds::read(rotation, facts, neighbours, timing);
    logins::read(rotation, facts, timing);
    ours::read(rotation, facts);
}
