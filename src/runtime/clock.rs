//! The one clock of the program, in AWS's time.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the time and waits: by the wall, or from a given origin at a given rate (the demo, the simulation).
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    /// The wall's time as the AWS adapters correct it.
    Wall(Arc<dyn Fn() -> Timestamp + Send + Sync>),
    Scaled {
        origin: Timestamp,
        start: Instant,
        rate: u32,
    },
}

impl Clock {
    pub fn wall(now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self(Kind::Wall(now))
    }

    /// `rate` seconds pass for each of tokio's. Under a paused runtime that is virtual time.
    pub fn scaled(origin: Timestamp, rate: u32) -> Self {
        Self(Kind::Scaled {
            origin,
            start: Instant::now(),
            rate: rate.max(1),
        })
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Wall(now) => now(),
            Kind::Scaled { origin, start, rate } => {
                let passed = SignedDuration::try_from(start.elapsed() * *rate).unwrap_or(SignedDuration::MAX);
                origin.checked_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    pub async fn sleep_until(&self, moment: Timestamp) {
        self.sleep(moment.duration_since(self.now())).await;
    }

    pub async fn sleep(&self, wait: SignedDuration) {
        tokio::time::sleep(self.real(wait)).await;
    }

    /// How long `wait` lasts by tokio's clock.
    pub fn real(&self, wait: SignedDuration) -> Duration {
        Duration::try_from(wait).unwrap_or_default() / self.rate()
    }

    fn rate(&self) -> u32 {
        match &self.0 {
            Kind::Wall(_) => 1,
            Kind::Scaled { rate, .. } => *rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_passes_faster_by_its_rate() {
        let clock = Clock::scaled(Timestamp::UNIX_EPOCH, 20);
        let before = Instant::now();
        clock
            .sleep_until(Timestamp::from_second(60).expect("in range"))
            .await;
        assert_eq!(before.elapsed(), Duration::from_secs(3));
        assert_eq!(clock.now(), Timestamp::from_second(60).expect("in range"));
    }
}
