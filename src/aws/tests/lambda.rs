//! Lambda's answers in our own words, and the guard of the environment.

use machine::model::{Done, EnvironmentSeen, LookFailure, NoEffect, Outcome, SleepTag, UpdateStatus};
use serde_json::{Value, json};

use super::aws;
use super::fake::{Answer, Fake};
use crate::ports::{LambdaReads, LambdaWrites, MARKER_VARIABLE};

const PASSWORD: &str = "hunter2-in-the-environment";

fn configuration(environment: &Value) -> Value {
    json!({
        "FunctionName": "mailer",
        "FunctionArn": "arn:aws:lambda:eu-west-1:1:function:mailer",
        "RevisionId": "r1",
        "LastModified": "2026-01-01T00:00:00.250+0000",
        "LastUpdateStatus": "Successful",
        "SnapStart": { "ApplyOn": "None" },
        "LoggingConfig": { "LogGroup": "/shared/rotation" },
        "Environment": environment,
    })
}

fn readable() -> Value {
    json!({ "Variables": { "TOKEN": PASSWORD, MARKER_VARIABLE: "m0" } })
}

fn unreadable() -> Value {
    json!({ "Error": { "ErrorCode": "AccessDeniedException", "Message": "KMS" } })
}

fn function(environment: &Value) -> Value {
    let tag = "abc/none/1767225600";
    json!({ "Configuration": configuration(environment), "Tags": { SleepTag::KEY: tag } })
}

/// GetFunction, then what else a look asks for.
fn look(first: Answer) -> Fake {
    Fake::answers([
        first,
        Answer::json(&json!({ "ReservedConcurrentExecutions": 0 })),
        Answer::json(&json!({ "Aliases": [
            { "Name": "live", "FunctionVersion": "3" },
            { "Name": "dev", "FunctionVersion": "$LATEST" },
        ] })),
        Answer::json(&json!({ "ProvisionedConcurrencyConfigs": [] })),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_function_and_never_a_value_of_its_environment() {
    let fake = look(Answer::json(&function(&readable())));
    let (_, seen) = aws(&fake).lambda.function("mailer").await.unwrap();
    let seen = seen.unwrap();
    assert!(!format!("{seen:?}").contains(PASSWORD));
    assert_eq!(seen.revision, "r1");
    assert_eq!(seen.last_modified.unwrap().as_millisecond(), 1_767_225_600_250);
    assert_eq!(seen.update, UpdateStatus::Successful);
    assert_eq!(
        (seen.reserved, seen.provisioned, seen.snap_start),
        (Some(0), false, false)
    );
    assert_eq!(seen.sleep_tag.unwrap().former, None);
    let aliases: Vec<_> = seen
        .pinned_aliases
        .iter()
        .map(|alias| alias.name.as_str())
        .collect();
    assert_eq!(aliases, ["live"]);
    let expected = EnvironmentSeen::Readable {
        bytes: json!({ "TOKEN": PASSWORD, MARKER_VARIABLE: "m0" })
            .to_string()
            .len(),
        marker: Some("m0".to_owned()),
    };
    assert_eq!(seen.environment, expected);
}

#[tokio::test(start_paused = true)]
async fn an_environment_that_could_not_be_decrypted_is_unreadable() {
    for environment in [unreadable(), json!({})] {
        let fake = look(Answer::json(&function(&environment)));
        let (_, seen) = aws(&fake).lambda.function("mailer").await.unwrap();
        assert!(matches!(
            seen.unwrap().environment,
            EnvironmentSeen::Unreadable { .. }
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn tags_that_could_not_be_read_are_no_absent_tags() {
    let error = json!({ "ErrorCode": "AccessDeniedException", "Message": "no" });
    let body = json!({ "Configuration": configuration(&readable()), "TagsError": error });
    let error = aws(&look(Answer::json(&body)))
        .lambda
        .function("mailer")
        .await
        .unwrap_err();
    let expected = LookFailure::Denied {
        iam_action: "lambda:ListTags".to_owned(),
        resource: "mailer".to_owned(),
    };
    assert_eq!(error.failure, expected);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_gone() {
    let gone = Answer::error(404, "ResourceNotFoundException", "Function not found");
    assert_eq!(aws(&look(gone)).lambda.function("mailer").await.unwrap().1, None);
}

#[tokio::test(start_paused = true)]
async fn where_a_function_logs() {
    let mut without = configuration(&readable());
    without.as_object_mut().unwrap().remove("LoggingConfig");
    let fake = Fake::answers([Answer::json(&configuration(&readable())), Answer::json(&without)]);
    let aws = aws(&fake);
    let arn = "arn:aws:lambda:eu-west-1:1:function:mailer";
    assert_eq!(aws.lambda.log_group(arn).await.unwrap().1, "/shared/rotation");
    assert_eq!(aws.lambda.log_group(arn).await.unwrap().1, "/aws/lambda/mailer");
}

#[tokio::test(start_paused = true)]
async fn listed_functions_hide_their_values() {
    let page = json!({ "Functions": [configuration(&readable()), configuration(&unreadable())] });
    let (_, found) = aws(&Fake::answers([Answer::json(&page)]))
        .lambda
        .functions()
        .await
        .unwrap();
    assert!(!format!("{found:?}").contains(PASSWORD));
    assert_eq!(found[0].environment.len(), 2);
    assert!(found[1].environment.is_empty() && found[1].environment_error.is_some());
}

async fn merge(fake: &Fake) -> Outcome {
    let aws = aws(fake);
    aws.lambda
        .merge_variable("mailer", MARKER_VARIABLE, "m1", "r1")
        .await
        .1
}

#[tokio::test(start_paused = true)]
async fn a_merge_keeps_every_variable_and_is_guarded_by_the_revision() {
    let fake = Fake::answers([
        Answer::json(&configuration(&readable())),
        Answer::written(&json!({})),
    ]);
    assert_eq!(merge(&fake).await, Outcome::Done(Done::Written { began: None }));
    let sent = fake.sent();
    assert_eq!(sent.len(), 2);
    let expected = json!({
        "Environment": { "Variables": { "TOKEN": PASSWORD, MARKER_VARIABLE: "m1" } },
        "RevisionId": "r1",
    });
    assert_eq!(sent[1].json(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_function_without_an_environment_gets_one() {
    let mut without = configuration(&json!({}));
    without.as_object_mut().unwrap().remove("Environment");
    let fake = Fake::answers([Answer::json(&without), Answer::written(&json!({}))]);
    assert_eq!(merge(&fake).await, Outcome::Done(Done::Written { began: None }));
}

#[tokio::test(start_paused = true)]
async fn a_merge_that_must_not_be_sent() {
    let mut moved = configuration(&readable());
    moved["RevisionId"] = json!("r2");
    let full = json!({ "Variables": { "BIG": PASSWORD.repeat(200) } });
    let done = json!({ "Variables": { MARKER_VARIABLE: "m1" } });
    let table = [
        (
            "unreadable",
            Answer::json(&configuration(&unreadable())),
            "conflict",
        ),
        ("left out", Answer::json(&configuration(&json!({}))), "conflict"),
        ("moved", Answer::json(&moved), "conflict"),
        ("full", Answer::json(&configuration(&full)), "rejected"),
        ("already so", Answer::json(&configuration(&done)), "already-so"),
        (
            "denied",
            Answer::error(403, "AccessDeniedException", "no"),
            "denied",
        ),
        ("unread", Answer::html(500), "not-sent"),
    ];
    for (name, answer, expected) in table {
        let fake = Fake::answers([answer]);
        let outcome = merge(&fake).await;
        assert_eq!(machine::words::outcome(&outcome), expected, "{name}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains(PASSWORD), "{name}: {outcome:?}");
        assert!(
            fake.operations().iter().all(|sent| sent.starts_with("GET")),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn awss_refusal_of_a_merge_is_kept_without_its_words() {
    let quoting = format!("exceeded the 4KB limit. String measured: {PASSWORD}");
    let refusals = [
        (400, "InvalidParameterValueException", "rejected"),
        (412, "PreconditionFailedException", "conflict"),
        (409, "ResourceConflictException", "conflict"),
        (403, "AccessDeniedException", "denied"),
        (500, "ServiceException", "in-doubt"),
    ];
    for (status, code, expected) in refusals {
        let refusal = Answer::error(status, code, &quoting);
        let fake = Fake::answers([Answer::json(&configuration(&readable())), refusal]);
        let outcome = merge(&fake).await;
        assert_eq!(machine::words::outcome(&outcome), expected, "{code}");
        assert!(!format!("{outcome:?}").contains(PASSWORD), "{outcome:?}");
        assert_eq!(fake.sent().len(), 2, "{code}");
    }
}

/// What AWS answers of a runtime out of support; the rest of its words is dropped as of every refusal.
#[tokio::test(start_paused = true)]
async fn c5_a_runtime_that_may_not_be_updated_is_told_apart() {
    let words = format!(
        "The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda functions. {PASSWORD}"
    );
    let refusal = Answer::error(400, "InvalidParameterValueException", &words);
    let fake = Fake::answers([Answer::json(&configuration(&readable())), refusal]);
    let outcome = merge(&fake).await;
    assert!(
        matches!(&outcome, Outcome::NoEffect(why) if why.is_blocked_runtime()),
        "{outcome:?}"
    );
    assert!(!format!("{outcome:?}").contains(PASSWORD), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn c3_what_an_update_does_not_reach_is_seen() {
    let mut other = function(&readable());
    for (key, value) in [
        (
            "CapacityProviderConfig",
            json!({ "LambdaManagedInstancesCapacityProviderConfig": { "CapacityProviderArn": "a" } }),
        ),
        ("TenancyConfig", json!({ "TenantIsolationMode": "PER_TENANT" })),
        (
            "DurableConfig",
            json!({ "ExecutionTimeout": 3_600, "RetentionPeriodInDays": 7 }),
        ),
    ] {
        other["Configuration"][key] = value;
    }
    for (answer, expected) in [(other, true), (function(&readable()), false)] {
        let fake = look(Answer::json(&answer));
        let (_, seen) = aws(&fake).lambda.function("mailer").await.unwrap();
        let seen = seen.unwrap();
        assert_eq!(
            (seen.managed_instances, seen.tenants, seen.durable),
            (expected, expected, expected)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_put_and_deleted() {
    let fake = Fake::answers([Answer::written(&json!({ "ReservedConcurrentExecutions": 7 }))]);
    let aws = aws(&fake);
    let written = Outcome::Done(Done::Written { began: None });
    assert_eq!(aws.lambda.put_concurrency("mailer", 7).await.1, written);
    assert_eq!(aws.lambda.delete_concurrency("mailer").await.1, written);
    let sent = fake.sent();
    assert_eq!(sent[0].json(), json!({ "ReservedConcurrentExecutions": 7 }));
    assert!(sent[1].operation.starts_with("DELETE"), "{:?}", sent[1]);
}

#[tokio::test(start_paused = true)]
async fn tags_are_written_by_arn() {
    let fake = Fake::answers([
        Answer::json(&configuration(&readable())),
        Answer::written(&json!({})),
        Answer::json(&configuration(&readable())),
        Answer::written(&json!({})),
    ]);
    let aws = aws(&fake);
    let written = Outcome::Done(Done::Written { began: None });
    assert_eq!(
        aws.lambda.tag("mailer", SleepTag::KEY, "a/none/1").await.1,
        written
    );
    assert_eq!(aws.lambda.untag("mailer", SleepTag::KEY).await.1, written);
    let sent = fake.sent();
    assert_eq!(sent[1].json(), json!({ "Tags": { SleepTag::KEY: "a/none/1" } }));
    assert!(
        sent[3].operation.starts_with("DELETE /2017-03-31/tags/arn"),
        "{:?}",
        sent[3]
    );
}

/// AWS answers these with nothing, so the SDK reads no answer of theirs.
#[tokio::test(start_paused = true)]
async fn a_page_in_place_of_an_empty_answer_is_no_success() {
    let page = || Fake::answers([Answer::json(&configuration(&readable())), Answer::html(200)]);
    let outcomes = [
        aws(&page()).lambda.tag("mailer", SleepTag::KEY, "note").await.1,
        aws(&page()).lambda.untag("mailer", SleepTag::KEY).await.1,
        aws(&Fake::answers([Answer::html(200)]))
            .lambda
            .delete_concurrency("mailer")
            .await
            .1,
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Outcome::InDoubt { .. }), "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_whose_function_is_gone_is_not_sent() {
    let fake = Fake::answers([Answer::error(
        404,
        "ResourceNotFoundException",
        "Function not found",
    )]);
    let (_, outcome) = aws(&fake).lambda.tag("mailer", SleepTag::KEY, "a/none/1").await;
    assert!(
        matches!(outcome, Outcome::NoEffect(NoEffect::Rejected { .. })),
        "{outcome:?}"
    );
    assert_eq!(fake.sent().len(), 1);
}
