//! Stable words of the model, alike in metrics, logs and the API.

use machine::model::{
    Action, ConsumerId, Done, LoginAnswer, Method, Mode, NoEffect, Outcome, Stage, Strategy,
};

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
        Outcome::InDoubt { .. } => "in-doubt",
    }
}

/// The same for people, with the deployment or the reason.
pub fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(Done::Written { deployment: Some(id) }) => format!("done, deployment {id}"),
        Outcome::Done(Done::Written { deployment: None }) => "done".to_owned(),
        Outcome::Done(Done::AlreadySo) => "was so already".to_owned(),
        Outcome::NoEffect(why) => format!("no effect, {why}"),
        Outcome::InDoubt { why } => format!("in doubt, {why}"),
    }
}

/// What a write is to change, for people.
pub fn action_text(action: &Action) -> String {
    let reserved = |former: &Option<u32>| former.map_or_else(|| "none".to_owned(), |n| n.to_string());
    match action {
        Action::Redeploy { fresh_after } => {
            format!("a forced deployment; tasks created after {fresh_after:.3} hold the new value already")
        }
        Action::UpdateEnvironment { revision, .. } => {
            format!("our marker into the environment of revision {revision}")
        }
        Action::TagSleep { tag } => format!(
            "a note on your function before it is switched off: reserved concurrency {}, to be put back by {:.0}",
            reserved(&tag.former),
            tag.deadline
        ),
        Action::Sleep { former } => format!(
            "your function is switched off for remediation.sleep_for: reserved concurrency from {} to 0",
            reserved(former)
        ),
        Action::Restore { former } => format!(
            "your function is switched on again: reserved concurrency from 0 back to {}",
            reserved(former)
        ),
        Action::Untag => "our note off your function, which is as it was".to_owned(),
    }
}

/// What a kind of write does, for people.
pub fn wanted_text(action: &Action) -> &'static str {
    match action {
        Action::Redeploy { .. } => "a forced deployment",
        Action::UpdateEnvironment { .. } => "a marker variable into its environment, for new environments",
        Action::TagSleep { .. } => "a note on it, then it is switched off for a moment",
        Action::Sleep { .. } => "it is switched off for a moment",
        Action::Restore { .. } => "it is switched on again",
        Action::Untag => "our note off it",
    }
}

/// What only the mode kept from being done, for people.
pub fn would_text(consumer: &ConsumerId, method: Method) -> String {
    let what = match method {
        Method::Redeploy => "a forced deployment",
        Method::ConfigUpdate => "a marker variable into its environment",
        Method::ConcurrencyCycle => "your function switched off for remediation.sleep_for, and on again",
    };
    format!("{method} of {consumer} would have been done, had the mode been act: {what}")
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
