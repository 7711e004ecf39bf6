//! Versions and their staging labels through a rotation, and its log (aws-facts: Staging labels; The rotation Lambda's log).

use jiff::SignedDuration;
use machine::model::{LogReach, SecretSummary, VersionId};
use rotation_watchdog::ports::{LogEvent, LogWanted};
use secrecy::ExposeSecret;

use super::{conflict, done, labels, secret, valued};
use crate::contract::run::{Broken, Kept, Run, equal, eventually, holds};
use crate::contract::stage::Stage;

pub(super) async fn all(run: &mut Run<'_>) {
    promises!(run, {
        "labels: a secret at rest is listed as it is described": at_rest,
        "labels: a secret that rotates names its rotation Lambda": its_lambda,
        "labels: AWSPENDING shows before its version has a value": begun,
        "labels: a version has a value once it was put": created,
        "labels: a value is read by version and label together": read_by_both,
        "labels: AWSPREVIOUS follows AWSCURRENT": finished,
        "labels: AWSPENDING may stay on what is AWSCURRENT, and nothing is in progress": stays,
        "labels: LastRotatedDate tells of the end of a rotation": rotated,
        "log: the rotation Lambda tells every step": every_step,
        "log: a function is read without those that share its group": together,
        "log: a group of the class Infrequent Access refuses for good": infrequent,
        "labels: a value put by hand moves AWSCURRENT at once": put_by_hand,
        "labels: AWSCURRENT is taken from the version that has it, and from no other": promoted,
    });
}

async fn listed(stage: &dyn Stage) -> Result<SecretSummary, Broken> {
    let name = stage.names().secret_name;
    let found = async || {
        let (look, listed) = stage.ports().secrets.list().await?;
        holds(look.sent <= look.arrived, "a question before its answer", look)?;
        Ok(listed
            .into_iter()
            .find(|row| row.name == name && row.labels.current.is_some()))
    };
    let row = eventually(stage, "the secret in the list", found, Option::is_some).await?;
    row.ok_or_else(|| Broken::new("the secret in the list", "none"))
}

async fn at_rest(stage: &dyn Stage) -> Kept {
    let (row, described) = (listed(stage).await?, secret(stage).await?);
    equal("the ARN", &row.arn, &stage.names().secret)?;
    equal("the name", &described.name, &row.name)?;
    equal("the labels", &row.labels, &described.labels)?;
    equal("the tags", &row.tags, &described.tags)?;
    holds(
        described.labels.current.is_some(),
        "AWSCURRENT",
        &described.labels,
    )?;
    let others = (described.labels.pending, described.labels.previous);
    equal("AWSPENDING and AWSPREVIOUS", &others, &(None, None))?;
    equal("a deletion", &described.deleted, &None)
}

async fn its_lambda(stage: &dyn Stage) -> Kept {
    let (row, described) = (listed(stage).await?, secret(stage).await?);
    holds(
        row.rotation_enabled && described.rotation_enabled,
        "rotation on",
        (&row, &described),
    )?;
    holds(row.rotation_lambda.is_some(), "a rotation Lambda", &row)?;
    equal(
        "the rotation Lambda",
        &described.rotation_lambda,
        &row.rotation_lambda,
    )?;
    holds(
        described.schedule.is_some() && described.next_rotation.is_some(),
        "a schedule",
        &described,
    )
}

async fn begun(stage: &dyn Stage) -> Kept {
    let old = labels(stage).await?.current;
    stage.begin_rotation().await;
    let begun = eventually(
        stage,
        "AWSPENDING",
        || labels(stage),
        |found| found.pending.is_some(),
    )
    .await?;
    equal("AWSCURRENT", &begun.current, &old)?;
    holds(begun.pending != old, "AWSPENDING on another version", &begun)?;
    equal(
        "versions with a value",
        &valued(stage).await?,
        &Vec::from_iter(old),
    )?;
    let pending = begun.pending.expect("looked for");
    let (_, value) = stage
        .ports()
        .secrets
        .value(&stage.names().secret, &pending, "AWSPENDING")
        .await?;
    holds(value.is_none(), "no value of AWSPENDING", "one")
}

async fn created(stage: &dyn Stage) -> Kept {
    stage.create_secret_step().await;
    let found = eventually(
        stage,
        "AWSPENDING",
        || labels(stage),
        |found| found.in_progress().is_some(),
    )
    .await?;
    let both: Vec<VersionId> = found.current.into_iter().chain(found.pending).collect();
    let has_both = |valued: &Vec<VersionId>| both.iter().all(|version| valued.contains(version));
    eventually(stage, "both versions have a value", || valued(stage), has_both).await?;
    Ok(())
}

async fn read_by_both(stage: &dyn Stage) -> Kept {
    let (secrets, arn, found) = (stage.ports().secrets, stage.names().secret, labels(stage).await?);
    let (current, pending) = (found.current.expect("at rest"), found.pending.expect("created"));
    let (_, one) = secrets.value(&arn, &current, "AWSCURRENT").await?;
    let (_, other) = secrets.value(&arn, &pending, "AWSPENDING").await?;
    let (Some(one), Some(other)) = (one, other) else {
        return Err(Broken::new("two values", "fewer"));
    };
    holds(
        one.expose_secret() != other.expose_secret(),
        "two different values",
        "the same",
    )?;
    let crossed = secrets.value(&arn, &current, "AWSPENDING").await;
    holds(
        crossed.is_err(),
        "no answer where the label is on another version",
        "an answer",
    )
}

async fn finished(stage: &dyn Stage) -> Kept {
    let before = labels(stage).await?;
    stage.set_and_test_steps().await;
    equal("labels until finishSecret", &labels(stage).await?, &before)?;
    stage.finish_secret_step().await;
    let moved = |found: &machine::model::Labels| found.current == before.pending;
    let after = eventually(
        stage,
        "AWSCURRENT on the version that rotated",
        || labels(stage),
        moved,
    )
    .await?;
    equal("AWSPREVIOUS", &after.previous, &before.current)?;
    let previous = after.previous.expect("as before");
    let (_, value) = stage
        .ports()
        .secrets
        .value(&stage.names().secret, &previous, "AWSPREVIOUS")
        .await?;
    holds(value.is_some(), "the value of AWSPREVIOUS", "none")
}

async fn stays(stage: &dyn Stage) -> Kept {
    let found = labels(stage).await?;
    equal("AWSPENDING", &found.pending, &found.current)?;
    equal("what is in progress", &found.in_progress(), &None)
}

async fn rotated(stage: &dyn Stage) -> Kept {
    let seen = secret(stage).await?;
    let (rotated, now) = (seen.last_rotated, stage.clock().now());
    let recent = |at| at > now - SignedDuration::from_mins(5) && at <= now + SignedDuration::from_secs(1);
    holds(
        rotated.is_some_and(recent),
        "LastRotatedDate of just now",
        rotated,
    )?;
    holds(
        seen.last_changed.is_some_and(recent),
        "LastChangedDate of just now",
        seen.last_changed,
    )
}

/// Lines reach their readers late.
async fn every_step(stage: &dyn Stage) -> Kept {
    const STEPS: [&str; 4] = ["createSecret:", "setSecret:", "testSecret:", "finishSecret:"];
    let lambda = secret(stage).await?.rotation_lambda.unwrap_or_default();
    let name = lambda.rsplit(':').next().unwrap_or_default();
    let (_, group) = stage.ports().lambda.log_group(name).await?;
    let since = stage.clock().now() - SignedDuration::from_mins(5);
    let wanted = LogWanted {
        group,
        function: name.to_owned(),
        since,
    };
    let events = async || Ok(stage.ports().logs.events(&wanted).await?.1.events);
    let told = |events: &Vec<LogEvent>| {
        STEPS
            .iter()
            .all(|step| events.iter().any(|e| e.message.contains(step)))
    };
    let events = eventually(stage, "a line for each step", events, told).await?;
    holds(
        events.is_sorted_by_key(|event| event.at),
        "lines in the order of time",
        events,
    )
}

fn wanted(stage: &dyn Stage, group: String) -> LogWanted {
    LogWanted {
        group,
        function: "rotator".to_owned(),
        since: stage.clock().now() - SignedDuration::from_mins(5),
    }
}

async fn together(stage: &dyn Stage) -> Kept {
    let wanted = wanted(
        stage,
        stage.log_together(&["rotator", "rotator-two", "other"]).await,
    );
    let events = async || Ok(stage.ports().logs.events(&wanted).await?.1.events);
    let ours = |events: &Vec<LogEvent>| events.iter().map(|event| event.message.as_str()).eq(["rotator"]);
    eventually(stage, "the function's own line alone", events, ours).await?;
    Ok(())
}

async fn infrequent(stage: &dyn Stage) -> Kept {
    let wanted = wanted(stage, stage.add_infrequent_log_group().await);
    let (_, read) = stage.ports().logs.events(&wanted).await?;
    holds(matches!(read.reach, LogReach::Refused { .. }), "refused", read)
}

/// AWSPENDING stays where it is: on what is AWSPREVIOUS now.
async fn put_by_hand(stage: &dyn Stage) -> Kept {
    let (before, changed) = (labels(stage).await?, secret(stage).await?.last_changed);
    stage.put_by_hand().await;
    let moved = |found: &machine::model::Labels| found.current != before.current;
    let after = eventually(stage, "AWSCURRENT on another version", || labels(stage), moved).await?;
    holds(
        after.current != before.previous,
        "AWSCURRENT on a version of its own",
        &after,
    )?;
    equal("AWSPREVIOUS", &after.previous, &before.current)?;
    equal("AWSPENDING", &after.pending, &before.pending)?;
    equal("what is in progress", &after.in_progress(), &None)?;
    let has_value = |valued: &Vec<VersionId>| after.current.iter().all(|version| valued.contains(version));
    eventually(stage, "a value of AWSCURRENT", || valued(stage), has_value).await?;
    let now = secret(stage).await?.last_changed;
    holds(now > changed, "a later LastChangedDate", (changed, now))
}

/// There and back: who repeats a move, or names a version that it is not on, changes nothing.
async fn promoted(stage: &dyn Stage) -> Kept {
    let (arn, writes, before) = (
        stage.names().secret,
        stage.ports().secret_writes,
        labels(stage).await?,
    );
    let (Some(current), Some(other)) = (before.current.clone(), before.previous.clone()) else {
        return Err(Broken::new("AWSCURRENT and AWSPREVIOUS", before));
    };
    let misplaced = writes.promote(&arn, &other, &other).await;
    conflict("a move from where it is not", &misplaced.1)?;
    equal("the labels after it", &labels(stage).await?, &before)?;
    done("a move", &writes.promote(&arn, &other, &current).await.1)?;
    let is_on = |version: &VersionId| {
        let version = Some(version.clone());
        move |found: &machine::model::Labels| found.current == version
    };
    let moved = eventually(stage, "AWSCURRENT moved", || labels(stage), is_on(&other)).await?;
    equal("AWSPREVIOUS", &moved.previous, &Some(current.clone()))?;
    equal("AWSPENDING", &moved.pending, &before.pending)?;
    let repeated = writes.promote(&arn, &other, &current).await;
    conflict("the same move again", &repeated.1)?;
    done("back", &writes.promote(&arn, &current, &other).await.1)?;
    eventually(stage, "AWSCURRENT moved back", || labels(stage), is_on(&current)).await?;
    Ok(())
}
