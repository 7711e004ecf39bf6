//! The running watchdog: one loop that is the only writer of state, and what it stands on.

mod agenda;
mod clock;
mod pulse;
mod snapshot;

pub use clock::Clock;
pub use pulse::Pulse;
pub use snapshot::{SecretView, Snapshot};
