//! An account's owner: makes what the suite needs over the SDK's own clients, with the run's tag on all of it.

pub(super) mod things;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, LogGroupClass};
use aws_sdk_ecs::types::{Compatibility, ContainerDefinition, KeyValuePair, LaunchType, NetworkMode, Tag};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime, State};
use jiff::Timestamp;
use things::{Clients, TAG, Thing, failed};

use super::stage::{RESERVED, Wanted};

/// `index.py`, a handler that does nothing.
const CODE: &[u8] = include_bytes!("function.zip");
/// The most that PutLogEvents takes stands far above it.
const EVENTS_AT_ONCE: usize = 1_000;

pub(super) struct Owner {
    /// In every name and every tag.
    pub(super) run: String,
    /// The role that functions are given: one that Lambda may assume, without any rights.
    role: Option<String>,
    pub(super) clients: Clients,
    /// What was made, or was about to be.
    made: Mutex<BTreeSet<Thing>>,
    versions: AtomicU64,
    announce: fn(&Thing),
}

impl Owner {
    pub(super) fn new(config: &SdkConfig, role: Option<String>, announce: fn(&Thing)) -> Self {
        Self {
            run: run_id(),
            role,
            clients: Clients::new(config),
            made: Mutex::default(),
            versions: AtomicU64::default(),
            announce,
        }
    }

    /// The name of what this run makes.
    pub(super) fn name(&self, what: &str) -> String {
        format!("{TAG}-{}-{what}", self.run)
    }

    pub(super) fn has_role(&self) -> bool {
        self.role.is_some()
    }

    pub(super) fn made(&self) -> BTreeSet<Thing> {
        self.made.lock().expect("no panic").clone()
    }

    /// Before it is made: so it is taken away, whatever happens in between.
    fn note(&self, thing: Thing) {
        (self.announce)(&thing);
        self.made.lock().expect("no panic").insert(thing);
    }

    /// Its ARN.
    pub(super) async fn secret(&self, what: &str) -> String {
        let name = self.name(what);
        self.note(Thing::Secret(name.clone()));
        let tag = aws_sdk_secretsmanager::types::Tag::builder()
            .key(TAG)
            .value(&self.run);
        let request = self.clients.secrets.create_secret().name(name).tags(tag.build());
        let made = request.secret_string(self.value()).send().await;
        made.unwrap_or_else(failed("CreateSecret")).arn.expect("an ARN")
    }

    /// A value of no use to anybody.
    fn value(&self) -> String {
        format!("{{\"password\": \"of contract {}\"}}", self.version())
    }

    fn version(&self) -> String {
        let n = self.versions.fetch_add(1, Ordering::Relaxed);
        format!("{}-{n:032}", self.run)
    }

    /// PutSecretValue. The version; without a label it takes AWSCURRENT.
    pub(super) async fn put_value(&self, secret: &str, label: Option<&str>) -> String {
        let version = self.version();
        let request = self.clients.secrets.put_secret_value().secret_id(secret);
        let request = request.client_request_token(&version).secret_string(self.value());
        let request = request.set_version_stages(label.map(|label| vec![label.to_owned()]));
        request.send().await.unwrap_or_else(failed("PutSecretValue"));
        version
    }

    pub(super) async fn move_current(&self, secret: &str, from: &str, to: &str) {
        let request = self
            .clients
            .secrets
            .update_secret_version_stage()
            .secret_id(secret);
        let request = request.version_stage("AWSCURRENT");
        let request = request.remove_from_version_id(from).move_to_version_id(to);
        request
            .send()
            .await
            .unwrap_or_else(failed("UpdateSecretVersionStage"));
    }

    /// Its name. It exists, and nobody invokes it.
    pub(super) async fn function(&self, what: &str, secret: &str) -> String {
        let name = self.name(what);
        self.note(Thing::Function(name.clone()));
        let environment = Environment::builder().variables("DATABASE_SECRET", secret);
        let code = FunctionCode::builder().zip_file(Blob::new(CODE));
        let request = self.clients.lambda.create_function().function_name(&name);
        let request = request.set_role(self.role.clone()).tags(TAG, &self.run);
        let request = request.runtime(Runtime::Python312).handler("index.handler");
        let request = request.environment(environment.build()).code(code.build());
        request.send().await.unwrap_or_else(failed("CreateFunction"));
        name
    }

    /// AWS refuses updates until a function is there.
    pub(super) async fn wait_for_function(&self, name: &str) {
        for _ in 0..120 {
            let request = self
                .clients
                .lambda
                .get_function_configuration()
                .function_name(name);
            let found = request
                .send()
                .await
                .unwrap_or_else(failed("GetFunctionConfiguration"));
            if found.state() == Some(&State::Active) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("the function {name} was not active within a minute");
    }

    pub(super) async fn reserve(&self, function: &str) {
        let reserved = RESERVED.cast_signed();
        let request = self
            .clients
            .lambda
            .put_function_concurrency()
            .function_name(function);
        let request = request.reserved_concurrent_executions(reserved);
        request
            .send()
            .await
            .unwrap_or_else(failed("PutFunctionConcurrency"));
    }

    /// A cluster without instances, and a task definition for its services.
    pub(super) async fn cluster(&self, what: &str, secret: &str) -> String {
        let name = self.name(what);
        let tag = Tag::builder().key(TAG).value(&self.run).build();
        self.note(Thing::Cluster(name.clone()));
        let request = self
            .clients
            .ecs
            .create_cluster()
            .cluster_name(&name)
            .tags(tag.clone());
        request.send().await.unwrap_or_else(failed("CreateCluster"));
        self.note(Thing::TaskDefinition(name.clone()));
        let variable = KeyValuePair::builder().name("DATABASE_SECRET").value(secret);
        let container = ContainerDefinition::builder().name("app").memory(16);
        let container = container.image("public.ecr.aws/docker/library/busybox:stable");
        let container = container.environment(variable.build()).build();
        let request = self.clients.ecs.register_task_definition().family(&name);
        let request = request.network_mode(NetworkMode::Bridge).tags(tag);
        let request = request.requires_compatibilities(Compatibility::Ec2);
        let request = request.container_definitions(container);
        request
            .send()
            .await
            .unwrap_or_else(failed("RegisterTaskDefinition"));
        name
    }

    /// The cluster's task definition has its name.
    pub(super) async fn service(&self, cluster: &str, wanted: &Wanted) {
        let name = wanted.name.clone();
        self.note(Thing::Service {
            cluster: cluster.to_owned(),
            name: name.clone(),
        });
        let tag = Tag::builder().key(TAG).value(&self.run).build();
        let request = self
            .clients
            .ecs
            .create_service()
            .cluster(cluster)
            .service_name(name);
        let request = request.task_definition(cluster).launch_type(LaunchType::Ec2);
        let request = request.desired_count(wanted.desired.cast_signed()).tags(tag);
        request.send().await.unwrap_or_else(failed("CreateService"));
    }

    pub(super) async fn delete_service(&self, cluster: &str, name: &str) {
        let request = self.clients.ecs.delete_service().cluster(cluster).service(name);
        request
            .force(true)
            .send()
            .await
            .unwrap_or_else(failed("DeleteService"));
    }

    pub(super) async fn run_task(&self, cluster: &str, definition: &str) {
        let request = self
            .clients
            .ecs
            .run_task()
            .cluster(cluster)
            .task_definition(definition);
        request.send().await.unwrap_or_else(failed("RunTask"));
    }

    /// As an application does that must not be stopped in the middle of its work.
    pub(super) async fn protect_tasks(&self, cluster: &str, service: &str) {
        let ecs = &self.clients.ecs;
        let listed = ecs
            .list_tasks()
            .cluster(cluster)
            .service_name(service)
            .send()
            .await;
        let listed = listed.unwrap_or_else(failed("ListTasks"));
        let request = ecs
            .update_task_protection()
            .cluster(cluster)
            .protection_enabled(true);
        let request = request.set_tasks(listed.task_arns).send().await;
        request.unwrap_or_else(failed("UpdateTaskProtection"));
    }

    /// A line of each function, which says its name, in a group of its own.
    pub(super) async fn log_together(&self, functions: &[&str], at: Timestamp) -> String {
        let group = self.name("together");
        self.log_group(&group, LogGroupClass::Standard).await;
        for function in functions {
            let events = [event(&(at, (*function).to_owned()))];
            self.log_to(&group, &stream_of(function), &events).await;
        }
        group
    }

    pub(super) async fn infrequent_log_group(&self) -> String {
        let group = self.name("infrequent");
        self.log_group(&group, LogGroupClass::InfrequentAccess).await;
        group
    }

    async fn log_group(&self, group: &str, class: LogGroupClass) {
        self.note(Thing::LogGroup(group.to_owned()));
        let request = self.clients.logs.create_log_group().log_group_name(group);
        let request = request.log_group_class(class).tags(TAG, &self.run);
        request.send().await.unwrap_or_else(failed("CreateLogGroup"));
    }

    async fn log_to(&self, group: &str, stream: &str, events: &[InputLogEvent]) {
        let logs = &self.clients.logs;
        let request = logs.create_log_stream().log_group_name(group);
        let request = request.log_stream_name(stream);
        request.send().await.unwrap_or_else(failed("CreateLogStream"));
        for events in events.chunks(EVENTS_AT_ONCE) {
            let request = logs
                .put_log_events()
                .log_group_name(group)
                .log_stream_name(stream);
            let request = request.set_log_events(Some(events.to_vec()));
            request.send().await.unwrap_or_else(failed("PutLogEvents"));
        }
    }

    /// Lines in turn from two streams of a log group of its own.
    pub(super) async fn log(&self, group: &str, lines: &[(Timestamp, String)]) {
        self.log_group(group, LogGroupClass::Standard).await;
        for stream in 0..2 {
            let own: Vec<_> = lines.iter().skip(stream).step_by(2).map(event).collect();
            self.log_to(group, &format!("stream-{stream}"), &own).await;
        }
    }
}

/// As Lambda names streams of a group that was given to a function.
pub(super) fn stream_of(function: &str) -> String {
    format!("2026/11/01/{function}[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9")
}

fn event((at, message): &(Timestamp, String)) -> InputLogEvent {
    let event = InputLogEvent::builder()
        .timestamp(at.as_millisecond())
        .message(message);
    event.build().expect("both are given")
}

/// Of the second and the process: two people's runs do not meet.
#[expect(clippy::disallowed_methods, reason = "each run has a name of its own")]
fn run_id() -> String {
    format!("{}-{}", Timestamp::now().as_second(), std::process::id())
}
