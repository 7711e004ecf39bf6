//! Calls that are denied, throttled, or whose answer is lost (design rule 2).

use machine::model::{FunctionSeen, LookFailure, NoEffect, Outcome, ServiceSeen, SleepTag};
use rotation_watchdog::ports::{MARKER_VARIABLE, PortError, Ports};

use super::{function, service};
use crate::contract::run::{Broken, Kept, Run, equal, eventually, holds};
use crate::contract::stage::{Names, RESERVED, Stage, Trouble};

/// Every write, as IAM names the right to it.
const WRITES: [&str; 6] = [
    "ecs:UpdateService",
    "lambda:UpdateFunctionConfiguration",
    "lambda:PutFunctionConcurrency",
    "lambda:DeleteFunctionConcurrency",
    "lambda:TagResource",
    "lambda:UntagResource",
];

/// Reads of one subject, as IAM names the right to their first call.
const READS: [&str; 7] = [
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:GetSecretValue",
    "logs:FilterLogEvents",
    "ecs:DescribeServices",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
];

pub(super) async fn all(run: &mut Run<'_>) {
    let stage = run.stage;
    run.promise(
        "denied: a read names the right that it needs, and on what",
        denied_reads(stage),
    )
    .await;
    run.promise("denied: a list names the right that it needs", denied_list(stage))
        .await;
    run.promise(
        "denied: a write has no effect, and names the right",
        denied_writes(stage),
    )
    .await;
    run.promise("throttled: a read says so", throttled_read(stage))
        .await;
    run.promise(
        "throttled: a write has no effect, and is sent once",
        throttled_writes(stage),
    )
    .await;
    run.promise("lost: a read without an answer fails", lost_read(stage))
        .await;
    run.promise(
        "lost: a write without an answer is in doubt, where nothing happened",
        lost_before(stage),
    )
    .await;
    run.promise(
        "lost: a write without an answer is in doubt, where it happened, once",
        lost_after(stage),
    )
    .await;
}

async fn read(ports: &Ports, operation: &str, names: &Names) -> Result<(), PortError> {
    let (secret, function) = (&names.secret, names.function.as_str());
    match operation {
        "secretsmanager:DescribeSecret" => ports.secrets.describe(secret).await.map(drop),
        "secretsmanager:ListSecretVersionIds" => ports.secrets.valued_versions(secret).await.map(drop),
        "secretsmanager:GetSecretValue" => {
            let version = machine::model::VersionId::new("any");
            ports
                .secrets
                .value(secret, &version, "AWSCURRENT")
                .await
                .map(drop)
        }
        "logs:FilterLogEvents" => {
            let since = jiff::Timestamp::UNIX_EPOCH;
            ports.logs.events(&names.log_group, since).await.map(drop)
        }
        "ecs:DescribeServices" => ports.ecs.service(&names.cluster, &names.service).await.map(drop),
        "lambda:GetFunction" => ports.lambda.function(function).await.map(drop),
        "lambda:GetFunctionConfiguration" => ports.lambda.log_group(function).await.map(drop),
        other => unreachable!("no such read: {other}"),
    }
}

fn read_subject(operation: &str, names: &Names) -> String {
    match operation.split_once(':') {
        Some(("secretsmanager", _)) => names.secret.to_string(),
        Some(("logs", _)) => names.log_group.clone(),
        Some(("lambda", _)) => names.function.clone(),
        // The call names the cluster, or the service in it.
        _ => String::new(),
    }
}

async fn denied_reads(stage: &dyn Stage) -> Kept {
    let names = stage.names();
    for operation in READS {
        stage.fail_next_read(operation, Trouble::Denied).await;
        let answer = read(&stage.ports(), operation, &names).await;
        let subject = read_subject(operation, &names);
        match answer.map_err(|error| error.failure) {
            Err(LookFailure::Denied { iam_action, resource }) => {
                equal("the right", &iam_action.as_str(), &operation)?;
                holds(
                    resource.contains(&subject),
                    &format!("{operation} on {subject}"),
                    resource,
                )?;
            }
            other => return Err(Broken::new(format!("{operation} denied"), other)),
        }
    }
    Ok(())
}

async fn denied_list(stage: &dyn Stage) -> Kept {
    for operation in [
        "secretsmanager:ListSecrets",
        "lambda:ListFunctions",
        "ecs:ListClusters",
    ] {
        stage.fail_next_read(operation, Trouble::Denied).await;
        let ports = stage.ports();
        let answer = match operation {
            "secretsmanager:ListSecrets" => ports.secrets.list().await.map(drop),
            "lambda:ListFunctions" => ports.lambda.functions().await.map(drop),
            _ => ports.ecs.clusters().await.map(drop),
        };
        let denied = LookFailure::Denied {
            iam_action: operation.to_owned(),
            resource: "*".to_owned(),
        };
        equal(operation, &answer.map_err(|error| error.failure), &Err(denied))?;
    }
    Ok(())
}

async fn write(stage: &dyn Stage, operation: &str) -> Result<Outcome, Broken> {
    let (ports, names) = (stage.ports(), stage.names());
    let (writes, name) = (ports.lambda_writes, names.function.as_str());
    let (_, outcome) = match operation {
        "ecs:UpdateService" => {
            ports
                .ecs_writes
                .force_deployment(&names.cluster, &names.service)
                .await
        }
        "lambda:UpdateFunctionConfiguration" => {
            let revision = function(stage).await?.revision;
            writes
                .merge_variable(name, MARKER_VARIABLE, "unheard", &revision)
                .await
        }
        "lambda:PutFunctionConcurrency" => writes.put_concurrency(name, 0).await,
        "lambda:DeleteFunctionConcurrency" => writes.delete_concurrency(name).await,
        "lambda:TagResource" => {
            writes
                .tag(name, SleepTag::KEY, "0123456789ab/none/1800000000")
                .await
        }
        "lambda:UntagResource" => writes.untag(name, SleepTag::KEY).await,
        other => unreachable!("no such write: {other}"),
    };
    Ok(outcome)
}

fn write_subject(operation: &str, names: &Names) -> String {
    if operation.starts_with("ecs:") {
        names.service.clone()
    } else {
        names.function.clone()
    }
}

async fn state(stage: &dyn Stage) -> Result<(FunctionSeen, ServiceSeen), Broken> {
    Ok((function(stage).await?, service(stage).await?))
}

async fn denied_writes(stage: &dyn Stage) -> Kept {
    let before = state(stage).await?;
    for operation in WRITES {
        stage.fail_next_write(operation, Trouble::Denied).await;
        let subject = write_subject(operation, &stage.names());
        match write(stage, operation).await? {
            Outcome::NoEffect(NoEffect::Denied { iam_action, resource }) => {
                equal("the right", &iam_action.as_str(), &operation)?;
                holds(
                    resource.contains(&subject),
                    &format!("{operation} on {subject}"),
                    resource,
                )?;
            }
            other => return Err(Broken::new(format!("{operation} denied"), other)),
        }
        equal(
            &format!("all as before {operation}"),
            &state(stage).await?,
            &before,
        )?;
    }
    Ok(())
}

/// Only one call is refused: a second sending would go through, and show.
async fn throttled_writes(stage: &dyn Stage) -> Kept {
    let before = state(stage).await?;
    for operation in WRITES {
        stage.fail_next_write(operation, Trouble::Throttled).await;
        let outcome = write(stage, operation).await?;
        equal(operation, &outcome, &Outcome::NoEffect(NoEffect::Throttled))?;
        equal(
            &format!("all as before {operation}"),
            &state(stage).await?,
            &before,
        )?;
    }
    Ok(())
}

async fn failing_read(stage: &dyn Stage, trouble: Trouble) -> Result<LookFailure, Broken> {
    const READ: &str = "secretsmanager:DescribeSecret";
    stage.fail_next_read(READ, trouble).await;
    match read(&stage.ports(), READ, &stage.names()).await {
        Err(error) => {
            equal("the operation", &error.operation, &READ)?;
            holds(
                error.look.sent <= error.look.arrived,
                "a question before its failure",
                error.look,
            )?;
            Ok(error.failure)
        }
        Ok(()) => Err(Broken::new(format!("a failure, {trouble:?}"), "an answer")),
    }
}

async fn throttled_read(stage: &dyn Stage) -> Kept {
    let failure = failing_read(stage, Trouble::Throttled).await?;
    equal("the failure", &failure, &LookFailure::Throttled)
}

async fn lost_read(stage: &dyn Stage) -> Kept {
    let failure = failing_read(stage, Trouble::LostBefore).await?;
    let silent = matches!(failure, LookFailure::Timeout | LookFailure::Unreachable { .. });
    holds(silent, "no answer", failure)
}

async fn lost(stage: &dyn Stage, operation: &'static str, trouble: Trouble) -> Kept {
    stage.fail_next_write(operation, trouble).await;
    let outcome = write(stage, operation).await?;
    holds(
        matches!(outcome, Outcome::InDoubt { .. }),
        &format!("{operation} in doubt"),
        outcome,
    )
}

async fn lost_before(stage: &dyn Stage) -> Kept {
    let before = state(stage).await?;
    for operation in WRITES {
        lost(stage, operation, Trouble::LostBefore).await?;
        equal(
            &format!("all as before {operation}"),
            &state(stage).await?,
            &before,
        )?;
    }
    Ok(())
}

async fn lost_after(stage: &dyn Stage) -> Kept {
    let before = service(stage).await?;
    lost(stage, "ecs:UpdateService", Trouble::LostAfter).await?;
    let known = |id| before.deployments.iter().any(|found| found.id == id);
    let after = service(stage).await?;
    let begun = after.deployments.iter().filter(|found| !known(found.id.clone()));
    equal("deployments begun", &begun.count(), &1)?;
    lost(stage, "lambda:PutFunctionConcurrency", Trouble::LostAfter).await?;
    equal("reserved concurrency", &function(stage).await?.reserved, &Some(0))?;
    let (_, outcome) = stage
        .ports()
        .lambda_writes
        .put_concurrency(&stage.names().function, RESERVED)
        .await;
    super::done("put back", &outcome)?;
    let is_back = |seen: &FunctionSeen| seen.reserved == Some(RESERVED);
    eventually(stage, "the former concurrency", || function(stage), is_back).await?;
    Ok(())
}
