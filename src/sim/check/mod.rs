//! What must hold of an account and of what the watchdog says about it, in terms of what really happened.

mod answers;
mod belief;
mod counters;
mod ending;
mod measured;
mod numbers;
mod outage;
mod promotions;
mod remembered;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use machine::judge::Judgement;
use machine::model::{Mode, SecretArn};

pub use counters::Counters;
pub use outage::Excuse;

use super::case::{Case, Disk, Profile};
use super::life::End;
use super::world::{PASSWORD_MARKER, Touch};
use crate::runtime::MeasuredView;

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Stable, so that a smaller case can be seen to break the same.
    pub rule: &'static str,
    /// Truth against belief.
    pub text: String,
}

/// A life of the watchdog, from when to when and in which mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lived {
    pub from: Timestamp,
    pub to: Timestamp,
    pub mode: Mode,
    /// When its process was suspended, from when to when.
    pub suspended: Vec<(Timestamp, Timestamp)>,
}

/// Collects what is broken, and counts what was asked.
#[derive(Debug, Default)]
pub struct Checks {
    pub broken: Vec<Broken>,
    /// How often each rule was asked.
    pub made: BTreeMap<&'static str, u64>,
    /// Rules that did not hold for a reason that was written down beforehand.
    pub excused: Vec<Excuse>,
    /// What the last snapshot told of each secret.
    told: BTreeMap<SecretArn, Arc<Judgement>>,
    /// The numbers of the last snapshot.
    numbers: Arc<Vec<MeasuredView>>,
    /// When a life began on an empty journal.
    began_empty: Vec<Timestamp>,
}

impl Checks {
    fn holds(&mut self, rule: &'static str, holds: bool, text: impl FnOnce() -> String) {
        *self.made.entry(rule).or_default() += 1;
        if !holds && !self.broken.iter().any(|broken| broken.rule == rule) {
            self.broken.push(Broken { rule, text: text() });
        }
    }

    /// Nothing ends the loop but a signal.
    pub fn goes_on(&mut self, end: &End) {
        self.holds("the-loop-goes-on", !matches!(end, End::Failed(_)), || {
            format!("{end:?}")
        });
    }

    /// No password anywhere.
    pub fn secrecy(&mut self, place: &str, text: &str) {
        self.holds("no-password-anywhere", !text.contains(PASSWORD_MARKER), || {
            format!("in {place}")
        });
    }
}

/// Whether the watchdog was there and awake with its journal, and its clock went right: a clock that jumps, and a life that
/// saw nothing, move a bound, or a count, that nobody can put right afterwards. Nor where what people do is aimed at the
/// seconds around a promotion: an answer of ECS may be older than a task that was started just before (`Timing::settle`),
/// and who undoes a rotation within seconds leaves it counted by one name and told by another. So does a service that tries
/// again with another version, and a person who moves labels of a rotation that failed; and what a late retry leaves in a
/// log that nobody follows any more is learned at the next start, and counted nowhere, and an error that is
/// logged long before its invocation ends is known as two.
fn is_calm(case: &Case) -> bool {
    let is_steady = case.pauses.is_empty() && case.jumps.is_empty();
    let mut plans = case.scenario.secrets.iter();
    let is_undone = plans.any(|plan| {
        let mut touches = plan.touches.iter();
        let by_hand = |touch: &Touch| matches!(touch, Touch::Promote | Touch::RollBack | Touch::SetBack);
        plan.fails_unclearly() || touches.any(|(_, touch)| by_hand(touch))
    });
    case.profile != Profile::Moments && is_steady && !is_undone && !is_forgotten(case)
}

/// Whether a life began without the journal of the time before it, or saw nothing before it was suspended.
fn is_forgotten(case: &Case) -> bool {
    let mut crashes = case.crashes.iter();
    let mut pauses = case.pauses.iter();
    !case.first_start.is_zero()
        || crashes.any(|crash| crash.disk != Disk::Kept)
        || pauses.any(|pause| pause.at.crossing < FIRST_LOOKS && pause.at.not_before <= case.scenario.start)
}

/// Crossings in which a life looks at everything for the first time.
const FIRST_LOOKS: u64 = 60;
