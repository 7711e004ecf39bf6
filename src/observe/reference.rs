//! How task definitions, environments and commands name a secret (aws-facts: ECS).

mod decoding;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use machine::model::{Reference, ReferenceKind, SecretArn};
use secrecy::zeroize::Zeroizing;

pub(super) use decoding::readings;

use super::arn;

/// SSM parameters under this path stand for secrets: `/aws/reference/secretsmanager/NAME`, also with `:LABEL` or
/// `:VERSION-ID` (Systems Manager: Referencing Secrets Manager secrets from Parameter Store).
const SSM_REFERENCE: &str = "/aws/reference/secretsmanager/";

/// The secrets that can be found, by each way to name one. Of two with the same name the first counts: whoever asks puts
/// the living one first.
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
            if let Some(arn) = secret.without_random() {
                known.by_arn.entry(arn).or_insert(secret);
            }
        }
        known
    }

    /// The secret that a `valueFrom` names, if it is one of these.
    ///
    /// Forms: the full ARN; the ARN without its six random characters; either with `:json-key:stage:version-id`;
    /// and SSM's reference path, alone or in a parameter's ARN. A bare name is an SSM parameter, not a secret.
    pub(super) fn named_by(&self, value_from: &str) -> Option<Reference> {
        if let Some((before, parameter)) = value_from.split_once(SSM_REFERENCE) {
            let found = self.by_parameter(parameter)?;
            return is_of_region(&found.secret, before).then_some(found);
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

    /// The secrets that the value of a variable, or a command, names: the program fetches them by itself.
    ///
    /// `place` is the variable's name; it may say that its value is a secret's name. The readings are the text as it
    /// stands, and what it encodes.
    pub(super) fn in_readings(&self, place: &str, readings: &[Zeroizing<String>]) -> BTreeSet<Reference> {
        let mut found = BTreeSet::new();
        for reading in readings {
            words::search(self, place, reading, &mut found);
        }
        found
    }
}

/// What precedes the path in a parameter's ARN. A path alone is of the region that it is read in.
fn is_of_region(secret: &SecretArn, before: &str) -> bool {
    let region = |arn: &str| arn.split(':').nth(3).map(str::to_owned);
    !before.starts_with("arn:") || region(before) == region(secret.as_str())
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

/// Who is known to use a secret is not suspected of it, and whose ARN was found need not be told by its name.
pub(super) fn settled(found: &BTreeSet<Reference>) -> Vec<Reference> {
    let strength = |kind: &ReferenceKind| match kind {
        ReferenceKind::Suspected => 0,
        ReferenceKind::Named => 1,
        ReferenceKind::Pinned { .. }
        | ReferenceKind::Injected
        | ReferenceKind::Fetches
        | ReferenceKind::Declared => 2,
    };
    let mut strongest: BTreeMap<SecretArn, u8> = BTreeMap::new();
    for reference in found {
        let known = strongest.entry(reference.secret.clone()).or_insert(0);
        *known = strength(&reference.kind).max(*known);
    }
    let is_pinned_alone = |secret: &SecretArn| {
        let mut sure = found
            .iter()
            .filter(|one| &one.secret == secret && strength(&one.kind) == 2);
        sure.all(|one| matches!(one.kind, ReferenceKind::Pinned { .. }))
    };
    let stays = |one: &&Reference| match one.kind {
        // Whoever is pinned in one place and fetches in another gets the new value there.
        ReferenceKind::Named => strongest[&one.secret] == 1 || is_pinned_alone(&one.secret),
        _ => strength(&one.kind) == strongest[&one.secret],
    };
    found.iter().filter(stays).cloned().collect()
}
