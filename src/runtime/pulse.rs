//! The loop's heartbeat: what `/livez` rests on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Beaten by the loop at every turn, read by any thread. Clones share the beat.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<AtomicI64>);

impl Pulse {
    /// The start counts as the first beat, so that replaying the journal has its time.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_microsecond())))
    }

    pub fn beat(&self, now: Timestamp) {
        self.0.store(now.as_microsecond(), Ordering::Relaxed);
    }

    /// Time since the last beat; never negative, even where the wall clock was set back.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        let since = now
            .as_microsecond()
            .saturating_sub(self.0.load(Ordering::Relaxed));
        SignedDuration::from_micros(since.max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_beat_and_age_is_never_negative() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let pulse = Pulse::new(at(10));
        assert_eq!(pulse.age(at(15)), SignedDuration::from_secs(5));
        let other = pulse.clone();
        other.beat(at(14));
        assert_eq!(pulse.age(at(15)), SignedDuration::from_secs(1));
        assert_eq!(pulse.age(at(3)), SignedDuration::ZERO);
    }
}
