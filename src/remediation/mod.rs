//! Sends what was decided: asks the guards, then makes ONE write. Never decides, never journals, never repeats.

mod guards;
mod promotable;
mod writes;

use std::time::Duration;

use machine::model::{Decision, NoEffect, Outcome};
use tokio::time::{Instant, timeout_at};

use crate::ports::{LoginTarget, Ports};

/// Where and as whom guards log in, as the secret's rule says.
#[derive(Clone, Debug, Default)]
pub struct LoginAs {
    pub target: LoginTarget,
    /// The rule's host and port count where the secret's values name others.
    pub by_rule_host: bool,
}

/// Asks the guards of a decision and sends its write, both within `budget`: nothing is sent after the decision's deadline.
pub async fn send(ports: &Ports, decision: &Decision, login: &LoginAs, budget: Duration) -> Outcome {
    let deadline = Instant::now() + budget;
    match timeout_at(deadline, guards::ask(ports, &decision.guards, login)).await {
        Ok(None) => {}
        Ok(Some(outcome)) => return outcome,
        Err(_) => return not_sent("the precheck had no answer in time"),
    }
    match timeout_at(deadline, writes::make(ports, &decision.write)).await {
        Ok((_, outcome)) => outcome,
        Err(_) => Outcome::InDoubt {
            why: "no answer in time".to_owned(),
        },
    }
}

fn not_sent(why: &str) -> Outcome {
    Outcome::NoEffect(NoEffect::NotSent { why: why.to_owned() })
}
