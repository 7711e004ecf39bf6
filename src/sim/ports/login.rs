//! Logging in to a simulated database.

use async_trait::async_trait;
use machine::model::{LoginAnswer, Look, SecretArn};
use secrecy::ExposeSecret;

use super::SimAccount;
use crate::ports::{Credentials, Login, LoginTarget};
use crate::sim::world::World;

#[async_trait]
impl Login for SimAccount {
    async fn login(&self, target: &LoginTarget, credentials: &Credentials) -> (Look, LoginAnswer) {
        self.look("database:login", |world| answer(world, target, credentials))
            .await
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
