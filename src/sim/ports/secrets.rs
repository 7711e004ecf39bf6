//! Secrets Manager and the log groups.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{
    Done, Labels, LogReach, LookFailure, NoEffect, Outcome, SecretArn, SecretSeen, SecretSummary, VersionId,
};
use secrecy::SecretString;

use super::{Angle, EVERYTHING, SimAccount, not_found};
use crate::ports::{
    LogEvent, LogRead, LogReads, LogWanted, ReadResult, SecretReads, SecretWrites, WriteResult,
};
use crate::sim::world::{Kind, LogLine, Secret, Unmoved, World};

#[async_trait]
impl SecretReads for SimAccount {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.read("secretsmanager:ListSecrets", EVERYTHING, |world, angle| {
            let listed = world
                .secrets
                .values()
                .filter(|secret| secret.deleted(world.now()).is_none());
            let missing = usize::from(angle.partial);
            // The list goes on to name the dead for as long as it lags.
            let dead = world.dead.values();
            let dead = dead.filter(|(died, secret)| angle.as_of - secret.list_lag < *died);
            listed
                .chain(dead.map(|(_, secret)| secret))
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
        self.try_read(operation, secret.as_str(), |world, angle| {
            let secret = known(world, secret)?;
            let shown = secret.as_of(angle.as_of - secret.read_lag);
            Ok(shown.valued.iter().cloned().collect())
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
        self.try_read(operation, secret.as_str(), |world, angle| {
            let secret = known(world, secret)?;
            if secret.deleted(world.now()).is_some() {
                return Err(refused("it is marked for deletion"));
            }
            let labels = &secret.as_of(angle.as_of - secret.read_lag).labels;
            let found = value(secret, version).map(SecretString::from);
            if found.is_some() && labelled(labels, stage) != Some(version) {
                return Err(refused("the label is not on this version"));
            }
            Ok(found)
        })
        .await
    }
}

#[async_trait]
impl SecretWrites for SimAccount {
    async fn promote(&self, secret: &SecretArn, version: &VersionId, from: &VersionId) -> WriteResult {
        let operation = "secretsmanager:UpdateSecretVersionStage";
        let since = self.seen_since(|subject| subject == EVERYTHING || subject == secret.as_str());
        self.write_to(operation, secret.as_str(), since, |world, _| {
            let moved = world.promote(secret, version, from);
            match moved {
                Ok(()) => Outcome::Done(Done::Written { began: None }),
                Err(why) => Outcome::NoEffect(unmoved(why, from)),
            }
        })
        .await
    }
}

fn unmoved(why: Unmoved, from: &VersionId) -> NoEffect {
    match why {
        Unmoved::Elsewhere { on } => NoEffect::Conflict {
            expected: format!("AWSCURRENT on version {from}"),
            found: on.map_or("on none".to_owned(), |on| format!("on version {on}")),
        },
        Unmoved::NoSuchSecret | Unmoved::Deleted | Unmoved::NoSuchVersion | Unmoved::Empty => {
            NoEffect::Rejected {
                why: format!("{why:?}"),
            }
        }
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
        primary_region: None,
        external: false,
        labelled: BTreeSet::new(),
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
    async fn events(&self, wanted: &LogWanted) -> ReadResult<LogRead> {
        self.read("logs:FilterLogEvents", &wanted.group, |world, angle| {
            let Some(lines) = world.logs.get(&wanted.group) else {
                return LogRead {
                    reach: LogReach::Absent,
                    events: Vec::new(),
                };
            };
            let is_seen = |line: &&LogLine| line.at >= wanted.since && line.visible <= angle.as_of;
            let visible = lines.iter().filter(is_seen);
            let events = visible
                .filter(|line| wanted.takes(&line.stream))
                .map(|line| LogEvent {
                    at: line.at,
                    stream: line.stream.clone(),
                    message: line.message.clone(),
                });
            LogRead {
                reach: LogReach::Whole,
                events: events.collect(),
            }
        })
        .await
    }
}
