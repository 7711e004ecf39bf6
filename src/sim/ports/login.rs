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
        let (look, answer) = self
            .look("database:login", |world| answer(world, target, credentials))
            .await;
        (look, fault.map_or(answer, |kind| trouble(&kind)))
    }
}

/// None of these says anything about the password.
fn trouble(kind: &FaultKind) -> LoginAnswer {
    match kind {
        FaultKind::Throttled => LoginAnswer::Busy {
            code: "1040".to_owned(),
        },
        FaultKind::Denied => LoginAnswer::Account {
            code: "3118".to_owned(),
        },
        FaultKind::LostBefore | FaultKind::LostAfter => LoginAnswer::Unreachable {
            why: "no answer in time".to_owned(),
        },
    }
}

fn answer(world: &World, target: &LoginTarget, credentials: &Credentials) -> LoginAnswer {
    let json: serde_json::Value = serde_json::from_str(credentials.0.expose_secret()).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(|value| value.as_str());
    if text("engine").or(target.engine.as_deref()).is_none() {
        return LoginAnswer::Unusable {
            why: "the secret has no key `engine`, and the rule no login.engine".to_owned(),
        };
    }
    let database = text("host").and_then(|host| world.secrets.get(&SecretArn::new(host)));
    let accepted = text("username").and_then(|user| database?.accepted.get(user));
    if accepted.is_some() && accepted.map(String::as_str) == text("password") {
        LoginAnswer::Accepted
    } else {
        let is_postgres = text("engine").is_some_and(|engine| engine.starts_with("postgres"));
        let code = if is_postgres { "28P01" } else { "1045" };
        LoginAnswer::Refused {
            code: code.to_owned(),
        }
    }
}
