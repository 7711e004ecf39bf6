//! The running watchdog: one loop that is the only writer of state, and what it stands on.

mod agenda;
mod asking;
mod assignments;
mod backlog;
mod clock;
mod coverage;
mod drain;
mod keeping;
mod parts;
mod publish;
mod pulse;
mod questions;
mod snapshot;
mod story;
mod tally;
mod watchdog;
mod would;

pub use clock::Clock;
pub use drain::Drained;
pub use parts::{Assignment, Decide, Options, Parts, RuleWords, Rules};
pub use pulse::Pulse;
pub use snapshot::{SecretView, Snapshot};
pub use watchdog::{RunError, Watchdog};
