//! What the suite makes in an account: how its tag is read, and how it is taken away. Without the tag nothing is touched.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ecs::types::{ClusterField, ServiceField, TaskDefinitionField};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The tag's key; its value is the run's id. Every name but a service's begins with it too.
pub(crate) const TAG: &str = "rotation-watchdog-contract";

/// How often it is looked whether all is gone, and how long at most between two looks.
const ROUNDS: u32 = 30;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
}

impl Clients {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            secrets: aws_sdk_secretsmanager::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
        }
    }
}

/// In the order in which they are taken away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    Secret(String),
    LogGroup(String),
    Function(String),
    Service {
        cluster: String,
        name: String,
    },
    /// The last revision of a family.
    TaskDefinition(String),
    Cluster(String),
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(f, "secret {name}"),
            Self::LogGroup(name) => write!(f, "log group {name}"),
            Self::Function(name) => write!(f, "function {name}"),
            Self::Service { cluster, name } => write!(f, "service {name} in {cluster}"),
            Self::TaskDefinition(family) => write!(f, "task definition {family}"),
            Self::Cluster(name) => write!(f, "cluster {name}"),
        }
    }
}

type SdkError<E> = result::SdkError<E, HttpResponse>;

/// For `unwrap_or_else`: the account's owner is told what could not be done.
pub(crate) fn failed<T, E>(operation: &'static str) -> impl FnOnce(SdkError<E>) -> T
where
    E: std::error::Error + 'static,
{
    move |error| panic!("{operation}: {}", DisplayErrorContext(error))
}

/// AWS's words for "there is none"; DescribeTaskDefinition has the last.
const ABSENT: [&str; 4] = [
    "ResourceNotFoundException",
    "ClusterNotFoundException",
    "ServiceNotFoundException",
    "ClientException",
];

/// With its causes.
fn in_words<E: std::error::Error + 'static>(error: SdkError<E>) -> String {
    DisplayErrorContext(error).to_string()
}

fn present<T, E>(answer: Result<T, SdkError<E>>) -> Result<Option<T>, String>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if ABSENT.contains(&error.code().unwrap_or_default()) => Ok(None),
        Err(error) => Err(in_words(error)),
    }
}

fn told<T, E>(answer: Result<T, SdkError<E>>) -> Result<(), String>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    present(answer).map(drop)
}

impl Thing {
    /// The run that made it; nothing where it is gone, or nobody's run made it.
    async fn run(&self, clients: &Clients) -> Result<Option<String>, String> {
        match self {
            Self::Secret(name) => {
                let answer = clients.secrets.describe_secret().secret_id(name).send().await;
                let found = present(answer)?.filter(|found| found.deleted_date().is_none());
                Ok(found.and_then(|found| value(found.tags(), |tag| (tag.key(), tag.value()))))
            }
            Self::LogGroup(name) => run_of_log_group(clients, name).await,
            Self::Function(name) => {
                let answer = clients.lambda.get_function().function_name(name).send().await;
                let tags = present(answer)?.and_then(|found| found.tags);
                Ok(tags.and_then(|tags| tags.get(TAG).cloned()))
            }
            Self::Service { cluster, name } => {
                let request = clients.ecs.describe_services().cluster(cluster).services(name);
                let answer = request.include(ServiceField::Tags).send().await;
                let found = present(answer)?
                    .and_then(|found| found.services)
                    .unwrap_or_default();
                let live = found.iter().find(|service| service.status() != Some("INACTIVE"));
                Ok(live.and_then(|service| ecs_value(service.tags())))
            }
            Self::TaskDefinition(family) => {
                let request = clients.ecs.describe_task_definition().task_definition(family);
                let answer = request.include(TaskDefinitionField::Tags).send().await;
                Ok(present(answer)?.and_then(|found| ecs_value(found.tags())))
            }
            Self::Cluster(name) => {
                let request = clients.ecs.describe_clusters().clusters(name);
                let answer = request.include(ClusterField::Tags).send().await;
                let found = present(answer)?
                    .and_then(|found| found.clusters)
                    .unwrap_or_default();
                let live = found.iter().find(|cluster| cluster.status() != Some("INACTIVE"));
                Ok(live.and_then(|cluster| ecs_value(cluster.tags())))
            }
        }
    }

    async fn delete(&self, clients: &Clients) -> Result<(), String> {
        let ecs = &clients.ecs;
        match self {
            Self::Secret(name) => {
                let request = clients.secrets.delete_secret().secret_id(name);
                told(request.force_delete_without_recovery(true).send().await)
            }
            Self::LogGroup(name) => told(clients.logs.delete_log_group().log_group_name(name).send().await),
            Self::Function(name) => told(clients.lambda.delete_function().function_name(name).send().await),
            Self::Service { cluster, name } => {
                let request = ecs.delete_service().cluster(cluster).service(name);
                told(request.force(true).send().await)
            }
            Self::TaskDefinition(family) => {
                let described = ecs
                    .describe_task_definition()
                    .task_definition(family)
                    .send()
                    .await;
                let Some(arn) = present(described)?
                    .and_then(|found| found.task_definition)
                    .and_then(|found| found.task_definition_arn)
                else {
                    return Ok(());
                };
                told(
                    ecs.deregister_task_definition()
                        .task_definition(&arn)
                        .send()
                        .await,
                )?;
                told(ecs.delete_task_definitions().task_definitions(arn).send().await)
            }
            Self::Cluster(name) => told(ecs.delete_cluster().cluster(name).send().await),
        }
    }
}

async fn run_of_log_group(clients: &Clients, name: &str) -> Result<Option<String>, String> {
    let answer = clients
        .logs
        .describe_log_groups()
        .log_group_name_prefix(name)
        .send()
        .await;
    let groups = present(answer)?
        .and_then(|found| found.log_groups)
        .unwrap_or_default();
    let group = groups
        .into_iter()
        .find(|group| group.log_group_name() == Some(name));
    let Some(arn) = group.and_then(|group| group.arn) else {
        return Ok(None);
    };
    let arn = arn.trim_end_matches(":*");
    let answer = clients
        .logs
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await;
    let tags = present(answer)?.and_then(|found| found.tags);
    Ok(tags.and_then(|tags| tags.get(TAG).cloned()))
}

fn value<T>(tags: &[T], pair: impl Fn(&T) -> (Option<&str>, Option<&str>)) -> Option<String> {
    let ours = tags.iter().map(pair).find(|(key, _)| *key == Some(TAG));
    ours.and_then(|(_, value)| value.map(str::to_owned))
}

fn ecs_value(tags: &[aws_sdk_ecs::types::Tag]) -> Option<String> {
    value(tags, |tag| (tag.key(), tag.value()))
}

/// Takes away those of `things` that carry the tag, of one run or of any, and looks until they are gone.
#[expect(clippy::print_stdout, reason = "the account's owner reads what is taken away")]
pub(crate) async fn remove(
    clients: &Clients,
    things: &BTreeSet<Thing>,
    run: Option<&str>,
) -> Result<(), String> {
    let mut left = Vec::new();
    for round in 0..ROUNDS {
        left.clear();
        for thing in things {
            let deleted = match thing.run(clients).await {
                Ok(Some(tagged)) if run.is_none_or(|run| run == tagged) => thing.delete(clients).await,
                Ok(_) => continue,
                Err(why) => Err(why),
            };
            println!("removing {thing}");
            left.push(format!("{thing}: {deleted:?}"));
        }
        if left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(LONGEST_PAUSE.min(Duration::from_millis(100) * 2_u32.pow(round.min(10)))).await;
    }
    Err(format!("these are left:\n  {}", left.join("\n  ")))
}

/// What runs left: whatever has such a name. Their tags are read before anything is taken away.
pub(crate) async fn find(clients: &Clients) -> Result<BTreeSet<Thing>, String> {
    let mut found = BTreeSet::new();
    let filter = Filter::builder()
        .key(FilterNameStringType::Name)
        .values(TAG)
        .build();
    let request = clients.secrets.list_secrets().filters(filter);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(in_words)?;
        let names = page
            .secret_list
            .unwrap_or_default()
            .into_iter()
            .filter_map(|secret| secret.name);
        found.extend(names.filter(|name| is_named(name)).map(Thing::Secret));
    }
    let mut pages = clients.lambda.list_functions().into_paginator().items().send();
    while let Some(function) = pages.next().await {
        let name = function.map_err(in_words)?.function_name;
        found.extend(name.filter(|name| is_named(name)).map(Thing::Function));
    }
    let request = clients.logs.describe_log_groups().log_group_name_prefix(TAG);
    let mut pages = request.into_paginator().items().send();
    while let Some(group) = pages.next().await {
        let name = group.map_err(in_words)?.log_group_name;
        found.extend(name.map(Thing::LogGroup));
    }
    find_in_ecs(clients, &mut found).await?;
    Ok(found)
}

fn is_named(name: &str) -> bool {
    name.starts_with(TAG)
}

async fn find_in_ecs(clients: &Clients, found: &mut BTreeSet<Thing>) -> Result<(), String> {
    let request = clients.ecs.list_task_definition_families().family_prefix(TAG);
    let mut pages = request.into_paginator().items().send();
    while let Some(family) = pages.next().await {
        let family = family.map_err(in_words)?;
        found.insert(Thing::TaskDefinition(family));
    }
    let mut clusters = clients.ecs.list_clusters().into_paginator().items().send();
    while let Some(arn) = clusters.next().await {
        let arn = arn.map_err(in_words)?;
        let Some(cluster) = arn
            .rsplit('/')
            .next()
            .map(str::to_owned)
            .filter(|name| is_named(name))
        else {
            continue;
        };
        let request = clients.ecs.list_services().cluster(&cluster);
        let mut services = request.into_paginator().items().send();
        while let Some(arn) = services.next().await {
            let arn = arn.map_err(in_words)?;
            let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
            let cluster = cluster.clone();
            found.insert(Thing::Service { cluster, name });
        }
        found.insert(Thing::Cluster(cluster));
    }
    Ok(())
}
