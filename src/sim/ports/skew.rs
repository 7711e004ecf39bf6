//! A clock that jumps, as a machine's does, and is set right by the next answer of AWS.

use std::sync::{Arc, Mutex, PoisonError};

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
pub struct Skew(Arc<Mutex<(SignedDuration, Vec<Jump>)>>);

impl Skew {
    pub fn new(jumps: Vec<Jump>) -> Self {
        Self(Arc::new(Mutex::new((SignedDuration::ZERO, jumps))))
    }

    /// The loop's clock, in front of the true one.
    pub fn over(&self, clock: Clock) -> Clock {
        let skew = self.clone();
        Clock::wall(Arc::new(move || {
            let now = clock.now();
            now + skew.at(now)
        }))
    }

    fn at(&self, now: Timestamp) -> SignedDuration {
        let mut skew = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = skew.1.extract_if(.., |jump| jump.at <= now);
        let by: SignedDuration = due.map(|jump| jump.by).sum();
        skew.0 += by;
        skew.0
    }

    /// An answer tells AWS's time.
    pub(super) fn correct(&self, now: Timestamp) {
        self.at(now);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = SignedDuration::ZERO;
    }
}
