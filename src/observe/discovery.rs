//! Who uses the watched secrets. Values of environments and commands are compared and dropped.

mod hosts;

use std::collections::{BTreeMap, BTreeSet};

use machine::model::{
    Consumer, ConsumerId, Evidence, HostId, Look, LookFailure, Reference, ReferenceKind, Scope, ScopeSeen,
    SecretArn, StandaloneTask, Unread,
};
use secrecy::{ExposeSecret, SecretString};

use hosts::Hosts;

use super::Answer;
use super::reference::{Known, readings, settled};
use crate::ports::{
    ContainerDefinition, EcsReads, EnvironmentVariable, FunctionSummary, LambdaReads, PortError, Ports,
    RdsReads, TaskDefinition,
};

/// What discovery looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// All secrets that are listed: a consumer must not be restarted while any of its own rotates (design rule 5).
    pub secrets: Vec<SecretArn>,
    /// Those with a rule. What uses none of them is no consumer.
    pub watched: BTreeSet<SecretArn>,
    /// Database hosts as the rules name them ([`machine::model::host_key`]), with the secrets they belong to.
    pub hosts: BTreeMap<String, Vec<SecretArn>>,
    /// Hosts that login tests came to, with the secrets that log in there: known by their hashes alone.
    pub seen_hosts: BTreeMap<HostId, Vec<SecretArn>>,
}

impl Wanted {
    fn concerns(&self, references: &[Reference]) -> bool {
        references
            .iter()
            .any(|reference| self.watched.contains(&reference.secret))
    }
}

pub(super) async fn discover(ports: &Ports, scope: Scope, wanted: &Wanted) -> Answer {
    let id_of = |host: &str| ports.login.identities().host(host);
    let search = Search::of(wanted, &id_of);
    let (look, seen) = match &scope {
        Scope::Clusters => {
            let (look, clusters) = ports.ecs.clusters().await?;
            (
                look,
                ScopeSeen {
                    clusters,
                    ..ScopeSeen::default()
                },
            )
        }
        Scope::Cluster(cluster) => in_cluster(&*ports.ecs, cluster, &search).await?,
        Scope::Tasks(cluster) => standalone(&*ports.ecs, cluster, &search).await?,
        Scope::Functions => in_functions(&*ports.lambda, &search).await?,
        Scope::Proxies => proxies(&*ports.rds, &search).await?,
        // The configuration says it; there is nothing to ask.
        Scope::Declared => (Look::at(jiff::Timestamp::UNIX_EPOCH), ScopeSeen::default()),
    };
    Ok((look, Evidence::Scope { scope, seen }))
}

async fn in_cluster(
    ecs: &dyn EcsReads,
    cluster: &str,
    search: &Search<'_>,
) -> Result<(Look, ScopeSeen), PortError> {
    let (look, services) = ecs.services(cluster).await?;
    let mut definitions = Definitions::of(ecs);
    let mut seen = ScopeSeen::default();
    for service in services {
        let id = ConsumerId::service(cluster, &service.name);
        let definition = definitions.get(&service.task_definition).await?;
        let Some(definition) =
            read_or_noted(definition, Some(&id), &service.task_definition, &mut seen.unread)
        else {
            continue;
        };
        let held = search.definition(definition, &service.value_from);
        seen.hosts.extend(held.hosts);
        if search.wanted.concerns(&held.references) {
            let suspicion = held.suspicion.map(|place| (id.clone(), place));
            seen.suspicions.extend(suspicion);
            seen.consumers.push(Consumer {
                id,
                references: held.references,
                mutable_images: mutable_images(definition),
                settings: service.settings,
                endpoint: None,
                target_groups: service
                    .target_groups
                    .iter()
                    .map(|group| group.as_str().into())
                    .collect(),
            });
        }
    }
    Ok((look, seen))
}

async fn standalone(
    ecs: &dyn EcsReads,
    cluster: &str,
    search: &Search<'_>,
) -> Result<(Look, ScopeSeen), PortError> {
    let (look, tasks) = ecs.standalone_tasks(cluster).await?;
    let mut definitions = Definitions::of(ecs);
    let mut seen = ScopeSeen::default();
    for task in tasks {
        let definition = definitions.get(&task.task_definition).await?;
        let Some(definition) = read_or_noted(definition, None, &task.task_definition, &mut seen.unread)
        else {
            continue;
        };
        let held = search.definition(definition, &[]);
        seen.hosts.extend(held.hosts);
        let held = held.references.into_iter();
        let is_told = |reference: &Reference| {
            search.wanted.watched.contains(&reference.secret) && reference.kind != ReferenceKind::Suspected
        };
        let secrets: BTreeSet<SecretArn> = held.filter(is_told).map(|reference| reference.secret).collect();
        seen.standalone
            .extend(secrets.into_iter().map(|secret| StandaloneTask {
                task: task.arn.clone(),
                secret,
                created: task.created,
            }));
    }
    Ok((look, seen))
}

/// Proxies log in with secrets that they are given by ARN.
async fn proxies(rds: &dyn RdsReads, search: &Search<'_>) -> Result<(Look, ScopeSeen), PortError> {
    let (look, proxies) = rds.proxies().await?;
    let mut seen = ScopeSeen::default();
    for proxy in proxies {
        let named = proxy.secrets.iter().filter_map(|arn| search.known.named_by(arn));
        let references: BTreeSet<Reference> = named
            .map(|named| Reference {
                kind: ReferenceKind::Fetches,
                ..named
            })
            .collect();
        let references: Vec<Reference> = references.into_iter().collect();
        if search.wanted.concerns(&references) {
            seen.consumers.push(Consumer {
                id: ConsumerId::proxy(&proxy.name),
                references,
                mutable_images: Vec::new(),
                settings: None,
                endpoint: proxy.endpoint.as_deref().map(search.id_of),
                target_groups: Vec::new(),
            });
        }
    }
    Ok((look, seen))
}

/// The definition; where it could not be read, that is noted, once for a service or for all tasks without one.
fn read_or_noted<'a>(
    read: Result<&'a TaskDefinition, LookFailure>,
    consumer: Option<&ConsumerId>,
    arn: &str,
    unread: &mut Vec<Unread>,
) -> Option<&'a TaskDefinition> {
    let why = match read {
        Ok(definition) => return Some(definition),
        Err(why) => why,
    };
    let one = Unread {
        consumer: consumer.cloned(),
        definition: arn.to_owned(),
        why,
    };
    if !unread.contains(&one) {
        unread.push(one);
    }
    None
}

/// Task definitions of this round; across rounds the adapter keeps them, for a revision never changes.
struct Definitions<'a> {
    ecs: &'a dyn EcsReads,
    known: BTreeMap<String, Result<TaskDefinition, LookFailure>>,
    /// Answers that did not come, one after the other.
    unanswered: usize,
}

/// So many in a row are no matter of one definition: the round is given up, and what was known stays.
const UNANSWERED_LIMIT: usize = 3;

impl<'a> Definitions<'a> {
    fn of(ecs: &'a dyn EcsReads) -> Self {
        Self {
            ecs,
            known: BTreeMap::new(),
            unanswered: 0,
        }
    }

    /// The definition, or why it could not be read while others can be.
    async fn get(&mut self, arn: &str) -> Result<Result<&TaskDefinition, LookFailure>, PortError> {
        if !self.known.contains_key(arn) {
            let read = match self.ecs.task_definition(arn).await {
                Ok((_, definition)) => Ok(definition),
                Err(error) => Err(self.failed(error)?),
            };
            if read.is_ok() {
                self.unanswered = 0;
            }
            self.known.insert(arn.to_owned(), read);
        }
        Ok(self.known[arn].as_ref().map_err(Clone::clone))
    }

    fn failed(&mut self, error: PortError) -> Result<LookFailure, PortError> {
        self.unanswered = match error.failure {
            // An answer, if not the wanted one.
            LookFailure::Denied { .. } | LookFailure::NotFound { .. } | LookFailure::Unexpected { .. } => 0,
            LookFailure::Throttled
            | LookFailure::Timeout
            | LookFailure::Credentials { .. }
            | LookFailure::Unreachable { .. } => self.unanswered + 1,
        };
        if self.unanswered < UNANSWERED_LIMIT {
            Ok(error.failure)
        } else {
            Err(error)
        }
    }
}

/// What is looked for in definitions and environments.
struct Search<'a> {
    wanted: &'a Wanted,
    known: Known<'a>,
    /// Makes the hash by which a host is known.
    id_of: &'a (dyn Fn(&str) -> HostId + Sync),
}

/// What was found in one of them.
#[derive(Default)]
struct Held {
    references: Vec<Reference>,
    hosts: BTreeSet<String>,
    /// Where the first suspicion that is left comes from: a variable's name, empty for a command.
    suspicion: Option<String>,
}

impl<'a> Search<'a> {
    fn of(wanted: &'a Wanted, id_of: &'a (dyn Fn(&str) -> HostId + Sync)) -> Self {
        Self {
            wanted,
            known: Known::of(&wanted.secrets),
            id_of,
        }
    }

    /// `of_the_service`: what the service injects beside its definition. The credentials of a private registry
    /// (`repositoryCredentials`) are no such value: ECS reads them for each pull of an image, and no task keeps them.
    fn definition(&self, definition: &TaskDefinition, of_the_service: &[String]) -> Held {
        let containers = definition.containers.iter();
        let value_from = containers.clone().flat_map(|container| &container.value_from);
        let injected = value_from.chain(&definition.of_volumes).chain(of_the_service);
        let injected = injected
            .filter_map(|value_from| self.known.named_by(value_from))
            .collect();
        let texts = containers.flat_map(|container| texts(&container.environment, &container.commands));
        self.texts(texts, injected)
    }

    fn function(&self, function: &FunctionSummary) -> Held {
        self.texts(texts(&function.environment, &function.commands), BTreeSet::new())
    }

    fn texts<'t>(
        &self,
        texts: impl Iterator<Item = (&'t str, &'t SecretString)>,
        mut found: BTreeSet<Reference>,
    ) -> Held {
        let mut hosts = Hosts::of(self);
        let mut places: BTreeMap<Reference, &str> = BTreeMap::new();
        for (place, text) in texts {
            let readings = readings(text.expose_secret());
            for reference in self.known.in_readings(place, &readings) {
                places.entry(reference.clone()).or_insert(place);
                found.insert(reference);
            }
            readings.iter().for_each(|reading| hosts.search(place, reading));
        }
        for (reference, place) in hosts.suspected(&found) {
            places.entry(reference.clone()).or_insert(place);
            found.insert(reference);
        }
        let references = settled(&found);
        let first = references.iter().find(|one| one.kind == ReferenceKind::Suspected);
        Held {
            suspicion: first
                .and_then(|one| places.get(one))
                .map(|place| (*place).to_owned()),
            hosts: hosts.named,
            references,
        }
    }
}

/// Each variable with its name, and each command.
fn texts<'t>(
    environment: &'t [EnvironmentVariable],
    commands: &'t [SecretString],
) -> impl Iterator<Item = (&'t str, &'t SecretString)> {
    let variables = environment
        .iter()
        .map(|variable| (variable.name.as_str(), &variable.value));
    variables.chain(commands.iter().map(|command| ("", command)))
}

/// Containers whose image is not pinned by its digest: a redeploy resolves the tag anew (aws-facts: ECS).
fn mutable_images(definition: &TaskDefinition) -> Vec<String> {
    let by_tag = |container: &&ContainerDefinition| !container.image.contains("@sha256:");
    definition
        .containers
        .iter()
        .filter(by_tag)
        .map(|container| container.image.clone())
        .collect()
}

async fn in_functions(lambda: &dyn LambdaReads, search: &Search<'_>) -> Result<(Look, ScopeSeen), PortError> {
    let (look, functions) = lambda.functions().await?;
    let mut seen = ScopeSeen::default();
    for function in functions {
        let held = search.function(&function);
        seen.hosts.extend(held.hosts);
        if search.wanted.concerns(&held.references) {
            let id = ConsumerId::function(&function.name);
            let suspicion = held.suspicion.map(|place| (id.clone(), place));
            seen.suspicions.extend(suspicion);
            seen.consumers.push(Consumer {
                id,
                references: held.references,
                mutable_images: Vec::new(),
                settings: None,
                endpoint: None,
                target_groups: Vec::new(),
            });
        }
        if function.environment_error.is_some() {
            seen.unreadable.push(function.name);
        }
    }
    Ok((look, seen))
}

#[cfg(test)]
mod tests;
