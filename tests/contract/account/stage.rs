//! The account as a stage: the rotation is played by its owner, without RotateSecret; no task runs.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::SecretArn;
use rotation_watchdog::aws::Aws;
use rotation_watchdog::ports::Ports;
use rotation_watchdog::runtime::Clock;

use super::ROLE;
use crate::contract::owner::Owner;
use crate::contract::stage::{Names, Place, Rare, Stage, Trouble, Wanted};
use crate::contract::wire::{NoLogin, clock};

pub(super) struct Account {
    aws: Aws,
    owner: Owner,
    /// Its ARN, once it is made.
    secret: OnceLock<String>,
    /// The version that rotates.
    version: Mutex<String>,
}

impl Account {
    pub(super) fn new(aws: Aws, owner: Owner) -> Self {
        Self {
            aws,
            owner,
            secret: OnceLock::new(),
            version: Mutex::default(),
        }
    }

    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Makes what the suite works with.
    pub(super) async fn furnish(&self) {
        let secret = self.owner.secret("secret").await;
        if self.owner.has_role() {
            let function = self.owner.function("function", &secret).await;
            self.owner.wait_for_function(&function).await;
            self.owner.reserve(&function).await;
        }
        let cluster = self.owner.cluster("cluster", &secret).await;
        self.owner.service(&cluster, &Wanted::of("service", 0)).await;
        self.secret.set(secret).expect("furnished once");
    }

    fn arn(&self) -> &str {
        self.secret.get().expect("furnished")
    }
}

#[async_trait]
impl Stage for Account {
    fn place(&self) -> Place {
        Place::Account
    }

    fn ports(&self) -> Ports {
        self.aws.ports(Arc::new(NoLogin))
    }

    fn clock(&self) -> Clock {
        clock(&self.aws)
    }

    fn names(&self) -> Names {
        Names {
            secret: SecretArn::new(self.arn()),
            secret_name: self.owner.name("secret"),
            cluster: self.owner.name("cluster"),
            service: "service".to_owned(),
            function: self.owner.name("function"),
            log_group: self.owner.name("log"),
            nobody: self.owner.name("nobody"),
        }
    }

    /// ListSecrets may lag by five minutes (aws-facts: Reading cheaply).
    fn patience(&self) -> SignedDuration {
        SignedDuration::from_mins(6)
    }

    fn lacks(&self, promise: &str) -> Option<String> {
        let needs_role = promise.starts_with("functions:") || promise.starts_with("concurrency:");
        (needs_role && !self.owner.has_role()).then(|| format!("it needs a function: set {ROLE}"))
    }

    async fn begin_rotation(&self) {
        unreachable!("only RotateSecret makes a version without a value")
    }

    async fn create_secret_step(&self) {
        let version = self.owner.put_value(self.arn(), Some("AWSPENDING")).await;
        *self.version.lock().expect("no panic") = version;
    }

    async fn set_and_test_steps(&self) {}

    async fn finish_secret_step(&self) {
        let (_, seen) = self
            .ports()
            .secrets
            .describe(&self.names().secret)
            .await
            .expect("an answer");
        let current = seen.and_then(|seen| seen.labels.current).expect("AWSCURRENT");
        let version = self.version.lock().expect("no panic").clone();
        self.owner
            .move_current(self.arn(), current.as_str(), &version)
            .await;
    }

    async fn put_by_hand(&self) {
        self.owner.put_value(self.arn(), None).await;
    }

    async fn add_secrets(&self, _count: usize) -> Vec<SecretArn> {
        unreachable!("so many are not made in somebody's account")
    }

    async fn add_functions(&self, _count: usize) -> Vec<String> {
        unreachable!("so many are not made in somebody's account")
    }

    async fn add_services(&self, wanted: &[Wanted]) {
        for wanted in wanted {
            self.owner.service(&self.names().cluster, wanted).await;
        }
    }

    async fn delete_service(&self, name: &str) {
        self.owner.delete_service(&self.names().cluster, name).await;
    }

    async fn run_task(&self) {
        unreachable!("no task runs in somebody's account")
    }

    async fn add_unreadable_function(&self) -> String {
        unreachable!("it would need a KMS key")
    }

    async fn add_rare(&self, rare: Rare) -> String {
        unreachable!("no {rare:?} is made in somebody's account")
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

    async fn fail_next_read(&self, _operation: &'static str, _trouble: Trouble) {
        unreachable!("AWS fails nothing to order")
    }

    async fn fail_next_write(&self, _operation: &'static str, _trouble: Trouble) {
        unreachable!("AWS fails nothing to order")
    }
}
