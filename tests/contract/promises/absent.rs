//! What is not there is told apart from what could not be seen.

use jiff::SignedDuration;
use machine::model::{LogReach, LookFailure, SecretArn, VersionId};
use rotation_watchdog::ports::{LogWanted, MARKER_VARIABLE, ReadResult};

use super::{labels, rejected};
use crate::contract::run::{Broken, Kept, Run, equal, holds};
use crate::contract::stage::{Names, Stage};

pub(super) async fn all(run: &mut Run<'_>) {
    promises!(run, {
        "absent: a secret": secret,
        "absent: a version of a secret": version,
        "absent: a service, and its cluster": service,
        "absent: a task definition": definition,
        "absent: a function": function,
        "absent: a function to be written to": written_function,
        "absent: a log group": log_group,
        "absent: a secret to be written to": written_secret,
        "absent: a version that AWSCURRENT is to be moved to": written_version,
    });
}

fn not_found<T>(what: &str, answer: ReadResult<T>) -> Kept {
    let failure = answer.err().map(|error| error.failure);
    let is_so = matches!(failure, Some(LookFailure::NotFound { .. }));
    holds(is_so, &format!("{what}: not found"), failure)
}

/// The ARN of no secret.
fn no_secret(stage: &dyn Stage) -> SecretArn {
    let known = stage.names().secret;
    let (prefix, _) = known.as_str().rsplit_once(":secret:").expect("an ARN");
    SecretArn::new(format!("{prefix}:secret:{}-AbCdEf", stage.names().nobody))
}

/// The id of no version.
fn no_version() -> VersionId {
    VersionId::new("00000000-0000-0000-0000-000000000000")
}

async fn secret(stage: &dyn Stage) -> Kept {
    let (secrets, nobody) = (stage.ports().secrets, no_secret(stage));
    holds(
        secrets.describe(&nobody).await?.1.is_none(),
        "no such secret",
        "one",
    )?;
    not_found("its versions", secrets.valued_versions(&nobody).await)?;
    not_found(
        "its value",
        secrets.value(&nobody, &no_version(), "AWSCURRENT").await,
    )
}

async fn version(stage: &dyn Stage) -> Kept {
    let (secrets, secret) = (stage.ports().secrets, stage.names().secret);
    let nobody = no_version();
    holds(!labels(stage).await?.carries(&nobody), "no label on it", "one")?;
    let (_, value) = secrets.value(&secret, &nobody, "AWSCURRENT").await?;
    holds(value.is_none(), "no value", "one")
}

async fn service(stage: &dyn Stage) -> Kept {
    let (ecs, writes) = (stage.ports().ecs, stage.ports().ecs_writes);
    let Names { cluster, nobody, .. } = stage.names();
    holds(
        ecs.service(&cluster, &nobody).await?.1.is_none(),
        "no such service",
        "one",
    )?;
    holds(
        ecs.service(&nobody, &nobody).await?.1.is_none(),
        "no service where no cluster is",
        "one",
    )?;
    not_found("the services of no cluster", ecs.services(&nobody).await)?;
    not_found("the tasks of no cluster", ecs.standalone_tasks(&nobody).await)?;
    rejected(
        "no such service",
        &writes.force_deployment(&cluster, &nobody).await.1,
    )?;
    rejected(
        "no such cluster",
        &writes.force_deployment(&nobody, &nobody).await.1,
    )
}

/// AWS has one code for all that is wrong with a request here.
async fn definition(stage: &dyn Stage) -> Kept {
    let answer = stage
        .ports()
        .ecs
        .task_definition(&format!("{}:1", stage.names().nobody))
        .await;
    let failure = answer.err().map(|error| error.failure);
    let is_so = matches!(
        failure,
        Some(LookFailure::Unexpected { .. } | LookFailure::NotFound { .. })
    );
    holds(is_so, "no such task definition", failure)
}

async fn function(stage: &dyn Stage) -> Kept {
    let (lambda, nobody) = (stage.ports().lambda, stage.names().nobody);
    holds(
        lambda.function(&nobody).await?.1.is_none(),
        "no such function",
        "one",
    )?;
    not_found("its log group", lambda.log_group(&nobody).await)
}

async fn written_function(stage: &dyn Stage) -> Kept {
    let (writes, nobody) = (stage.ports().lambda_writes, stage.names().nobody);
    let merged = writes.merge_variable(&nobody, MARKER_VARIABLE, "x", "1").await;
    rejected("a merge", &merged.1)?;
    rejected("put concurrency", &writes.put_concurrency(&nobody, 1).await.1)?;
    rejected("delete concurrency", &writes.delete_concurrency(&nobody).await.1)?;
    rejected("a tag", &writes.tag(&nobody, "key", "value").await.1)?;
    rejected("an untag", &writes.untag(&nobody, "key").await.1)
}

async fn log_group(stage: &dyn Stage) -> Kept {
    let since = stage.clock().now() - SignedDuration::from_mins(5);
    let wanted = LogWanted {
        group: stage.names().nobody,
        function: stage.names().nobody,
        since,
    };
    let (_, read) = stage.ports().logs.events(&wanted).await?;
    holds(
        read.reach == LogReach::Absent && read.events.is_empty(),
        "no group and no events",
        read,
    )
}

async fn written_secret(stage: &dyn Stage) -> Kept {
    let (writes, nobody) = (stage.ports().secret_writes, no_secret(stage));
    let moved = writes.promote(&nobody, &no_version(), &no_version()).await;
    rejected("a move of its label", &moved.1)
}

async fn written_version(stage: &dyn Stage) -> Kept {
    let (writes, secret, before) = (
        stage.ports().secret_writes,
        stage.names().secret,
        labels(stage).await?,
    );
    let Some(current) = &before.current else {
        return Err(Broken::new("AWSCURRENT", before));
    };
    let moved = writes.promote(&secret, &no_version(), current).await;
    rejected("a move to no version", &moved.1)?;
    equal("the labels after it", &labels(stage).await?, &before)
}
