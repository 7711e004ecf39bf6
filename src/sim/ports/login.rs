//! Logging in to a simulated database.

use async_trait::async_trait;
use machine::model::{DatabaseSeen, LoginAnswer, Look, SecretArn};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{FaultKind, SimAccount};
use crate::ports::{Comparison, Credentials, Hindrance, Identities, Login, LoginTarget, Side, Writer};
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

    fn identities(&self) -> &Identities {
        &self.identities
    }

    /// One connection to the network, so one fault for both logins.
    async fn compare(
        &self,
        target: &LoginTarget,
        _trust_rule_host: bool,
        current: &Credentials,
        pending: &Credentials,
    ) -> (Look, Comparison) {
        if let Some(hindrance) = hindrance(target, current, pending) {
            return (Look::at(self.clock.now()), Comparison::Hindered(hindrance));
        }
        let fault = self.fault("database:login");
        let trouble = fault.as_ref().and_then(trouble);
        let ask = |world: &mut World, _| {
            let mut log_in = |side| trouble.clone().unwrap_or_else(|| answer(world, target, side));
            Comparison::Tried {
                current: log_in(current),
                pending: log_in(pending),
                writer: Writer::Yes,
            }
        };
        let database = database_of(&json(pending));
        self.look("database:login", database.as_str(), fault.as_ref(), ask)
            .await
    }
}

/// What of the values stands in the way: the simulated rules name no host, port or user.
fn hindrance(target: &LoginTarget, current: &Credentials, pending: &Credentials) -> Option<Hindrance> {
    let (current, pending) = (json(current), json(pending));
    for (side, value) in [(Side::Current, &current), (Side::Pending, &pending)] {
        if let Some(why) = unusable(target, value) {
            return Some(Hindrance::Unusable { side, why });
        }
    }
    let [ours, theirs] = [&current, &pending].map(|value| value.as_object().cloned().unwrap_or_default());
    let keys = ours.keys().chain(theirs.keys()).map(String::as_str);
    let differ = keys.filter(|key| *key != "password" && ours.get(*key) != theirs.get(*key));
    Hindrance::of_keys(&differ.collect())
}

fn unusable(target: &LoginTarget, value: &Value) -> Option<String> {
    let is_named = value.get("engine").is_some_and(Value::is_string) || target.engine.is_some();
    let why = "the secret has no key `engine`, and the rule no login.engine";
    (!is_named).then(|| why.to_owned())
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
    if let Some(why) = unusable(target, &json) {
        return LoginAnswer::Unusable { why };
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
