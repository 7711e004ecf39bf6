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

/// The interval in which something happened.
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

    /// What both say. Where they contradict each other one of them is wrong, and nobody knows which: all that either of
    /// them allows. Acting late is safe, early is not.
    #[must_use]
    pub fn narrow(self, other: Self) -> Self {
        if self.contradicts(other) {
            return Self {
                not_before: self.not_before.min(other.not_before),
                not_after: self.not_after.max(other.not_after),
            };
        }
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }

    /// The same, where it is known to have been by that moment.
    #[must_use]
    pub fn no_later_than(self, at: Timestamp) -> Self {
        let not_after = self.not_after.min(at);
        Self {
            not_before: self.not_before.map(|bound| bound.min(not_after)),
            not_after,
        }
    }

    /// No moment lies in both.
    fn contradicts(self, other: Self) -> bool {
        let begins_later = |a: Self, b: Self| a.not_before.is_some_and(|bound| bound > b.not_after);
        begins_later(self, other) || begins_later(other, self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn g6_a_contradiction_widens_to_all_that_either_allows() {
        let (early, late) = (When::between(at(10), at(12)), When::between(at(20), at(30)));
        assert_eq!(early.narrow(late), When::between(at(10), at(30)));
        assert_eq!(late.narrow(early), When::between(at(10), at(30)));
        assert_eq!(When::by(at(12)).narrow(late), When::by(at(30)));
        let touching = When::between(at(12), at(30));
        assert_eq!(early.narrow(touching), When::between(at(12), at(12)));
    }

    proptest! {
        /// Whatever one of two sources that disagree says, it is not lost; where they agree, both are kept.
        #[test]
        fn what_is_true_of_both_is_true_of_what_they_say_together(bounds in prop::array::uniform4(0..60_i64), truth in 0..60_i64) {
            let interval = |a: i64, b: i64| When::between(at(a.min(b)), at(a.max(b)));
            let (one, other) = (interval(bounds[0], bounds[1]), interval(bounds[2], bounds[3]));
            let holds = |when: When| when.not_before <= Some(at(truth)) && at(truth) <= when.not_after;
            let together = one.narrow(other);
            prop_assert!(holds(together) || !(holds(one) && holds(other)));
            if one.contradicts(other) {
                prop_assert!(holds(together) || !holds(one) && !holds(other));
            }
            prop_assert_eq!(together, other.narrow(one));
        }
    }
}
