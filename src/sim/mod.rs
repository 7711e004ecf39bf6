//! A simulated account, and the real loop on it: for tests, the demo and measurements.

mod accounts;
pub mod campaign;
pub mod case;
pub mod check;
mod ledger;
pub mod life;
pub mod ports;
mod random;
mod scenario;
pub mod spent;
mod trial;
pub mod world;

pub use random::Stream;
pub use scenario::{Scenario, arn};
pub use trial::{Trial, options, options_of, policy};

#[cfg(test)]
mod tests;
