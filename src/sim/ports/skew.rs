//! A clock that jumps, as a machine's does, and is set right by the next answer of AWS.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::runtime::Clock;

/// The machine's clock jumps by so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    pub at: Timestamp,
    pub by: SignedDuration,
}

/// How far the clock is off, and the jumps to come.
#[derive(Clone, Default)]
pub struct Skew(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    off: SignedDuration,
    jumps: Vec<Jump>,
    /// The moment that was last asked for, and how often.
    asked: (Timestamp, u32),
}

/// A loop that asks for one moment so often never waits.
const SPINS: u32 = 1_000_000;

impl Skew {
    pub fn new(jumps: Vec<Jump>) -> Self {
        Self(Arc::new(Mutex::new(State {
            jumps,
            ..State::default()
        })))
    }

    /// The loop's clock, in front of the true one.
    pub fn over(&self, clock: Clock) -> Clock {
        let skew = self.clone();
        Clock::wall(Arc::new(move || {
            let now = clock.now();
            now + skew.state().at(now)
        }))
    }

    /// An answer tells AWS's time.
    pub(super) fn correct(&self, now: Timestamp) {
        let mut state = self.state();
        state.at(now);
        state.off = SignedDuration::ZERO;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at(&mut self, now: Timestamp) -> SignedDuration {
        let (last, times) = self.asked;
        self.asked = (now, if last == now { times + 1 } else { 0 });
        assert!(times < SPINS, "the loop turns for ever at {now}");
        let due = self.jumps.extract_if(.., |jump| jump.at <= now);
        self.off += due.map(|jump| jump.by).sum::<SignedDuration>();
        self.off
    }
}
