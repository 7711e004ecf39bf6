//! One vocabulary: stable words, and the same for people, alike in the log, the metrics, the API, `explain` and `replay`.

use crate::model::{Done, LoginAnswer, MasterState, Mode, NoEffect, Outcome, Reset, Stage, Strategy};
use crate::story::rotations::{Ending, Failure, Origin, Rotation, Seen, Source};

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

/// The steps in the order that the protocol prescribes: `what` of an entry, the same for people, and when it was seen.
pub fn steps(rotation: &Rotation) -> [(&'static str, &'static str, &Option<Seen>); 5] {
    let through_pending = rotation.started.is_some();
    let (last, text) = if through_pending {
        (
            "finishSecret",
            "finishSecret: AWSCURRENT moved to the new version",
        )
    } else {
        ("promoted", "AWSCURRENT moved to this version")
    };
    [
        (
            "started",
            "the rotation began: AWSPENDING appeared",
            &rotation.started,
        ),
        (
            "createSecret",
            "createSecret: the new version has a value",
            &rotation.created,
        ),
        (
            "setSecret",
            "setSecret: the database has the new password, the danger window is open",
            &rotation.exposed,
        ),
        (
            "testSecret",
            "testSecret: the rotation logged in with the new password",
            &rotation.tested,
        ),
        (last, text, &rotation.promoted),
    ]
}

/// Who saw a milestone.
pub fn source(source: Source) -> &'static str {
    match source {
        Source::Labels => "labels",
        Source::Versions => "versions",
        Source::Log => "log",
        Source::Login => "login",
        Source::Rds => "rds",
        Source::Watchdog => "watchdog",
    }
}

/// How a rotation ended otherwise than by its success.
pub fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Abandoned => "abandoned",
        Ending::OnlyTested => "only-tested",
        Ending::Superseded => "superseded",
        Ending::RolledBack => "rolled-back",
    }
}

/// The same for people.
pub fn ending_text(ending: Ending) -> &'static str {
    match ending {
        Ending::Abandoned => "abandoned: AWSPENDING went away and AWSCURRENT did not follow",
        Ending::OnlyTested => "only tested: RotateSecret was called with RotateImmediately=false",
        Ending::Superseded => "the next promotion took its place",
        Ending::RolledBack => "AWSCURRENT went back to an earlier version",
    }
}

/// Where a version came from.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Rotation => "rotation",
        Origin::Manual => "manual",
        Origin::Replicated => "replicated",
        Origin::Rollback => "rollback",
        Origin::Baseline => "baseline",
    }
}

/// A step that failed, for people.
pub fn failure_text(failure: &Failure) -> String {
    let step = failure.step.map(|step| step.to_string());
    format!(
        "{} failed: {}",
        step.as_deref().unwrap_or("an unknown step"),
        failure.why
    )
}

/// How the master user's password stands, as RDS tells it, for people.
pub fn master_text(state: MasterState) -> String {
    let password = if state.resetting {
        "RDS is setting the master user's password"
    } else {
        "RDS is not setting the master user's password now"
    };
    let managed = state
        .managed
        .map(|status| format!("; MasterUserSecret is {}", status.name()));
    format!("{password}{}", managed.unwrap_or_default())
}

/// The same of one of its events.
pub fn reset_text(reset: Reset) -> &'static str {
    if reset.failed {
        "RDS could not set the master user's password"
    } else {
        "RDS has set the master user's password"
    }
}
