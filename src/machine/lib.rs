//! The pure heart of the watchdog: what a rotation means, and what to do about it.
//!
//! No clock, no randomness, no IO: time is an argument, and the same inputs give the same decisions (design rule 6).

pub mod model;
pub mod policy;
