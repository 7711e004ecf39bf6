//! Lists are read to their end, within a bound.

use machine::model::LookFailure;
use serde_json::json;

use super::aws;
use super::fake::{Answer, Fake};
use crate::aws::pages::Pages;
use crate::ports::{EcsReads, LambdaReads, SecretReads};

#[test]
fn pages_end_at_the_bound() {
    let mut pages = Pages::up_to(3);
    assert_eq!(pages.follow(Some("a".to_owned())), Ok(true));
    assert_eq!(pages.follow(Some("b".to_owned())), Ok(true));
    assert_eq!(pages.token().as_deref(), Some("b"));
    assert!(pages.follow(Some("c".to_owned())).is_err());
}

#[test]
fn a_token_is_followed_once() {
    let mut pages = Pages::up_to(10);
    assert_eq!(pages.follow(Some("a".to_owned())), Ok(true));
    assert_eq!(pages.follow(Some("b".to_owned())), Ok(true));
    assert!(pages.follow(Some("a".to_owned())).is_err());
}

#[test]
fn no_token_and_an_empty_one_are_the_end() {
    let mut pages = Pages::up_to(1);
    assert_eq!(pages.follow(None), Ok(false));
    assert_eq!(pages.follow(Some(String::new())), Ok(false));
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_one_answer() {
    let page = |name: &str, next: Option<&str>| {
        Answer::json(&json!({ "SecretList": [{ "ARN": name }], "NextToken": next }))
    };
    let fake = Fake::answers([page("a", Some("2")), page("b", Some("3")), page("c", None)]);
    let (_, found) = aws(&fake).secrets.list().await.unwrap();
    let arns: Vec<_> = found.iter().map(|secret| secret.arn.as_str()).collect();
    assert_eq!(arns, ["a", "b", "c"]);
    let tokens: Vec<_> = fake
        .sent()
        .iter()
        .map(|sent| sent.json()["NextToken"].clone())
        .collect();
    assert_eq!(tokens, [json!(null), json!("2"), json!("3")]);
}

#[tokio::test(start_paused = true)]
async fn an_endless_token_is_an_error_everywhere() {
    let page = json!({ "NextToken": "x", "nextToken": "x", "NextMarker": "x" });
    let fake = Fake::answers([Answer::json(&page)]);
    let aws = aws(&fake);
    let failures = [
        aws.secrets.list().await.unwrap_err(),
        aws.secrets
            .valued_versions(&machine::model::SecretArn::new("a"))
            .await
            .unwrap_err(),
        aws.ecs.clusters().await.unwrap_err(),
        aws.ecs.services("c").await.unwrap_err(),
        aws.ecs.standalone_tasks("c").await.unwrap_err(),
        aws.lambda.functions().await.unwrap_err(),
    ];
    for error in &failures {
        assert!(matches!(error.failure, LookFailure::Unexpected { .. }), "{error}");
        assert!(error.to_string().contains("twice"), "{error}");
    }
    assert_eq!(fake.sent().len(), 2 * failures.len());
}
