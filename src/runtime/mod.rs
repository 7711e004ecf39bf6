//! The running watchdog: one loop that is the only writer of state, and what it stands on.

mod clock;

pub use clock::Clock;
