//! Watching each attempt at a call: AWS's clock, the count of calls, and whether a write left the machine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use jiff::Timestamp;

use super::clock::{AwsClock, http_date};
use super::trouble::Trouble;

/// Called for each attempt with service, operation and outcome: `ok`, or one of the words of a failure.
pub type Observer = Arc<dyn Fn(&'static str, &'static str, &'static str) + Send + Sync>;

/// Every operation that the adapters use, so that a metric's labels are bounded.
const OPERATIONS: &[&str] = &[
    "DeleteFunctionConcurrency",
    "DeleteMessageBatch",
    "DescribeSecret",
    "DescribeServices",
    "DescribeTaskDefinition",
    "DescribeTasks",
    "FilterLogEvents",
    "GetFunction",
    "GetFunctionConcurrency",
    "GetFunctionConfiguration",
    "GetQueueAttributes",
    "GetSecretValue",
    "ListAliases",
    "ListClusters",
    "ListFunctions",
    "ListProvisionedConcurrencyConfigs",
    "ListSecretVersionIds",
    "ListSecrets",
    "ListServices",
    "ListTasks",
    "PutFunctionConcurrency",
    "ReceiveMessage",
    "TagResource",
    "UntagResource",
    "UpdateFunctionConfiguration",
    "UpdateSecretVersionStage",
    "UpdateService",
];

/// An error's body is searched for its code only up to here.
const LONGEST_ERROR: usize = 64 * 1024;

/// Sets the clock by each answer and counts each attempt.
#[derive(Clone)]
pub(super) struct Attempts {
    pub(super) service: &'static str,
    pub(super) clock: AwsClock,
    pub(super) observer: Observer,
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attempts({})", self.service)
    }
}

/// When an attempt was sent, by the local clock.
#[derive(Debug)]
struct SentAt(Timestamp);

impl Storable for SentAt {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(SentAt(self.clock.local_now()));
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(SentAt(sent)), Some(date)) = (bag.load::<SentAt>(), date(context.response())) {
            self.clock.learn(*sent, self.clock.local_now(), date);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = bag.load::<Metadata>().map(Metadata::name);
        let known = OPERATIONS.iter().find(|known| Some(**known) == name);
        (self.observer)(self.service, known.copied().unwrap_or("other"), outcome(context));
        Ok(())
    }
}

/// When AWS wrote the answer. A proxy's page has a date too.
fn date(response: &HttpResponse) -> Option<Timestamp> {
    let date = response.headers().get("date").and_then(http_date);
    date.filter(|_| is_of_aws(response))
}

/// A proxy's page has no request id.
fn is_of_aws(response: &HttpResponse) -> bool {
    response.headers().get("x-amzn-requestid").is_some()
}

fn outcome(context: &FinalizerInterceptorContextRef<'_>) -> &'static str {
    let error = match context.output_or_error() {
        Some(Ok(_)) => return "ok",
        Some(Err(error)) => error,
        None => return "not-sent",
    };
    match context.response() {
        Some(response) => Trouble::answered(response, code(response).as_deref(), None).word(),
        None if error.is_timeout_error() => "timeout",
        None => error
            .as_connector_error()
            .map_or("not-sent", |error| Trouble::unconnected(error).word()),
    }
}

/// The error's code, from where the JSON protocols keep it.
pub(super) fn code(response: &HttpResponse) -> Option<String> {
    let named = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let text = named.or_else(|| {
        let body = response
            .body()
            .bytes()
            .filter(|body| body.len() <= LONGEST_ERROR)?;
        let json: serde_json::Value = serde_json::from_slice(body).ok()?;
        let text = json.get("__type").or_else(|| json.get("code"))?.as_str()?;
        Some(text.to_owned())
    })?;
    let bare = text.split(':').next()?.rsplit('#').next()?;
    Some(bare.to_owned())
}

/// Tells of one write whether its request was handed to the network, and whether it was AWS that answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Passage(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    transmitted: AtomicBool,
    answered: AtomicBool,
}

impl Passage {
    pub(super) fn is_transmitted(&self) -> bool {
        self.0.transmitted.load(Ordering::Acquire)
    }

    pub(super) fn is_answered(&self) -> bool {
        self.0.answered.load(Ordering::Acquire)
    }
}

impl Intercept for Passage {
    fn name(&self) -> &'static str {
        "Passage"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.transmitted.store(true, Ordering::Release);
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let by_aws = is_of_aws(context.response());
        self.0.answered.store(by_aws, Ordering::Release);
        Ok(())
    }
}
