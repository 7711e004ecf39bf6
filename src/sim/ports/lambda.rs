//! Lambda.

use async_trait::async_trait;
use machine::model::{Done, EnvironmentSeen, FunctionSeen, NoEffect, Outcome, SleepTag, UpdateStatus};
use secrecy::SecretString;

use super::SimAccount;
use crate::ports::{
    EnvironmentVariable, FunctionSummary, LambdaReads, LambdaWrites, ReadResult, WriteResult,
};
use crate::sim::world::{Function, World};
use machine::model::ConsumerId;

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
        self.read("lambda:GetFunctionConfiguration", name, |_| {
            format!("/aws/lambda/{name}")
        })
        .await
    }
}

#[async_trait]
impl LambdaWrites for SimAccount {
    async fn merge_variable(&self, function: &str, _name: &str, value: &str, revision: &str) -> WriteResult {
        self.write(
            "lambda:UpdateFunctionConfiguration",
            |world: &mut World| match world.update_environment(function, value, revision) {
                Some(Ok(())) => written(Some(())),
                Some(Err(found)) => Outcome::NoEffect(NoEffect::Conflict {
                    expected: revision.to_owned(),
                    found,
                }),
                None => written(None),
            },
        )
        .await
    }

    async fn put_concurrency(&self, function: &str, reserved: u32) -> WriteResult {
        self.write("lambda:PutFunctionConcurrency", |world| {
            written(world.set_concurrency(function, Some(reserved)))
        })
        .await
    }

    async fn delete_concurrency(&self, function: &str) -> WriteResult {
        self.write("lambda:DeleteFunctionConcurrency", |world| {
            written(world.set_concurrency(function, None))
        })
        .await
    }

    async fn tag(&self, function: &str, key: &str, value: &str) -> WriteResult {
        self.write("lambda:TagResource", |world| {
            written(world.set_tag(function, key, Some(value)))
        })
        .await
    }

    async fn untag(&self, function: &str, key: &str) -> WriteResult {
        self.write("lambda:UntagResource", |world| {
            written(world.set_tag(function, key, None))
        })
        .await
    }
}

fn written(found: Option<()>) -> Outcome {
    match found {
        Some(()) => Outcome::Done(Done::Written { deployment: None }),
        None => Outcome::NoEffect(NoEffect::Rejected {
            why: "no such function".to_owned(),
        }),
    }
}

fn summary(function: &Function) -> FunctionSummary {
    let variable = |arn: &machine::model::SecretArn| EnvironmentVariable {
        name: "SECRET_ARN".to_owned(),
        value: SecretString::from(arn.as_str()),
    };
    FunctionSummary {
        name: function.name.clone(),
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{}", function.name),
        environment: function.secrets.iter().map(variable).collect(),
        environment_error: None,
    }
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
            bytes: 200,
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
