//! Logging in to a simulated database.

use async_trait::async_trait;
use machine::model::{LoginAnswer, Look, SecretArn};
use secrecy::ExposeSecret;

use super::{FaultKind, SimAccount};
use crate::ports::{Credentials, Login, LoginTarget};
use crate::sim::world::World;

#[async_trait]
impl Login for SimAccount {
    async fn login(&self, target: &LoginTarget, credentials: &Credentials) -> (Look, LoginAnswer) {
        let fault = self.fault("database:login");
        let trouble = fault.as_ref().and_then(trouble);
        let ask = |world: &mut World, _| trouble.unwrap_or_else(|| answer(world, target, credentials));
        self.look("database:login", fault.as_ref(), ask).await
    }
}

/// None of these says anything about the password.
fn trouble(kind: &FaultKind) -> Option<LoginAnswer> {
    match kind {
        FaultKind::Throttled => Some(LoginAnswer::Busy {
            code: "1040".to_owned(),
        }),
        FaultKind::Denied => Some(LoginAnswer::Account {
            code: "3118".to_owned(),
        }),
        FaultKind::LostBefore | FaultKind::LostAfter => Some(LoginAnswer::Unreachable {
            why: "no answer in time".to_owned(),
        }),
        FaultKind::Slow(_) | FaultKind::Stale(_) | FaultKind::Partial | FaultKind::Full => None,
    }
}

fn answer(world: &mut World, target: &LoginTarget, credentials: &Credentials) -> LoginAnswer {
    let json: serde_json::Value = serde_json::from_str(credentials.0.expose_secret()).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(|value| value.as_str());
    if text("engine").or(target.engine.as_deref()).is_none() {
        return LoginAnswer::Unusable {
            why: "the secret has no key `engine`, and the rule no login.engine".to_owned(),
        };
    }
    let database = SecretArn::new(text("host").unwrap_or_default());
    world.log_in(
        &database,
        text("username").unwrap_or_default(),
        text("password").unwrap_or_default(),
    )
}
