//! The concurrency cycle of a Lambda function: note what its reserved concurrency was, set 0, wait, put back, remove
//! the note. Each is a write of its own.
//!
//! What comes next is read from the function itself and its tag, so that the cycle goes on after any crash, even where the
//! journal is gone (design rule 4). What must be put back is the former concurrency, by the deadline on the note.

use std::sync::Arc;

use jiff::Timestamp;

use super::retry::{Retry, backoff, retry};
use crate::consumers::function::likely;
use crate::consumers::{Promotion, Standing, Why};
use crate::facts::state::ConsumerFacts;
use crate::model::{
    Attempt, AttemptId, ConsumerId, CycleStep, Done, FunctionGuard, FunctionSeen, NoEffect, Outcome,
    SleepTag, Stage, Write, WriteKind,
};
use crate::policy::Timing;

/// Cycles begun for one rotation before a person is asked.
const CYCLES: usize = 3;

/// For people: what the whole procedure is.
pub(super) const WHOLE: &str = "your function switched off for remediation.sleep_for, and on again";

pub(super) fn wanted(step: &CycleStep) -> &'static str {
    match step {
        CycleStep::TagSleep { .. } => "a note on it, then it is switched off for a moment",
        CycleStep::Sleep { .. } => "it is switched off for a moment",
        CycleStep::Restore { .. } => "it is switched on again",
        CycleStep::Untag => "our note off it",
    }
}

pub(super) fn text(step: &CycleStep) -> String {
    let reserved = |former: &Option<u32>| former.map_or_else(|| "none".to_owned(), |n| n.to_string());
    match step {
        CycleStep::TagSleep { tag } => format!(
            "a note on your function before it is switched off: reserved concurrency {}, to be put back by {:.0}",
            reserved(&tag.former),
            tag.deadline
        ),
        CycleStep::Sleep { former } => format!(
            "your function is switched off for remediation.sleep_for: reserved concurrency from {} to 0",
            reserved(former)
        ),
        CycleStep::Restore { former } => format!(
            "your function is switched on again: reserved concurrency from 0 back to {}",
            reserved(former)
        ),
        CycleStep::Untag => "our note off your function, which is as it was".to_owned(),
    }
}

pub(crate) fn write(name: &Arc<str>, step: CycleStep) -> Write {
    Write::Cycle {
        function: Arc::clone(name),
        step,
    }
}

pub(super) fn guards(step: &CycleStep) -> Vec<FunctionGuard> {
    match step {
        CycleStep::TagSleep { tag } => vec![
            FunctionGuard::Unnoted { tag: tag.clone() },
            FunctionGuard::Reserved(tag.former),
        ],
        CycleStep::Sleep { former } => vec![
            FunctionGuard::Noted,
            FunctionGuard::NotProvisioned,
            FunctionGuard::Reserved(*former),
        ],
        CycleStep::Restore { former } => vec![
            FunctionGuard::NotYetReserved(*former),
            FunctionGuard::Reserved(Some(0)),
        ],
        CycleStep::Untag => vec![FunctionGuard::NoteLeft],
    }
}

/// Whether a function is as the step was to leave it.
pub(super) fn shows(seen: &FunctionSeen, step: &CycleStep) -> bool {
    match step {
        CycleStep::TagSleep { tag } => seen.sleep_tag.as_ref() == Some(tag),
        CycleStep::Sleep { .. } => seen.reserved == Some(0),
        CycleStep::Restore { former } => seen.reserved == *former,
        CycleStep::Untag => seen.sleep_tag.is_none(),
    }
}

/// The first half of a cycle, for the sake of a rotation: up to the function being asleep.
pub(crate) fn stand(
    name: &Arc<str>,
    facts: &ConsumerFacts,
    seen: &FunctionSeen,
    promotion: &Promotion<'_>,
) -> Standing {
    if let Some(why) = refused(seen) {
        return Standing::of(Stage::Beyond, why);
    }
    if seen.sleep_tag.is_none() && cycled(facts, promotion) {
        return likely(seen, Why::Cycled);
    }
    match (&seen.sleep_tag, seen.reserved) {
        (Some(_), Some(0)) => {
            let until = due(facts, seen, promotion.timing).unwrap_or(promotion.now);
            Standing::of(Stage::Refreshing, Why::Asleep { until }).until(until)
        }
        (None, Some(0)) if lost_note(facts).is_some() => Standing::of(Stage::Refreshing, Why::Cycling),
        (None, Some(0)) => Standing::of(Stage::Presumed, Why::SwitchedOff),
        (Some(tag), former) if may_sleep(facts, tag, former, promotion) => {
            // A sleep that went is one of an earlier cycle.
            send(
                name,
                facts,
                promotion,
                CycleStep::Sleep { former },
                Some(promotion.now),
            )
        }
        // Awake again, or not to be switched off any more: the note is taken away by `restore`.
        (Some(_), _) => Standing::of(Stage::Refreshing, Why::Cycling),
        (None, former) => {
            let tag = note(name, facts, former, promotion);
            let again = next_cycle(facts, promotion);
            send(name, facts, promotion, CycleStep::TagSleep { tag }, again)
        }
    }
}

/// What a cycle cannot refresh. SnapStart restores what published versions fetched; callers of $LATEST start anew.
pub(crate) fn refused(seen: &FunctionSeen) -> Option<Why> {
    if seen.managed_instances {
        return Some(Why::ManagedInstances);
    }
    if seen.provisioned {
        return Some(Why::Provisioned);
    }
    (seen.snap_start && !seen.pinned_aliases.is_empty()).then_some(Why::SnapStart)
}

/// Whether it was switched off for long enough and put back, for the sake of this rotation.
pub(crate) fn cycled(facts: &ConsumerFacts, promotion: &Promotion<'_>) -> bool {
    let done = |kind: WriteKind| {
        let tries = facts.attempts.tries(promotion.rotation, kind).into_iter();
        tries.filter_map(|attempt| match &attempt.outcome {
            Some((at, Outcome::Done(_))) => Some((attempt.decision.at, *at)),
            _ => None,
        })
    };
    // The clock may have jumped when the restore was decided; its answer tells AWS's time.
    let awake_since = |moment: Timestamp| {
        done(WriteKind::Restore).any(|(decided, answered)| decided.min(answered) >= moment)
    };
    done(WriteKind::Sleep).any(|(_, asleep)| awake_since(asleep + promotion.timing.sleep_for))
}

/// When a new cycle may begin: at once after one that we called off (a crash, a drain, a lapsed deadline); after one
/// whose note is gone without us, once looks are surely newer than our writes. Nothing after enough of them.
fn next_cycle(facts: &ConsumerFacts, promotion: &Promotion<'_>) -> Option<Timestamp> {
    if begun(facts, promotion) >= CYCLES {
        return None;
    }
    let ours = facts.attempts.serving(promotion.rotation);
    let done = ours.filter_map(|attempt| match &attempt.outcome {
        Some((at, Outcome::Done(_))) => Some((attempt.decision.write.kind(), *at)),
        _ => None,
    });
    match done.last()? {
        (WriteKind::Untag, at) => Some(at),
        (_, at) => Some(at + promotion.timing.settle + promotion.timing.doubt_gap),
    }
}

/// Whether a cycle for the sake of this rotation was begun, whatever became of it.
pub(crate) fn has_begun(facts: &ConsumerFacts, promotion: &Promotion<'_>) -> bool {
    begun(facts, promotion) > 0
}

/// Notes that certainly had no effect began no cycle.
fn begun(facts: &ConsumerFacts, promotion: &Promotion<'_>) -> usize {
    let notes = facts
        .attempts
        .tries(promotion.rotation, WriteKind::TagSleep)
        .into_iter();
    notes
        .filter(|attempt| !matches!(attempt.outcome, Some((_, Outcome::NoEffect(_)))))
        .count()
}

/// `again`: from when on it may be sent though it went through before.
fn send(
    name: &Arc<str>,
    facts: &ConsumerFacts,
    promotion: &Promotion<'_>,
    step: CycleStep,
    again: Option<Timestamp>,
) -> Standing {
    let write = write(name, step);
    let tries = facts.attempts.tries(promotion.rotation, write.kind());
    match retry(&facts.attempts, &tries, promotion.now) {
        Retry::Now => Standing::wanting(write, Why::ConfiguredBefore),
        Retry::Wait { why, until } => Standing {
            wake: until,
            ..Standing::of(Stage::Refreshing, why)
        },
        Retry::GiveUp(why) => Standing::of(Stage::Beyond, why),
        Retry::Went { .. } => match again {
            Some(at) if promotion.now >= at => Standing::wanting(write, Why::ConfiguredBefore),
            Some(at) => Standing::of(Stage::Refreshing, Why::Cycling).until(at),
            None => Standing::of(Stage::Beyond, Why::CycleBroken),
        },
    }
}

fn note(name: &Arc<str>, facts: &ConsumerFacts, former: Option<u32>, promotion: &Promotion<'_>) -> SleepTag {
    let (kind, rotation) = (WriteKind::TagSleep, promotion.rotation.id());
    let nth = facts.attempts.nth(promotion.rotation, kind);
    let subject = ConsumerId::function(name).to_string();
    SleepTag {
        attempt: AttemptId::of(kind.name(), &subject, rotation.as_str(), nth),
        former,
        deadline: promotion.now + promotion.timing.sleep_deadline,
    }
}

/// The note is ours, nothing changed since, and there is time to sleep and wake before its deadline.
fn may_sleep(
    facts: &ConsumerFacts,
    tag: &SleepTag,
    reserved: Option<u32>,
    promotion: &Promotion<'_>,
) -> bool {
    tagged(facts, tag).is_some()
        && slept(facts, tag).is_none()
        && reserved == tag.former
        && promotion.now + promotion.timing.sleep_for + promotion.timing.write_deadline < tag.deadline
}

/// Our own attempt that left this note.
fn tagged<'a>(facts: &'a ConsumerFacts, tag: &SleepTag) -> Option<&'a Attempt> {
    facts.attempts.iter().find(|attempt| {
        matches!(attempt.decision.write.cycle_step(), Some(CycleStep::TagSleep { tag: known }) if known.attempt == tag.attempt)
    })
}

/// The attempt that switched the function off under this note, whatever became of it.
fn slept<'a>(facts: &'a ConsumerFacts, tag: &SleepTag) -> Option<&'a Attempt> {
    let since = tagged(facts, tag)?.decision.at;
    facts.attempts.iter().rev().find(|attempt| {
        attempt.decision.at >= since
            && attempt.decision.write.kind() == WriteKind::Sleep
            && !matches!(attempt.outcome, Some((_, Outcome::NoEffect(_))))
    })
}

/// The write that is due to end a function's sleep, if any. `early` asks for it at once: draining, or observing.
pub fn restore(facts: &ConsumerFacts, timing: &Timing, now: Timestamp, early: bool) -> Option<CycleStep> {
    let (look, Some(seen)) = facts.function.as_ref()? else {
        return None;
    };
    let sending = facts.attempts.iter().any(|attempt| attempt.outcome.is_none());
    if sending || !seen_since_last_write(facts, look.sent) || !backed_off(facts, now) {
        return None;
    }
    match (&seen.sleep_tag, seen.reserved) {
        (Some(tag), Some(0)) if tag.former != Some(0) => {
            let over = early || due(facts, seen, timing).is_none_or(|due| now >= due);
            over.then_some(CycleStep::Restore { former: tag.former })
        }
        // It may still land: the note stays until that is settled.
        (Some(tag), _) if slept(facts, tag).is_some_and(is_in_doubt) => None,
        (Some(tag), reserved) => {
            let wakes = slept(facts, tag).is_none();
            let unused = wakes
                && !early
                && reserved == tag.former
                && tagged(facts, tag).is_some()
                && now + timing.sleep_for + timing.write_deadline < tag.deadline;
            (!unused).then_some(CycleStep::Untag)
        }
        // Somebody removed the note; the journal knows what it said.
        (None, Some(0)) => lost_note(facts).map(|former| CycleStep::Restore { former }),
        (None, _) => None,
    }
}

fn is_in_doubt(attempt: &Attempt) -> bool {
    matches!(attempt.outcome, Some((_, Outcome::InDoubt { .. })))
}

/// When a sleeping function is to wake. Nothing where we cannot tell since when it sleeps: at once.
fn due(facts: &ConsumerFacts, seen: &FunctionSeen, timing: &Timing) -> Option<Timestamp> {
    let tag = seen.sleep_tag.as_ref()?;
    let (at, _) = slept(facts, tag)?.outcome.as_ref()?;
    Some((*at + timing.sleep_for).min(tag.deadline))
}

/// What had no effect is nothing to see; its end may bear the time of a clock that was ahead.
fn seen_since_last_write(facts: &ConsumerFacts, look: Timestamp) -> bool {
    facts
        .attempts
        .iter()
        .filter_map(|attempt| attempt.outcome.as_ref())
        .filter(|(_, outcome)| !matches!(outcome, Outcome::NoEffect(_)))
        .all(|(at, _)| look >= *at)
}

/// A restore that had no effect is repeated for ever, a little slower each time.
fn backed_off(facts: &ConsumerFacts, now: Timestamp) -> bool {
    let in_vain: Vec<_> = facts
        .attempts
        .iter()
        .rev()
        .take_while(|attempt| {
            attempt.decision.write.restores() && matches!(attempt.outcome, Some((_, Outcome::NoEffect(_))))
        })
        .collect();
    let last = in_vain
        .first()
        .and_then(|attempt| attempt.outcome.as_ref())
        .map(|(at, _)| *at);
    last.is_none_or(|at| now >= at + backoff(in_vain.len()))
}

/// The former concurrency of a function that we switched off and did not yet put back.
fn lost_note(facts: &ConsumerFacts) -> Option<Option<u32>> {
    let mut former = None;
    for attempt in facts.attempts.iter() {
        match (attempt.decision.write.cycle_step(), &attempt.outcome) {
            (
                Some(CycleStep::Sleep { former: known }),
                Some((_, Outcome::Done(_) | Outcome::InDoubt { .. })) | None,
            ) => {
                former = Some(*known);
            }
            (
                Some(CycleStep::Restore { .. }),
                Some((_, Outcome::Done(Done::Written { .. } | Done::AlreadySo))),
            ) => former = None,
            _ => {}
        }
    }
    former
}

/// What a function's reserved concurrency was before we switched it off: as the note on it says, else the journal.
pub fn former_concurrency(facts: &ConsumerFacts) -> Option<Option<u32>> {
    let seen = facts.function.as_ref().and_then(|(_, seen)| seen.as_ref());
    let note = seen.and_then(|seen| seen.sleep_tag.as_ref());
    note.map(|tag| tag.former).or_else(|| lost_note(facts))
}

/// What we have left on a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Its reserved concurrency is 0, or may be, and was this before.
    Asleep { former: Option<u32> },
    /// Its concurrency is as it was; our note is still there.
    Note,
}

/// What a person must put back where we cannot any more; nothing where [`open_sleep`] has nothing.
pub fn left_by_us(facts: &ConsumerFacts) -> Option<Left> {
    open_sleep(facts)?;
    let seen = facts.function.as_ref().and_then(|(_, seen)| seen.as_ref());
    let is_awake = seen.is_some_and(|seen| seen.reserved != Some(0)) && lost_note(facts).is_none();
    if is_awake {
        return Some(Left::Note);
    }
    former_concurrency(facts).map(|former| Left::Asleep { former })
}

/// A function that is, or may be, switched off by us; and the last failure to put it back. Of one that is deleted there
/// is nothing to put back.
pub fn open_sleep(facts: &ConsumerFacts) -> Option<Option<&NoEffect>> {
    if matches!(&facts.function, Some((_, None))) {
        return None;
    }
    let tagged = matches!(&facts.function, Some((_, Some(seen))) if seen.sleep_tag.is_some());
    let last_failure = facts
        .attempts
        .last()
        .filter(|attempt| attempt.decision.write.restores())
        .and_then(|attempt| match &attempt.outcome {
            Some((_, Outcome::NoEffect(why))) => Some(why),
            _ => None,
        });
    (tagged || lost_note(facts).is_some()).then_some(last_failure)
}
