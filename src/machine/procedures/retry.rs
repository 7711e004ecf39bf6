//! What earlier tries of a write mean for the next one.

use jiff::{SignedDuration, Timestamp};

use crate::consumers::Why;
use crate::facts::attempts::Attempts;
use crate::model::{Attempt, NoEffect, Outcome, Stage};

/// What earlier attempts at the same thing mean for another one.
pub(crate) enum Retry {
    /// Nothing speaks against sending it.
    Now,
    /// Something is under way or in doubt, or the last try is too recent.
    Wait { why: Why, until: Option<Timestamp> },
    /// The last try went through.
    Went {
        at: Timestamp,
        attempt: Attempt,
        times: u32,
    },
    /// Tried often enough.
    GiveUp(Why),
}

/// Tries without effect before a person is told.
pub(crate) const NO_EFFECT_LIMIT: usize = 6;
/// And from then on so far apart: what AWS denies or rejects is left to people, all else passes by itself.
const SLOW: SignedDuration = SignedDuration::from_mins(5);

/// `tries`: those of the same kind that count for the rotation, oldest first.
pub(crate) fn retry(attempts: &Attempts, tries: &[&Attempt], now: Timestamp) -> Retry {
    if let Some(attempt) = attempts.unresolved() {
        let (in_doubt, write) = (attempt.outcome.is_some(), attempt.decision.write.kind());
        let why = if in_doubt {
            Why::InDoubt { write }
        } else {
            Why::UnderWay { write }
        };
        return Retry::Wait { why, until: None };
    }
    let Some((last, outcome)) = tries
        .last()
        .and_then(|last| last.outcome.clone().map(|o| (*last, o)))
    else {
        return Retry::Now;
    };
    match outcome {
        (at, Outcome::Done(_)) => Retry::Went {
            at,
            attempt: last.clone(),
            times: count_done(tries),
        },
        (at, Outcome::NoEffect(why)) => after_no_effect(tries, at, why, now),
        (_, Outcome::InDoubt { .. }) => Retry::Wait {
            why: Why::InDoubt {
                write: last.decision.write.kind(),
            },
            until: None,
        },
    }
}

fn count_done(tries: &[&Attempt]) -> u32 {
    let written = |attempt: &&&Attempt| attempt.written().is_some();
    u32::try_from(tries.iter().filter(written).count()).unwrap_or(u32::MAX)
}

fn after_no_effect(tries: &[&Attempt], at: Timestamp, why: NoEffect, now: Timestamp) -> Retry {
    let in_vain = tries
        .iter()
        .rev()
        .take_while(|attempt| matches!(attempt.outcome, Some((_, Outcome::NoEffect(_)))))
        .count();
    let is_final = matches!(why, NoEffect::Denied { .. } | NoEffect::Rejected { .. });
    if in_vain >= NO_EFFECT_LIMIT && is_final {
        return Retry::GiveUp(Why::NoEffect { why, times: in_vain });
    }
    let pause = if in_vain >= NO_EFFECT_LIMIT {
        SLOW
    } else {
        backoff(in_vain)
    };
    let until = at + pause;
    if now >= until {
        Retry::Now
    } else {
        Retry::Wait {
            why: Why::NoEffect { why, times: in_vain },
            until: Some(until),
        }
    }
}

/// Where a consumer stands that waits for a write.
pub(crate) fn stage_of_wait(why: &Why) -> Stage {
    if why.topic().meaning().in_vain {
        Stage::Stale
    } else {
        Stage::Refreshing
    }
}

/// 2 s, 4 s, 8 s … up to a minute.
pub(crate) fn backoff(times: usize) -> SignedDuration {
    let doublings = u32::try_from(times.saturating_sub(1)).unwrap_or(u32::MAX).min(5);
    SignedDuration::from_secs((2_i64 << doublings).min(60))
}
