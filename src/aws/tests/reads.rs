//! Secrets Manager's answers in our own words.

use machine::model::{LookFailure, SecretArn, VersionId};
use secrecy::ExposeSecret;
use serde_json::json;

use super::aws;
use super::fake::{Answer, Fake};
use crate::ports::SecretReads;

fn secret() -> SecretArn {
    SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-AbCdEf")
}

#[tokio::test(start_paused = true)]
async fn a_described_secret() {
    let described = json!({
        "ARN": secret().as_str(),
        "Name": "shop/db",
        "RotationEnabled": true,
        "RotationLambdaARN": "arn:aws:lambda:eu-west-1:1:function:rotate",
        "RotationRules": { "AutomaticallyAfterDays": 30 },
        "LastRotatedDate": 1_767_225_600.121_f64,
        "LastChangedDate": 1_767_225_601,
        "NextRotationDate": 1_767_225_602,
        "Tags": [{ "Key": "team", "Value": "shop" }],
        "VersionIdsToStages": { "v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT", "AWSPENDING"], "v3": [] },
        "ReplicationStatus": [{ "Region": "us-east-1" }],
    });
    let fake = Fake::answers([Answer::json(&described)]);
    let (_, seen) = aws(&fake).secrets.describe(&secret()).await.unwrap();
    let seen = seen.unwrap();
    assert_eq!(seen.name, "shop/db");
    assert_eq!(seen.labels.current, Some(VersionId::new("v2")));
    assert_eq!(seen.labels.pending, Some(VersionId::new("v2")));
    assert_eq!(seen.labels.previous, Some(VersionId::new("v1")));
    assert_eq!(seen.tags["team"], "shop");
    assert_eq!(seen.schedule.as_deref(), Some("rate(30 days)"));
    assert_eq!(
        seen.last_rotated.unwrap().as_nanosecond(),
        1_767_225_600_121_000_000
    );
    assert_eq!(seen.replicas, ["us-east-1"]);
    assert_eq!(seen.deleted, None);
}

#[tokio::test(start_paused = true)]
async fn a_replica_names_its_primary_and_a_partners_key_its_type() {
    let described = async |more: serde_json::Value| {
        let mut answer = json!({ "ARN": secret().as_str(), "VersionIdsToStages": { "v1": ["AWSCURRENT"] } });
        answer
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let fake = Fake::answers([Answer::json(&answer)]);
        let (_, seen) = aws(&fake).secrets.describe(&secret()).await.unwrap();
        seen.unwrap()
    };
    let plain = described(json!({})).await;
    assert_eq!((plain.primary_region, plain.external), (None, false));
    let replica = described(json!({ "PrimaryRegion": "us-east-1" })).await;
    assert_eq!(replica.primary_elsewhere(&secret()), Some("us-east-1"));
    let primary = described(json!({ "PrimaryRegion": "eu-west-1" })).await;
    assert_eq!(primary.primary_elsewhere(&secret()), None);
    let metadata = json!([{ "Key": "apiVersion", "Value": "v65.0" }]);
    for of in [
        json!({ "Type": "SalesforceClientSecret" }),
        json!({ "ExternalSecretRotationMetadata": metadata }),
    ] {
        assert!(described(of.clone()).await.external, "{of}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_absent_secret_is_none() {
    let fake = Fake::answers([Answer::error(
        400,
        "ResourceNotFoundException",
        "can't find the specified secret.",
    )]);
    let (_, seen) = aws(&fake).secrets.describe(&secret()).await.unwrap();
    assert_eq!(seen, None);
}

#[tokio::test(start_paused = true)]
async fn a_value_is_asked_for_by_version_and_stage_and_never_printed() {
    let fake = Fake::answers([Answer::json(
        &json!({ "VersionId": "v2", "SecretString": "hunter2" }),
    )]);
    let aws = aws(&fake);
    let answer = aws
        .secrets
        .value(&secret(), &VersionId::new("v2"), "AWSPENDING")
        .await
        .unwrap();
    assert!(!format!("{answer:?}").contains("hunter2"));
    assert_eq!(answer.1.unwrap().expose_secret(), "hunter2");
    let sent = fake.sent()[0].json();
    assert_eq!(
        (&sent["VersionId"], &sent["VersionStage"]),
        (&json!("v2"), &json!("AWSPENDING"))
    );
    let error = aws
        .secrets
        .value(&secret(), &VersionId::new("v3"), "AWSPENDING")
        .await
        .unwrap_err();
    assert!(matches!(error.failure, LookFailure::Unexpected { .. }), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_version_without_text_is_none_and_a_missing_secret_an_error() {
    let version = VersionId::new("v2");
    let absent = |message: &str| Answer::error(400, "ResourceNotFoundException", message);
    let fake = Fake::answers([
        Answer::json(&json!({ "VersionId": "v2", "SecretBinary": "aGk=" })),
        absent("Secrets Manager can't find the specified secret value for VersionId: v2"),
        absent("Secrets Manager can't find the specified secret."),
    ]);
    let aws = aws(&fake);
    for _ in 0..2 {
        let (_, value) = aws
            .secrets
            .value(&secret(), &version, "AWSCURRENT")
            .await
            .unwrap();
        assert!(value.is_none());
    }
    let error = aws
        .secrets
        .value(&secret(), &version, "AWSCURRENT")
        .await
        .unwrap_err();
    assert!(matches!(error.failure, LookFailure::NotFound { .. }), "{error}");
}
