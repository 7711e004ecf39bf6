//! What the ports promise, by subject, in the order of a rotation.

/// Tries promises by name, one after another.
macro_rules! promises {
    ($run:expr, { $($name:literal: $promise:expr,)* }) => {{
        let stage = $run.stage;
        $($run.promise($name, $promise(stage)).await;)*
    }};
}

mod absent;
mod functions;
mod labels;
mod pages;
mod services;
mod trouble;

use machine::model::{FunctionSeen, Labels, NoEffect, Outcome, SecretSeen, ServiceSeen, VersionId};

use super::run::{Broken, Kept, Run, holds};
use super::stage::Stage;

/// Every promise.
pub(super) async fn all(run: &mut Run<'_>) {
    labels::all(run).await;
    services::all(run).await;
    functions::all(run).await;
    trouble::all(run).await;
    absent::all(run).await;
    pages::all(run).await;
}

async fn secret(stage: &dyn Stage) -> Result<SecretSeen, Broken> {
    let (_, seen) = stage.ports().secrets.describe(&stage.names().secret).await?;
    seen.ok_or_else(|| Broken::new("the secret", "none"))
}

async fn labels(stage: &dyn Stage) -> Result<Labels, Broken> {
    Ok(secret(stage).await?.labels)
}

async fn valued(stage: &dyn Stage) -> Result<Vec<VersionId>, Broken> {
    Ok(stage
        .ports()
        .secrets
        .valued_versions(&stage.names().secret)
        .await?
        .1)
}

async fn service(stage: &dyn Stage) -> Result<ServiceSeen, Broken> {
    service_of(stage, &stage.names().service).await
}

async fn service_of(stage: &dyn Stage, name: &str) -> Result<ServiceSeen, Broken> {
    let (_, seen) = stage.ports().ecs.service(&stage.names().cluster, name).await?;
    seen.ok_or_else(|| Broken::new(format!("the service {name}"), "none"))
}

async fn function(stage: &dyn Stage) -> Result<FunctionSeen, Broken> {
    let name = stage.names().function;
    let (_, seen) = stage.ports().lambda.function(&name).await?;
    seen.ok_or_else(|| Broken::new(format!("the function {name}"), "none"))
}

fn done(what: &str, outcome: &Outcome) -> Kept {
    holds(
        matches!(outcome, Outcome::Done(_)),
        &format!("{what}: done"),
        outcome,
    )
}

fn conflict(what: &str, outcome: &Outcome) -> Kept {
    let is_so = matches!(outcome, Outcome::NoEffect(NoEffect::Conflict { .. }));
    holds(is_so, &format!("{what}: a conflict"), outcome)
}

fn rejected(what: &str, outcome: &Outcome) -> Kept {
    let is_so = matches!(outcome, Outcome::NoEffect(NoEffect::Rejected { .. }));
    holds(is_so, &format!("{what}: rejected"), outcome)
}
