//! When a thing was asked, and when it happened.

use jiff::{SignedDuration, Timestamp};

/// One question to one source, in AWS's time: the answer was true at some moment between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    pub sent: Timestamp,
    pub arrived: Timestamp,
}

impl Look {
    /// An answer known to have been true at exactly this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self {
            sent: moment,
            arrived: moment,
        }
    }

    /// The same answer from a source that may lag behind by as much as `lag`.
    pub fn lagging(self, lag: SignedDuration) -> Self {
        Self {
            sent: self.sent - lag,
            arrived: self.arrived,
        }
    }
}

/// The interval in which something happened. Only ever narrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Send time of the last look with the opposite answer; nothing where there was none.
    pub not_before: Option<Timestamp>,
    /// Arrival of the first look that showed it.
    pub not_after: Timestamp,
}

impl When {
    pub fn by(not_after: Timestamp) -> Self {
        Self {
            not_before: None,
            not_after,
        }
    }

    pub fn between(not_before: Timestamp, not_after: Timestamp) -> Self {
        Self {
            not_before: Some(not_before.min(not_after)),
            not_after,
        }
    }

    /// What both say. Where they contradict each other, the upper bound wins: acting late is safe, early is not.
    #[must_use]
    pub fn narrow(self, other: Self) -> Self {
        let not_after = self.not_after.min(other.not_after);
        let not_before = self
            .not_before
            .max(other.not_before)
            .map(|bound| bound.min(not_after));
        Self {
            not_before,
            not_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn narrowing_keeps_the_tightest_bounds() {
        let wide = When::between(at(10), at(30));
        let narrow = When::between(at(15), at(25));
        assert_eq!(wide.narrow(narrow), narrow);
        assert_eq!(narrow.narrow(wide), narrow);
        assert_eq!(When::by(at(20)).narrow(wide), When::between(at(10), at(20)));
    }

    #[test]
    fn a_contradiction_collapses_onto_the_upper_bound() {
        let when = When::between(at(10), at(12)).narrow(When::between(at(20), at(30)));
        assert_eq!(when, When::between(at(12), at(12)));
    }
}
