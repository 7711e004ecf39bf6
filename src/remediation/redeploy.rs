//! The forced redeploy of an ECS service (C3.4).

use jiff::Timestamp;
use machine::model::{Done, Outcome, Rollout, ServiceSeen};

use super::{Check, conflict, not_sent};
use crate::ports::{PortError, Ports};

pub(super) async fn precheck(
    ports: &Ports,
    cluster: &str,
    name: &str,
    fresh_after: Timestamp,
) -> Result<Check, PortError> {
    let (look, seen) = ports.ecs.service(cluster, name).await?;
    Ok(match seen {
        None => Check::Stop(conflict(
            format!("service {name} in {cluster}"),
            "none".to_owned(),
        )),
        // The clock that the decision was made by had jumped; this answer has set it right.
        Some(_) if look.arrived < fresh_after => Check::Stop(not_sent(
            "by AWS's time the promotion is so recent that a task may still be given the old value",
        )),
        Some(seen) => check(&seen, fresh_after),
    })
}

/// Already fresh, already being made fresh, or in another's hands?
fn check(seen: &ServiceSeen, fresh_after: Timestamp) -> Check {
    let tasks_fresh = seen
        .tasks
        .iter()
        .all(|task| task.created.is_some_and(|created| created > fresh_after));
    let primary = seen.deployments.iter().find(|deployment| deployment.primary);
    let deploying = primary.is_some_and(|deployment| deployment.rollout == Rollout::InProgress);
    let deploying_since = primary.is_some_and(|deployment| deployment.created > fresh_after);
    if seen.tasks_listed && tasks_fresh || deploying && deploying_since {
        Check::Stop(Outcome::Done(Done::AlreadySo))
    } else if deploying {
        Check::Stop(conflict(
            "no deployment under way".to_owned(),
            "one from before the promotion".to_owned(),
        ))
    } else {
        Check::Go
    }
}
