//! Lambda.

use async_trait::async_trait;
use machine::model::{
    Alias, ConsumerId, Done, EnvironmentSeen, FunctionSeen, NoEffect, Outcome, SleepTag, UpdateStatus,
};
use secrecy::{ExposeSecret, SecretString};

use super::ecs::variable;
use super::{EVERYTHING, SimAccount, not_found};
use crate::ports::{
    EnvironmentVariable, FunctionSummary, LambdaReads, LambdaWrites, MARKER_VARIABLE, ReadResult, WriteResult,
};
use crate::sim::world::{Function, Reach, Refused, Secret, World};

/// AWS's bound on a function's variables together (aws-facts: Lambda).
const ENVIRONMENT_LIMIT: usize = 4096;

#[async_trait]
impl LambdaReads for SimAccount {
    async fn functions(&self) -> ReadResult<Vec<FunctionSummary>> {
        self.read("lambda:ListFunctions", EVERYTHING, |world, angle| {
            let functions = world.functions.values().filter(|function| !function.deleted);
            let missing = usize::from(angle.partial);
            let summary = |function| summary(world, function);
            functions.skip(missing).map(summary).collect()
        })
        .await
    }

    async fn function(&self, name: &str) -> ReadResult<Option<FunctionSeen>> {
        self.read("lambda:GetFunction", name, |world, _| {
            let function = world.functions.get(&ConsumerId::function(name));
            let function = function.filter(|function| !function.deleted);
            function.map(|function| seen(world, function))
        })
        .await
    }

    async fn log_group(&self, name: &str) -> ReadResult<String> {
        self.try_read("lambda:GetFunctionConfiguration", name, |world, _| {
            let rotates = |secret: &&Secret| secret.lambda().is_some() && secret.lambda_name() == name;
            let of_secret = world.secrets.values().find(rotates).map(Secret::log_group);
            let own = || has_function(world, name).then(|| format!("/aws/lambda/{name}"));
            of_secret.or_else(own).ok_or_else(|| not_found("such function"))
        })
        .await
    }
}

#[async_trait]
impl LambdaWrites for SimAccount {
    async fn merge_variable(&self, function: &str, _name: &str, value: &str, revision: &str) -> WriteResult {
        self.write(
            "lambda:UpdateFunctionConfiguration",
            &ConsumerId::function(function),
            |world, since| {
                unsent(world, function, value, revision).unwrap_or_else(|| {
                    let updated = world.update_environment(function, value, revision, since);
                    outcome(updated, function)
                })
            },
        )
        .await
    }

    async fn put_concurrency(&self, function: &str, reserved: u32) -> WriteResult {
        self.write(
            "lambda:PutFunctionConcurrency",
            &ConsumerId::function(function),
            |world, since| outcome(world.set_concurrency(function, Some(reserved), since), function),
        )
        .await
    }

    async fn delete_concurrency(&self, function: &str) -> WriteResult {
        self.write(
            "lambda:DeleteFunctionConcurrency",
            &ConsumerId::function(function),
            |world, since| outcome(world.set_concurrency(function, None, since), function),
        )
        .await
    }

    async fn tag(&self, function: &str, key: &str, value: &str) -> WriteResult {
        self.write(
            "lambda:TagResource",
            &ConsumerId::function(function),
            |world, _| outcome(world.set_tag(function, key, Some(value)), function),
        )
        .await
    }

    async fn untag(&self, function: &str, key: &str) -> WriteResult {
        self.write(
            "lambda:UntagResource",
            &ConsumerId::function(function),
            |world, _| outcome(world.set_tag(function, key, None), function),
        )
        .await
    }
}

/// A rotation Lambda is one, though nothing else of it is modelled.
fn has_function(world: &World, name: &str) -> bool {
    let rotates = |secret: &Secret| secret.lambda().is_some() && secret.lambda_name() == name;
    let function = world.functions.get(&ConsumerId::function(name));
    function.is_some_and(|function| !function.deleted) || world.secrets.values().any(rotates)
}

/// What the adapter finds before it sends, of a function that is as the caller saw it.
fn unsent(world: &World, function: &str, marker: &str, revision: &str) -> Option<Outcome> {
    let function = world.functions.get(&ConsumerId::function(function))?;
    if function.deleted || !function.is_readable(world.now()) || function.revision.to_string() != revision {
        return None;
    }
    if function.marker.as_deref() == Some(marker) {
        return Some(Outcome::Done(Done::AlreadySo));
    }
    let bytes = bytes(&environment(world, function, Some(marker)));
    (bytes > ENVIRONMENT_LIMIT).then(|| {
        Outcome::NoEffect(NoEffect::Rejected {
            why: format!("the environment would be {bytes} bytes of {ENVIRONMENT_LIMIT}"),
        })
    })
}

/// As the adapter tells it.
fn outcome(result: Result<(), Refused>, function: &str) -> Outcome {
    let no_effect = match result {
        Ok(()) => return Outcome::Done(Done::Written { began: None }),
        Err(Refused::NotFound) => NoEffect::Rejected {
            why: "no such function".to_owned(),
        },
        Err(Refused::Invalid { why }) => NoEffect::Rejected { why: why.to_owned() },
        Err(Refused::Conflict { found }) => NoEffect::Conflict {
            expected: format!("{function} as it was"),
            found,
        },
    };
    Outcome::NoEffect(no_effect)
}

fn summary(world: &World, function: &Function) -> FunctionSummary {
    let is_readable = function.is_readable(world.now());
    FunctionSummary {
        name: function.name.clone(),
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{}", function.name),
        environment: if is_readable {
            environment(world, function, function.marker.as_deref())
        } else {
            Vec::new()
        },
        commands: Vec::new(),
        environment_error: (!is_readable).then(|| UNREADABLE.to_owned()),
    }
}

const UNREADABLE: &str = "KMSAccessDeniedException where the variables should be";

fn environment(world: &World, function: &Function, marker: Option<&str>) -> Vec<EnvironmentVariable> {
    let secrets = function.secrets.iter().map(|arn| variable(world, arn));
    let marker = marker.map(|marker| EnvironmentVariable {
        name: MARKER_VARIABLE.to_owned(),
        value: SecretString::from(marker),
    });
    secrets.chain(marker).collect()
}

/// As AWS counts: names and values with their quotes, colons and commas, in braces.
fn bytes(environment: &[EnvironmentVariable]) -> usize {
    let one = |variable: &EnvironmentVariable| variable.name.len() + variable.value.expose_secret().len() + 6;
    environment.iter().map(one).sum::<usize>() + 1
}

fn seen(world: &World, function: &Function) -> FunctionSeen {
    let environment = if function.is_readable(world.now()) {
        EnvironmentSeen::Readable {
            bytes: bytes(&environment(world, function, function.marker.as_deref())),
            marker: function.marker.clone(),
        }
    } else {
        EnvironmentSeen::Unreadable {
            why: UNREADABLE.to_owned(),
        }
    };
    let alias = Alias {
        name: "live".to_owned(),
        version: "7".to_owned(),
    };
    FunctionSeen {
        revision: function.revision.to_string(),
        last_modified: Some(function.last_modified),
        update: if function.updating_until.is_some() {
            UpdateStatus::InProgress
        } else {
            UpdateStatus::Successful
        },
        environment,
        reserved: function.reserved,
        provisioned: function.reach == Reach::Provisioned,
        snap_start: false,
        managed_instances: false,
        tenants: false,
        durable: false,
        pinned_aliases: (function.reach == Reach::Alias)
            .then_some(alias)
            .into_iter()
            .collect(),
        sleep_tag: function
            .tags
            .get(SleepTag::KEY)
            .and_then(|value| SleepTag::parse(value)),
    }
}
