//! A state over time as looks showed it: runs of equal answers, in order of time, whatever order they arrived in.

use jiff::SignedDuration;

use crate::model::{Look, When};

/// An unbroken run of looks with the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run<T> {
    pub state: T,
    pub first: Look,
    pub last: Look,
}

/// Runs in order of time. Neighbours differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track<T> {
    runs: Vec<Run<T>>,
}

impl<T> Default for Track<T> {
    fn default() -> Self {
        Self { runs: Vec::new() }
    }
}

impl<T: Clone + Eq> Track<T> {
    /// More runs than any rotation needs; the oldest go first.
    const LIMIT: usize = 96;

    /// Takes in one answer. True if it narrowed what is known: another state, or an earlier sight of one.
    pub fn see(&mut self, look: Look, state: T) -> bool {
        let next = self.runs.partition_point(|run| run.first.sent <= look.sent);
        let narrowed = match next.checked_sub(1) {
            Some(i) if self.runs[i].state == state => {
                if self.runs[i].last.sent < look.sent {
                    self.runs[i].last = look;
                }
                false
            }
            Some(i) if look.sent < self.runs[i].last.sent => self.split(i, look, state),
            _ if self.runs.get(next).is_some_and(|run| run.state == state) => {
                self.runs[next].first = look;
                true
            }
            _ => {
                // Most secrets at rest have one run, and there may be thousands of them.
                self.runs.reserve_exact(1);
                self.runs.insert(
                    next,
                    Run {
                        state,
                        first: look,
                        last: look,
                    },
                );
                true
            }
        };
        let excess = self.runs.len().saturating_sub(Self::LIMIT);
        self.runs.drain(..excess);
        narrowed
    }

    fn split(&mut self, i: usize, look: Look, state: T) -> bool {
        let after = Run {
            first: self.runs[i].last,
            ..self.runs[i].clone()
        };
        self.runs[i].last = self.runs[i].first;
        self.runs.insert(
            i + 1,
            Run {
                state,
                first: look,
                last: look,
            },
        );
        self.runs.insert(i + 2, after);
        true
    }

    pub fn runs(&self) -> &[Run<T>] {
        &self.runs
    }

    pub fn latest(&self) -> Option<&Run<T>> {
        self.runs.last()
    }
}

/// When the state of `run` began, given the run before it, as told by a source that may be behind by `lag`.
pub fn began<T>(before: Option<&Run<T>>, run: &Run<T>, lag: SignedDuration) -> When {
    match before {
        Some(before) => When::between(before.last.sent - lag, run.first.arrived),
        None => When::by(run.first.arrived),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn look(second: i64) -> Look {
        let at = |s| Timestamp::from_second(s).unwrap();
        Look {
            sent: at(second),
            arrived: at(second + 1),
        }
    }

    fn track(looks: &[(i64, char)]) -> Track<char> {
        let mut track = Track::default();
        for (second, state) in looks {
            track.see(look(*second), *state);
        }
        track
    }

    #[test]
    fn a_change_lies_between_the_last_opposite_look_and_the_first_with_it() {
        let track = track(&[(0, 'a'), (10, 'a'), (20, 'b'), (30, 'b')]);
        let [a, b] = track.runs() else { panic!("{track:?}") };
        let (up_to_date, lag) = (SignedDuration::ZERO, SignedDuration::from_secs(5));
        assert_eq!(
            began(Some(a), b, up_to_date),
            When::between(look(10).sent, look(20).arrived)
        );
        assert_eq!(
            began(Some(a), b, lag),
            When::between(look(5).sent, look(20).arrived)
        );
    }

    #[test]
    fn only_what_narrows_is_news() {
        let mut track = Track::default();
        assert!(track.see(look(0), 'a'));
        assert!(!track.see(look(10), 'a'));
        assert!(!track.see(look(5), 'a'));
        assert!(track.see(look(30), 'b'));
        assert!(
            track.see(look(20), 'b'),
            "an earlier sight of b narrows the change"
        );
        assert!(track.see(look(7), 'b'), "b was seen in the middle of a");
        assert_eq!(
            track.runs().iter().map(|run| run.state).collect::<String>(),
            "abab"
        );
    }

    #[test]
    fn a_look_in_the_middle_of_a_run_leaves_of_it_what_was_seen() {
        let track = track(&[(0, 'a'), (10, 'a'), (7, 'b')]);
        let runs = track.runs().iter().map(|run| (run.state, run.first, run.last));
        let at = |state, second| (state, look(second), look(second));
        assert_eq!(runs.collect::<Vec<_>>(), [at('a', 0), at('b', 7), at('a', 10)]);
    }

    #[test]
    fn of_two_looks_of_one_moment_the_later_answer_stands() {
        let track = track(&[(0, 'a'), (10, 'a'), (10, 'b')]);
        assert_eq!(track.latest().map(|run| run.state), Some('b'));
    }

    #[test]
    fn the_oldest_runs_go_first() {
        let looks: Vec<_> = (0..200)
            .map(|i| (i, if i % 2 == 0 { 'a' } else { 'b' }))
            .collect();
        let track = track(&looks);
        assert_eq!(track.runs().len(), Track::<char>::LIMIT);
        assert_eq!(track.latest().map(|run| run.last), Some(look(199)));
    }

    proptest! {
        /// Whatever order they arrive in, looks give the same states in the same order, and a change is never
        /// told more narrowly than it was seen. (What a run already spans is not kept, so it may be told wider;
        /// and a state that returns needs its looks in order, as one look of a key at a time gives them.)
        #[test]
        fn order_of_arrival_does_not_matter(mut states in prop::collection::vec(0..5u8, 1..12), shuffle in any::<u64>()) {
            states.sort_unstable();
            let looks: Vec<(i64, char)> =
                states.iter().enumerate().map(|(i, s)| (i as i64 * 10, char::from(b'a' + s))).collect();
            let mut shuffled = looks.clone();
            shuffled.sort_by_key(|(second, _)| (*second as u64 + 1).wrapping_mul(shuffle | 1));
            let (exact, found) = (track(&looks), track(&shuffled));
            prop_assert_eq!(found.runs().len(), exact.runs().len());
            for (found, exact) in found.runs().iter().zip(exact.runs()) {
                prop_assert_eq!(found.state, exact.state);
                prop_assert!(found.first >= exact.first && found.last <= exact.last);
            }
        }
    }
}
