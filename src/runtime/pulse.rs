//! The loop's heartbeat: what `/livez` rests on. By a clock that nobody sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Beaten by the loop at every turn, read by any thread. Clones share the beat.
#[derive(Clone, Debug)]
pub struct Pulse {
    begun: Instant,
    /// Milliseconds from then to the last beat.
    last: Arc<AtomicU64>,
}

impl Pulse {
    /// The start counts as the first beat, so that replaying the journal has its time.
    pub fn start() -> Self {
        Self {
            begun: Instant::now(),
            last: Arc::default(),
        }
    }

    pub fn beat(&self) {
        self.last.store(millis(self.begun.elapsed()), Ordering::Relaxed);
    }

    /// Time since the last beat.
    pub fn age(&self) -> Duration {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(last)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn clones_share_the_beat() {
        let pulse = Pulse::start();
        let other = pulse.clone();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(pulse.age(), Duration::from_secs(5));
        other.beat();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(pulse.age(), Duration::from_secs(1));
    }
}
