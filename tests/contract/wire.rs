use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use machine::model::{LoginAnswer, Look};
use rotation_watchdog::aws::{Aws, AwsOptions};
use rotation_watchdog::ports::{self, Login, LoginTarget};
use serde_json::json;

use super::*;
use crate::support::standin::{Standin, text};

/// Real SDK clients against the stand-in.
struct Wire {
    standin: Standin,
    aws: Aws,
    secret: String,
    version: Mutex<String>,
}

/// Login tests have tests of their own.
struct NoLogin;

#[async_trait]
impl Login for NoLogin {
    async fn login(&self, _target: &LoginTarget, _credentials: &ports::Credentials) -> (Look, LoginAnswer) {
        unreachable!("the contract of AWS's ports needs no database")
    }
}

impl Wire {
    async fn new() -> Self {
        let standin = Standin::start();
        let secret = standin.secret("shop/mysql", &json!({"password": "one"}));
        standin.service("orders", &[&secret]);
        standin.function("mailer", &json!({"DATABASE_SECRET": secret}), Some(7));
        Self {
            aws: connect(&standin).await,
            standin,
            secret,
            version: Mutex::default(),
        }
    }

    fn play(&self, step: &str, value: Option<&str>) {
        let version = self.version.lock().expect("no panic").clone();
        let mut request = json!({"secret": self.secret, "step": step, "version": version});
        if let Some(value) = value {
            request["value"] = json!(value);
        }
        self.standin.post("rotation", &request);
    }
}

#[expect(clippy::disallowed_methods, reason = "the stand-in goes by the real time")]
async fn connect(standin: &Standin) -> Aws {
    let options = AwsOptions {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(standin.url()),
        ..AwsOptions::default()
    };
    let keys = SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "tests"));
    Aws::connect_as(
        &options,
        Some(keys),
        Arc::new(|_, _, _| {}),
        Arc::new(Timestamp::now),
    )
    .await
    .expect("region and credentials are given")
}

#[async_trait]
impl Stage for Wire {
    fn ports(&self) -> Ports {
        self.aws.ports(Arc::new(NoLogin))
    }

    fn clock(&self) -> Clock {
        let clock = self.aws.clock().clone();
        Clock::wall(Arc::new(move || clock.now()))
    }

    fn secret(&self) -> SecretArn {
        SecretArn::new(&self.secret)
    }

    async fn begin(&self) {
        let begun = self
            .standin
            .post("rotation", &json!({"secret": self.secret, "step": "start"}));
        *self.version.lock().expect("no panic") = text(&begun, "version");
    }

    async fn create(&self) {
        self.play("create", Some("{\"password\": \"two\"}"));
    }

    async fn set_and_test(&self) {
        self.play("set", None);
        self.play("test", None);
    }

    async fn finish(&self) {
        self.play("finish", None);
    }
}

#[tokio::test]
async fn the_adapters_keep_what_the_ports_promise() {
    hold(&Wire::new().await).await;
}
