//! Lambda: what a function looks like, and the few writes to it (aws-facts: Lambda).

mod environment;
mod seen;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{Environment, TagsError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use machine::model::{Alias, Done, FunctionSeen, LookFailure, NoEffect, Outcome};

use super::call::{Ask, Sending, is_absent};
use super::clock::AwsClock;
use super::pages::Pages;
use super::trouble::{SdkError, Trouble};
use crate::ports::{FunctionSummary, LambdaReads, LambdaWrites, PortError, ReadResult, WriteResult};

const LIST: &str = "lambda:ListFunctions";
const FUNCTION: &str = "lambda:GetFunction";
const CONFIGURATION: &str = "lambda:GetFunctionConfiguration";
const CONCURRENCY: &str = "lambda:GetFunctionConcurrency";
const ALIASES: &str = "lambda:ListAliases";
const PROVISIONED: &str = "lambda:ListProvisionedConcurrencyConfigs";
const TAGS: &str = "lambda:ListTags";
const UPDATE: &str = "lambda:UpdateFunctionConfiguration";
const PUT_CONCURRENCY: &str = "lambda:PutFunctionConcurrency";
const DELETE_CONCURRENCY: &str = "lambda:DeleteFunctionConcurrency";
const TAG: &str = "lambda:TagResource";
const UNTAG: &str = "lambda:UntagResource";

/// The most that these lists give on a page.
const PAGE: i32 = 50;
const MOST_PAGES: usize = 200;

pub(super) struct Lambda {
    pub(super) reader: Client,
    /// Sends a request once.
    pub(super) writer: Client,
    pub(super) clock: AwsClock,
}

const WRITTEN: Done = Done::Written { began: None };

impl Lambda {
    async fn configuration(
        &self,
        ask: &Ask<'_>,
        function: &str,
    ) -> Result<GetFunctionConfigurationOutput, PortError> {
        let request = self.reader.get_function_configuration().function_name(function);
        let answer = request.send().await;
        answer.map_err(|error| ask.error(CONFIGURATION, &error))
    }

    async fn reserved(&self, ask: &Ask<'_>, function: &str) -> Result<Option<u32>, PortError> {
        let request = self.reader.get_function_concurrency().function_name(function);
        let answer = request.send().await;
        let answer = answer.map_err(|error| ask.error(CONCURRENCY, &error))?;
        let reserved = answer.reserved_concurrent_executions().map(u32::try_from);
        reserved
            .transpose()
            .map_err(|_| ask.unexpected(CONCURRENCY, "a negative concurrency"))
    }

    async fn pinned_aliases(&self, ask: &Ask<'_>, function: &str) -> Result<Vec<Alias>, PortError> {
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut pinned = Vec::new();
        loop {
            let request = self.reader.list_aliases().function_name(function).max_items(PAGE);
            let page = request.set_marker(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(ALIASES, &error))?;
            pinned.extend(page.aliases().iter().filter_map(seen::pinned_alias));
            let more = pages.follow(page.next_marker);
            if !more.map_err(|trouble| ask.failed(ALIASES, trouble))? {
                return Ok(pinned);
            }
        }
    }

    async fn is_provisioned(&self, ask: &Ask<'_>, function: &str) -> Result<bool, PortError> {
        let mut pages = Pages::up_to(MOST_PAGES);
        loop {
            let request = self.reader.list_provisioned_concurrency_configs();
            let request = request.function_name(function).max_items(PAGE);
            let page = request.set_marker(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(PROVISIONED, &error))?;
            if !page.provisioned_concurrency_configs().is_empty() {
                return Ok(true);
            }
            let more = pages.follow(page.next_marker);
            if !more.map_err(|trouble| ask.failed(PROVISIONED, trouble))? {
                return Ok(false);
            }
        }
    }

    /// The rest of a function that GetFunction answered for.
    async fn complete(
        &self,
        ask: &Ask<'_>,
        name: &str,
        answer: &GetFunctionOutput,
    ) -> Result<FunctionSeen, PortError> {
        // A sleep tag that could not be read is not an absent one.
        if let Some(error) = answer.tags_error() {
            return Err(ask.failed(TAGS, tags_unread(error)));
        }
        let parts = seen::Parts {
            reserved: self.reserved(ask, name).await?,
            pinned_aliases: self.pinned_aliases(ask, name).await?,
            provisioned: self.is_provisioned(ask, name).await?,
        };
        seen::function(answer, parts).map_err(|why| ask.unexpected(FUNCTION, why))
    }

    /// Tags are written by ARN.
    async fn arn(&self, function: &str) -> Result<String, NoEffect> {
        if function.starts_with("arn:") {
            return Ok(function.to_owned());
        }
        let ask = Ask::about(&self.clock, function);
        let configuration = self.configuration(&ask, function).await.map_err(unread)?;
        configuration.function_arn.ok_or_else(|| NoEffect::NotSent {
            why: format!("{CONFIGURATION} of {function} answered without an ARN"),
        })
    }

    /// The request of a merge, or why it must not be sent.
    async fn merged(
        &self,
        function: &str,
        name: &str,
        value: &str,
        revision: &str,
    ) -> Result<Environment, Outcome> {
        let ask = Ask::about(&self.clock, function);
        let configuration = self.configuration(&ask, function).await;
        let configuration = configuration.map_err(|error| Outcome::NoEffect(unread(error)))?;
        let found = configuration.revision_id.unwrap_or_default();
        if found != revision {
            return Err(Outcome::NoEffect(NoEffect::Conflict {
                expected: format!("revision {revision}"),
                found: format!("revision {found}"),
            }));
        }
        environment::merge(configuration.environment, name, value)
    }

    fn no_effect(&self, why: NoEffect) -> WriteResult {
        (self.clock.now(), Outcome::NoEffect(why))
    }
}

#[async_trait]
impl LambdaReads for Lambda {
    async fn functions(&self) -> ReadResult<Vec<FunctionSummary>> {
        let ask = Ask::about(&self.clock, "*");
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut found = Vec::new();
        loop {
            let request = self.reader.list_functions().max_items(PAGE);
            let page = request.set_marker(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(LIST, &error))?;
            let functions = page.functions.unwrap_or_default();
            found.extend(functions.into_iter().filter_map(seen::summary));
            let more = pages.follow(page.next_marker);
            if !more.map_err(|trouble| ask.failed(LIST, trouble))? {
                return ask.answered(found);
            }
        }
    }

    async fn function(&self, name: &str) -> ReadResult<Option<FunctionSeen>> {
        let ask = Ask::about(&self.clock, name);
        let request = self.reader.get_function().function_name(name);
        match request.send().await {
            Ok(answer) => {
                let seen = self.complete(&ask, name, &answer).await?;
                ask.answered(Some(seen))
            }
            Err(error) if is_absent(&error) => ask.answered(None),
            Err(error) => Err(ask.error(FUNCTION, &error)),
        }
    }

    async fn log_group(&self, name: &str) -> ReadResult<String> {
        let ask = Ask::about(&self.clock, name);
        let configuration = self.configuration(&ask, name).await?;
        ask.answered(seen::log_group(&configuration, name))
    }
}

#[async_trait]
impl LambdaWrites for Lambda {
    async fn merge_variable(&self, function: &str, name: &str, value: &str, revision: &str) -> WriteResult {
        let environment = match self.merged(function, name, value, revision).await {
            Ok(environment) => environment,
            Err(outcome) => return (self.clock.now(), outcome),
        };
        // AWS's refusal can quote the whole environment.
        let sending = Sending::new(&self.clock, UPDATE, function).without_words();
        let request = self
            .writer
            .update_function_configuration()
            .function_name(function);
        let request = request.environment(environment).revision_id(revision).customize();
        let answer = request.interceptor(sending.watch()).send().await;
        if answer.as_ref().is_err_and(is_blocked_runtime) {
            let why = NoEffect::RUNTIME_BLOCKED.to_owned();
            return self.no_effect(NoEffect::Rejected { why });
        }
        sending.ended(answer.map(|_| WRITTEN))
    }

    async fn put_concurrency(&self, function: &str, reserved: u32) -> WriteResult {
        let Ok(reserved) = i32::try_from(reserved) else {
            return self.no_effect(NoEffect::Rejected {
                why: format!("{reserved} is no concurrency"),
            });
        };
        let sending = Sending::new(&self.clock, PUT_CONCURRENCY, function);
        let request = self.writer.put_function_concurrency().function_name(function);
        let request = request.reserved_concurrent_executions(reserved).customize();
        let answer = request.interceptor(sending.watch()).send().await;
        sending.ended(answer.map(|_| WRITTEN))
    }

    async fn delete_concurrency(&self, function: &str) -> WriteResult {
        let sending = Sending::new(&self.clock, DELETE_CONCURRENCY, function);
        let request = self.writer.delete_function_concurrency().function_name(function);
        let answer = request.customize().interceptor(sending.watch()).send().await;
        sending.ended(answer.map(|_| WRITTEN))
    }

    async fn tag(&self, function: &str, key: &str, value: &str) -> WriteResult {
        let arn = match self.arn(function).await {
            Ok(arn) => arn,
            Err(why) => return self.no_effect(why),
        };
        let sending = Sending::new(&self.clock, TAG, function);
        let request = self.writer.tag_resource().resource(arn).tags(key, value);
        let answer = request.customize().interceptor(sending.watch()).send().await;
        sending.ended(answer.map(|_| WRITTEN))
    }

    async fn untag(&self, function: &str, key: &str) -> WriteResult {
        let arn = match self.arn(function).await {
            Ok(arn) => arn,
            Err(why) => return self.no_effect(why),
        };
        let sending = Sending::new(&self.clock, UNTAG, function);
        let request = self.writer.untag_resource().resource(arn).tag_keys(key);
        let answer = request.customize().interceptor(sending.watch()).send().await;
        sending.ended(answer.map(|_| WRITTEN))
    }
}

/// Lambda's refusal to update a function whose runtime is out of support. Of its words, which may quote what was sent,
/// only this is looked for, and nothing kept.
fn is_blocked_runtime<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let is_invalid = meta.and_then(|meta| meta.code()) == Some("InvalidParameterValueException");
    let message = meta.and_then(|meta| meta.message()).unwrap_or_default();
    is_invalid && message.contains("is no longer supported for creating or updating")
}

/// GetFunction leaves the tags out where it may not list them, and says so.
fn tags_unread(error: &TagsError) -> Trouble {
    if error.error_code().contains("AccessDenied") {
        return Trouble::Denied {
            iam_action: None,
            resource: None,
        };
    }
    Trouble::Unexpected {
        why: format!("no tags: {}", error.error_code()),
    }
}

/// What a write could not read first keeps it from being sent.
fn unread(error: PortError) -> NoEffect {
    match error.failure {
        LookFailure::Denied { iam_action, resource } => NoEffect::Denied { iam_action, resource },
        LookFailure::Throttled => NoEffect::Throttled,
        LookFailure::NotFound { what } => NoEffect::Rejected { why: what },
        _ => NoEffect::NotSent {
            why: error.to_string(),
        },
    }
}
