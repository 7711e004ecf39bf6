//! Stable words of the model, alike in metrics, logs and the API.

use machine::model::{Done, LoginAnswer, Mode, NoEffect, Outcome, Stage, Strategy};

pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Unknown => "unknown",
        Stage::Stale => "stale",
        Stage::Refreshing => "refreshing",
        Stage::Presumed => "presumed",
        Stage::Fresh => "fresh",
        Stage::Beyond => "beyond",
    }
}

pub fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Approve => "approve",
        Mode::Act => "act",
    }
}

pub fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::SingleUser => "single-user",
        Strategy::AlternatingUsers => "alternating-users",
        Strategy::Managed => "managed",
        Strategy::Unknown => "unknown",
    }
}

/// What became of a write.
pub fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(Done::Written { .. }) => "done",
        Outcome::Done(Done::AlreadySo) => "already-so",
        Outcome::NoEffect(NoEffect::Throttled) => "throttled",
        Outcome::NoEffect(NoEffect::Denied { .. }) => "denied",
        Outcome::NoEffect(NoEffect::Conflict { .. }) => "conflict",
        Outcome::NoEffect(NoEffect::Rejected { .. }) => "rejected",
        Outcome::NoEffect(NoEffect::NotSent { .. }) => "not-sent",
        Outcome::InDoubt { .. } => "in-doubt",
    }
}

pub fn login(answer: &LoginAnswer) -> &'static str {
    match answer {
        LoginAnswer::Accepted => "accepted",
        LoginAnswer::Refused { .. } => "refused",
        LoginAnswer::Account { .. } => "account",
        LoginAnswer::Busy { .. } => "busy",
        LoginAnswer::Unreachable { .. } => "unreachable",
        LoginAnswer::Tls { .. } => "tls",
        LoginAnswer::Unusable { .. } => "unusable",
    }
}
