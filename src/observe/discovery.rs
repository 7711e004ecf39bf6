//! Who uses the watched secrets (C1.5, C1.6). Environment values are compared and dropped.

use std::collections::{BTreeMap, BTreeSet};

use machine::model::{
    Consumer, ConsumerId, Evidence, Look, Reference, ReferenceKind, Scope, ScopeSeen, SecretArn,
};
use secrecy::ExposeSecret;

use super::Answer;
use super::reference::Known;
use crate::ports::{
    ContainerDefinition, EnvironmentVariable, FunctionSummary, PortError, Ports, TaskDefinition,
};

/// What discovery looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// All secrets that are listed: a consumer must not be restarted while any of its own rotates (design rule 5).
    pub secrets: Vec<SecretArn>,
    /// Those with a rule. What uses none of them is no consumer.
    pub watched: BTreeSet<SecretArn>,
    /// Database hosts as the rules name them, with the secret they belong to.
    pub hosts: Vec<(String, SecretArn)>,
}

impl Wanted {
    fn concerns(&self, references: &[Reference]) -> bool {
        references
            .iter()
            .any(|reference| self.watched.contains(&reference.secret))
    }
}

pub(super) async fn discover(ports: &Ports, scope: Scope, wanted: &Wanted) -> Answer {
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
        Scope::Cluster(cluster) => in_cluster(ports, cluster, wanted).await?,
        Scope::Tasks(cluster) => standalone(ports, cluster, wanted).await?,
        Scope::Functions => in_functions(ports, wanted).await?,
        // The configuration says it; there is nothing to ask.
        Scope::Declared => (Look::at(jiff::Timestamp::UNIX_EPOCH), ScopeSeen::default()),
    };
    Ok((look, Evidence::Scope { scope, seen }))
}

async fn in_cluster(ports: &Ports, cluster: &str, wanted: &Wanted) -> Result<(Look, ScopeSeen), PortError> {
    let (look, services) = ports.ecs.services(cluster).await?;
    let known = Known::of(&wanted.secrets);
    let mut definitions = Definitions {
        ports,
        known: BTreeMap::new(),
    };
    let mut seen = ScopeSeen::default();
    for service in services {
        let definition = definitions.get(&service.task_definition).await?;
        let references = references(definition, &known);
        if wanted.concerns(&references) {
            let id = ConsumerId::service(cluster, &service.name);
            seen.consumers.push(Consumer {
                id,
                references,
                mutable_images: mutable_images(definition),
            });
        }
    }
    Ok((look, seen))
}

async fn standalone(ports: &Ports, cluster: &str, wanted: &Wanted) -> Result<(Look, ScopeSeen), PortError> {
    let (look, tasks) = ports.ecs.standalone_tasks(cluster).await?;
    let known = Known::of(&wanted.secrets);
    let mut definitions = Definitions {
        ports,
        known: BTreeMap::new(),
    };
    let mut seen = ScopeSeen::default();
    for task in tasks {
        let definition = definitions.get(&task.task_definition).await?;
        let held = references(definition, &known)
            .into_iter()
            .filter(|reference| wanted.watched.contains(&reference.secret))
            .map(|reference| (task.arn.clone(), reference.secret));
        seen.standalone.extend(held);
    }
    Ok((look, seen))
}

/// Task definitions of this round; across rounds the adapter keeps them, for a revision never changes.
struct Definitions<'a> {
    ports: &'a Ports,
    known: BTreeMap<String, TaskDefinition>,
}

impl Definitions<'_> {
    async fn get(&mut self, arn: &str) -> Result<&TaskDefinition, PortError> {
        if !self.known.contains_key(arn) {
            let (_, definition) = self.ports.ecs.task_definition(arn).await?;
            self.known.insert(arn.to_owned(), definition);
        }
        Ok(&self.known[arn])
    }
}

fn references(definition: &TaskDefinition, known: &Known<'_>) -> Vec<Reference> {
    let injected = definition
        .containers
        .iter()
        .flat_map(|container| &container.value_from)
        .filter_map(|value_from| known.named_by(value_from));
    let environment = definition
        .containers
        .iter()
        .flat_map(|container| &container.environment);
    let found: BTreeSet<Reference> = injected.chain(fetches(environment, known)).collect();
    found.into_iter().collect()
}

fn fetches<'a>(
    environment: impl Iterator<Item = &'a EnvironmentVariable>,
    known: &'a Known<'a>,
) -> impl Iterator<Item = Reference> {
    environment.flat_map(|variable| known.in_environment(variable.value.expose_secret()))
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

async fn in_functions(ports: &Ports, wanted: &Wanted) -> Result<(Look, ScopeSeen), PortError> {
    let (look, functions) = ports.lambda.functions().await?;
    let known = Known::of(&wanted.secrets);
    let consumers = functions
        .iter()
        .filter_map(|function| function_consumer(function, wanted, &known));
    let unreadable = functions
        .iter()
        .filter(|function| function.environment_error.is_some());
    Ok((
        look,
        ScopeSeen {
            consumers: consumers.collect(),
            unreadable: unreadable.map(|function| function.name.clone()).collect(),
            ..ScopeSeen::default()
        },
    ))
}

fn function_consumer(function: &FunctionSummary, wanted: &Wanted, known: &Known<'_>) -> Option<Consumer> {
    let mut references: BTreeSet<Reference> = fetches(function.environment.iter(), known).collect();
    for (host, secret) in &wanted.hosts {
        let held = references.iter().any(|reference| &reference.secret == secret);
        if !held
            && function
                .environment
                .iter()
                .any(|variable| names_host(variable.value.expose_secret(), host))
        {
            references.insert(Reference {
                secret: secret.clone(),
                kind: ReferenceKind::Suspected,
            });
        }
    }
    let references: Vec<Reference> = references.into_iter().collect();
    let id = ConsumerId::function(&function.name);
    wanted.concerns(&references).then_some(Consumer {
        id,
        references,
        mutable_images: Vec::new(),
    })
}

/// Whether a value is a host or has it in an address, such as `mysql://user@host:3306/name`.
fn names_host(value: &str, host: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    !host.is_empty()
        && value.match_indices(host).any(|(start, _)| {
            let (before, after) = (&value[..start], &value[start + host.len()..]);
            !before.ends_with(is_name) && !after.starts_with(is_name)
        })
}

#[cfg(test)]
mod tests {
    use super::names_host;

    #[test]
    fn a_host_is_named_alone_or_in_an_address() {
        let host = "db.eu-west-1.rds.amazonaws.com";
        for value in [
            host.to_owned(),
            format!("mysql://app@{host}:3306/shop"),
            format!("jdbc:postgresql://{host}/shop"),
            format!("host={host} user=app"),
        ] {
            assert!(names_host(&value, host), "{value}");
        }
        for value in [format!("old-{host}"), format!("{host}.cn"), String::new()] {
            assert!(!names_host(&value, host), "{value}");
        }
    }
}
