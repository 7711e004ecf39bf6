//! Moving AWSCURRENT: what is sent, once, and what each answer means.

use machine::model::{Done, NoEffect, Outcome, SecretArn, VersionId};
use serde_json::json;

use super::aws;
use super::fake::{Answer, Fake};
use crate::ports::SecretWrites;

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf";
const OPERATION: &str = "secretsmanager:UpdateSecretVersionStage";

async fn promote(answer: Answer) -> (Fake, Outcome) {
    let fake = Fake::answers([answer]);
    let (secret, new, old) = (SecretArn::new(ARN), VersionId::new("new"), VersionId::new("old"));
    let (_, outcome) = aws(&fake).secrets.promote(&secret, &new, &old).await;
    (fake, outcome)
}

#[tokio::test(start_paused = true)]
async fn a_move_names_the_version_that_the_label_is_taken_from() {
    let (fake, outcome) = promote(Answer::written(&json!({ "ARN": ARN, "Name": "db" }))).await;
    assert_eq!(outcome, Outcome::Done(Done::Written { began: None }));
    assert_eq!(fake.operations(), ["UpdateSecretVersionStage"]);
    let expected = json!({
        "SecretId": ARN, "VersionStage": "AWSCURRENT", "MoveToVersionId": "new", "RemoveFromVersionId": "old",
    });
    assert_eq!(fake.sent()[0].json(), expected);
}

/// A success of a proxy is none of AWS's.
#[tokio::test(start_paused = true)]
async fn a_success_without_aws_request_id_is_in_doubt() {
    let (_, outcome) = promote(Answer::json(&json!({}))).await;
    assert!(matches!(outcome, Outcome::InDoubt { .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_label_on_another_version_is_a_conflict() {
    let words = "The parameter RemoveFromVersionId is not valid.";
    let (fake, outcome) = promote(Answer::error(400, "InvalidParameterException", words)).await;
    let Outcome::NoEffect(NoEffect::Conflict { expected, found }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(expected, "AWSCURRENT on version old");
    assert!(found.contains(words), "{found}");
    assert_eq!(fake.operations().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_deleted_is_rejected() {
    let codes = [
        "ResourceNotFoundException",
        "InvalidRequestException",
        "LimitExceededException",
    ];
    for code in codes {
        let (fake, outcome) = promote(Answer::error(400, code, "some words")).await;
        let is_rejected = matches!(outcome, Outcome::NoEffect(NoEffect::Rejected { .. }));
        assert!(is_rejected, "{code}: {outcome:?}");
        assert_eq!(fake.operations().len(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_the_right() {
    let (_, outcome) = promote(Answer::error(400, "AccessDeniedException", "no")).await;
    let denied = NoEffect::Denied {
        iam_action: OPERATION.to_owned(),
        resource: ARN.to_owned(),
    };
    assert_eq!(outcome, Outcome::NoEffect(denied));
}

/// Each is sent once, whatever its answer.
#[tokio::test(start_paused = true)]
async fn what_may_have_happened_is_in_doubt_and_what_was_refused_is_not() {
    let throttled = Answer::error(400, "ThrottlingException", "slow down");
    let (fake, outcome) = promote(throttled).await;
    assert_eq!(outcome, Outcome::NoEffect(NoEffect::Throttled));
    assert_eq!(fake.operations().len(), 1);
    let (fake, outcome) = promote(Answer::Refused).await;
    let is_unsent = matches!(outcome, Outcome::NoEffect(NoEffect::NotSent { .. }));
    assert!(is_unsent, "{outcome:?}");
    assert_eq!(fake.operations().len(), 1);
    for answer in [
        Answer::Silence,
        Answer::Cut,
        Answer::error(500, "InternalServiceError", "oops"),
        Answer::html(502),
    ] {
        let (fake, outcome) = promote(answer.clone()).await;
        assert!(
            matches!(outcome, Outcome::InDoubt { .. }),
            "{answer:?}: {outcome:?}"
        );
        assert_eq!(fake.operations().len(), 1, "{answer:?}");
    }
}
