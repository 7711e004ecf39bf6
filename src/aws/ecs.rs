//! ECS: services, their tasks, and the forced deployment (aws-facts: ECS).

mod seen;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{DesiredStatus, Failure, Service, Task};
use machine::model::{Done, LookFailure, Protected, ServiceSeen};

use super::call::{Ask, Sending, is_absent};
use super::clock::AwsClock;
use super::pages::Pages;
use crate::ports::{
    EcsReads, EcsWrites, PortError, ReadResult, ServiceSummary, TaskDefinition, TaskSummary, WriteResult,
};

const CLUSTERS: &str = "ecs:ListClusters";
const LIST_SERVICES: &str = "ecs:ListServices";
const DESCRIBE_SERVICES: &str = "ecs:DescribeServices";
const LIST_TASKS: &str = "ecs:ListTasks";
const DESCRIBE_TASKS: &str = "ecs:DescribeTasks";
const TASK_PROTECTION: &str = "ecs:GetTaskProtection";
const TASK_DEFINITION: &str = "ecs:DescribeTaskDefinition";
const UPDATE: &str = "ecs:UpdateService";

const PAGE: i32 = 100;
const MOST_PAGES: usize = 100;
/// The most that DescribeServices takes.
const SERVICES_AT_ONCE: usize = 10;
/// The most that DescribeTasks takes.
const TASKS_AT_ONCE: usize = 100;
/// Task definitions kept across rounds of discovery.
const MOST_DEFINITIONS: usize = 500;

pub(super) struct Ecs {
    reader: Client,
    /// Sends a request once.
    writer: Client,
    clock: AwsClock,
    /// A revision never changes. Environment values in it are wiped when they are dropped.
    definitions: Mutex<BTreeMap<String, TaskDefinition>>,
    /// Whether it was told that tasks may not be listed.
    denial_told: AtomicBool,
}

impl Ecs {
    pub(super) fn new(reader: Client, writer: Client, clock: AwsClock) -> Self {
        Self {
            reader,
            writer,
            clock,
            definitions: Mutex::default(),
            denial_told: AtomicBool::new(false),
        }
    }

    async fn service_arns(&self, ask: &Ask<'_>, cluster: &str) -> Result<Vec<String>, PortError> {
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut arns = Vec::new();
        loop {
            let request = self.reader.list_services().cluster(cluster).max_results(PAGE);
            let page = request.set_next_token(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(LIST_SERVICES, &error))?;
            arns.extend(page.service_arns.unwrap_or_default());
            let more = pages.follow(page.next_token);
            if !more.map_err(|trouble| ask.failed(LIST_SERVICES, trouble))? {
                return Ok(arns);
            }
        }
    }

    /// What is described; services that went since they were listed are left out.
    async fn describe_services(
        &self,
        ask: &Ask<'_>,
        cluster: &str,
        services: &[String],
    ) -> Result<Vec<Service>, PortError> {
        let mut described = Vec::new();
        for batch in services.chunks(SERVICES_AT_ONCE) {
            let request = self.reader.describe_services().cluster(cluster);
            let answer = match request.set_services(Some(batch.to_vec())).send().await {
                Ok(answer) => answer,
                Err(error) if is_absent(&error) => return Ok(Vec::new()),
                Err(error) => return Err(ask.error(DESCRIBE_SERVICES, &error)),
            };
            only_missing(ask, DESCRIBE_SERVICES, answer.failures())?;
            described.extend(answer.services.unwrap_or_default());
        }
        Ok(described)
    }

    /// The tasks that ECS wants to run, of one service or of the whole cluster.
    async fn tasks(
        &self,
        ask: &Ask<'_>,
        cluster: &str,
        service: Option<&str>,
    ) -> Result<Vec<Task>, PortError> {
        let arns = self.task_arns(ask, cluster, service).await?;
        let mut tasks = Vec::new();
        for batch in arns.chunks(TASKS_AT_ONCE) {
            let request = self.reader.describe_tasks().cluster(cluster);
            let answer = request.set_tasks(Some(batch.to_vec())).send().await;
            let answer = answer.map_err(|error| ask.error(DESCRIBE_TASKS, &error))?;
            only_missing(ask, DESCRIBE_TASKS, answer.failures())?;
            tasks.extend(answer.tasks.unwrap_or_default());
        }
        // One that began to stop since it was listed is draining.
        tasks.retain(|task| {
            task.desired_status()
                .is_none_or(|wanted| wanted == DesiredStatus::Running.as_str())
        });
        Ok(tasks)
    }

    async fn task_arns(
        &self,
        ask: &Ask<'_>,
        cluster: &str,
        service: Option<&str>,
    ) -> Result<Vec<String>, PortError> {
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut arns = Vec::new();
        loop {
            let request = self.reader.list_tasks().cluster(cluster).max_results(PAGE);
            let request = request.desired_status(DesiredStatus::Running);
            let request = request.set_service_name(service.map(str::to_owned));
            let page = request.set_next_token(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(LIST_TASKS, &error))?;
            arns.extend(page.task_arns.unwrap_or_default());
            let more = pages.follow(page.next_token);
            if !more.map_err(|trouble| ask.failed(LIST_TASKS, trouble))? {
                return Ok(arns);
            }
        }
    }

    /// Without the right to its tasks, a service can still be judged, more weakly.
    async fn tasks_if_allowed(
        &self,
        ask: &Ask<'_>,
        cluster: &str,
        service: &str,
    ) -> Result<Option<Vec<Task>>, PortError> {
        match self.tasks(ask, cluster, Some(service)).await {
            Ok(tasks) => Ok(Some(tasks)),
            Err(error) if matches!(error.failure, LookFailure::Denied { .. }) => {
                if !self.denial_told.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "tasks may not be listed: nothing proves that a service is fresh");
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What keeps tasks of older deployments running, asked only where there are some. It explains a look, and so never
    /// fails one.
    async fn protected(
        &self,
        ask: &Ask<'_>,
        cluster: &str,
        service: &Service,
        tasks: Option<&[Task]>,
    ) -> Option<Protected> {
        let mut old = seen::outdated(service, tasks?);
        old.truncate(TASKS_AT_ONCE);
        if old.is_empty() {
            return None;
        }
        let request = self.reader.get_task_protection().cluster(cluster);
        match request.set_tasks(Some(old)).send().await {
            Ok(answer) => seen::protected(answer.protected_tasks()),
            Err(error) => {
                let error = ask.error(TASK_PROTECTION, &error);
                tracing::debug!(%error, "whether scale-in protection keeps old tasks is not known");
                None
            }
        }
    }

    fn known_definition(&self, arn: &str) -> Option<TaskDefinition> {
        let definitions = self.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        definitions.get(arn).cloned()
    }

    fn keep_definition(&self, arn: &str, definition: &TaskDefinition) {
        let mut definitions = self.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        if definitions.len() >= MOST_DEFINITIONS {
            definitions.pop_first();
        }
        definitions.insert(arn.to_owned(), definition.clone());
    }
}

#[async_trait]
impl EcsReads for Ecs {
    /// By name: unique within account and region.
    async fn clusters(&self) -> ReadResult<Vec<String>> {
        let ask = Ask::about(&self.clock, "*");
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut names = Vec::new();
        loop {
            let request = self.reader.list_clusters().max_results(PAGE);
            let page = request.set_next_token(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(CLUSTERS, &error))?;
            let arns = page.cluster_arns.unwrap_or_default();
            names.extend(arns.iter().map(|arn| seen::last_part(arn).to_owned()));
            let more = pages.follow(page.next_token);
            if !more.map_err(|trouble| ask.failed(CLUSTERS, trouble))? {
                return ask.answered(names);
            }
        }
    }

    async fn services(&self, cluster: &str) -> ReadResult<Vec<ServiceSummary>> {
        let ask = Ask::about(&self.clock, format!("cluster {cluster}"));
        let arns = self.service_arns(&ask, cluster).await?;
        let described = self.describe_services(&ask, cluster, &arns).await?;
        let live = described.iter().filter(|service| seen::is_live(service));
        ask.answered(live.filter_map(seen::summary).collect())
    }

    async fn standalone_tasks(&self, cluster: &str) -> ReadResult<Vec<TaskSummary>> {
        let ask = Ask::about(&self.clock, format!("cluster {cluster}"));
        let tasks = self.tasks(&ask, cluster, None).await?;
        let standalone = tasks.iter().filter(|task| seen::is_standalone(task));
        ask.answered(standalone.filter_map(seen::task_summary).collect())
    }

    async fn task_definition(&self, arn: &str) -> ReadResult<TaskDefinition> {
        let ask = Ask::about(&self.clock, arn);
        if let Some(known) = self.known_definition(arn) {
            return ask.answered(known);
        }
        let request = self.reader.describe_task_definition().task_definition(arn);
        let answer = request.send().await;
        let answer = answer.map_err(|error| ask.error(TASK_DEFINITION, &error))?;
        let described = answer.task_definition;
        let described = described.ok_or_else(|| ask.unexpected(TASK_DEFINITION, "no task definition"))?;
        let definition = seen::definition(described);
        if seen::has_revision(arn) {
            self.keep_definition(arn, &definition);
        }
        ask.answered(definition)
    }

    async fn service(&self, cluster: &str, service: &str) -> ReadResult<Option<ServiceSeen>> {
        let ask = Ask::about(&self.clock, format!("service {service} in {cluster}"));
        let names = [service.to_owned()];
        let described = self.describe_services(&ask, cluster, &names).await?;
        let Some(found) = described.into_iter().find(seen::is_live) else {
            return ask.answered(None);
        };
        let tasks = self.tasks_if_allowed(&ask, cluster, service).await?;
        let protected = self.protected(&ask, cluster, &found, tasks.as_deref()).await;
        let seen = seen::service(&found, tasks.as_deref(), protected);
        ask.answered(Some(seen.map_err(|why| ask.unexpected(DESCRIBE_SERVICES, why))?))
    }
}

#[async_trait]
impl EcsWrites for Ecs {
    async fn force_deployment(&self, cluster: &str, service: &str) -> WriteResult {
        let sending = Sending::new(&self.clock, UPDATE, format!("service {service} in {cluster}"));
        let request = self.writer.update_service().cluster(cluster).service(service);
        let request = request.force_new_deployment(true).customize();
        let answer = request.interceptor(sending.watch()).send().await;
        sending.ended(answer.map(|answer| {
            Done::Written {
                began: answer
                    .service()
                    .and_then(seen::primary_deployment)
                    .map(|id| id.to_string()),
            }
        }))
    }
}

/// A thing that went since it was listed is no failure; any other is.
fn only_missing(ask: &Ask<'_>, operation: &'static str, failures: &[Failure]) -> Result<(), PortError> {
    let other = failures
        .iter()
        .find(|failure| failure.reason() != Some("MISSING"));
    other.map_or(Ok(()), |failure| {
        let reason = failure.reason().unwrap_or("no reason");
        Err(ask.unexpected(operation, format!("partial failure: {reason}")))
    })
}
