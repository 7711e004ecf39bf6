//! What each kind of trouble means for a read and for a write.

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use machine::model::{LookFailure, NoEffect, Outcome, SecretArn};

use super::fake::{Answer, Fake};
use super::{aws, watched, with_credentials};
use crate::ports::{EcsWrites, SecretReads};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf";
const NOT_AUTHORIZED: &str = "User: arn:aws:sts::1:assumed-role/watchdog/x is not authorized to perform: \
    secretsmanager:DescribeSecret on resource: arn:aws:thing because no identity-based policy allows it";

/// A word for each outcome, so that a row stays a row.
#[derive(Debug, PartialEq, Eq)]
enum Means {
    Denied,
    Throttled,
    Conflict,
    Rejected,
    NotSent,
    InDoubt,
    Credentials,
    Unreachable,
    Unexpected,
    Timeout,
    Absent,
}

fn table() -> Vec<(&'static str, Answer, Means, Means)> {
    let error = |status, code| Answer::error(status, code, "some words");
    vec![
        (
            "denied",
            Answer::error(400, "AccessDeniedException", NOT_AUTHORIZED),
            Means::Denied,
            Means::Denied,
        ),
        (
            "throttled",
            error(400, "ThrottlingException"),
            Means::Throttled,
            Means::Throttled,
        ),
        (
            "too many",
            error(429, "SomethingNew"),
            Means::Throttled,
            Means::Throttled,
        ),
        (
            "expired",
            error(400, "ExpiredTokenException"),
            Means::Credentials,
            Means::Rejected,
        ),
        (
            "bad keys",
            error(400, "UnrecognizedClientException"),
            Means::Credentials,
            Means::Rejected,
        ),
        (
            "no cluster",
            error(400, "ClusterNotFoundException"),
            Means::Absent,
            Means::Rejected,
        ),
        (
            "not active",
            error(400, "ServiceNotActiveException"),
            Means::Unexpected,
            Means::Conflict,
        ),
        (
            "invalid",
            error(400, "InvalidParameterException"),
            Means::Unexpected,
            Means::Rejected,
        ),
        (
            "server",
            error(500, "ServerException"),
            Means::Unreachable,
            Means::InDoubt,
        ),
        (
            "unavailable",
            error(503, "ServiceUnavailable"),
            Means::Unreachable,
            Means::InDoubt,
        ),
        ("page 500", Answer::html(500), Means::Unreachable, Means::InDoubt),
        ("page 404", Answer::html(404), Means::Unexpected, Means::InDoubt),
        ("page 200", Answer::html(200), Means::Unexpected, Means::InDoubt),
        ("cut", Answer::Cut, Means::Unreachable, Means::InDoubt),
        ("refused", Answer::Refused, Means::Unreachable, Means::NotSent),
        ("silence", Answer::Silence, Means::Timeout, Means::InDoubt),
    ]
}

fn of_failure(failure: &LookFailure) -> Means {
    match failure {
        LookFailure::Denied { .. } => Means::Denied,
        LookFailure::Throttled => Means::Throttled,
        LookFailure::Timeout => Means::Timeout,
        LookFailure::Credentials { .. } => Means::Credentials,
        LookFailure::Unreachable { .. } => Means::Unreachable,
        LookFailure::NotFound { .. } => Means::Absent,
        LookFailure::Unexpected { .. } => Means::Unexpected,
    }
}

fn of_outcome(outcome: &Outcome) -> Means {
    match outcome {
        Outcome::NoEffect(NoEffect::Denied { .. }) => Means::Denied,
        Outcome::NoEffect(NoEffect::Throttled) => Means::Throttled,
        Outcome::NoEffect(NoEffect::Conflict { .. }) => Means::Conflict,
        Outcome::NoEffect(NoEffect::Rejected { .. }) => Means::Rejected,
        Outcome::NoEffect(NoEffect::NotSent { .. }) => Means::NotSent,
        Outcome::InDoubt { .. } => Means::InDoubt,
        Outcome::Done(_) | Outcome::NoEffect(NoEffect::Unfit { .. }) => {
            panic!("nothing here is done or unfit")
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_trouble_of_a_read() {
    for (name, answer, expected, _) in table() {
        let error = aws(&Fake::answers([answer])).secrets.list().await.unwrap_err();
        assert_eq!(of_failure(&error.failure), expected, "{name}: {error}");
        assert!(!error.to_string().contains("secret page"), "{name}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_trouble_of_a_write_which_is_sent_once() {
    for (name, answer, _, expected) in table() {
        let fake = Fake::answers([answer]);
        let (_, outcome) = aws(&fake).ecs.force_deployment("prod", "orders").await;
        assert_eq!(of_outcome(&outcome), expected, "{name}: {outcome:?}");
        assert_eq!(fake.operations(), ["UpdateService"], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_is_tried_three_times_and_each_attempt_is_counted() {
    let fake = Fake::answers([Answer::error(500, "InternalServiceError", "")]);
    let (aws, calls) = watched(&fake);
    aws.secrets.list().await.unwrap_err();
    let expected = ("secretsmanager", "ListSecrets", "server-error");
    assert_eq!(*calls.lock().unwrap(), [expected; 3]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_retried_with_success() {
    let page = serde_json::json!({ "SecretList": [] });
    let throttled = Answer::error(400, "ThrottlingException", "slow down");
    let (aws, calls) = watched(&Fake::answers([throttled, Answer::json(&page)]));
    aws.secrets.list().await.unwrap();
    let outcomes: Vec<_> = calls.lock().unwrap().iter().map(|call| call.2).collect();
    assert_eq!(outcomes, ["throttled", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_action_and_resource() {
    let secret = SecretArn::new(ARN);
    let table = [
        (NOT_AUTHORIZED, "secretsmanager:DescribeSecret", "arn:aws:thing"),
        ("no", "secretsmanager:DescribeSecret", ARN),
        ("Access to KMS is not allowed", "kms:Decrypt", ARN),
    ];
    for (message, iam_action, resource) in table {
        let fake = Fake::answers([Answer::error(400, "AccessDeniedException", message)]);
        let error = aws(&fake).secrets.describe(&secret).await.unwrap_err();
        let expected = LookFailure::Denied {
            iam_action: iam_action.to_owned(),
            resource: resource.to_owned(),
        };
        assert_eq!(error.failure, expected, "{message}");
    }
}

/// A role whose session ended and could not be renewed.
#[derive(Debug)]
struct Expired;

impl ProvideCredentials for Expired {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::provider_error("the session ended")))
    }
}

#[tokio::test(start_paused = true)]
async fn without_credentials_nothing_is_sent() {
    let fake = Fake::answers([Answer::Silence]);
    let (aws, calls) = with_credentials(&fake, SharedCredentialsProvider::new(Expired));
    let error = aws.secrets.list().await.unwrap_err();
    assert_eq!(of_failure(&error.failure), Means::Credentials, "{error}");
    assert!(error.to_string().contains("the session ended"), "{error}");
    let (_, outcome) = aws.ecs.force_deployment("prod", "orders").await;
    assert_eq!(of_outcome(&outcome), Means::NotSent, "{outcome:?}");
    assert!(fake.sent().is_empty());
    assert!(calls.lock().unwrap().iter().all(|call| call.2 == "not-sent"));
}

/// For whoever has to mend the way there.
#[tokio::test(start_paused = true)]
async fn f8_a_read_without_an_answer_names_the_operation_and_the_address() {
    let answers = [
        Answer::Refused,
        Answer::Cut,
        Answer::html(502),
        Answer::error(503, "ServiceUnavailable", "some words"),
    ];
    for answer in answers {
        let error = aws(&Fake::answers([answer])).secrets.list().await.unwrap_err();
        let LookFailure::Unreachable { why } = &error.failure else {
            panic!("{error}")
        };
        assert!(why.starts_with("secretsmanager:ListSecrets: "), "{why}");
        assert!(
            why.contains("https://secretsmanager.eu-west-1.amazonaws.com"),
            "{why}"
        );
    }
}
