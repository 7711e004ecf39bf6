//! Logging in to a simulated database.

use async_trait::async_trait;
use machine::model::{DatabaseSeen, HostId, LoginAnswer, Look, SecretArn};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{FaultKind, SimAccount};
use crate::ports::{Credentials, Identities, Login, LoginTarget};
use crate::sim::world::World;

#[async_trait]
impl Login for SimAccount {
    async fn login(
        &self,
        target: &LoginTarget,
        credentials: &Credentials,
    ) -> (Look, LoginAnswer, Option<DatabaseSeen>) {
        let fault = self.fault("database:login");
        let trouble = fault.as_ref().and_then(trouble);
        let ask = |world: &mut World, _| trouble.unwrap_or_else(|| answer(world, target, credentials));
        let value = json(credentials);
        let database = database_of(&value);
        let look = self.look("database:login", database.as_str(), fault.as_ref(), ask);
        let (look, answer) = look.await;
        (look, answer, seen(&value, &self.identities))
    }

    fn host_id(&self, host: &str) -> HostId {
        self.identities.host(host)
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
    let json = json(credentials);
    let text = |key: &str| json.get(key).and_then(|value| value.as_str());
    if text("engine").or(target.engine.as_deref()).is_none() {
        return LoginAnswer::Unusable {
            why: "the secret has no key `engine`, and the rule no login.engine".to_owned(),
        };
    }
    world.log_in(
        &database_of(&json),
        text("username").unwrap_or_default(),
        text("password").unwrap_or_default(),
    )
}

fn json(credentials: &Credentials) -> Value {
    serde_json::from_str(credentials.0.expose_secret()).unwrap_or_default()
}

/// Nothing where the value names no host. Each simulated host has one database.
fn seen(value: &Value, identities: &Identities) -> Option<DatabaseSeen> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let user = text("username").unwrap_or_default();
    Some(identities.database(text("host")?, 0, user))
}

/// A simulated database is named after its secret.
fn database_of(json: &Value) -> SecretArn {
    SecretArn::new(json.get("host").and_then(Value::as_str).unwrap_or_default())
}
