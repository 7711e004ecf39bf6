//! What is known before the next rotation: who could not be refreshed, and what in the configuration matches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::beyond::remedy_beforehand;
use super::{Finding, Kind, Severity, commands};
use crate::consumers::Why;
use crate::facts::state::{ConsumerFacts, State};
use crate::judge::outlook::Next;
use crate::judge::{Judgement, Judgements};
use crate::model::{
    ConsumerId, LookKey, Part, Procedure, RdsId, RdsPart, ReferenceKind, SecretArn, Stage, Subject, host_key,
};
use crate::policy::{Applications, Policy};

/// Whether only a person could refresh the consumer at the next rotation: one finding, however many secrets it has. Where
/// a promotion has come already, `beyond-us` speaks. `outlooks`: what the next rotation of each of its secrets does.
pub(crate) fn beyond_next<'a>(
    consumer: &ConsumerId,
    outlooks: impl Iterator<Item = (&'a SecretArn, &'a Next)>,
    judgements: &Judgements,
) -> Option<Finding> {
    let naming = judgements.naming(consumer);
    let judged = naming.filter_map(|secret| judgements.get(secret));
    let told: Vec<&Why> = judged
        .filter_map(|judgement| beyond(judgement, consumer))
        .collect();
    let left = outlooks.filter_map(|(secret, next)| Left::of(secret, next));
    let left: Vec<Left<'_>> = left.filter(|left| !told.contains(&left.why)).collect();
    before_the_next(consumer, &left)
}

/// What the next rotation of a secret leaves to a person.
struct Left<'a> {
    secret: &'a SecretArn,
    why: &'a Why,
    /// What else is done for it.
    done: Option<Procedure>,
}

impl<'a> Left<'a> {
    fn of(secret: &'a SecretArn, next: &'a Next) -> Option<Self> {
        let (why, done) = match next {
            Next::Person(why) if is_of_the_consumer(why) => (why, None),
            Next::InPart { procedure, left } => (left, Some(*procedure)),
            Next::Person(_)
            | Next::Redeploy
            | Next::ConfigUpdate
            | Next::SwitchedOff { .. }
            | Next::Wait { .. }
            | Next::ByItself
            | Next::Nothing(_)
            | Next::Suspected
            | Next::Unknown(_) => return None,
        };
        Some(Self { secret, why, done })
    }
}

/// A pinned reference and a name that matches nothing have findings of their own.
fn is_of_the_consumer(why: &Why) -> bool {
    why.topic().meaning().of_the_consumer
}

/// Why the consumer is beyond us since the last promotion.
pub(crate) fn beyond<'a>(judgement: &'a Judgement, consumer: &ConsumerId) -> Option<&'a Why> {
    let mut standings = judgement.current()?.consumers.iter();
    let (_, standing) = standings.find(|(id, _)| id == consumer)?;
    (standing.stage == Stage::Beyond).then_some(&standing.why)
}

fn before_the_next(consumer: &ConsumerId, left: &[Left<'_>]) -> Option<Finding> {
    // What a person must do alone comes before what is done in part.
    let first = left.iter().min_by_key(|left| left.done.is_some())?;
    let alike = left.iter().filter(|left| left.why == first.why);
    let names: Vec<&str> = alike.map(|left| left.secret.name()).collect();
    let names = names.join(", ");
    let (severity, text) = match first.done {
        None => (
            Severity::Warning,
            format!(
                "at the next rotation of {names} only a person can refresh it: {}",
                first.why
            ),
        ),
        Some(method) => (
            Severity::Info,
            format!(
                "the next rotation of {names} refreshes it by {}, which is not all: {}",
                method.name(),
                first.why
            ),
        ),
    };
    Some(Finding {
        severity,
        kind: Kind::BeyondNext,
        subject: Subject::Consumer(consumer.clone()),
        secret: Some(first.secret.clone()),
        text,
        remedy: remedy_beforehand(consumer, first.why),
    })
}

/// Keys of the configuration that match nothing: most likely mistyped, and silently without effect. `watched`: what the
/// rules say, secret by secret.
pub(crate) fn unmatched(
    state: &State,
    watched: &BTreeMap<SecretArn, Arc<Policy>>,
    hosts: &BTreeMap<String, String>,
    applications: &Applications,
) -> Vec<Finding> {
    if !state.is_answered() {
        return Vec::new();
    }
    let mut found = idle_databases(state, watched);
    let mut rules: BTreeMap<&str, (&Policy, BTreeSet<&SecretArn>)> = BTreeMap::new();
    for (secret, policy) in watched.iter().filter(|(_, policy)| !policy.staleness.is_empty()) {
        let rule = rules
            .entry(&*policy.rule)
            .or_insert_with(|| (policy, BTreeSet::new()));
        rule.1.insert(secret);
    }
    for (rule, (policy, secrets)) in &rules {
        let idle = policy
            .staleness
            .keys()
            .filter(|id| !uses_any(state, policy, id, secrets) && !is_unread(state, id));
        found.extend(idle.map(|id| idle_staleness(id, rule)));
    }
    let idle_hosts = hosts.iter();
    found.extend(idle_hosts.filter_map(|(host, name)| idle_host(state, watched, host, name)));
    let grouped = applications.groups.iter();
    let strangers = grouped.filter(|(id, _)| !uses_watched(state, watched, id) && !is_unread(state, id));
    found.extend(strangers.map(|(id, application)| stranger(id, application)));
    found
}

/// Whether a consumer of an application uses any watched secret. Of others there are no rotations to measure for.
fn uses_watched(state: &State, watched: &BTreeMap<SecretArn, Arc<Policy>>, id: &ConsumerId) -> bool {
    let facts = state.consumers.get(id).filter(|facts| !facts.is_gone());
    let mut references = facts.into_iter().flat_map(|facts| &facts.references);
    references.any(|reference| watched.contains_key(&reference.secret))
}

fn stranger(id: &ConsumerId, application: &Arc<str>) -> Finding {
    finding(
        Subject::Application(application.clone()),
        format!("numbers.applications names {id}, which uses no watched secret: it is never measured"),
        "correct the name (/v1/consumers lists those that were found), or remove it".to_owned(),
    )
}

/// Databases of RDS that rules name and that RDS does not list.
fn idle_databases(state: &State, watched: &BTreeMap<SecretArn, Arc<Policy>>) -> Vec<Finding> {
    let named = watched.values().filter_map(|policy| {
        let id = &policy.rds.as_ref()?.database;
        let is_listed = || state.rds_database(id).is_some();
        let is_answered = state.looked.contains_key(&LookKey::Rds(RdsPart::of(id)));
        (is_answered && !is_listed()).then_some((&*policy.rule, id))
    });
    let named: BTreeSet<(&str, &RdsId)> = named.collect();
    let told = named.into_iter().map(|(rule, id)| {
        finding(
            Subject::Watchdog(Part::Rule(rule.into())),
            format!("{rule} sets rds = \"{id}\", and RDS lists no such database: the key has no effect"),
            "correct the identifier (/v1/databases lists those that were found), or remove the key"
                .to_owned(),
        )
    });
    told.collect()
}

fn uses_any(state: &State, policy: &Policy, id: &ConsumerId, secrets: &BTreeSet<&SecretArn>) -> bool {
    let facts = state.consumers.get(id).filter(|facts| !facts.is_gone());
    let references = facts.into_iter().flat_map(|facts| &facts.references);
    let is_declared = || policy.declared.iter().any(|declared| &declared.id == id);
    is_declared()
        || references
            .into_iter()
            .any(|reference| secrets.contains(&reference.secret))
}

/// Whether nobody could read what the consumer names.
pub(super) fn is_unread(state: &State, id: &ConsumerId) -> bool {
    state.scopes.values().any(|(_, seen)| {
        let mut definitions = seen.unread.iter();
        definitions.any(|unread| unread.consumer.as_ref() == Some(id))
            || matches!(id, ConsumerId::Function { name } if seen.unreadable.iter().any(|other| **other == **name))
    })
}

fn idle_staleness(id: &ConsumerId, rule: &str) -> Finding {
    finding(
        Subject::Watchdog(Part::Rule(rule.into())),
        format!("{rule} sets staleness for {id}, which uses none of its secrets: the key has no effect"),
        "correct the name (/v1/consumers lists those that were found), or remove the key".to_owned(),
    )
}

fn idle_host(
    state: &State,
    watched: &BTreeMap<SecretArn, Arc<Policy>>,
    host: &str,
    name: &str,
) -> Option<Finding> {
    let subject = || Subject::Watchdog(Part::DatabaseHost(host.into()));
    if !watched.keys().any(|secret| secret.name() == name) {
        let text = format!("it belongs to {name}, which no rule watches: the entry has no effect");
        return Some(finding(
            subject(),
            text,
            "correct the secret's name, or add a rule for it".to_owned(),
        ));
    }
    let is_named = state
        .scopes
        .values()
        .any(|(_, seen)| seen.hosts.contains(&host_key(host)));
    (!is_named).then(|| {
        let text =
            "no task definition and no function that could be read names this host: the entry has no effect"
                .to_owned();
        finding(
            subject(),
            text,
            "correct the host, or remove the entry".to_owned(),
        )
    })
}

/// A consumer that a rule names, and that nothing was ever seen of. With a secret only where that is the only one.
pub(super) fn never_found(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    judgements: &Judgements,
) -> Option<Finding> {
    if facts.absent().is_none() || facts.is_gone() {
        return None;
    }
    let declared = facts
        .references
        .iter()
        .filter(|one| one.kind == ReferenceKind::Declared);
    let secrets: Vec<&SecretArn> = declared.map(|reference| &reference.secret).collect();
    let first = *secrets.first()?;
    let rules = secrets.iter().filter_map(|secret| judgements.get(secret));
    let rules: BTreeSet<&str> = rules.map(|judgement| &*judgement.rule).collect();
    let (rules, names) = match rules.len() {
        0 => ("a rule".to_owned(), "names"),
        1 => (rules.into_iter().collect(), "names"),
        _ => (rules.into_iter().collect::<Vec<_>>().join(" and "), "name"),
    };
    let text = format!(
        "{rules} {names} it as a consumer, and nothing by this name exists: whoever is meant is not refreshed"
    );
    Some(Finding {
        secret: (secrets.len() == 1).then(|| first.clone()),
        ..finding(Subject::Consumer(id.clone()), text, commands::correct_id(id))
    })
}

fn finding(subject: Subject, text: String, remedy: String) -> Finding {
    Finding {
        severity: Severity::Warning,
        kind: Kind::Unmatched,
        subject,
        secret: None,
        text,
        remedy,
    }
}
