//! Remediations: precheck, then ONE write. Never decides, never journals, never repeats.

mod concurrency;
mod environment;
mod redeploy;

use std::collections::BTreeMap;
use std::time::Duration;

use machine::model::{
    Action, ConsumerId, Decision, Expected, NoEffect, Outcome, SecretArn, SecretSeen, VersionId,
};
use tokio::time::{Instant, timeout_at};

use crate::ports::{PortError, Ports};

/// A decision on its way, with the secrets that must be at rest when it is sent.
#[derive(Clone, Debug)]
pub struct Order {
    pub decision: Decision,
    /// Every secret that the consumer uses, as it was when this was decided.
    pub secrets: BTreeMap<SecretArn, Expected>,
}

/// Prechecks and sends one decision, both within `budget`: nothing is sent after the decision's deadline.
pub async fn send(ports: &Ports, order: &Order, budget: Duration) -> Outcome {
    let deadline = Instant::now() + budget;
    match timeout_at(deadline, precheck(ports, order)).await {
        Ok(Check::Go) => {}
        Ok(Check::Stop(outcome)) => return outcome,
        Err(_) => return not_sent("the precheck had no answer in time"),
    }
    match timeout_at(deadline, act(ports, &order.decision)).await {
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

/// The secrets come last: they can move any moment.
async fn precheck(ports: &Ports, order: &Order) -> Check {
    let decision = &order.decision;
    let checked = match (&decision.action, &decision.consumer) {
        (Action::Redeploy { fresh_after }, ConsumerId::Service { cluster, name }) => {
            redeploy::precheck(ports, cluster, name, *fresh_after).await
        }
        (action, ConsumerId::Function { name }) => function_precheck(ports, name, action).await,
        _ => Ok(Check::Stop(impossible(decision))),
    };
    match checked {
        Ok(Check::Go) if !decision.action.restores() => at_rest(ports, order).await,
        Ok(checked) => checked,
        Err(error) => unseen(&error),
    }
}

/// Every secret of the consumer must be as the decision took it to be, at the moment of the write (design rule 5).
async fn at_rest(ports: &Ports, order: &Order) -> Check {
    for (secret, expected) in &order.secrets {
        let found = match ports.secrets.describe(secret).await {
            Ok((_, Some(seen))) => unrest(&order.decision, secret, expected.current.as_ref(), &seen),
            // Whoever fetches starts without it; the value that this is about must be there.
            Ok((_, None)) => (expected.needed || serves(&order.decision, secret)).then(|| "none".to_owned()),
            Err(error) => return unseen(&error),
        };
        if let Some(found) = found {
            return Check::Stop(conflict(format!("secret {} at rest", secret.name()), found));
        }
    }
    Check::Go
}

fn serves(decision: &Decision, secret: &SecretArn) -> bool {
    decision
        .rotations
        .iter()
        .any(|rotation| &rotation.secret == secret)
}

fn unrest(
    decision: &Decision,
    secret: &SecretArn,
    current: Option<&VersionId>,
    seen: &SecretSeen,
) -> Option<String> {
    if seen.deleted.is_some() {
        return Some("scheduled for deletion".to_owned());
    }
    if let Some(version) = seen.labels.in_progress() {
        return Some(format!("AWSPENDING on {version}"));
    }
    let served = decision
        .rotations
        .iter()
        .rev()
        .find(|rotation| &rotation.secret == secret);
    let expected = served.map(|rotation| &rotation.version).or(current);
    if expected.is_some() && seen.labels.current.as_ref() != expected {
        return Some("AWSCURRENT on another version".to_owned());
    }
    served?;
    seen.brake().map(|_| "the brake's tag".to_owned())
}

fn unseen(error: &PortError) -> Check {
    Check::Stop(not_sent(&format!("the precheck failed: {error}")))
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
