//! What the world must be like right before a write, asked of what a look shows.

use jiff::Timestamp;

use super::putting_back::{note, sleep, tag, wake};
use super::standings::cycle;
use super::world::{Tale, arn, at, deployment, function, labels, service, version};
use crate::model::{
    AtRest, CycleStep, Done, EnvironmentSeen, FunctionSeen, Guard, Look, NoEffect, Outcome, Rollout,
    SecretSeen, ServiceGuard, SleepTag, UpdateStatus, Verdict, Write,
};
use crate::procedures::guards;

/// How a write ends that a guard keeps from being sent.
#[derive(Debug, PartialEq)]
enum Ends {
    Sent,
    AlreadySo,
    /// With what was found.
    Conflict(String),
    NotSent,
}

fn ends(verdict: Verdict) -> Ends {
    match verdict {
        None => Ends::Sent,
        Some(Outcome::Done(Done::AlreadySo)) => Ends::AlreadySo,
        Some(Outcome::NoEffect(NoEffect::Conflict { found, .. })) => Ends::Conflict(found),
        Some(Outcome::NoEffect(NoEffect::NotSent { .. })) => Ends::NotSent,
        Some(other) => panic!("{other:?}"),
    }
}

fn conflict(found: &str) -> Ends {
    Ends::Conflict(found.to_owned())
}

#[test]
fn a_service_is_redeployed_while_a_task_is_old_and_nobody_replaces_it() {
    let fresh_after = at(22);
    let rolling = |created| deployment("d-1", created, Rollout::InProgress);
    let ended = deployment("d-1", 10, Rollout::Completed);
    let unlisted = |mut seen: crate::model::ServiceSeen| {
        (seen.tasks, seen.tasks_listed) = (Vec::new(), false);
        seen
    };
    let with = |tasks: &[i64], deployment| {
        let mut seen = service(tasks);
        seen.deployments = vec![deployment];
        seen
    };
    let table = [
        (with(&[-500, 30], ended.clone()), Ends::Sent),
        (with(&[30, 31], ended.clone()), Ends::AlreadySo),
        (with(&[22], ended.clone()), Ends::Sent),
        (unlisted(with(&[], ended)), Ends::Sent),
        (with(&[-500], rolling(30)), Ends::AlreadySo),
        (
            with(&[-500], rolling(10)),
            conflict("one from before the promotion"),
        ),
    ];
    let guard = ServiceGuard { fresh_after };
    for (seen, expected) in table {
        assert_eq!(ends(guard.verdict(Look::at(at(40)), &seen)), expected, "{seen:?}");
    }
    let early = guard.verdict(Look::at(at(21)), &service(&[-500]));
    assert_eq!(ends(early), Ends::NotSent, "its clock had jumped");
}

fn function_with(change: impl FnOnce(&mut FunctionSeen)) -> FunctionSeen {
    let mut seen = function(Some(7));
    change(&mut seen);
    seen
}

/// How a write ends by the guards that it is decided with, of a function that is seen so.
fn asked(write: &Write, seen: &FunctionSeen) -> Ends {
    let guards = guards(&Tale::new().state, write, &[]);
    let [Guard::Function { expects, .. }] = guards.as_slice() else {
        panic!("{guards:?}")
    };
    ends(expects.iter().find_map(|guard| guard.verdict(seen)))
}

/// The first guard that does not hold decides, so that what is done already is no conflict.
#[test]
fn an_environment_is_updated_as_it_was_seen() {
    let marker = |found: &str| EnvironmentSeen::Readable {
        bytes: 10,
        marker: Some(found.to_owned()),
    };
    let unreadable = EnvironmentSeen::Unreadable {
        why: "denied".to_owned(),
    };
    let updating = UpdateStatus::InProgress;
    let table = [
        (function_with(|_| {}), Ends::Sent),
        (
            function_with(|seen| seen.environment = marker("m")),
            Ends::AlreadySo,
        ),
        (function_with(|seen| seen.environment = marker("x")), Ends::Sent),
        (
            function_with(|seen| seen.environment = unreadable),
            conflict("denied"),
        ),
        (
            function_with(|seen| seen.update = updating),
            conflict("one of another"),
        ),
        (
            function_with(|seen| seen.revision = "r9".to_owned()),
            conflict("r9"),
        ),
    ];
    let write = Write::UpdateEnvironment {
        function: "mailer".into(),
        marker: "m".to_owned(),
        revision: function(None).revision,
    };
    for (seen, expected) in table {
        assert_eq!(asked(&write, &seen), expected, "{seen:?}");
    }
}

#[test]
fn each_step_of_a_cycle_expects_what_the_step_before_it_left() {
    let untag = || cycle(CycleStep::Untag);
    let other = SleepTag {
        former: Some(1),
        ..tag()
    };
    let noted = |tag: SleepTag| function_with(|seen| seen.sleep_tag = Some(tag));
    let reserving = |reserved| function_with(|seen| seen.reserved = reserved);
    let provisioned = FunctionSeen {
        provisioned: true,
        ..noted(tag())
    };
    let moved = FunctionSeen {
        reserved: Some(8),
        ..noted(tag())
    };
    let table = [
        (note(), reserving(Some(7)), Ends::Sent),
        (note(), noted(tag()), Ends::AlreadySo),
        (note(), noted(other), conflict("one")),
        (note(), reserving(None), conflict("no reserved concurrency")),
        (sleep(), noted(tag()), Ends::Sent),
        (sleep(), reserving(Some(7)), conflict("none")),
        (sleep(), provisioned, conflict("some")),
        (sleep(), moved, conflict("reserved concurrency 8")),
        (wake(), reserving(Some(0)), Ends::Sent),
        (wake(), reserving(Some(7)), Ends::AlreadySo),
        (wake(), reserving(Some(3)), conflict("reserved concurrency 3")),
        (untag(), noted(tag()), Ends::Sent),
        (untag(), reserving(Some(7)), Ends::AlreadySo),
    ];
    for (write, seen, expected) in table {
        assert_eq!(asked(&write, &seen), expected, "{write:?} of {seen:?}");
    }
}

fn seen_as(text: &str, change: impl FnOnce(&mut SecretSeen)) -> SecretSeen {
    let mut seen = Tale::new().secret_seen("db", labels(text));
    change(&mut seen);
    seen
}

#[test]
fn a_secret_is_at_rest_while_nothing_of_it_moves() {
    let (secret, brake) = (arn("db"), |seen: &mut SecretSeen| {
        let tag = ("rotation-watchdog".to_owned(), "hold".to_owned());
        seen.tags.insert(tag.0, tag.1);
    });
    let deleted: Option<Timestamp> = Some(at(20));
    let table = [
        (Some(seen_as("b - a", |_| {})), true, Ends::Sent),
        (Some(seen_as("b b a", |_| {})), true, Ends::Sent),
        (Some(seen_as("b c a", |_| {})), true, conflict("AWSPENDING on c")),
        (
            Some(seen_as("c - b", |_| {})),
            true,
            conflict("AWSCURRENT on another version"),
        ),
        (
            Some(seen_as("b - a", |seen| seen.deleted = deleted)),
            true,
            conflict("scheduled for deletion"),
        ),
        (Some(seen_as("b - a", brake)), true, conflict("the brake's tag")),
        (Some(seen_as("b - a", brake)), false, Ends::Sent),
        (None, true, conflict("none")),
        (None, false, Ends::Sent),
    ];
    for (seen, is_served, expected) in table {
        let guard = AtRest {
            current: Some(version("b")),
            must_exist: is_served,
            is_served,
        };
        assert_eq!(
            ends(guard.verdict(&secret, seen.as_ref())),
            expected,
            "{seen:?} {is_served}"
        );
    }
}
