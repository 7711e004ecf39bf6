//! What happened to a secret: its rotations with their milestones, read from what is known.

pub(crate) mod baseline;
pub mod danger_window;
pub(crate) mod milestones;
pub(crate) mod passages;
pub mod phase;
pub mod proof;
mod readers;
pub mod rotations;
pub mod sighting;
pub(crate) mod stale_labels;
pub(crate) mod strategy;
pub(crate) mod successors;
