//! ECS's answers in our own words.

use aws_sdk_ecs::types::{
    ContainerDefinition as SdkContainer, Deployment as SdkDeployment, DeploymentControllerType,
    DeploymentRolloutState, DeploymentStrategy, HealthStatus, ProtectedTask, SchedulingStrategy, Service,
    Task as SdkTask, TaskDefinition as SdkTaskDefinition,
};
use machine::model::{
    Controller, Deployment, DeploymentId, Health, Protected, Rollout, ServiceSeen, ServiceSettings, Task,
};
use secrecy::SecretString;

use super::super::clock::timestamp;
use crate::ports::{ContainerDefinition, EnvironmentVariable, ServiceSummary, TaskDefinition, TaskSummary};

pub(super) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// DescribeServices goes on to answer with deleted services for a while.
pub(super) fn is_live(service: &Service) -> bool {
    service.status() != Some("INACTIVE")
}

/// With the EXTERNAL controller the task definition stands in the primary task set, in Express Mode in the primary
/// deployment alone (aws-facts: ECS). A service without any holds nothing.
pub(super) fn summary(service: &Service) -> Option<ServiceSummary> {
    let primary = service.deployments().iter().find(|found| is_primary(found));
    let in_task_set = || {
        let primary = service.task_sets().iter();
        let mut primary = primary.filter(|set| set.status() == Some("PRIMARY"));
        primary.next()?.task_definition()
    };
    Some(ServiceSummary {
        name: service.service_name()?.to_owned(),
        task_definition: service
            .task_definition()
            .or_else(|| primary?.task_definition())
            .or_else(in_task_set)?
            .to_owned(),
        value_from: primary.map(service_connect_secrets).unwrap_or_default(),
        settings: settings(service).ok(),
        target_groups: target_groups(service),
    })
}

/// As metrics name them: `targetgroup/NAME/ID`, what comes behind the account in the ARN.
fn target_groups(service: &Service) -> Vec<String> {
    let arns = service
        .load_balancers()
        .iter()
        .filter_map(|one| one.target_group_arn());
    arns.filter_map(|arn| Some(arn.splitn(6, ':').nth(5)?.to_owned()))
        .collect()
}

/// The proxy's own log configuration; its secrets are resolved when a task starts, as those of containers are.
fn service_connect_secrets(deployment: &SdkDeployment) -> Vec<String> {
    let connect = deployment.service_connect_configuration();
    let logs = connect.and_then(|connect| connect.log_configuration());
    let secrets = logs.map(|logs| logs.secret_options()).unwrap_or_default();
    secrets
        .iter()
        .map(|secret| secret.value_from().to_owned())
        .collect()
}

pub(super) fn is_standalone(task: &SdkTask) -> bool {
    !task.group().is_some_and(|group| group.starts_with("service:"))
}

pub(super) fn task_summary(task: &SdkTask) -> Option<TaskSummary> {
    Some(TaskSummary {
        arn: task.task_arn()?.to_owned(),
        task_definition: task.task_definition_arn()?.to_owned(),
        group: task.group().map(str::to_owned),
        created: task.created_at().and_then(timestamp),
    })
}

/// Whether the ARN ends in a revision, and so names one definition for ever.
pub(super) fn has_revision(arn: &str) -> bool {
    arn.rsplit_once(':')
        .is_some_and(|(_, revision)| revision.parse::<u32>().is_ok())
}

pub(super) fn definition(described: SdkTaskDefinition) -> TaskDefinition {
    let containers = described.container_definitions.unwrap_or_default();
    let volumes = described.volumes.unwrap_or_default().into_iter();
    let of_volumes = volumes.filter_map(|volume| {
        let files = volume.fsx_windows_file_server_volume_configuration?;
        Some(files.authorization_config?.credentials_parameter)
    });
    TaskDefinition {
        containers: containers.into_iter().map(container).collect(),
        of_volumes: of_volumes.collect(),
    }
}

fn container(described: SdkContainer) -> ContainerDefinition {
    let for_logs = described
        .log_configuration
        .and_then(|logs| logs.secret_options)
        .unwrap_or_default();
    let secrets = described.secrets.unwrap_or_default().into_iter().chain(for_logs);
    let environment = described.environment.unwrap_or_default().into_iter();
    let health = described.health_check.map(|check| check.command);
    let commands = [described.entry_point, described.command, health];
    ContainerDefinition {
        commands: commands
            .into_iter()
            .flatten()
            .filter_map(|words| command(&words))
            .collect(),
        name: described.name.unwrap_or_default(),
        image: described.image.unwrap_or_default(),
        value_from: secrets.map(|secret| secret.value_from).collect(),
        environment: environment
            .filter_map(|pair| {
                Some(EnvironmentVariable {
                    name: pair.name?,
                    value: SecretString::from(pair.value.unwrap_or_default()),
                })
            })
            .collect(),
    }
}

fn command(words: &[String]) -> Option<SecretString> {
    (!words.is_empty()).then(|| SecretString::from(words.join("\n")))
}

/// How a service is deployed. Fails with what it does not know.
fn settings(found: &Service) -> Result<ServiceSettings, String> {
    let configuration = found.deployment_configuration();
    let daemon = found.scheduling_strategy() == Some(&SchedulingStrategy::Daemon);
    let percent = |value: Option<i32>, default| value.map_or(default, count);
    Ok(ServiceSettings {
        controller: controller(found)?,
        staged_strategy: configuration
            .and_then(|configuration| configuration.strategy())
            .filter(|strategy| **strategy != DeploymentStrategy::Rolling)
            .map(|strategy| strategy.as_str().to_owned()),
        daemon,
        minimum_percent: percent(
            configuration.and_then(|found| found.minimum_healthy_percent()),
            if daemon { 0 } else { 100 },
        ),
        maximum_percent: percent(
            configuration.and_then(|found| found.maximum_percent()),
            if daemon { 100 } else { 200 },
        ),
        desired: count(found.desired_count()),
    })
}

/// `tasks` is `None` where they could not be listed. Fails with what is missing in the answer.
pub(super) fn service(
    found: &Service,
    tasks: Option<&[SdkTask]>,
    protected: Option<Protected>,
) -> Result<ServiceSeen, String> {
    let deployments: Result<_, _> = found.deployments().iter().map(deployment).collect();
    Ok(ServiceSeen {
        settings: settings(found)?,
        running: count(found.running_count()),
        pending: count(found.pending_count()),
        deployments: deployments?,
        tasks: tasks.unwrap_or_default().iter().map(task).collect(),
        tasks_listed: tasks.is_some(),
        protected,
    })
}

/// The tasks of older deployments: only they may be kept running beside those of the newest.
pub(super) fn outdated(found: &Service, tasks: &[SdkTask]) -> Vec<String> {
    let primary = found.deployments().iter().find(|found| is_primary(found));
    let Some(primary) = primary.and_then(SdkDeployment::id) else {
        return Vec::new();
    };
    let old = tasks.iter().filter(|task| task.started_by() != Some(primary));
    old.filter_map(|task| Some(task.task_arn()?.to_owned())).collect()
}

pub(super) fn protected(found: &[ProtectedTask]) -> Option<Protected> {
    let protected: Vec<&ProtectedTask> = found.iter().filter(|task| task.protection_enabled()).collect();
    let ends = protected
        .iter()
        .filter_map(|task| timestamp(task.expiration_date()?));
    (!protected.is_empty()).then(|| Protected {
        tasks: protected.len(),
        until: ends.max(),
    })
}

fn controller(found: &Service) -> Result<Controller, String> {
    match found
        .deployment_controller()
        .map(|controller| controller.r#type())
    {
        None | Some(DeploymentControllerType::Ecs) => Ok(Controller::Ecs),
        Some(DeploymentControllerType::CodeDeploy) => Ok(Controller::CodeDeploy),
        Some(DeploymentControllerType::External) => Ok(Controller::External),
        Some(other) => Err(format!("an unknown deployment controller, {}", other.as_str())),
    }
}

fn deployment(found: &SdkDeployment) -> Result<Deployment, String> {
    let id = found.id().ok_or("a deployment without an id")?;
    let created = found.created_at().and_then(timestamp);
    Ok(Deployment {
        id: DeploymentId::new(id),
        primary: is_primary(found),
        created: created.ok_or_else(|| format!("deployment {id} without createdAt"))?,
        rollout: match found.rollout_state() {
            Some(DeploymentRolloutState::InProgress) => Rollout::InProgress,
            Some(DeploymentRolloutState::Completed) => Rollout::Completed,
            Some(DeploymentRolloutState::Failed) => Rollout::Failed,
            _ => Rollout::Unknown,
        },
        desired: count(found.desired_count()),
        running: count(found.running_count()),
        failed_tasks: count(found.failed_tasks()),
    })
}

fn is_primary(deployment: &SdkDeployment) -> bool {
    deployment.status() == Some("PRIMARY")
}

pub(super) fn primary_deployment(service: &Service) -> Option<DeploymentId> {
    let primary = service.deployments().iter().find(|found| is_primary(found))?;
    primary.id().map(DeploymentId::new)
}

fn task(found: &SdkTask) -> Task {
    Task {
        id: last_part(found.task_arn().unwrap_or_default()).into(),
        created: found.created_at().and_then(timestamp),
        started: found.started_at().and_then(timestamp),
        started_by: found.started_by().map(DeploymentId::new),
        running: found.last_status() == Some("RUNNING"),
        health: match found.health_status() {
            Some(HealthStatus::Healthy) => Health::Healthy,
            Some(HealthStatus::Unhealthy) => Health::Unhealthy,
            _ => Health::Unknown,
        },
    }
}

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
