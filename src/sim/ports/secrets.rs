//! Secrets Manager and the log groups.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{SecretArn, SecretSeen, SecretSummary, VersionId};
use secrecy::SecretString;

use super::SimAccount;
use crate::ports::{LogEvent, LogReads, ReadResult, SecretReads};
use crate::sim::world::{Kind, Secret};

#[async_trait]
impl SecretReads for SimAccount {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.read("secretsmanager:ListSecrets", "*", |world| {
            let listed = world.secrets.values().filter(|secret| secret.deleted.is_none());
            listed.map(summary).collect()
        })
        .await
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        self.read("secretsmanager:DescribeSecret", secret.as_str(), |world| {
            world.secrets.get(secret).map(seen)
        })
        .await
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        self.read("secretsmanager:ListSecretVersionIds", secret.as_str(), |world| {
            let values = world.secrets.get(secret).map(|secret| &secret.values);
            let valued = values.into_iter().flatten().filter(|(_, value)| value.is_some());
            valued.map(|(version, _)| version.clone()).collect()
        })
        .await
    }

    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        self.read("secretsmanager:GetSecretValue", secret.as_str(), |world| {
            let secret = world.secrets.get(secret)?;
            if secret.deleted.is_some() {
                return None;
            }
            secret.labelled(stage).filter(|labelled| *labelled == version)?;
            value(secret, version).map(SecretString::from)
        })
        .await
    }
}

fn summary(secret: &Secret) -> SecretSummary {
    SecretSummary {
        arn: secret.arn.clone(),
        name: secret.name().to_owned(),
        labels: secret.labels.clone(),
        tags: secret.tags.clone(),
        rotation_enabled: true,
        rotation_lambda: secret.lambda(),
        owning_service: owner(secret),
        next_rotation: secret.next_rotation,
    }
}

fn seen(secret: &Secret) -> SecretSeen {
    SecretSeen {
        name: secret.name().to_owned(),
        labels: secret.labels.clone(),
        tags: secret.tags.clone(),
        rotation_enabled: true,
        rotation_lambda: secret.lambda(),
        owning_service: owner(secret),
        schedule: Some("rate(30 days)".to_owned()),
        next_rotation: secret.next_rotation,
        last_rotated: secret.last_rotated,
        last_changed: Some(secret.last_changed),
        deleted: secret.deleted,
        replicas: Vec::new(),
    }
}

fn owner(secret: &Secret) -> Option<String> {
    (secret.kind == Kind::Managed).then(|| "rds".to_owned())
}

/// The JSON as AWS's templates write it. The simulated database is found by the secret's ARN in `host`.
fn value(secret: &Secret, version: &VersionId) -> Option<String> {
    let value = secret.values.get(version)?.as_ref()?;
    let mut json = serde_json::json!({ "username": value.user, "password": value.password, "host": secret.arn.as_str() });
    if let Some(engine) = secret.kind.engine() {
        json["engine"] = engine.to_lowercase().into();
    }
    Some(json.to_string())
}

#[async_trait]
impl LogReads for SimAccount {
    async fn events(&self, group: &str, since: Timestamp) -> ReadResult<(bool, Vec<LogEvent>)> {
        self.read("logs:FilterLogEvents", group, |world| {
            let lines = world.logs.get(group);
            let visible = lines
                .into_iter()
                .flatten()
                .filter(|line| line.at >= since && line.visible <= world.now());
            let events = visible.map(|line| LogEvent {
                at: line.at,
                message: line.message.clone(),
            });
            (lines.is_some(), events.collect())
        })
        .await
    }
}
