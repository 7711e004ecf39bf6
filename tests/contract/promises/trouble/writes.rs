//! Writes that are denied, throttled, or get no answer.

use machine::model::{
    EnvironmentSeen, FunctionSeen, Labels, NoEffect, Outcome, ServiceSeen, SleepTag, UpdateStatus,
};
use rotation_watchdog::ports::MARKER_VARIABLE;

use crate::contract::promises::{done, function, labels, service};
use crate::contract::run::{Broken, Kept, Run, equal, eventually, holds};
use crate::contract::stage::{Names, RESERVED, Stage, Trouble};

/// Every write, as IAM names the right to it.
const WRITES: [&str; 7] = [
    "ecs:UpdateService",
    "lambda:UpdateFunctionConfiguration",
    "lambda:PutFunctionConcurrency",
    "lambda:DeleteFunctionConcurrency",
    "lambda:TagResource",
    "lambda:UntagResource",
    "secretsmanager:UpdateSecretVersionStage",
];

/// Those that read first, and what: what the merge is into, and the ARN that tags are written by.
const READ_FIRST: &str = "lambda:GetFunctionConfiguration";
const WRITES_THAT_READ: [&str; 3] = [
    "lambda:UpdateFunctionConfiguration",
    "lambda:TagResource",
    "lambda:UntagResource",
];

/// What the writes would write, and the note that is there before.
const MARKER: &str = "unheard";
const NOTE: &str = "0123456789ab/none/1800000000";
const FORMER_NOTE: &str = "0123456789ab/7/1700000000";

type State = (FunctionSeen, ServiceSeen, Labels);

pub(super) async fn all(run: &mut Run<'_>) {
    promises!(run, {
        "denied: a write has no effect, and names the right": denied,
        "denied, throttled, lost: a write that reads first is not sent without": unread,
        "throttled: a write has no effect, and is sent once": throttled,
        "lost: a write without an answer is in doubt, where nothing happened": lost_before,
        "lost: a write without an answer is in doubt, where it happened, once": lost_after,
    });
}

async fn write(stage: &dyn Stage, operation: &str) -> Result<Outcome, Broken> {
    let (ports, names) = (stage.ports(), stage.names());
    let (writes, name) = (ports.lambda_writes, names.function.as_str());
    let (_, outcome) = match operation {
        "ecs:UpdateService" => {
            let ecs = ports.ecs_writes;
            ecs.force_deployment(&names.cluster, &names.service).await
        }
        "lambda:UpdateFunctionConfiguration" => {
            let revision = function(stage).await?.revision;
            writes
                .merge_variable(name, MARKER_VARIABLE, MARKER, &revision)
                .await
        }
        "lambda:PutFunctionConcurrency" => writes.put_concurrency(name, 0).await,
        "lambda:DeleteFunctionConcurrency" => writes.delete_concurrency(name).await,
        "lambda:TagResource" => writes.tag(name, SleepTag::KEY, NOTE).await,
        "lambda:UntagResource" => writes.untag(name, SleepTag::KEY).await,
        "secretsmanager:UpdateSecretVersionStage" => {
            let Labels {
                current, previous, ..
            } = labels(stage).await?;
            let (Some(current), Some(previous)) = (current, previous) else {
                return Err(Broken::new("AWSCURRENT and AWSPREVIOUS", "fewer"));
            };
            let secrets = ports.secret_writes;
            secrets.promote(&names.secret, &previous, &current).await
        }
        other => unreachable!("no such write: {other}"),
    };
    Ok(outcome)
}

/// Whether a write took effect, once.
fn has_happened(operation: &str, (_, before, labels): &State, (function, service, moved): &State) -> bool {
    match operation {
        "ecs:UpdateService" => {
            let known = |id| before.deployments.iter().any(|found| found.id == id);
            let begun = service
                .deployments
                .iter()
                .filter(|found| !known(found.id.clone()));
            begun.count() == 1
        }
        "lambda:UpdateFunctionConfiguration" => {
            let is_ours = |marker: &Option<String>| marker.as_deref() == Some(MARKER);
            function.update == UpdateStatus::Successful
                && matches!(&function.environment, EnvironmentSeen::Readable { marker, .. } if is_ours(marker))
        }
        "lambda:PutFunctionConcurrency" => function.reserved == Some(0),
        "lambda:DeleteFunctionConcurrency" => function.reserved.is_none(),
        "lambda:TagResource" => function.sleep_tag == SleepTag::parse(NOTE),
        "lambda:UntagResource" => function.sleep_tag.is_none(),
        "secretsmanager:UpdateSecretVersionStage" => {
            (&moved.current, &moved.previous) == (&labels.previous, &labels.current)
        }
        other => unreachable!("no such write: {other}"),
    }
}

fn subject<'a>(operation: &str, names: &'a Names) -> &'a str {
    match operation {
        "ecs:UpdateService" => &names.service,
        "secretsmanager:UpdateSecretVersionStage" => names.secret.as_str(),
        _ => &names.function,
    }
}

async fn state(stage: &dyn Stage) -> Result<State, Broken> {
    Ok((
        function(stage).await?,
        service(stage).await?,
        labels(stage).await?,
    ))
}

/// So that each of the writes would show.
async fn prepared(stage: &dyn Stage) -> Result<State, Broken> {
    let (writes, name) = (stage.ports().lambda_writes, stage.names().function);
    done("concurrency", &writes.put_concurrency(&name, RESERVED).await.1)?;
    done("a note", &writes.tag(&name, SleepTag::KEY, FORMER_NOTE).await.1)?;
    let is_so = |(function, _, _): &State| {
        function.sleep_tag == SleepTag::parse(FORMER_NOTE)
            && function.reserved == Some(RESERVED)
            && function.update == UpdateStatus::Successful
    };
    eventually(stage, "a function with a note", || state(stage), is_so).await
}

type IsMeant = fn(&Names, &str, &Outcome) -> Kept;

async fn changes_nothing(stage: &dyn Stage, before: &State, operation: &str, is_meant: IsMeant) -> Kept {
    is_meant(&stage.names(), operation, &write(stage, operation).await?)?;
    equal(
        &format!("all as before {operation}"),
        &state(stage).await?,
        before,
    )
}

/// Only one call goes wrong: a second sending would go through, and show.
async fn without_effect(stage: &dyn Stage, trouble: Trouble, is_meant: IsMeant) -> Kept {
    let before = prepared(stage).await?;
    for operation in WRITES {
        stage.fail_next_write(operation, trouble).await;
        changes_nothing(stage, &before, operation, is_meant).await?;
    }
    Ok(())
}

fn is_denied_on(names: &Names, operation: &str, right: &str, outcome: &Outcome) -> Kept {
    let Outcome::NoEffect(NoEffect::Denied { iam_action, resource }) = outcome else {
        return Err(Broken::new(format!("{operation} denied"), outcome));
    };
    equal("the right", &iam_action.as_str(), &right)?;
    let subject = subject(operation, names);
    holds(
        resource.contains(subject),
        &format!("{right} on {subject}"),
        resource,
    )
}

fn is_denied(names: &Names, operation: &str, outcome: &Outcome) -> Kept {
    is_denied_on(names, operation, operation, outcome)
}

fn is_denied_reading(names: &Names, operation: &str, outcome: &Outcome) -> Kept {
    is_denied_on(names, operation, READ_FIRST, outcome)
}

fn is_throttled(_: &Names, operation: &str, outcome: &Outcome) -> Kept {
    equal(operation, outcome, &Outcome::NoEffect(NoEffect::Throttled))
}

fn is_unsent(_: &Names, operation: &str, outcome: &Outcome) -> Kept {
    let unsent = matches!(outcome, Outcome::NoEffect(NoEffect::NotSent { .. }));
    holds(unsent, &format!("{operation} not sent"), outcome)
}

fn in_doubt(_: &Names, operation: &str, outcome: &Outcome) -> Kept {
    let doubtful = matches!(outcome, Outcome::InDoubt { .. });
    holds(doubtful, &format!("{operation} in doubt"), outcome)
}

async fn denied(stage: &dyn Stage) -> Kept {
    without_effect(stage, Trouble::Denied, is_denied).await
}

async fn throttled(stage: &dyn Stage) -> Kept {
    without_effect(stage, Trouble::Throttled, is_throttled).await
}

async fn lost_before(stage: &dyn Stage) -> Kept {
    without_effect(stage, Trouble::LostBefore, in_doubt).await
}

async fn unread(stage: &dyn Stage) -> Kept {
    let before = prepared(stage).await?;
    let meant: [(Trouble, IsMeant); 3] = [
        (Trouble::Denied, is_denied_reading),
        (Trouble::Throttled, is_throttled),
        (Trouble::LostBefore, is_unsent),
    ];
    for (trouble, is_meant) in meant {
        for operation in WRITES_THAT_READ {
            stage.fail_next_read(READ_FIRST, trouble).await;
            changes_nothing(stage, &before, operation, is_meant).await?;
        }
    }
    Ok(())
}

/// What would be sent a second time would have its answer.
async fn lost_after(stage: &dyn Stage) -> Kept {
    let mut before = prepared(stage).await?;
    for operation in WRITES {
        stage.fail_next_write(operation, Trouble::LostAfter).await;
        in_doubt(&stage.names(), operation, &write(stage, operation).await?)?;
        let happened = |after: &State| has_happened(operation, &before, after);
        before = eventually(stage, operation, || state(stage), happened).await?;
    }
    let (writes, name) = (stage.ports().lambda_writes, stage.names().function);
    done("put back", &writes.put_concurrency(&name, RESERVED).await.1)?;
    let is_back = |seen: &FunctionSeen| seen.reserved == Some(RESERVED);
    eventually(stage, "the former concurrency", || function(stage), is_back).await?;
    Ok(())
}
