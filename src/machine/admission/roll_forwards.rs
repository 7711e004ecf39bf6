//! Which rotations may be rolled forward now: each by itself, and none while too many want it at once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::admission::{Situation, decision};
use crate::facts::state::State;
use crate::judge::{Judgement, Judgements, Reason};
use crate::model::{Decision, SecretArn, Write};
use crate::policy::{RollForwardLimits, Settings};
use crate::procedures::{Course, Forward};

/// What may be promoted now, and why the rest waits.
#[derive(Debug, Default)]
pub(crate) struct RollForwards {
    pub(crate) start: Vec<Decision>,
    pub(crate) waits: BTreeMap<SecretArn, Reason>,
}

impl RollForwards {
    pub(crate) fn of(
        state: &State,
        judgements: &Judgements,
        settings: &Settings,
        situation: Situation,
    ) -> Self {
        let mut roll_forwards = Self::default();
        let wanted = judgements.moving().filter_map(|(secret, judgement)| {
            let forward = judgement.forward.as_deref()?;
            match &forward.course {
                Course::Wanted(write) => Some((secret, forward, write)),
                Course::Offered | Course::LeftToAPerson(_) | Course::Patient { .. } | Course::Tried(..) => {
                    None
                }
            }
        });
        let storm = storm(judgements, &settings.limits.roll_forward, situation.now);
        for (secret, forward, write) in wanted {
            match obstacle(situation).or_else(|| storm.clone()) {
                Some(reason) => {
                    roll_forwards.waits.insert(secret.clone(), reason);
                }
                None => roll_forwards
                    .start
                    .push(promote(state, forward, write, settings, situation.now)),
            }
        }
        roll_forwards
    }
}

fn promote(state: &State, forward: &Forward, write: &Write, settings: &Settings, now: Timestamp) -> Decision {
    decision(
        state,
        write.clone(),
        vec![forward.rotation.clone()],
        settings,
        now,
    )
}

fn obstacle(situation: Situation) -> Option<Reason> {
    if situation.draining {
        return Some(Reason::Draining);
    }
    (!situation.journal).then_some(Reason::Journal)
}

/// So many secrets began to want it at once that something else is wrong: nothing is promoted until none has begun for a
/// while. Example, with five within ten minutes: six that begin at 03:00, 03:01 … 03:05 stop all until 03:15.
fn storm(judgements: &Judgements, limits: &RollForwardLimits, now: Timestamp) -> Option<Reason> {
    let begun = judgements.moving().filter_map(|(_, judgement)| begun(judgement));
    let mut begun: Vec<Timestamp> = begun.filter(|at| *at <= now).collect();
    begun.sort();
    let within = |from: Timestamp, to: Timestamp| to.duration_since(from) < limits.within;
    let mut stopped_by = None;
    for (n, at) in begun.iter().enumerate() {
        let is_quiet = n.checked_sub(1).is_some_and(|before| !within(begun[before], *at));
        let first = n.checked_sub(limits.secrets).map(|first| begun[first]);
        if first.is_some_and(|first| within(first, *at)) {
            stopped_by = Some(*at);
        } else if is_quiet {
            stopped_by = None;
        } else if stopped_by.is_some() {
            stopped_by = Some(*at);
        }
    }
    let until = stopped_by? + limits.within;
    (now < until).then_some(Reason::TooMany {
        secrets: begun.len(),
        until,
    })
}

/// When the secret began to want it: while it does, and for a day after it was rolled forward.
fn begun(judgement: &Judgement) -> Option<Timestamp> {
    if let Some(forward) = judgement.forward.as_deref().filter(|forward| forward.acts()) {
        return Some(forward.since);
    }
    let promoted = judgement.current()?.rotation.rolled_forward()?;
    promoted.not_before
}
