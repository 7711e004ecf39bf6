//! Lambda.

use async_trait::async_trait;
use machine::model::{
    ConsumerId, Done, EnvironmentSeen, FunctionSeen, NoEffect, Outcome, SleepTag, UpdateStatus,
};
use secrecy::{ExposeSecret, SecretString};

use super::{SimAccount, not_found};
use crate::ports::{
    EnvironmentVariable, FunctionSummary, LambdaReads, LambdaWrites, MARKER_VARIABLE, ReadResult, WriteResult,
};
use crate::sim::world::{Function, World};

/// AWS's bound on a function's variables together.
const ENVIRONMENT_LIMIT: usize = 4096;
/// The account's concurrency, and what AWS keeps of it for functions that reserve none (aws-facts: Lambda).
const QUOTA: u32 = 1_000;
const LEAST_UNRESERVED: u32 = 100;

#[async_trait]
impl LambdaReads for SimAccount {
    async fn functions(&self) -> ReadResult<Vec<FunctionSummary>> {
        self.read("lambda:ListFunctions", "*", |world| {
            world.functions.values().map(summary).collect()
        })
        .await
    }

    async fn function(&self, name: &str) -> ReadResult<Option<FunctionSeen>> {
        self.read("lambda:GetFunction", name, |world| {
            world.functions.get(&ConsumerId::function(name)).map(seen)
        })
        .await
    }

    async fn log_group(&self, name: &str) -> ReadResult<String> {
        self.try_read("lambda:GetFunctionConfiguration", name, |world| {
            let rotates = world.secrets.values().any(|secret| secret.lambda_name() == name);
            let known = rotates || world.functions.contains_key(&ConsumerId::function(name));
            known
                .then(|| format!("/aws/lambda/{name}"))
                .ok_or_else(|| not_found("such function"))
        })
        .await
    }
}

#[async_trait]
impl LambdaWrites for SimAccount {
    async fn merge_variable(&self, function: &str, _name: &str, value: &str, revision: &str) -> WriteResult {
        self.write("lambda:UpdateFunctionConfiguration", function, |world| {
            let Some(known) = world.functions.get(&ConsumerId::function(function)) else {
                return written(None);
            };
            let found = known.revision.to_string();
            if found != revision {
                return conflict(revision, &found);
            }
            let stopped = unwritten(known, value);
            stopped.unwrap_or_else(|| written(world.update_environment(function, value, revision).map(drop)))
        })
        .await
    }

    async fn put_concurrency(&self, function: &str, reserved: u32) -> WriteResult {
        self.write("lambda:PutFunctionConcurrency", function, |world| {
            if leaves_too_little(world, function, reserved) {
                return rejected("less than 100 would be left unreserved");
            }
            written(world.set_concurrency(function, Some(reserved)))
        })
        .await
    }

    async fn delete_concurrency(&self, function: &str) -> WriteResult {
        self.write("lambda:DeleteFunctionConcurrency", function, |world| {
            written(world.set_concurrency(function, None))
        })
        .await
    }

    async fn tag(&self, function: &str, key: &str, value: &str) -> WriteResult {
        self.write("lambda:TagResource", function, |world| {
            written(world.set_tag(function, key, Some(value)))
        })
        .await
    }

    async fn untag(&self, function: &str, key: &str) -> WriteResult {
        self.write("lambda:UntagResource", function, |world| {
            written(world.set_tag(function, key, None))
        })
        .await
    }
}

fn written(found: Option<()>) -> Outcome {
    match found {
        Some(()) => Outcome::Done(Done::Written { deployment: None }),
        None => rejected("no such function"),
    }
}

fn rejected(why: &str) -> Outcome {
    Outcome::NoEffect(NoEffect::Rejected { why: why.to_owned() })
}

fn conflict(expected: &str, found: &str) -> Outcome {
    Outcome::NoEffect(NoEffect::Conflict {
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// What keeps an update by the right revision from being made.
fn unwritten(function: &Function, marker: &str) -> Option<Outcome> {
    if function.marker.as_deref() == Some(marker) {
        return Some(Outcome::Done(Done::AlreadySo));
    }
    if bytes(&environment(function, Some(marker))) > ENVIRONMENT_LIMIT {
        return Some(rejected("the environment would be too large"));
    }
    function
        .updating_until
        .map(|_| conflict("no update under way", "one"))
}

fn leaves_too_little(world: &World, function: &str, reserved: u32) -> bool {
    let others = world.functions.values().filter(|other| other.name != function);
    let taken: u32 = others.filter_map(|other| other.reserved).sum();
    taken.saturating_add(reserved) > QUOTA - LEAST_UNRESERVED
}

fn summary(function: &Function) -> FunctionSummary {
    FunctionSummary {
        name: function.name.clone(),
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{}", function.name),
        environment: environment(function, function.marker.as_deref()),
        environment_error: None,
    }
}

fn environment(function: &Function, marker: Option<&str>) -> Vec<EnvironmentVariable> {
    let variable = |name: &str, value: &str| EnvironmentVariable {
        name: name.to_owned(),
        value: SecretString::from(value),
    };
    let secrets = function.secrets.iter();
    let secrets = secrets.map(|arn| variable("SECRET_ARN", arn.as_str()));
    let marker = marker.into_iter();
    secrets
        .chain(marker.map(|value| variable(MARKER_VARIABLE, value)))
        .collect()
}

/// As AWS counts: names and values with their quotes, colons and commas, in braces.
fn bytes(environment: &[EnvironmentVariable]) -> usize {
    let one = |variable: &EnvironmentVariable| variable.name.len() + variable.value.expose_secret().len() + 6;
    environment.iter().map(one).sum::<usize>() + 1
}

fn seen(function: &Function) -> FunctionSeen {
    FunctionSeen {
        revision: function.revision.to_string(),
        last_modified: Some(function.last_modified),
        update: if function.updating_until.is_some() {
            UpdateStatus::InProgress
        } else {
            UpdateStatus::Successful
        },
        environment: EnvironmentSeen::Readable {
            bytes: bytes(&environment(function, function.marker.as_deref())),
            marker: function.marker.clone(),
        },
        reserved: function.reserved,
        provisioned: false,
        snap_start: false,
        pinned_aliases: Vec::new(),
        sleep_tag: function
            .tags
            .get(SleepTag::KEY)
            .and_then(|value| SleepTag::parse(value)),
    }
}
