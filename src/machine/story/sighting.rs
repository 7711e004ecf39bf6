//! Sightings: one milestone of a rotation, as one source saw it; and what all of them say together.

use std::collections::BTreeSet;

use crate::model::When;
use crate::story::rotations::Rotation;

/// Where a milestone was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Labels,
    Versions,
    Log,
    Login,
    /// What RDS tells of the master user's password.
    Rds,
    /// The answer to our own write.
    Watchdog,
}

/// What a rotation comes to, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Milestone {
    /// The version has a value.
    Created,
    /// The database has its password.
    Exposed,
    /// testSecret logged in with it.
    Tested,
    /// AWSCURRENT moved to it.
    Promoted,
}

/// One milestone, as one source saw it. Of which version it tells, its reader has found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) milestone: Milestone,
    pub(crate) when: When,
    pub(crate) source: Source,
}

/// A milestone: its interval, narrowed by every source that saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub when: When,
    pub sources: BTreeSet<Source>,
}

impl Seen {
    pub fn by(when: When, source: Source) -> Self {
        Self {
            when,
            sources: BTreeSet::from([source]),
        }
    }

    /// Adds another source's sight of the same milestone.
    fn also(slot: &mut Option<Self>, when: When, source: Source) {
        match slot {
            None => *slot = Some(Self::by(when, source)),
            Some(seen) => {
                seen.when = seen.when.narrow(when);
                seen.sources.insert(source);
            }
        }
    }
}

impl Rotation {
    /// Takes in a sighting: the interval of its milestone is what all sources say.
    pub(crate) fn see(&mut self, sighting: Sighting) {
        let slot = match sighting.milestone {
            Milestone::Created => &mut self.created,
            Milestone::Exposed => &mut self.exposed,
            Milestone::Tested => &mut self.tested,
            Milestone::Promoted => &mut self.promoted,
        };
        Seen::also(slot, sighting.when, sighting.source);
    }
}
