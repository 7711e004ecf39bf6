//! The single writes of a concurrency cycle: note, switch off, put back exactly, remove the note (C3.5).

use machine::model::{Action, Done, FunctionSeen, NoEffect, Outcome, SleepTag};

use super::{Check, conflict};
use crate::ports::Ports;

pub(super) fn precheck(seen: &FunctionSeen, action: &Action) -> Check {
    let reserved = |value: &Option<u32>| {
        value.map_or("no reserved concurrency".to_owned(), |n| {
            format!("reserved concurrency {n}")
        })
    };
    let expect = |expected: &Option<u32>| {
        if seen.reserved == *expected {
            Check::Go
        } else {
            Check::Stop(conflict(reserved(expected), reserved(&seen.reserved)))
        }
    };
    match action {
        Action::TagSleep { tag } if seen.sleep_tag.as_ref() == Some(tag) => done(),
        Action::TagSleep { .. } if seen.sleep_tag.is_some() => {
            Check::Stop(conflict("no note of another cycle".to_owned(), "one".to_owned()))
        }
        Action::TagSleep { tag } => expect(&tag.former),
        Action::Sleep { .. } if seen.sleep_tag.is_none() => {
            Check::Stop(conflict("the note of what it was".to_owned(), "none".to_owned()))
        }
        Action::Sleep { .. } if seen.provisioned => Check::Stop(conflict(
            "no provisioned concurrency".to_owned(),
            "some".to_owned(),
        )),
        Action::Sleep { former } => expect(former),
        Action::Restore { former } if seen.reserved == *former => done(),
        // Only what is still as we left it is put back; another's value stays.
        Action::Restore { .. } => expect(&Some(0)),
        Action::Untag if seen.sleep_tag.is_none() => done(),
        Action::Untag => Check::Go,
        Action::Redeploy { .. } | Action::UpdateEnvironment { .. } => Check::Go,
    }
}

fn done() -> Check {
    Check::Stop(Outcome::Done(Done::AlreadySo))
}

pub(super) async fn act(ports: &Ports, name: &str, action: &Action) -> Outcome {
    let writes = &ports.lambda_writes;
    let (_, outcome) = match action {
        Action::TagSleep { tag } => writes.tag(name, SleepTag::KEY, &tag.to_value()).await,
        Action::Sleep { .. } => writes.put_concurrency(name, 0).await,
        Action::Restore { former: Some(n) } => writes.put_concurrency(name, *n).await,
        Action::Restore { former: None } => writes.delete_concurrency(name).await,
        Action::Untag => writes.untag(name, SleepTag::KEY).await,
        Action::Redeploy { .. } | Action::UpdateEnvironment { .. } => {
            return Outcome::NoEffect(NoEffect::Rejected {
                why: "not a write to a function's concurrency".to_owned(),
            });
        }
    };
    outcome
}
