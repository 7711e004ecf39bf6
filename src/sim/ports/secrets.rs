//! Secrets Manager and the log groups.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{Labels, SecretArn, SecretSeen, SecretSummary, VersionId};
use secrecy::SecretString;

use super::{Angle, SimAccount};
use crate::ports::{LogEvent, LogReads, ReadResult, SecretReads};
use crate::sim::world::{Kind, Secret};

#[async_trait]
impl SecretReads for SimAccount {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.read("secretsmanager:ListSecrets", "*", |world, angle| {
            let listed = world
                .secrets
                .values()
                .filter(|secret| secret.deleted(world.now()).is_none());
            let missing = usize::from(angle.partial);
            listed
                .skip(missing)
                .map(|secret| summary(secret, angle))
                .collect()
        })
        .await
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        let operation = "secretsmanager:DescribeSecret";
        self.read(operation, secret.as_str(), |world, angle| {
            let secret = world.secrets.get(secret)?;
            Some(seen(secret, world.now(), angle))
        })
        .await
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        let operation = "secretsmanager:ListSecretVersionIds";
        self.read(operation, secret.as_str(), |world, angle| {
            let secret = world.secrets.get(secret);
            let shown = secret.map(|secret| secret.as_of(angle.as_of - secret.read_lag));
            shown.map_or_else(Vec::new, |shown| shown.valued.iter().cloned().collect())
        })
        .await
    }

    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        let operation = "secretsmanager:GetSecretValue";
        self.read(operation, secret.as_str(), |world, angle| {
            let secret = world.secrets.get(secret)?;
            if secret.deleted(world.now()).is_some() {
                return None;
            }
            let labels = &secret.as_of(angle.as_of - secret.read_lag).labels;
            labelled(labels, stage).filter(|labelled| *labelled == version)?;
            value(secret, version).map(SecretString::from)
        })
        .await
    }
}

/// The version that carries a staging label.
fn labelled<'a>(labels: &'a Labels, stage: &str) -> Option<&'a VersionId> {
    match stage {
        "AWSCURRENT" => labels.current.as_ref(),
        "AWSPENDING" => labels.pending.as_ref(),
        "AWSPREVIOUS" => labels.previous.as_ref(),
        _ => None,
    }
}

fn summary(secret: &Secret, angle: Angle) -> SecretSummary {
    let shown = secret.as_of(angle.as_of - secret.list_lag);
    SecretSummary {
        arn: secret.arn.clone(),
        name: secret.name().to_owned(),
        labels: shown.labels.clone(),
        tags: shown.tags.clone(),
        rotation_enabled: shown.rotation_enabled,
        rotation_lambda: secret.lambda(),
        owning_service: owner(secret),
        next_rotation: shown.next_rotation,
    }
}

fn seen(secret: &Secret, now: Timestamp, angle: Angle) -> SecretSeen {
    let shown = secret.as_of(angle.as_of - secret.read_lag);
    SecretSeen {
        name: secret.name().to_owned(),
        labels: shown.labels.clone(),
        tags: shown.tags.clone(),
        rotation_enabled: shown.rotation_enabled,
        rotation_lambda: secret.lambda(),
        owning_service: owner(secret),
        schedule: Some("rate(30 days)".to_owned()),
        next_rotation: shown.next_rotation,
        last_rotated: shown.last_rotated,
        last_changed: Some(shown.last_changed),
        deleted: secret.deleted(now),
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
        self.read("logs:FilterLogEvents", group, |world, _| {
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
