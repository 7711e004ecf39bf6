//! Remediations: precheck, then ONE write. Never decides, never journals, never repeats.

mod concurrency;
mod environment;
mod redeploy;

use std::time::Duration;

use machine::model::{Action, ConsumerId, Decision, NoEffect, Outcome, SecretArn};

use crate::ports::{PortError, Ports};

/// A decision on its way, with the secrets that must be at rest when it is sent.
#[derive(Clone, Debug)]
pub struct Order {
    pub decision: Decision,
    pub secrets: Vec<SecretArn>,
}

/// Prechecks and sends one decision. Bounded by `budget` for each half.
pub async fn send(ports: &Ports, order: &Order, budget: Duration) -> Outcome {
    match tokio::time::timeout(budget, precheck(ports, order)).await {
        Ok(Check::Go) => {}
        Ok(Check::Stop(outcome)) => return outcome,
        Err(_) => return not_sent("the precheck had no answer in time"),
    }
    match tokio::time::timeout(budget, act(ports, &order.decision)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::InDoubt {
            why: "no answer in time".to_owned(),
        },
    }
}

/// Whether the world is still as the decision expects it.
enum Check {
    Go,
    Stop(Outcome),
}

async fn precheck(ports: &Ports, order: &Order) -> Check {
    let decision = &order.decision;
    if !decision.action.restores()
        && let Check::Stop(outcome) = at_rest(ports, &order.secrets).await
    {
        return Check::Stop(outcome);
    }
    let checked = match (&decision.action, &decision.consumer) {
        (Action::Redeploy { fresh_after }, ConsumerId::Service { cluster, name }) => {
            redeploy::precheck(ports, cluster, name, *fresh_after).await
        }
        (action, ConsumerId::Function { name }) => function_precheck(ports, name, action).await,
        _ => Ok(Check::Stop(impossible(decision))),
    };
    checked.unwrap_or_else(|error| Check::Stop(not_sent(&format!("the precheck failed: {error}"))))
}

/// No secret of the consumer may be between AWSPENDING and AWSCURRENT at the moment of the write (design rule 5).
async fn at_rest(ports: &Ports, secrets: &[SecretArn]) -> Check {
    for secret in secrets {
        match ports.secrets.describe(secret).await {
            Ok((_, Some(seen))) => {
                if let Some(version) = seen.labels.in_progress() {
                    let expected = format!("{} at rest", secret.name());
                    return Check::Stop(conflict(expected, format!("AWSPENDING on {version}")));
                }
            }
            Ok((_, None)) => {
                return Check::Stop(conflict(format!("secret {}", secret.name()), "none".to_owned()));
            }
            Err(error) => return Check::Stop(not_sent(&format!("the precheck failed: {error}"))),
        }
    }
    Check::Go
}

async fn function_precheck(ports: &Ports, name: &str, action: &Action) -> Result<Check, PortError> {
    let (_, seen) = ports.lambda.function(name).await?;
    let Some(seen) = seen else {
        return Ok(Check::Stop(conflict(
            format!("function {name}"),
            "none".to_owned(),
        )));
    };
    Ok(match action {
        Action::UpdateEnvironment { marker, revision } => environment::precheck(&seen, marker, revision),
        action => concurrency::precheck(&seen, action),
    })
}

async fn act(ports: &Ports, decision: &Decision) -> Outcome {
    match (&decision.action, &decision.consumer) {
        (Action::Redeploy { .. }, ConsumerId::Service { cluster, name }) => {
            ports.ecs_writes.force_deployment(cluster, name).await.1
        }
        (Action::UpdateEnvironment { marker, revision }, ConsumerId::Function { name }) => {
            environment::act(ports, name, marker, revision).await
        }
        (action, ConsumerId::Function { name }) => concurrency::act(ports, name, action).await,
        _ => impossible(decision),
    }
}

fn impossible(decision: &Decision) -> Outcome {
    let why = format!("{} does not fit {}", decision.action.kind(), decision.consumer);
    Outcome::NoEffect(NoEffect::Rejected { why })
}

fn not_sent(why: &str) -> Outcome {
    Outcome::NoEffect(NoEffect::NotSent { why: why.to_owned() })
}

fn conflict(expected: String, found: String) -> Outcome {
    Outcome::NoEffect(NoEffect::Conflict { expected, found })
}
