//! A simulated account, and lives of the watchdog on it: for tests, for proof, and for the demo.

pub mod life;
pub mod ports;
mod random;
pub mod scenario;
pub mod world;

pub use random::Stream;
