//! Deployments and tasks (aws-facts: ECS).

use jiff::{SignedDuration, Timestamp};
use machine::model::{Deployment, DeploymentId, Done, Health, NoEffect, Outcome, Rollout, ServiceSeen, Task};
use rotation_watchdog::ports::{ServiceSummary, TaskDefinition};

use super::{service, service_of};
use crate::contract::run::{Broken, Kept, Run, equal, eventually, holds};
use crate::contract::stage::{Rare, Stage, Wanted};

/// AWS's times and ours, whole seconds cut off.
const CLOCK_STEP: SignedDuration = SignedDuration::from_secs(1);

pub(super) async fn all(run: &mut Run<'_>) {
    promises!(run, {
        "services: a service is found by its cluster": found,
        "services: a task definition names the secrets that it injects": injects,
        "tasks: at rest all are of the primary deployment, and healthy": at_rest,
        "deployments: a forced one begins at once, and is primary": forced,
        "tasks: old and new stand side by side, until the new ones are healthy": replaced,
        "deployments: one that is forced meanwhile takes the place of the first": overtaken,
        "deployments: a failed one leaves the old tasks": rolled_back,
        "deployments: with desired count 0 one begins, without tasks": without_tasks,
        "services: one in Express Mode is found by its primary deployment": express,
        "services: what Service Connect logs with is injected, too": service_connect,
        "tasks: what keeps tasks of an older deployment running is told": protected,
        "services: a deleted one is gone": deleted,
        "tasks: one without a service is told apart": standalone,
    });
}

async fn force(stage: &dyn Stage, name: &str) -> Result<(Timestamp, DeploymentId), Broken> {
    let (at, outcome) = stage
        .ports()
        .ecs_writes
        .force_deployment(&stage.names().cluster, name)
        .await;
    match outcome {
        Outcome::Done(Done::Written { began: Some(id) }) => Ok((at, DeploymentId::new(id))),
        other => Err(Broken::new("the deployment that answers", other)),
    }
}

fn primary(seen: &ServiceSeen) -> Option<&Deployment> {
    seen.deployments.iter().find(|deployment| deployment.primary)
}

fn is_primary(seen: &ServiceSeen, id: &DeploymentId) -> bool {
    primary(seen).is_some_and(|found| found.id == *id)
}

/// As many tasks as are desired, all of this deployment, and healthy.
fn is_whole(seen: &ServiceSeen, id: &DeploymentId) -> bool {
    let whole =
        |task: &Task| task.started_by.as_ref() == Some(id) && task.running && task.health == Health::Healthy;
    seen.tasks_listed && seen.tasks.len() == seen.settings.desired as usize && seen.tasks.iter().all(whole)
}

fn tasks_of<'a>(seen: &'a ServiceSeen, id: Option<&DeploymentId>) -> Vec<&'a Task> {
    seen.tasks
        .iter()
        .filter(|task| task.started_by.as_ref() == id)
        .collect()
}

/// The task definition that the list names for the service.
async fn definition(stage: &dyn Stage) -> Result<TaskDefinition, Broken> {
    let (ecs, names) = (stage.ports().ecs, stage.names());
    let (_, services) = ecs.services(&names.cluster).await?;
    let listed = services.iter().find(|service| service.name == names.service);
    let listed = listed.ok_or_else(|| Broken::new("the service", &services))?;
    Ok(ecs.task_definition(&listed.task_definition).await?.1)
}

async fn found(stage: &dyn Stage) -> Kept {
    let (_, clusters) = stage.ports().ecs.clusters().await?;
    holds(
        clusters.contains(&stage.names().cluster),
        "the cluster",
        &clusters,
    )?;
    let definition = definition(stage).await?;
    holds(definition.containers.len() == 1, "one container", &definition)?;
    holds(
        !definition.containers[0].image.is_empty(),
        "its image",
        &definition,
    )
}

async fn injects(stage: &dyn Stage) -> Kept {
    let definition = definition(stage).await?;
    holds(names_secret(&definition, stage), "the secret's ARN", &definition)
}

fn names_secret(definition: &TaskDefinition, stage: &dyn Stage) -> bool {
    let secret = stage.names().secret;
    let containers = definition.containers.iter();
    let mut references = containers.flat_map(|container| &container.value_from);
    references.any(|reference| reference.starts_with(secret.as_str()))
}

async fn at_rest(stage: &dyn Stage) -> Kept {
    let seen = service(stage).await?;
    holds(
        seen.settings.desired > 0 && seen.running == seen.settings.desired && seen.pending == 0,
        "all tasks run",
        &seen,
    )?;
    let sole = primary(&seen).filter(|_| seen.deployments.len() == 1);
    let sole = sole.ok_or_else(|| Broken::new("one deployment, the primary", &seen.deployments))?;
    equal("its rollout", &sole.rollout, &Rollout::Completed)?;
    holds(
        is_whole(&seen, &sole.id),
        "healthy tasks of the primary deployment",
        &seen.tasks,
    )?;
    let timely = |task: &Task| task.created >= Some(sole.created) && task.started >= task.created;
    holds(
        seen.tasks.iter().all(timely),
        "deployment, createdAt, startedAt in this order",
        &seen,
    )
}

async fn forced(stage: &dyn Stage) -> Kept {
    let name = stage.names().service;
    let (before, sent) = (service(stage).await?, stage.clock().now());
    let (answered, ours) = force(stage, &name).await?;
    holds(
        before.deployments.iter().all(|found| found.id != ours),
        "an id of its own",
        &ours,
    )?;
    let is_ours = |seen: &ServiceSeen| is_primary(seen, &ours);
    let seen = eventually(stage, "ours is primary", || service(stage), is_ours).await?;
    let created = primary(&seen).expect("looked for").created;
    let span = sent - CLOCK_STEP..=answered + CLOCK_STEP;
    holds(
        span.contains(&created),
        "its createdAt between question and answer",
        (created, span),
    )?;
    settled(stage, &name, &ours).await
}

/// Lets a deployment come to its end, so that the next promise begins at rest.
async fn settled(stage: &dyn Stage, name: &str, id: &DeploymentId) -> Kept {
    let ended = |seen: &ServiceSeen| {
        let sole = primary(seen).filter(|_| seen.deployments.len() == 1);
        sole.is_some_and(|sole| sole.id == *id && sole.rollout == Rollout::Completed) && is_whole(seen, id)
    };
    eventually(
        stage,
        "the deployment alone, completed",
        || service_of(stage, name),
        ended,
    )
    .await?;
    Ok(())
}

async fn replaced(stage: &dyn Stage) -> Kept {
    let name = stage.names().service;
    let before = service(stage).await?;
    let old = primary(&before).map(|found| found.id.clone());
    let sent = stage.clock().now();
    let (_, ours) = force(stage, &name).await?;
    let during = service(stage).await?;
    let (old_tasks, new_tasks) = (tasks_of(&during, old.as_ref()), tasks_of(&during, Some(&ours)));
    equal("old tasks", &old_tasks.len(), &(before.settings.desired as usize))?;
    equal("new tasks", &new_tasks.len(), &(before.settings.desired as usize))?;
    let listed = |id: &DeploymentId| during.deployments.iter().any(|found| found.id == *id);
    holds(
        old.iter().chain([&ours]).all(listed),
        "both deployments",
        &during.deployments,
    )?;
    let rollout = primary(&during).map(|found| found.rollout);
    equal("our rollout", &rollout, &Some(Rollout::InProgress))?;
    let is_new = |task: &&Task| task.created >= Some(sent - CLOCK_STEP) && task.health != Health::Healthy;
    holds(
        new_tasks.iter().all(is_new),
        "new tasks created since, not yet healthy",
        &during.tasks,
    )?;
    // Draining tasks run on for a while, and are not listed.
    let is_done = |seen: &ServiceSeen| is_whole(seen, &ours);
    eventually(stage, "only healthy tasks of ours", || service(stage), is_done).await?;
    settled(stage, &name, &ours).await
}

async fn overtaken(stage: &dyn Stage) -> Kept {
    let name = stage.names().service;
    let (_, first) = force(stage, &name).await?;
    let (_, second) = force(stage, &name).await?;
    holds(first != second, "a deployment of its own", &second)?;
    let is_second = |seen: &ServiceSeen| is_primary(seen, &second);
    eventually(stage, "the second is primary", || service(stage), is_second).await?;
    settled(stage, &name, &second).await
}

async fn rolled_back(stage: &dyn Stage) -> Kept {
    let fragile = Wanted {
        fails_once: true,
        ..Wanted::of("fragile", 2)
    };
    stage.add_services(&[fragile]).await;
    let before = service_of(stage, "fragile").await?;
    let old = primary(&before)
        .ok_or_else(|| Broken::new("a primary deployment", &before))?
        .id
        .clone();
    let (_, ours) = force(stage, "fragile").await?;
    let began = service_of(stage, "fragile").await?;
    holds(
        is_primary(&began, &ours),
        "ours is primary while it tries",
        &began.deployments,
    )?;
    let is_back = |seen: &ServiceSeen| is_primary(seen, &old);
    let after = eventually(
        stage,
        "the old one is primary again",
        || service_of(stage, "fragile"),
        is_back,
    )
    .await?;
    let failed = after.deployments.iter().find(|found| found.id == ours);
    let is_failed = failed.is_none_or(|found| found.rollout == Rollout::Failed);
    holds(is_failed, "ours failed, where it is still listed", failed)?;
    settled(stage, "fragile", &old).await
}

async fn without_tasks(stage: &dyn Stage) -> Kept {
    stage.add_services(&[Wanted::of("idle", 0)]).await;
    let (_, ours) = force(stage, "idle").await?;
    settled(stage, "idle", &ours).await?;
    let seen = service_of(stage, "idle").await?;
    equal(
        "tasks",
        &(seen.settings.desired, seen.running, seen.tasks.len()),
        &(0, 0, 0),
    )
}

async fn listed(stage: &dyn Stage, rare: Rare) -> Result<ServiceSummary, Broken> {
    let name = stage.add_rare(rare).await;
    let (_, services) = stage.ports().ecs.services(&stage.names().cluster).await?;
    let listed = services.iter().find(|service| service.name == name);
    listed
        .cloned()
        .ok_or_else(|| Broken::new("the service", &services))
}

async fn express(stage: &dyn Stage) -> Kept {
    let listed = listed(stage, Rare::Express).await?;
    let definition = stage
        .ports()
        .ecs
        .task_definition(&listed.task_definition)
        .await?
        .1;
    holds(names_secret(&definition, stage), "its secret", &definition)?;
    let strategy = listed.settings.and_then(|settings| settings.staged_strategy);
    equal("its strategy", &strategy.as_deref(), &Some("CANARY"))
}

async fn service_connect(stage: &dyn Stage) -> Kept {
    let listed = listed(stage, Rare::ServiceConnect).await?;
    let secret = stage.names().secret;
    equal("what is injected", &listed.value_from, &vec![secret.to_string()])
}

async fn protected(stage: &dyn Stage) -> Kept {
    let name = stage.add_rare(Rare::Protected).await;
    let before = service_of(stage, &name).await?;
    equal("what is protected at rest", &before.protected, &None)?;
    force(stage, &name).await?;
    let look = async || service_of(stage, &name).await;
    let is_told = |seen: &ServiceSeen| seen.protected.as_ref().is_some_and(|told| told.tasks == 1);
    let seen = eventually(stage, "the old task's protection", look, is_told).await?;
    let until = seen.protected.and_then(|told| told.until);
    holds(until > Some(stage.clock().now()), "until when", until)
}

async fn deleted(stage: &dyn Stage) -> Kept {
    let (ecs, cluster) = (stage.ports().ecs, stage.names().cluster);
    stage.add_services(&[Wanted::of("passing", 0)]).await;
    service_of(stage, "passing").await?;
    stage.delete_service("passing").await;
    let look = async || Ok(ecs.service(&cluster, "passing").await?.1);
    eventually(stage, "no service", look, Option::is_none).await?;
    let (_, services) = ecs.services(&cluster).await?;
    holds(
        services.iter().all(|service| service.name != "passing"),
        "it is not listed",
        &services,
    )?;
    let (_, outcome) = stage
        .ports()
        .ecs_writes
        .force_deployment(&cluster, "passing")
        .await;
    let refused = matches!(
        outcome,
        Outcome::NoEffect(NoEffect::Conflict { .. } | NoEffect::Rejected { .. })
    );
    holds(refused, "no deployment of what is gone", outcome)
}

async fn standalone(stage: &dyn Stage) -> Kept {
    let (ecs, cluster) = (stage.ports().ecs, stage.names().cluster);
    equal(
        "tasks without a service",
        &ecs.standalone_tasks(&cluster).await?.1.len(),
        &0,
    )?;
    stage.run_task().await;
    let look = async || Ok(ecs.standalone_tasks(&cluster).await?.1);
    let found = eventually(stage, "the task", look, |found| found.len() == 1).await?;
    let definition = ecs.task_definition(&found[0].task_definition).await?.1;
    holds(names_secret(&definition, stage), "its secret", definition)
}
