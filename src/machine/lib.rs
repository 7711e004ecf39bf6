//! The pure heart of the watchdog: what a rotation means, and what to do about it.
//!
//! No clock, no randomness, no IO: time is an argument, and the same inputs give the same decisions (design rule 6).
//!
//! ```text
//!  events --> turn:  merge --> judge --> admit --> look --> tell  --> Turn
//!                      |         |         |         |        |
//!                    facts   judgements  decisions  looks   findings, outlooks
//! ```
//!
//! [`turn`](turn::turn) is the one door. It takes what happened (answers to looks, outcomes of writes), the settings and
//! the time, and says what must be made durable, what may then be sent, what to look at from now on, and for whom
//! something has changed. Nothing is stored that can be derived: phases, standings and findings are concluded from facts.
//!
//! **One rotation through it.** DescribeSecret shows AWSPENDING on another version: `step` merges the labels into the
//! secret's [`track`], and the narrower interval is a fact. `judge` reads the rotation from the runs of labels
//! ([`rotations`]) and its milestones, and gives it a [`phase`]; `cadence` asks for labels twice a second from now on.
//! AWSCURRENT moves: each consumer that uses the secret gets a standing (`consumers/`), first unknown, then, with a look
//! at its tasks, stale, and a want. [`fleet`] holds the want until the version is proven (`proof`), no secret of the
//! consumer moves, and `caps` have room; then it is a decision. Its outcome comes back as an event. Tasks that are
//! younger than the promotion make the consumer fresh; with all of them fresh the rotation is verified, watched, settled.
//!
//! **Where each thing lives.**
//!
//! - what comes in and what is known: [`model`] (words), [`state`], `step` (merging), [`track`] (a state over time),
//!   `scopes` (what discovery found), `users`, `databases` and `touched` (who uses what, who shares a database, who changed:
//!   nothing walks the fleet), [`watched`] (which rule each secret gets)
//! - the story of a secret: [`rotations`], [`milestones`], `settling` (labels that seem to go back), `strategy`,
//!   [`phase`], [`window`] and `courses` (the danger window, and how a promotion came to its consumers), `baseline` and
//!   `successors` (what was there before, and what was made again)
//! - ways to help, a file for each: [`procedures`] (wanted when, next write, guards, effect, undo, words), with `tries` and
//!   `doubt` (what earlier writes mean for the next one); `attempts` (what was decided for a subject)
//! - what it means: [`judge`] (one secret, whole), `judgements` (the latest of each), [`consumers`] (how each stands),
//!   [`outlook`] (what the next rotation would do), [`would`] (what only the mode kept from being done)
//! - what may be done: [`fleet`] (admission), `promotions` (of rotations rolled forward), `caps`, `proof`, `reason` (of every
//!   wait), `mode`, [`policy`]
//! - when to look: [`cadence`], and how many logins may be refused: `budget`
//! - what people are told: [`findings`], [`told`]
//! - `tables`: what is seen, in order, and what it means: the tests

pub mod attempts;
mod baseline;
mod budget;
pub mod cadence;
mod caps;
pub mod consumers;
mod courses;
mod databases;
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
pub mod procedures;
mod promotions;
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
