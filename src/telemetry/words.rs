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
        Strategy::DualPasswords => "dual-passwords",
        Strategy::Managed => "managed",
        Strategy::External => "external",
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
pub const OUTCOMES: [&str; 9] = [
    "done",
    "already-so",
    "throttled",
    "denied",
    "conflict",
    "rejected",
    "not-sent",
    "unfit",
    "in-doubt",
];

/// What messages of the queue of events are that are no hint.
pub const NO_HINTS: [&str; 5] = ["test", "unwatched", "foreign", "other-account", "unreadable"];

/// Every word of [`login`].
pub const LOGINS: [&str; 8] = [
    "accepted",
    "refused",
    "account",
    "busy",
    "unreachable",
    "unknown",
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
        Outcome::NoEffect(NoEffect::Unfit { .. }) => "unfit",
        Outcome::InDoubt { .. } => "in-doubt",
    }
}

/// The same for people, with the deployment or the reason.
pub fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(Done::Written { began: Some(began) }) => format!("done, deployment {began}"),
        Outcome::Done(Done::Written { began: None }) => "done".to_owned(),
        Outcome::Done(Done::AlreadySo) => "was so already".to_owned(),
        Outcome::NoEffect(why) => format!("no effect, {why}"),
        Outcome::InDoubt { why } => format!("in doubt, {why}"),
    }
}

pub fn login(answer: &LoginAnswer) -> &'static str {
    match answer {
        LoginAnswer::Accepted | LoginAnswer::Admitted { .. } => "accepted",
        LoginAnswer::Refused { .. } => "refused",
        LoginAnswer::Account { .. } => "account",
        LoginAnswer::Busy { .. } => "busy",
        LoginAnswer::Unreachable { .. } => "unreachable",
        LoginAnswer::Unknown { .. } => "unknown",
        LoginAnswer::Tls { .. } => "tls",
        LoginAnswer::Unusable { .. } => "unusable",
    }
}
