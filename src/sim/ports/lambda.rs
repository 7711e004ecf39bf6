//! Lambda.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{
    Alias, ConsumerId, Done, EnvironmentSeen, FunctionSeen, NoEffect, Outcome, SecretArn, SleepTag,
    UpdateStatus,
};
use secrecy::SecretString;

use super::SimAccount;
use crate::ports::{
    EnvironmentVariable, FunctionSummary, LambdaReads, LambdaWrites, ReadResult, WriteResult,
};
use crate::sim::world::{Function, Reach, Refused};

#[async_trait]
impl LambdaReads for SimAccount {
    async fn functions(&self) -> ReadResult<Vec<FunctionSummary>> {
        self.read("lambda:ListFunctions", "*", |world, angle| {
            let functions = world.functions.values().filter(|function| !function.deleted);
            let missing = usize::from(angle.partial);
            let summary = |function| summary(function, world.now());
            functions.skip(missing).map(summary).collect()
        })
        .await
    }

    async fn function(&self, name: &str) -> ReadResult<Option<FunctionSeen>> {
        self.read("lambda:GetFunction", name, |world, _| {
            let function = world.functions.get(&ConsumerId::function(name));
            let function = function.filter(|function| !function.deleted);
            function.map(|function| seen(function, world.now()))
        })
        .await
    }

    async fn log_group(&self, name: &str) -> ReadResult<String> {
        self.read("lambda:GetFunctionConfiguration", name, |_, _| {
            format!("/aws/lambda/{name}")
        })
        .await
    }
}

#[async_trait]
impl LambdaWrites for SimAccount {
    async fn merge_variable(&self, function: &str, _name: &str, value: &str, revision: &str) -> WriteResult {
        self.write("lambda:UpdateFunctionConfiguration", |world, since| {
            let updated = world.update_environment(function, value, revision, since);
            outcome(updated, function)
        })
        .await
    }

    async fn put_concurrency(&self, function: &str, reserved: u32) -> WriteResult {
        self.write("lambda:PutFunctionConcurrency", |world, since| {
            outcome(world.set_concurrency(function, Some(reserved), since), function)
        })
        .await
    }

    async fn delete_concurrency(&self, function: &str) -> WriteResult {
        self.write("lambda:DeleteFunctionConcurrency", |world, since| {
            outcome(world.set_concurrency(function, None, since), function)
        })
        .await
    }

    async fn tag(&self, function: &str, key: &str, value: &str) -> WriteResult {
        self.write("lambda:TagResource", |world, _| {
            outcome(world.set_tag(function, key, Some(value)), function)
        })
        .await
    }

    async fn untag(&self, function: &str, key: &str) -> WriteResult {
        self.write("lambda:UntagResource", |world, _| {
            outcome(world.set_tag(function, key, None), function)
        })
        .await
    }
}

/// As the adapter tells it.
fn outcome(result: Result<(), Refused>, function: &str) -> Outcome {
    let no_effect = match result {
        Ok(()) => return Outcome::Done(Done::Written { deployment: None }),
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

fn summary(function: &Function, now: Timestamp) -> FunctionSummary {
    let variable = |arn: &SecretArn| EnvironmentVariable {
        name: "SECRET_ARN".to_owned(),
        value: SecretString::from(arn.as_str()),
    };
    let is_readable = function.is_readable(now);
    let secrets = function.secrets.iter().filter(|_| is_readable);
    FunctionSummary {
        name: function.name.clone(),
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{}", function.name),
        environment: secrets.map(variable).collect(),
        environment_error: (!is_readable).then(|| UNREADABLE.to_owned()),
    }
}

const UNREADABLE: &str = "KMSAccessDeniedException where the variables should be";

fn seen(function: &Function, now: Timestamp) -> FunctionSeen {
    let environment = if function.is_readable(now) {
        EnvironmentSeen::Readable {
            bytes: 200,
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
