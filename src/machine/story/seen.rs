//! One milestone of a rotation, as the sources saw it.

use std::collections::BTreeSet;

use crate::model::When;

/// Where a milestone was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Labels,
    Versions,
    Log,
    Login,
    /// The answer to our own write.
    Watchdog,
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
    pub fn also(slot: &mut Option<Self>, when: When, source: Source) {
        match slot {
            None => *slot = Some(Self::by(when, source)),
            Some(seen) => {
                seen.when = seen.when.narrow(when);
                seen.sources.insert(source);
            }
        }
    }
}
