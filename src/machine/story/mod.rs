//! What happened to a secret: its rotations with their milestones, read from what is known.

pub(crate) mod baseline;
pub mod danger_window;
pub mod milestones;
pub(crate) mod passages;
pub mod phase;
pub mod rotations;
mod seen;
pub(crate) mod stale_labels;
pub(crate) mod strategy;
pub(crate) mod successors;
