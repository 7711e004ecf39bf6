//! How task definitions and environments name a secret (aws-facts: ECS).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use machine::model::{Reference, ReferenceKind, SecretArn};

use super::arn;

/// SSM parameters under this path stand for secrets: `/aws/reference/secretsmanager/NAME`, also with `:LABEL` or
/// `:VERSION-ID` (Systems Manager: Referencing Secrets Manager secrets from Parameter Store).
const SSM_REFERENCE: &str = "/aws/reference/secretsmanager/";

/// The secrets that can be found, by each way to name one. Of two with the same name the first counts.
pub(super) struct Known<'a> {
    by_arn: BTreeMap<&'a str, &'a SecretArn>,
    by_name: BTreeMap<&'a str, &'a SecretArn>,
}

impl<'a> Known<'a> {
    pub(super) fn of(secrets: &'a [SecretArn]) -> Self {
        let mut known = Self {
            by_arn: secrets.iter().map(|secret| (secret.as_str(), secret)).collect(),
            by_name: BTreeMap::new(),
        };
        for secret in secrets {
            known.by_name.entry(secret.name()).or_insert(secret);
            if let Some(arn) = arn::without_random(secret) {
                known.by_arn.entry(arn).or_insert(secret);
            }
        }
        known
    }

    /// The secret that a `valueFrom` names, if it is one of these.
    ///
    /// Forms: the full ARN; the ARN without its six random characters; either with `:json-key:stage:version-id`;
    /// and SSM's reference path. A bare name is an SSM parameter, not a secret.
    pub(super) fn named_by(&self, value_from: &str) -> Option<Reference> {
        if let Some((_, parameter)) = value_from.split_once(SSM_REFERENCE) {
            return self.by_parameter(parameter);
        }
        let arn = arn::bare(value_from);
        let secret = *self.by_arn.get(arn)?;
        let mut behind = value_from[arn.len()..].splitn(4, ':').skip(2);
        let stage = behind.next().filter(|stage| !stage.is_empty());
        let version = behind.next().filter(|version| !version.is_empty());
        let kind = match (stage, version) {
            (_, Some(version)) => pinned(&format!("version {version}")),
            (None | Some("AWSCURRENT"), None) => ReferenceKind::Injected,
            (Some(stage), None) => pinned(stage),
        };
        Some(reference(secret, kind))
    }

    fn by_parameter(&self, parameter: &str) -> Option<Reference> {
        let (name, selector) = parameter.split_once(':').unwrap_or((parameter, "AWSCURRENT"));
        let secret = self.by_name.get(name)?;
        let kind = match selector {
            "AWSCURRENT" => ReferenceKind::Injected,
            other => pinned(other),
        };
        Some(reference(secret, kind))
    }

    /// The secrets whose ARN stands somewhere in an environment value: the program fetches by itself.
    pub(super) fn in_environment<'v>(
        &self,
        value: &'v str,
    ) -> impl Iterator<Item = Reference> + use<'a, '_, 'v> {
        let named = arn::all(value).filter_map(|found| self.by_arn.get(arn::bare(found)).copied());
        named.map(|secret| reference(secret, ReferenceKind::Fetches))
    }
}

fn pinned(to: &str) -> ReferenceKind {
    ReferenceKind::Pinned { to: to.to_owned() }
}

fn reference(secret: &SecretArn, kind: ReferenceKind) -> Reference {
    Reference {
        secret: secret.clone(),
        kind,
    }
}
