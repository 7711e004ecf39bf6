//! The running watchdog: one loop that is the only writer of state, and what it stands on.

mod agenda;
mod backlog;
mod clock;
mod drain;
mod events;
mod inbox;
mod keeper;
mod logins;
mod looks;
mod numbers;
mod parts;
mod publish;
mod pulse;
mod questions;
mod snapshot;
mod story;
mod tally;
mod totals;
mod watchdog;
mod writes;

pub use clock::Clock;
pub use drain::Drained;
pub use parts::{Assignment, Options, Parts, Rules};
pub use pulse::Pulse;
pub use snapshot::{DatabaseView, EventsView, MeasuredView, SecretView, Snapshot, TestEvent};
pub use watchdog::{RunError, Watchdog};
