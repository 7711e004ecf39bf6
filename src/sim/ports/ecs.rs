//! ECS.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::{
    ConsumerId, Deployment, DeploymentId, Done, Health, LookFailure, NoEffect, Outcome, Rollout, SecretArn,
    ServiceSeen, ServiceSettings, Task,
};
use secrecy::SecretString;

use super::metrics::target_group;
use super::{Angle, EVERYTHING, SimAccount, not_found};
use crate::ports::{
    ContainerDefinition, EcsReads, EcsWrites, EnvironmentVariable, ReadResult, ServiceSummary,
    TaskDefinition, TaskSummary, WriteResult,
};
use crate::sim::world::{Reads, Service, World};

#[async_trait]
impl EcsReads for SimAccount {
    async fn clusters(&self) -> ReadResult<Vec<String>> {
        self.read("ecs:ListClusters", EVERYTHING, |world, _| {
            let mut clusters: Vec<String> = world
                .services
                .keys()
                .filter_map(cluster)
                .map(str::to_owned)
                .collect();
            clusters.dedup();
            clusters
        })
        .await
    }

    async fn services(&self, wanted: &str) -> ReadResult<Vec<ServiceSummary>> {
        self.try_read("ecs:ListServices", wanted, |world, angle| {
            has_cluster(world, wanted)?;
            let exists = |id: &&ConsumerId| world.services[*id].exists(angle.as_of);
            let of_cluster = world
                .services
                .keys()
                .filter(|id| cluster(id) == Some(wanted))
                .filter(exists)
                .skip(usize::from(angle.partial));
            let summary = |id: &ConsumerId| match id {
                ConsumerId::Service { name, .. } => Some(ServiceSummary {
                    name: name.to_string(),
                    task_definition: id.to_string(),
                    value_from: Vec::new(),
                    settings: Some(seen(&world.services[id], angle).settings),
                    target_groups: vec![target_group(wanted, name)],
                }),
                _ => None,
            };
            Ok(of_cluster.filter_map(summary).collect())
        })
        .await
    }

    async fn standalone_tasks(&self, cluster: &str) -> ReadResult<Vec<TaskSummary>> {
        let none = |world: &World, _| has_cluster(world, cluster).map(|()| Vec::new());
        self.try_read("ecs:ListTasks", cluster, none).await
    }

    /// A simulated task definition is named after its service.
    async fn task_definition(&self, arn: &str) -> ReadResult<TaskDefinition> {
        self.try_read("ecs:DescribeTaskDefinition", arn, |world, _| {
            let service = ConsumerId::parse(arn).and_then(|id| world.services.get(&id));
            let missing = || not_found("such task definition");
            service
                .map(|service| definition(world, service))
                .ok_or_else(missing)
        })
        .await
    }

    async fn service(&self, cluster: &str, name: &str) -> ReadResult<Option<ServiceSeen>> {
        let id = ConsumerId::service(cluster, name);
        self.read("ecs:DescribeServices", &id.to_string(), |world, angle| {
            let service = world.services.get(&id)?;
            service.exists(angle.as_of).then(|| seen(service, angle))
        })
        .await
    }
}

#[async_trait]
impl EcsWrites for SimAccount {
    async fn force_deployment(&self, cluster: &str, name: &str) -> WriteResult {
        let id = ConsumerId::service(cluster, name);
        self.write("ecs:UpdateService", &id, |world, since| {
            match world.force_deployment(&id, since) {
                Some(deployment) => Outcome::Done(Done::Written {
                    began: Some(deployment),
                }),
                None => Outcome::NoEffect(NoEffect::Rejected {
                    why: "no such service".to_owned(),
                }),
            }
        })
        .await
    }
}

/// A deployment that failed is listed for so long.
const JUST_FAILED: SignedDuration = SignedDuration::from_mins(1);

fn cluster(id: &ConsumerId) -> Option<&str> {
    match id {
        ConsumerId::Service { cluster, .. } => Some(cluster),
        _ => None,
    }
}

/// A cluster stays when its services are gone.
fn has_cluster(world: &World, wanted: &str) -> Result<(), LookFailure> {
    let mut clusters = world.services.keys().filter_map(cluster);
    let found = clusters.any(|found| found == wanted).then_some(());
    found.ok_or_else(|| not_found("such cluster"))
}

fn definition(world: &World, service: &Service) -> TaskDefinition {
    let secrets = service.plan.secrets.iter();
    let mut container = ContainerDefinition {
        name: "app".to_owned(),
        image: service.plan.image.clone(),
        ..Default::default()
    };
    match service.plan.reads {
        Reads::Injected => {
            container.value_from = secrets.map(|arn| value_from(world, arn, service)).collect();
        }
        Reads::Cached(_) => container.environment = secrets.map(|arn| variable(world, arn)).collect(),
    }
    TaskDefinition {
        containers: vec![container],
        of_volumes: Vec::new(),
    }
}

/// The full ARN, and of a secret that is made again one day what stays of it.
fn value_from(world: &World, arn: &SecretArn, service: &Service) -> String {
    if !is_recreated(world, arn) {
        return format!("{arn}:password::");
    }
    let stem = arn.stem().unwrap_or(arn.as_str()).trim_end_matches('-');
    if service.plan.id.to_string().len().is_multiple_of(2) {
        format!("{stem}:password::")
    } else {
        format!("/aws/reference/secretsmanager/{}", arn.name())
    }
}

fn is_recreated(world: &World, arn: &SecretArn) -> bool {
    world.secrets.get(arn).is_some_and(|secret| secret.is_recreated)
}

/// How a program that fetches a secret is told which.
pub(super) fn variable(world: &World, arn: &SecretArn) -> EnvironmentVariable {
    let (name, value) = if is_recreated(world, arn) {
        ("SECRET_NAME", arn.name())
    } else {
        ("SECRET_ARN", arn.as_str())
    };
    EnvironmentVariable {
        name: name.to_owned(),
        value: SecretString::from(value),
    }
}

fn seen(service: &Service, angle: Angle) -> ServiceSeen {
    let now = angle.as_of;
    let wanted: Vec<Task> = service.wanted_tasks(now).map(|found| task(found, now)).collect();
    let running = wanted.iter().filter(|task| task.running).count();
    let primary = service.primary(now).map(|deployment| deployment.id.clone());
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let deployments = service.deployments.iter().filter(|deployment| {
        let has_tasks = service
            .wanted_tasks(now)
            .any(|task| task.deployment == deployment.id);
        let just_failed = deployment.fails.is_some_and(|at| now < at + JUST_FAILED);
        let is_listed = Some(&deployment.id) == primary.as_ref() || has_tasks || just_failed;
        deployment.created <= now && is_listed
    });
    let deployment = |found: &crate::sim::world::Deployment| {
        let tasks = service
            .wanted_tasks(now)
            .filter(|task| task.deployment == found.id);
        Deployment {
            id: DeploymentId::new(&found.id),
            primary: Some(&found.id) == primary.as_ref(),
            created: found.created,
            rollout: rollout(found, now),
            desired: service.desired,
            running: count(tasks.filter(|task| now >= task.running).count()),
            failed_tasks: 0,
        }
    };
    ServiceSeen {
        settings: ServiceSettings::by_default(service.desired),
        running: count(running),
        pending: count(wanted.len() - running),
        deployments: deployments.map(deployment).collect(),
        tasks: if angle.partial { Vec::new() } else { wanted },
        tasks_listed: !angle.partial,
        protected: None,
    }
}

fn rollout(deployment: &crate::sim::world::Deployment, now: Timestamp) -> Rollout {
    match deployment.fails {
        Some(at) if now >= at => Rollout::Failed,
        None if now >= deployment.completes => Rollout::Completed,
        _ => Rollout::InProgress,
    }
}

fn task(task: &crate::sim::world::Task, now: Timestamp) -> Task {
    Task {
        id: task.id.as_str().into(),
        created: Some(task.created),
        started: (now >= task.running).then_some(task.running),
        started_by: Some(DeploymentId::new(&task.deployment)),
        running: now >= task.running,
        health: if task.unhealthy {
            Health::Unhealthy
        } else if now >= task.healthy {
            Health::Healthy
        } else {
            Health::Unknown
        },
    }
}
