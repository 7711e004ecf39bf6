//! The loop's heartbeat, readable from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// When the loop last turned.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<AtomicI64>);

impl Pulse {
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millisecond())))
    }

    pub fn beat(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::Relaxed);
    }

    pub fn age(&self, now: Timestamp) -> SignedDuration {
        SignedDuration::from_millis(
            now.as_millisecond()
                .saturating_sub(self.0.load(Ordering::Relaxed)),
        )
    }
}
