//! The precheck: each guard is asked of the world, right before the write.

use machine::model::{Guard, NoEffect, Outcome, Verdict};

use super::{LoginAs, not_sent, promotable};
use crate::ports::{PortError, Ports};

/// Asks in order. The first guard that does not hold says how the write ends without having been sent.
pub(super) async fn ask(ports: &Ports, guards: &[Guard], login: &LoginAs) -> Verdict {
    for guard in guards {
        let verdict = ask_one(ports, guard, login).await;
        let stopped =
            verdict.unwrap_or_else(|error| Some(not_sent(&format!("the precheck failed: {error}"))));
        if stopped.is_some() {
            return stopped;
        }
    }
    None
}

async fn ask_one(ports: &Ports, guard: &Guard, login: &LoginAs) -> Result<Verdict, PortError> {
    match guard {
        Guard::Service {
            cluster,
            service,
            expects,
        } => {
            let (look, seen) = ports.ecs.service(cluster, service).await?;
            let Some(seen) = seen else {
                return Ok(Some(none(format!("service {service} in {cluster}"))));
            };
            Ok(expects.verdict(look, &seen))
        }
        Guard::Function { function, expects } => {
            let (_, seen) = ports.lambda.function(function).await?;
            let Some(seen) = seen else {
                return Ok(Some(none(format!("function {function}"))));
            };
            Ok(expects.iter().find_map(|expected| expected.verdict(&seen)))
        }
        Guard::Secret { secret, expects } => {
            let (_, seen) = ports.secrets.describe(secret).await?;
            Ok(expects.verdict(secret, seen.as_ref()))
        }
        Guard::Promotable { secret, expects } => {
            let (_, seen) = ports.secrets.describe(secret).await?;
            Ok(expects.verdict(secret, seen.as_ref()))
        }
        Guard::Logins {
            secret,
            current,
            pending,
        } => promotable::ask(ports, secret, (current, pending), login).await,
    }
}

fn none(expected: String) -> Outcome {
    Outcome::NoEffect(NoEffect::Conflict {
        expected,
        found: "none".to_owned(),
    })
}
