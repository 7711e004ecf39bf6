//! Secrets that are not there any more, and that somebody still names: what starts the next time, fails.

use super::at_rest::is_unread;
use super::{Finding, Kind, Severity, commands};
use crate::facts::state::{ConsumerFacts, State};
use crate::model::{ConsumerId, ReferenceKind, SecretArn, Subject};

pub(super) fn not_there(state: &State) -> Vec<Finding> {
    let found = state.not_there().filter_map(|secret| {
        let users: Vec<(&ConsumerId, &ConsumerFacts)> = state.users_of(secret).collect();
        if let Some(living) = state.successor(secret) {
            bound_to_the_dead(state, secret, living, &users)
        } else if state.is_lost(secret) {
            lost(secret, &users)
        } else {
            deleted(state, secret, &users)
        }
    });
    found.collect()
}

/// Another has its name. By its full ARN nobody can mean that one.
fn bound_to_the_dead(
    state: &State,
    dead: &SecretArn,
    living: &SecretArn,
    users: &[(&ConsumerId, &ConsumerFacts)],
) -> Option<Finding> {
    let since = state.told_apart_since(dead, living)?;
    let names_it = |id: &ConsumerId| {
        let mut searched = state.scopes.values().filter(|(look, _)| look.sent > since);
        searched.any(|(_, seen)| {
            let mut found = seen.consumers.iter().filter(|consumer| &consumer.id == id);
            found.any(|consumer| consumer.references.iter().any(|one| &one.secret == dead))
        })
    };
    let bound = users.iter().map(|(id, _)| *id);
    let bound: Vec<&ConsumerId> = bound.filter(|id| names_it(id) && !is_unread(state, id)).collect();
    let first = bound.first()?;
    let text = format!(
        "the secret was deleted and made again under its name, and {}: what of them starts next, fails",
        naming(bound.len(), "the dead one by its full ARN", first)
    );
    let remedy = format!(
        "only a new reference mends it: put {living}, or the ARN without its last seven characters, in place of {dead}"
    );
    Some(finding(Severity::Warning, dead, text, remedy))
}

/// Nothing has its name.
fn lost(secret: &SecretArn, users: &[(&ConsumerId, &ConsumerFacts)]) -> Option<Finding> {
    let (first, _) = users.first()?;
    let text = format!(
        "the secret no longer exists, and {}: what of them starts next, fails",
        naming(users.len(), "it", first)
    );
    let mut references = users.iter().flat_map(|(_, facts)| facts.used());
    let is_by_name = references.all(|one| &one.secret != secret || one.kind == ReferenceKind::Named);
    let remedy = if is_by_name {
        "make it again under its name, or take the reference out of the consumer"
    } else {
        "make it again under its name, which mends references by name or by the ARN without its last seven characters; \
         one by the full ARN only a new reference mends. Or take the reference out of the consumer"
    };
    Some(finding(Severity::Warning, secret, text, remedy))
}

/// Lists leave out what is scheduled for deletion.
fn deleted(state: &State, secret: &SecretArn, users: &[(&ConsumerId, &ConsumerFacts)]) -> Option<Finding> {
    let (first, _) = users.first()?;
    let (_, seen) = state.secret(secret)?.seen.as_ref()?;
    let at = seen.deleted.filter(|_| state.is_missing(secret))?;
    let text = format!(
        "scheduled for deletion since {at:.0}, and {}",
        naming(users.len(), "it", first)
    );
    let remedy = commands::restore(secret);
    Some(finding(Severity::Critical, secret, text, remedy))
}

fn naming(count: usize, what: &str, first: &ConsumerId) -> String {
    match count {
        1 => format!("1 consumer still names {what}, {first}"),
        count => format!("{count} consumers still name {what}, among them {first}"),
    }
}

fn finding(severity: Severity, secret: &SecretArn, text: String, remedy: impl Into<String>) -> Finding {
    Finding {
        severity,
        kind: Kind::StillNamed,
        subject: Subject::Secret(secret.clone()),
        secret: Some(secret.clone()),
        text,
        remedy: remedy.into(),
    }
}
