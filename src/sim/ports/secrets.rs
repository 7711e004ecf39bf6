//! Secrets Manager and the log groups.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{LookFailure, SecretArn, SecretSeen, SecretSummary, VersionId};
use secrecy::SecretString;

use super::{SimAccount, not_found};
use crate::ports::{LogEvent, LogReads, ReadResult, SecretReads};
use crate::sim::world::{Kind, Secret, World};

#[async_trait]
impl SecretReads for SimAccount {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.read("secretsmanager:ListSecrets", "*", |world| {
            let listed = world
                .secrets
                .values()
                .filter(|secret| secret.deleted(world.now()).is_none());
            listed.map(summary).collect()
        })
        .await
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        self.read("secretsmanager:DescribeSecret", secret.as_str(), |world| {
            world.secrets.get(secret).map(|secret| seen(secret, world.now()))
        })
        .await
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        self.try_read("secretsmanager:ListSecretVersionIds", secret.as_str(), |world| {
            let valued = known(world, secret)?
                .values
                .iter()
                .filter(|(_, value)| value.is_some());
            Ok(valued.map(|(version, _)| version.clone()).collect())
        })
        .await
    }

    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        self.try_read("secretsmanager:GetSecretValue", secret.as_str(), |world| {
            let secret = known(world, secret)?;
            if secret.deleted(world.now()).is_some() {
                return Err(refused("it is marked for deletion"));
            }
            let found = value(secret, version).map(SecretString::from);
            if found.is_some() && secret.labelled(stage) != Some(version) {
                return Err(refused("the label is not on this version"));
            }
            Ok(found)
        })
        .await
    }
}

fn known<'a>(world: &'a World, secret: &SecretArn) -> Result<&'a Secret, LookFailure> {
    let known = world.secrets.get(secret);
    known.ok_or_else(|| not_found("such secret"))
}

/// InvalidRequestException.
fn refused(why: &str) -> LookFailure {
    LookFailure::Unexpected { why: why.to_owned() }
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

fn seen(secret: &Secret, now: Timestamp) -> SecretSeen {
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
