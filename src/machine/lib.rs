//! The pure heart of the watchdog: what a rotation means, and what to do about it.
//!
//! No clock, no randomness, no IO: time is an argument, and the same inputs give the same decisions (design rule 6,
//! docs/rules.md).
//!
//! ```text
//!  events --> turn:  merge ----> judge ----> admit -----> look ----> tell  --> Turn
//!            module: facts       judge       admission    looks      findings
//!                    |           |           |            |          |
//!                    facts       judgements  decisions    looks      findings, outlooks
//! ```
//!
//! [`turn`](turn::turn) is the one door. It takes what happened (answers to looks, outcomes of writes), the settings and
//! the time. It says what must be made durable, what may then be sent, what to look at from now on, and for whom something
//! has changed. Nothing is stored that can be derived: phases, standings and findings are concluded from facts.
//!
//! **One rotation through it.** DescribeSecret shows AWSPENDING on another version: [`facts::merge`] takes the labels into
//! the secret's [`facts::track`], and the narrower interval is a fact. [`judge`] reads the rotation from the runs of labels
//! ([`story::rotations`]) and its milestones, and gives it a [`story::phase`]. [`looks`] asks for labels twice a second from
//! now on. AWSCURRENT moves: each consumer that uses the secret gets a standing ([`consumers`]). The standing is unknown
//! at first. A look at the consumer's tasks shows them stale, and the standing wants a redeploy. [`admission`] holds the
//! want until the version is proven (`trust`), no secret of the consumer moves, and the `caps` have room. Then it is a
//! decision. Its outcome comes back as an event. Tasks that are younger than the promotion make the consumer fresh. With
//! all of them fresh the rotation is verified, watched, settled.
//!
//! **Where each thing lives.**
//!
//! - [`model`]: the words. Ids, times, evidence, facts, decisions with their guards, subjects
//! - [`policy`]: what the configuration says, and `mode`, what lowers it
//! - [`facts`]: what is known. `state`, `merge` (an event into the state), `track` (a state over time), `attempts` (what
//!   was decided for a subject), `scopes` (what discovery found), `users`, `databases` and `touched` (who uses what, who
//!   sleeps, who shares a database, who changed: so that no turn walks the fleet), `watched` (which rule each secret gets)
//! - [`story`]: what happened to a secret. `rotations`, read from the labels; `readers`, a file for each other source, which
//!   give sightings; `milestones`, where all of them are merged; `phase`, `proof`, `strategy`; `danger_window`, and
//!   `passages` (how a promotion came to its consumers); `stale_labels` (answers that seem to go back), `baseline` and
//!   `successors` (what was there before, and what was made again)
//! - [`consumers`]: how each consumer stands with a promotion, by its staleness model
//! - [`procedures`]: ways to help, a file for each (wanted when, next write, guards, effect, undo, words); `retry` and
//!   `doubt` say what earlier writes mean for the next one
//! - [`judge`]: one secret, whole, and what it wants. `judgements` (the latest of each), `outlook` (what the next rotation
//!   would do), `would` (what only the mode kept from being done)
//! - [`admission`]: what may start, and the `reason` of every wait. `trust` (whether a version may be given to anybody),
//!   `caps`, `roll_forwards` (which failed rotations may be rolled forward now)
//! - [`looks`]: when to look at what, and `lockout` (how many logins may be refused)
//! - [`findings`]: what people should know, `told` (by whom it is told now) and `lives` (since when, and what ended)
//! - [`numbers`]: series of applications and databases, when they are asked for, and what they say. They are shown and never
//!   cause a write
//! - [`words`]: one vocabulary for the log, the API and the command line
//! - `tables`: what is seen, in order, and what it means. The tests

pub mod admission;
pub mod consumers;
pub mod facts;
pub mod findings;
pub mod judge;
pub mod looks;
pub mod model;
pub mod numbers;
pub mod policy;
pub mod procedures;
pub mod story;
pub mod turn;
pub mod words;

pub use turn::{Machine, Turn, turn};

#[cfg(test)]
mod tables;
