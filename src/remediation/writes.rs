//! The one call that each write is.

use machine::model::{CycleStep, SleepTag, Write};

use crate::ports::{MARKER_VARIABLE, Ports, WriteResult};

pub(super) async fn make(ports: &Ports, write: &Write) -> WriteResult {
    let lambda = &ports.lambda_writes;
    match write {
        Write::Redeploy { cluster, service, .. } => ports.ecs_writes.force_deployment(cluster, service).await,
        Write::UpdateEnvironment {
            function,
            marker,
            revision,
        } => {
            lambda
                .merge_variable(function, MARKER_VARIABLE, marker, revision)
                .await
        }
        Write::Cycle { function, step } => match step {
            CycleStep::TagSleep { tag } => lambda.tag(function, SleepTag::KEY, &tag.to_value()).await,
            CycleStep::Sleep { .. } => lambda.put_concurrency(function, 0).await,
            CycleStep::Restore { former: Some(n) } => lambda.put_concurrency(function, *n).await,
            CycleStep::Restore { former: None } => lambda.delete_concurrency(function).await,
            CycleStep::Untag => lambda.untag(function, SleepTag::KEY).await,
        },
        Write::Promote {
            secret,
            version,
            from,
        } => ports.secret_writes.promote(secret, version, from).await,
    }
}
