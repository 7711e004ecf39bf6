//! The pure heart of the watchdog: what a rotation means, and what to do about it.
//!
//! No clock, no randomness, no IO: time is an argument, and the same inputs give the same decisions (design rule 6).

mod baseline;
pub mod cadence;
mod caps;
pub mod consumers;
mod courses;
mod doubt;
pub mod findings;
pub mod fleet;
pub mod judge;
mod judgements;
pub mod milestones;
mod mode;
pub mod model;
pub mod outlook;
pub mod phase;
pub mod policy;
mod proof;
mod reason;
pub mod rotations;
mod scopes;
mod settling;
pub mod state;
pub mod step;
mod strategy;
mod successors;
pub mod told;
mod touched;
pub mod track;
pub mod turn;
mod users;
pub mod watched;
pub mod window;
pub mod would;

pub use turn::{Machine, Turn, turn};

#[cfg(test)]
mod tables;
