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

/// The steps whose failures are counted.
pub const STEPS: [&str; 5] = [
    "createSecret",
    "setSecret",
    "testSecret",
    "finishSecret",
    "unknown",
];

/// Every word of [`outcome`].
pub const OUTCOMES: [&str; 8] = [
    "done",
    "already-so",
    "throttled",
    "denied",
    "conflict",
    "rejected",
    "not-sent",
    "in-doubt",
];

/// Every word of [`login`].
pub const LOGINS: [&str; 7] = [
    "accepted",
    "refused",
    "account",
    "busy",
    "unreachable",
    "tls",
    "unusable",
];

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

/// The same for people, with the database's own code.
pub fn login_text(answer: &LoginAnswer) -> String {
    match answer {
        LoginAnswer::Accepted => "accepted".to_owned(),
        LoginAnswer::Refused { code } => format!("refused ({code})"),
        LoginAnswer::Account { code } => format!("the account's state ({code})"),
        LoginAnswer::Busy { code } => format!("the database is busy ({code})"),
        LoginAnswer::Unreachable { why } => format!("unreachable: {why}"),
        LoginAnswer::Tls { why } => format!("TLS: {why}"),
        LoginAnswer::Unusable { why } => format!("unusable secret: {why}"),
    }
}
