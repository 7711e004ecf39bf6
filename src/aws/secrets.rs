//! Secrets Manager (aws-facts: Staging labels; Reading cheaply).

#![expect(clippy::disallowed_types, reason = "the SDK's own")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use aws_sdk_secretsmanager::types::{RotationRulesType, SecretListEntry, Tag};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use machine::model::{Done, Labels, NoEffect, Outcome, SecretArn, SecretSeen, SecretSummary, VersionId};
use secrecy::SecretString;

use super::call::{Ask, Sending, is_absent};
use super::clock::{AwsClock, timestamp};
use super::pages::Pages;
use super::trouble::SdkError;
use crate::ports::{ReadResult, SecretReads, SecretWrites, WriteResult};

const LIST: &str = "secretsmanager:ListSecrets";
const DESCRIBE: &str = "secretsmanager:DescribeSecret";
const VERSIONS: &str = "secretsmanager:ListSecretVersionIds";
const VALUE: &str = "secretsmanager:GetSecretValue";
const MOVE_LABEL: &str = "secretsmanager:UpdateSecretVersionStage";

const CURRENT: &str = "AWSCURRENT";

/// The most that ListSecrets and ListSecretVersionIds give on a page.
const PAGE: i32 = 100;
const MOST_PAGES: usize = 500;

pub(super) struct Secrets {
    pub(super) reader: Client,
    /// Sends a request once.
    pub(super) writer: Client,
    pub(super) clock: AwsClock,
}

#[async_trait]
impl SecretReads for Secrets {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        let ask = Ask::about(&self.clock, "*");
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut found = Vec::new();
        loop {
            let request = self.reader.list_secrets().max_results(PAGE);
            let page = request.set_next_token(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(LIST, &error))?;
            found.extend(page.secret_list().iter().filter_map(summary));
            let more = pages.follow(page.next_token);
            if !more.map_err(|trouble| ask.failed(LIST, trouble))? {
                return ask.answered(found);
            }
        }
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        let ask = Ask::about(&self.clock, secret.as_str());
        let request = self.reader.describe_secret().secret_id(secret.as_str());
        match request.send().await {
            Ok(described) => ask.answered(Some(seen(secret, &described))),
            Err(error) if is_absent(&error) => ask.answered(None),
            Err(error) => Err(ask.error(DESCRIBE, &error)),
        }
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        let ask = Ask::about(&self.clock, secret.as_str());
        let mut pages = Pages::up_to(MOST_PAGES);
        let mut found = Vec::new();
        loop {
            let request = self.reader.list_secret_version_ids().secret_id(secret.as_str());
            let request = request.include_deprecated(false).max_results(PAGE);
            let page = request.set_next_token(pages.token()).send().await;
            let page = page.map_err(|error| ask.error(VERSIONS, &error))?;
            let versions = page.versions().iter().filter_map(|version| version.version_id());
            found.extend(versions.map(VersionId::new));
            let more = pages.follow(page.next_token);
            if !more.map_err(|trouble| ask.failed(VERSIONS, trouble))? {
                return ask.answered(found);
            }
        }
    }

    /// Asks for version and stage together: AWS refuses where the label has moved on.
    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        let ask = Ask::about(&self.clock, secret.as_str());
        let request = self.reader.get_secret_value().secret_id(secret.as_str());
        let request = request.version_id(version.as_str()).version_stage(stage);
        match request.send().await {
            Ok(answer) if answer.version_id() == Some(version.as_str()) => ask.answered(text(answer)),
            Ok(_) => Err(ask.unexpected(VALUE, format!("another version than {version}"))),
            Err(error) if has_no_value(&error) => ask.answered(None),
            Err(error) => Err(ask.error(VALUE, &error)),
        }
    }
}

#[async_trait]
impl SecretWrites for Secrets {
    async fn promote(&self, secret: &SecretArn, version: &VersionId, from: &VersionId) -> WriteResult {
        let sending = Sending::new(&self.clock, MOVE_LABEL, secret.as_str());
        let request = self
            .writer
            .update_secret_version_stage()
            .secret_id(secret.as_str());
        let request = request
            .version_stage(CURRENT)
            .move_to_version_id(version.as_str());
        let request = request.remove_from_version_id(from.as_str()).customize();
        let answer = request.interceptor(sending.watch()).send().await;
        let is_elsewhere = answer.as_ref().err().is_some_and(is_invalid);
        let (at, outcome) = sending.ended(answer.map(|_| Done::Written { began: None }));
        match outcome {
            Outcome::NoEffect(NoEffect::Rejected { why }) if is_elsewhere => (at, elsewhere(from, why)),
            outcome => (at, outcome),
        }
    }
}

/// What AWS answers where the label is not on the version that it is to be taken from (aws-facts: Staging labels).
fn is_invalid(error: &SdkError<UpdateSecretVersionStageError>) -> bool {
    let error = error.as_service_error();
    error.is_some_and(UpdateSecretVersionStageError::is_invalid_parameter_exception)
}

fn elsewhere(from: &VersionId, found: String) -> Outcome {
    let expected = format!("{CURRENT} on version {from}");
    Outcome::NoEffect(NoEffect::Conflict { expected, found })
}

fn text(answer: GetSecretValueOutput) -> Option<SecretString> {
    answer.secret_string.map(SecretString::from)
}

/// AWS names the same error for a missing secret ("the specified secret.") and for a version without a value.
fn has_no_value(error: &SdkError<GetSecretValueError>) -> bool {
    let message = error.as_service_error().and_then(ProvideErrorMetadata::message);
    is_absent(error) && message.is_some_and(|message| message.contains("secret value"))
}

fn summary(entry: &SecretListEntry) -> Option<SecretSummary> {
    let arn = SecretArn::new(entry.arn()?);
    Some(SecretSummary {
        name: entry.name().unwrap_or(arn.name()).to_owned(),
        labels: labels(entry.secret_versions_to_stages()),
        tags: tags(entry.tags()),
        rotation_enabled: entry.rotation_enabled().unwrap_or(false),
        rotation_lambda: rotation_lambda(entry.rotation_lambda_arn()),
        owning_service: entry.owning_service().map(str::to_owned),
        next_rotation: entry.next_rotation_date().and_then(timestamp),
        arn,
    })
}

fn seen(secret: &SecretArn, described: &DescribeSecretOutput) -> SecretSeen {
    let replicas = described.replication_status().iter();
    SecretSeen {
        name: described.name().unwrap_or(secret.name()).to_owned(),
        labels: labels(described.version_ids_to_stages()),
        tags: tags(described.tags()),
        rotation_enabled: described.rotation_enabled().unwrap_or(false),
        rotation_lambda: rotation_lambda(described.rotation_lambda_arn()),
        owning_service: described.owning_service().map(str::to_owned),
        schedule: described.rotation_rules().and_then(schedule),
        next_rotation: described.next_rotation_date().and_then(timestamp),
        last_rotated: described.last_rotated_date().and_then(timestamp),
        last_changed: described.last_changed_date().and_then(timestamp),
        deleted: described.deleted_date().and_then(timestamp),
        replicas: replicas
            .filter_map(|replica| replica.region().map(str::to_owned))
            .collect(),
        primary_region: described.primary_region().map(str::to_owned),
        external: is_external(described),
        labelled: labelled(described.version_ids_to_stages()),
    }
}

/// A partner's key, which Secrets Manager rotates itself (aws-facts: Staging labels).
fn is_external(described: &DescribeSecretOutput) -> bool {
    let is_typed = described.r#type().is_some_and(|of| !of.is_empty());
    is_typed || !described.external_secret_rotation_metadata().is_empty()
}

fn labels(stages: Option<&HashMap<String, Vec<String>>>) -> Labels {
    let holder = |label: &str| {
        let holds = |stages: &[String]| stages.iter().any(|stage| stage == label);
        let (version, _) = stages?.iter().find(|(_, stages)| holds(stages))?;
        Some(VersionId::new(version))
    };
    Labels {
        current: holder(CURRENT),
        pending: holder("AWSPENDING"),
        previous: holder("AWSPREVIOUS"),
    }
}

/// Versions that carry labels of people's own.
fn labelled(stages: Option<&HashMap<String, Vec<String>>>) -> BTreeSet<VersionId> {
    let is_own = |stage: &String| !["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"].contains(&stage.as_str());
    let versions = stages.into_iter().flatten();
    let own = versions.filter(|(_, stages)| stages.iter().any(is_own));
    own.map(|(version, _)| VersionId::new(version)).collect()
}

fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}

fn rotation_lambda(arn: Option<&str>) -> Option<String> {
    arn.filter(|arn| !arn.is_empty()).map(str::to_owned)
}

fn schedule(rules: &RotationRulesType) -> Option<String> {
    let by_days = || {
        rules
            .automatically_after_days()
            .map(|days| format!("rate({days} days)"))
    };
    rules.schedule_expression().map(str::to_owned).or_else(by_days)
}
