//! The configuration update that makes Lambda start new environments (C3.5).

use machine::model::{Done, EnvironmentSeen, FunctionSeen, Outcome, UpdateStatus};

use super::{Check, conflict};
use crate::ports::{MARKER_VARIABLE, Ports};

pub(super) fn precheck(seen: &FunctionSeen, marker: &str, revision: &str) -> Check {
    match &seen.environment {
        EnvironmentSeen::Readable {
            marker: Some(found), ..
        } if found == marker => {
            return Check::Stop(Outcome::Done(Done::AlreadySo));
        }
        EnvironmentSeen::Unreadable { why } => {
            return Check::Stop(conflict("a readable environment".to_owned(), why.clone()));
        }
        EnvironmentSeen::Readable { .. } => {}
    }
    if seen.update == UpdateStatus::InProgress {
        return Check::Stop(conflict(
            "no update under way".to_owned(),
            "one of another".to_owned(),
        ));
    }
    if seen.revision != revision {
        return Check::Stop(conflict(format!("revision {revision}"), seen.revision.clone()));
    }
    Check::Go
}

pub(super) async fn act(ports: &Ports, name: &str, marker: &str, revision: &str) -> Outcome {
    ports
        .lambda_writes
        .merge_variable(name, MARKER_VARIABLE, marker, revision)
        .await
        .1
}
