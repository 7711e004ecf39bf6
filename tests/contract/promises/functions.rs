//! Configuration, reserved concurrency and tags of a function (aws-facts: Lambda).

use jiff::Timestamp;
use machine::model::{
    AttemptId, Done, EnvironmentSeen, FunctionSeen, NoEffect, Outcome, SleepTag, UpdateStatus,
};
use rotation_watchdog::ports::{FunctionSummary, MARKER_VARIABLE};
use secrecy::ExposeSecret;

use super::{conflict, done, function, rejected};
use crate::contract::run::{Broken, Kept, Run, equal, eventually, holds};
use crate::contract::stage::{RESERVED, Rare, Stage};

pub(super) async fn all(run: &mut Run<'_>) {
    promises!(run, {
        "functions: one is listed with its variables": listed,
        "functions: one logs to the group of its name": its_log_group,
        "functions: an environment is updated by its revision only": by_revision,
        "functions: an update shows until it has ended": update,
        "functions: an update while one is under way is a conflict": meanwhile,
        "functions: the same variable again is no update": again,
        "functions: an environment above 4 KB is refused": too_much,
        "functions: an environment that cannot be read is not written": unreadable,
        "functions: one on managed instances says so": managed,
        "functions: a runtime that may not be updated is refused by name": blocked,
        "concurrency: 0, none and the former come back exactly": cycle,
        "concurrency: the same again is done": twice,
        "concurrency: less than 100 unreserved is refused": floor,
        "functions: a tag is put, put again, and taken away": tags,
    });
}

async fn row(stage: &dyn Stage) -> Result<FunctionSummary, Broken> {
    let name = stage.names().function;
    let look = async || {
        let (_, functions) = stage.ports().lambda.functions().await?;
        Ok(functions.into_iter().find(|found| found.name == name))
    };
    let row = eventually(stage, "the function in the list", look, Option::is_some).await?;
    row.ok_or_else(|| Broken::new("the function in the list", "none"))
}

fn names_secret(row: &FunctionSummary, stage: &dyn Stage) -> bool {
    let secret = stage.names().secret;
    row.environment
        .iter()
        .any(|variable| variable.value.expose_secret() == secret.as_str())
}

async fn listed(stage: &dyn Stage) -> Kept {
    let row = row(stage).await?;
    holds(
        row.arn.ends_with(&format!(":function:{}", row.name)),
        "its ARN",
        &row.arn,
    )?;
    equal("what kept the environment from us", &row.environment_error, &None)?;
    holds(
        names_secret(&row, stage),
        "the secret's ARN in a variable",
        &row.environment,
    )
}

async fn its_log_group(stage: &dyn Stage) -> Kept {
    let name = stage.names().function;
    let (_, group) = stage.ports().lambda.log_group(&name).await?;
    equal("the log group", &group, &format!("/aws/lambda/{name}"))
}

async fn merge(stage: &dyn Stage, value: &str, revision: &str) -> Outcome {
    let (writes, name) = (stage.ports().lambda_writes, stage.names().function);
    writes
        .merge_variable(&name, MARKER_VARIABLE, value, revision)
        .await
        .1
}

/// The size and our marker.
fn environment(seen: &FunctionSeen) -> Result<(usize, Option<String>), Broken> {
    match &seen.environment {
        EnvironmentSeen::Readable { bytes, marker } => Ok((*bytes, marker.clone())),
        other => Err(Broken::new("a readable environment", other)),
    }
}

async fn idle(stage: &dyn Stage) -> Result<FunctionSeen, Broken> {
    let is_idle = |seen: &FunctionSeen| seen.update == UpdateStatus::Successful;
    eventually(stage, "no update under way", || function(stage), is_idle).await
}

async fn by_revision(stage: &dyn Stage) -> Kept {
    let before = idle(stage).await?;
    conflict("another revision", &merge(stage, "first", "another").await)?;
    equal("the function", &function(stage).await?, &before)
}

async fn update(stage: &dyn Stage) -> Kept {
    let before = idle(stage).await?;
    done(
        "the function's own revision",
        &merge(stage, "first", &before.revision).await,
    )?;
    let during = function(stage).await?;
    equal("the update", &during.update, &UpdateStatus::InProgress)?;
    let after = idle(stage).await?;
    holds(after.revision != before.revision, "another revision", &after)?;
    holds(
        after.last_modified > before.last_modified,
        "a later LastModified",
        (&before, &after),
    )?;
    let ((was, _), (is, marker)) = (environment(&before)?, environment(&after)?);
    equal("the variable", &marker.as_deref(), &Some("first"))?;
    holds(is > was, "a larger environment", (was, is))?;
    let row = row(stage).await?;
    holds(
        names_secret(&row, stage),
        "the other variables as they were",
        &row.environment,
    )?;
    let ours = row
        .environment
        .iter()
        .any(|variable| variable.name == MARKER_VARIABLE);
    holds(ours, "our variable beside them", &row.environment)
}

async fn meanwhile(stage: &dyn Stage) -> Kept {
    let before = idle(stage).await?;
    done("the first", &merge(stage, "second", &before.revision).await)?;
    let during = function(stage).await?;
    conflict(
        "another, by the revision of that moment",
        &merge(stage, "third", &during.revision).await,
    )?;
    let after = idle(stage).await?;
    equal(
        "the variable",
        &environment(&after)?.1.as_deref(),
        &Some("second"),
    )
}

async fn again(stage: &dyn Stage) -> Kept {
    let before = idle(stage).await?;
    let Some(marker) = environment(&before)?.1 else {
        return Err(Broken::new("our variable", "none"));
    };
    let outcome = merge(stage, &marker, &before.revision).await;
    equal("the outcome", &outcome, &Outcome::Done(Done::AlreadySo))?;
    equal("the function", &function(stage).await?, &before)
}

async fn too_much(stage: &dyn Stage) -> Kept {
    let before = idle(stage).await?;
    rejected(
        "5000 bytes",
        &merge(stage, &"x".repeat(5000), &before.revision).await,
    )?;
    equal("the function", &function(stage).await?, &before)
}

async fn unreadable(stage: &dyn Stage) -> Kept {
    let (ports, name) = (stage.ports(), stage.add_unreadable_function().await);
    let (_, seen) = ports.lambda.function(&name).await?;
    let seen = seen.ok_or_else(|| Broken::new("the function", "none"))?;
    let hidden = matches!(&seen.environment, EnvironmentSeen::Unreadable { .. });
    holds(hidden, "an unreadable environment", &seen)?;
    let (_, outcome) = ports
        .lambda_writes
        .merge_variable(&name, MARKER_VARIABLE, "x", &seen.revision)
        .await;
    conflict("a merge into what is hidden", &outcome)?;
    equal(
        "the function",
        &ports.lambda.function(&name).await?.1,
        &Some(seen),
    )?;
    let (_, functions) = ports.lambda.functions().await?;
    let row = functions.into_iter().find(|found| found.name == name);
    let told = row
        .as_ref()
        .is_some_and(|row| row.environment_error.is_some() && row.environment.is_empty());
    holds(told, "the list says so", row)
}

async fn rare(stage: &dyn Stage, rare: Rare) -> Result<(String, FunctionSeen), Broken> {
    let name = stage.add_rare(rare).await;
    let (_, seen) = stage.ports().lambda.function(&name).await?;
    let seen = seen.ok_or_else(|| Broken::new("the function", "none"))?;
    Ok((name, seen))
}

async fn managed(stage: &dyn Stage) -> Kept {
    let (_, seen) = rare(stage, Rare::ManagedInstances).await?;
    holds(seen.managed_instances, "managed instances", &seen)?;
    let others = function(stage).await?;
    holds(!others.managed_instances, "and no other does", others)
}

async fn blocked(stage: &dyn Stage) -> Kept {
    let (name, seen) = rare(stage, Rare::BlockedRuntime).await?;
    let writes = stage.ports().lambda_writes;
    let merge = writes.merge_variable(&name, MARKER_VARIABLE, "x", &seen.revision);
    let outcome = merge.await.1;
    let told = matches!(&outcome, Outcome::NoEffect(why) if why.is_blocked_runtime());
    holds(told, "a refusal because of the runtime", outcome)
}

async fn reserves(stage: &dyn Stage, expected: Option<u32>) -> Kept {
    let what = format!("reserved concurrency {expected:?}");
    eventually(stage, &what, || function(stage), |seen| seen.reserved == expected).await?;
    Ok(())
}

async fn cycle(stage: &dyn Stage) -> Kept {
    let (writes, name) = (stage.ports().lambda_writes, stage.names().function);
    reserves(stage, Some(RESERVED)).await?;
    done("put 0", &writes.put_concurrency(&name, 0).await.1)?;
    reserves(stage, Some(0)).await?;
    done("delete", &writes.delete_concurrency(&name).await.1)?;
    reserves(stage, None).await?;
    done("put 0", &writes.put_concurrency(&name, 0).await.1)?;
    done("put the former", &writes.put_concurrency(&name, RESERVED).await.1)?;
    reserves(stage, Some(RESERVED)).await
}

async fn twice(stage: &dyn Stage) -> Kept {
    let (writes, name) = (stage.ports().lambda_writes, stage.names().function);
    for _ in 0..2 {
        done("delete", &writes.delete_concurrency(&name).await.1)?;
        reserves(stage, None).await?;
    }
    for _ in 0..2 {
        done("put", &writes.put_concurrency(&name, RESERVED).await.1)?;
        reserves(stage, Some(RESERVED)).await?;
    }
    Ok(())
}

/// More than any account has.
async fn floor(stage: &dyn Stage) -> Kept {
    let (writes, name) = (stage.ports().lambda_writes, stage.names().function);
    let (_, outcome) = writes.put_concurrency(&name, 1_000_000).await;
    let told = matches!(&outcome, Outcome::NoEffect(NoEffect::Rejected { why }) if why.contains("nreserved"));
    holds(told, "a refusal that names what is left unreserved", &outcome)?;
    equal(
        "reserved concurrency",
        &function(stage).await?.reserved,
        &Some(RESERVED),
    )
}

async fn tags(stage: &dyn Stage) -> Kept {
    let (writes, name) = (stage.ports().lambda_writes, stage.names().function);
    let mut tag = SleepTag {
        attempt: AttemptId::new("0123456789ab"),
        former: None,
        deadline: Timestamp::from_second(1_800_000_000).expect("in range"),
    };
    for former in [None, Some(RESERVED), Some(RESERVED)] {
        tag.former = former;
        done("tag", &writes.tag(&name, SleepTag::KEY, &tag.to_value()).await.1)?;
        let is_put = |seen: &FunctionSeen| seen.sleep_tag.as_ref() == Some(&tag);
        eventually(stage, "the tag as it was put last", || function(stage), is_put).await?;
    }
    for _ in 0..2 {
        done("untag", &writes.untag(&name, SleepTag::KEY).await.1)?;
        eventually(
            stage,
            "no tag",
            || function(stage),
            |seen| seen.sleep_tag.is_none(),
        )
        .await?;
    }
    Ok(())
}
