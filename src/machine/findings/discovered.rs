//! What discovery found beside consumers, or could not see.

use std::collections::BTreeMap;

use super::{Finding, Kind, Severity, bare_name};
use crate::model::{ReferenceKind, SecretArn};
use crate::state::State;

pub(super) fn standalone_tasks(state: &State) -> Vec<Finding> {
    let mut by_secret: BTreeMap<&SecretArn, Vec<&str>> = BTreeMap::new();
    for (_, seen) in state.scopes.values() {
        for (task, secret) in &seen.standalone {
            by_secret.entry(secret).or_default().push(task);
        }
    }
    let finding = |(secret, tasks): (&SecretArn, Vec<&str>)| Finding {
        severity: Severity::Warning,
        kind: Kind::StandaloneTasks,
        subject: secret.name().to_owned(),
        secret: Some(secret.clone()),
        text: format!(
            "{} running tasks without a service hold it, among them {}",
            tasks.len(),
            tasks[0]
        ),
        remedy: "stop and start them by hand after the rotation".to_owned(),
    };
    by_secret.into_iter().map(finding).collect()
}

pub(super) fn suspected(state: &State) -> Vec<Finding> {
    let lambdas = state.rotation_lambdas();
    let mut found = Vec::new();
    for (id, facts) in &state.consumers {
        let rotates = lambdas.contains(bare_name(id));
        for reference in facts
            .references
            .iter()
            .filter(|r| r.kind == ReferenceKind::Suspected && !rotates)
        {
            found.push(Finding {
                severity: Severity::Info,
                kind: Kind::SuspectedConsumer,
                subject: id.to_string(),
                secret: Some(reference.secret.clone()),
                text: format!(
                    "its environment names the database of {}: it may use the secret",
                    reference.secret.name()
                ),
                remedy: "give it the secret's ARN, or name it in the rule's consumers".to_owned(),
            });
        }
    }
    found
}

/// Without its environment nobody can say whether a function uses a secret (aws-facts: Lambda).
pub(super) fn unreadable(state: &State) -> Vec<Finding> {
    let names = state.scopes.values().flat_map(|(_, seen)| &seen.unreadable);
    let names: Vec<&str> = names.map(String::as_str).collect();
    let Some(first) = names.first() else {
        return Vec::new();
    };
    vec![Finding {
        severity: Severity::Warning,
        kind: Kind::EnvironmentUnreadable,
        subject: "Lambda functions".to_owned(),
        secret: None,
        text: format!(
            "the environments of {} functions cannot be decrypted, among them {first}: whether they use a secret is \
             unknown",
            names.len()
        ),
        remedy: "allow kms:Decrypt on the functions' keys".to_owned(),
    }]
}
