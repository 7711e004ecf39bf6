//! Real SDK clients against the tests' stand-in for AWS, or against moto as it is.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::{SignedDuration, Timestamp};
use machine::model::{DatabaseSeen, LoginAnswer, Look, SecretArn};
use rotation_watchdog::aws::{Aws, AwsOptions};
use rotation_watchdog::ports::{self, Login, LoginTarget, Ports};
use rotation_watchdog::runtime::Clock;
use serde_json::{Value, json};

use super::owner::Owner;
use super::stage::{Names, Place, RESERVED, Rare, Stage, Trouble, Wanted};
use crate::support::standin::{Standin, text};

const REGION: &str = "eu-west-1";
const CLUSTER: &str = "prod";
const ROLE: &str = "arn:aws:iam::123456789012:role/lambda";
/// What a reading client sends of one question.
const READ_ATTEMPTS: u32 = 3;

pub(super) struct Wire {
    place: Place,
    standin: Standin,
    aws: Aws,
    owner: Owner,
    secret: String,
    /// The version that rotates.
    version: Mutex<String>,
}

/// Login tests have tests of their own.
pub(super) struct NoLogin;

#[async_trait]
impl Login for NoLogin {
    async fn login(
        &self,
        _target: &LoginTarget,
        _credentials: &ports::Credentials,
    ) -> (Look, LoginAnswer, Option<DatabaseSeen>) {
        unreachable!("the contract of AWS's ports needs no database")
    }

    async fn compare(
        &self,
        _target: &LoginTarget,
        _trust_rule_host: bool,
        _current: &ports::Credentials,
        _pending: &ports::Credentials,
    ) -> (Look, ports::Comparison) {
        unreachable!("the contract of AWS's ports needs no database")
    }

    fn identities(&self) -> &ports::Identities {
        unreachable!("the contract of AWS's ports needs no database")
    }
}

impl Wire {
    pub(super) async fn corrected() -> Self {
        Self::new(Place::Wire, Standin::start()).await
    }

    pub(super) async fn plain() -> Self {
        Self::new(Place::Moto, Standin::start_plain()).await
    }

    async fn new(place: Place, standin: Standin) -> Self {
        // Long enough for a look at a thing under way, on a machine that does other things too.
        let times = json!({"start_ms": 400, "health_ms": 600, "drain_ms": 300, "update_ms": 1_000});
        standin.post("timing", &times);
        let secret = standin.secret("shop/mysql", &json!({"password": "one"}));
        standin.service("orders", &[&secret]);
        standin.function("mailer", &json!({"DATABASE_SECRET": secret}), Some(RESERVED));
        let owner = Owner::new(&config(&standin).await, Some(ROLE.to_owned()), |_| {});
        Self {
            place,
            aws: connect(&standin).await,
            standin,
            owner,
            secret,
            version: Mutex::default(),
        }
    }

    fn play(&self, step: &str, more: &Value) -> Value {
        let mut order = json!({"secret": self.secret, "step": step});
        let version = self.version.lock().expect("no panic").clone();
        if !version.is_empty() {
            order["version"] = version.into();
        }
        if let Some(more) = more.as_object() {
            order.as_object_mut().expect("an object").extend(more.clone());
        }
        self.standin.post("rotation", &order)
    }

    /// Operations are named as IAM names them.
    fn fail(&self, operation: &str, trouble: Trouble, times: u32) {
        let (service, operation) = operation.split_once(':').expect("service:Operation");
        let kind = match trouble {
            Trouble::Denied => "denied",
            Trouble::Throttled => "throttle",
            Trouble::LostBefore | Trouble::LostAfter => "cut",
        };
        let takes_effect = trouble == Trouble::LostAfter;
        let fault = json!({"service": service, "operation": operation, "kind": kind, "times": times, "takes_effect": takes_effect});
        self.standin.post("fault", &fault);
    }
}

fn keys() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "tests"))
}

async fn config(standin: &Standin) -> SdkConfig {
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(REGION));
    let loader = loader.endpoint_url(standin.url()).credentials_provider(keys());
    loader.load().await
}

#[expect(clippy::disallowed_methods, reason = "the stand-in goes by the real time")]
async fn connect(standin: &Standin) -> Aws {
    let options = AwsOptions {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(standin.url()),
        ..AwsOptions::default()
    };
    let (observer, now) = (Arc::new(|_, _, _| {}), Arc::new(Timestamp::now));
    let aws = Aws::connect_as(&options, Some(keys()), observer, now).await;
    aws.expect("region and credentials are given")
}

/// AWS's time, as its answers tell it.
pub(super) fn clock(aws: &Aws) -> Clock {
    let clock = aws.clock().clone();
    Clock::wall(Arc::new(move || clock.now()))
}

#[async_trait]
impl Stage for Wire {
    fn place(&self) -> Place {
        self.place
    }

    fn ports(&self) -> Ports {
        self.aws.ports(Arc::new(NoLogin))
    }

    fn clock(&self) -> Clock {
        clock(&self.aws)
    }

    fn names(&self) -> Names {
        Names {
            secret: SecretArn::new(&self.secret),
            secret_name: "shop/mysql".to_owned(),
            cluster: CLUSTER.to_owned(),
            service: "orders".to_owned(),
            function: "mailer".to_owned(),
            log_group: "contract".to_owned(),
            nobody: "nobody".to_owned(),
        }
    }

    /// On plain moto many a thing never comes true, and is known to.
    fn patience(&self) -> SignedDuration {
        SignedDuration::from_secs(if self.place == Place::Moto { 2 } else { 60 })
    }

    async fn begin_rotation(&self) {
        let begun = self.play("start", &Value::Null);
        *self.version.lock().expect("no panic") = text(&begun, "version");
    }

    async fn create_secret_step(&self) {
        self.play("create", &json!({"value": "{\"password\": \"two\"}"}));
    }

    async fn set_and_test_steps(&self) {
        self.play("set", &Value::Null);
        self.play("test", &Value::Null);
    }

    async fn finish_secret_step(&self) {
        self.play("finish", &Value::Null);
    }

    async fn put_by_hand(&self) {
        self.owner.put_value(&self.secret, None).await;
    }

    async fn add_secrets(&self, count: usize) -> Vec<SecretArn> {
        let mut arns = Vec::new();
        for n in 0..count {
            arns.push(SecretArn::new(self.owner.secret(&format!("page-{n}")).await));
        }
        arns
    }

    async fn add_functions(&self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for n in 0..count {
            let name = self.owner.function(&format!("page-{n}"), &self.secret).await;
            names.push(name);
        }
        names
    }

    async fn add_services(&self, wanted: &[Wanted]) {
        for Wanted {
            name,
            desired,
            fails_once,
        } in wanted
        {
            let fails = u32::from(*fails_once);
            let order =
                json!({"cluster": CLUSTER, "name": name, "desired": desired, "fail_deployments": fails});
            self.standin.post("service", &order);
        }
    }

    async fn delete_service(&self, name: &str) {
        self.owner.delete_service(CLUSTER, name).await;
    }

    async fn run_task(&self) {
        self.owner.run_task(CLUSTER, "orders").await;
    }

    async fn add_unreadable_function(&self) -> String {
        let function = json!({"name": "sealed", "variables": {"A": "1"}, "key_denied": true});
        self.standin.post("function", &function);
        "sealed".to_owned()
    }

    async fn add_rare(&self, rare: Rare) -> String {
        let secret = json!([self.secret]);
        let connect = json!({"enabled": true, "logConfiguration": {"logDriver": "splunk", "secretOptions": [
            {"name": "splunk-token", "valueFrom": self.secret}
        ]}});
        let managed = json!({"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {
            "CapacityProviderArn": "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:shared"
        }}});
        let canary = json!({"strategy": "CANARY"});
        let (kind, order) = match rare {
            Rare::Express => (
                "service",
                json!({"name": "express", "secrets": secret, "express": true, "deployment_configuration": canary}),
            ),
            Rare::ServiceConnect => (
                "service",
                json!({"name": "connected", "service_connect": connect}),
            ),
            Rare::Protected => ("service", json!({"name": "protected", "secrets": secret})),
            Rare::ManagedInstances => ("function", json!({"name": "managed", "shown": managed})),
            Rare::BlockedRuntime => ("function", json!({"name": "outdated", "runtime": "python3.7"})),
        };
        let name = text(&order, "name");
        let mut order = order;
        order["cluster"] = CLUSTER.into();
        self.standin.post(kind, &order);
        if rare == Rare::Protected {
            self.owner.protect_tasks(CLUSTER, &name).await;
        }
        name
    }

    async fn log(&self, lines: &[(Timestamp, String)]) {
        self.owner.log(&self.names().log_group, lines).await;
    }

    async fn log_together(&self, functions: &[&str]) -> String {
        self.owner.log_together(functions, self.clock().now()).await
    }

    async fn add_infrequent_log_group(&self) -> String {
        self.owner.infrequent_log_group().await
    }

    async fn fail_next_read(&self, operation: &'static str, trouble: Trouble) {
        // A denial is not tried again.
        let attempts = if trouble == Trouble::Denied {
            1
        } else {
            READ_ATTEMPTS
        };
        self.fail(operation, trouble, attempts);
    }

    async fn fail_next_write(&self, operation: &'static str, trouble: Trouble) {
        self.fail(operation, trouble, 1);
    }
}
