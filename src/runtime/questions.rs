//! From a due look to the question that takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::model::{LogReach, LookKey, Scope, SecretArn, VersionId, host_key};
use machine::rotations::Rotation;
use machine::state::{SecretFacts, State};

use super::parts::Assignment;
use super::watchdog::Watchdog;
use crate::observe::{LogQuestion, OtherSecret, Question, Wanted};

/// How far before a rotation's first sign its log may begin: RotateSecret's first step logs before a look shows it.
const LOG_LOOKBACK: SignedDuration = SignedDuration::from_mins(10);
/// Lines arrive late and out of order, so each look reads again what is younger than this.
const LOG_OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// The question behind a key; none where it no longer makes sense.
pub(super) fn question(watchdog: &Watchdog, key: &LookKey, now: Timestamp) -> Option<Question> {
    Some(match key {
        LookKey::Sweep => Question::Sweep,
        LookKey::Secret(secret) => Question::Secret(secret.clone()),
        LookKey::Versions(secret) => Question::Versions(secret.clone()),
        LookKey::Log(secret) => log(watchdog, secret, now)?,
        LookKey::Login(secret, version) => login(watchdog, secret, version)?,
        LookKey::Consumer(consumer) => Question::Consumer(consumer.clone()),
        LookKey::Discovery(scope) => Question::Discovery {
            scope: scope.clone(),
            wanted: Arc::new(wanted(watchdog)),
        },
    })
}

fn log(watchdog: &Watchdog, secret: &SecretArn, now: Timestamp) -> Option<Question> {
    let facts = watchdog.state.secrets.get(secret)?;
    let assignment = watchdog.assigned.get(secret)?;
    let lambda = facts.rotation_lambda_name()?.to_owned();
    let latest = watchdog.judgements.get(secret).and_then(|j| j.latest());
    let from = latest.and_then(|view| began(&view.rotation)).unwrap_or(now) - LOG_LOOKBACK;
    let last = read_to(watchdog, secret, now).filter(|last| *last > from);
    let since = last.unwrap_or(from);
    Some(Question::Log(LogQuestion {
        secret: secret.clone(),
        group: assignment.log_group.clone(),
        since,
        whole_from: last.map_or(from, |last| last + LOG_OVERLAP / 2),
        now,
        versions: facts.versions(),
        others: others(watchdog, secret, &lambda, since),
        lambda,
        patterns: Arc::clone(&watchdog.options.patterns),
    }))
}

/// Up to when the log was read, with what may still come late. Of one that is longer than what is read at once the rest
/// follows, as long as the rotation can be kept up with.
fn read_to(watchdog: &Watchdog, secret: &SecretArn, now: Timestamp) -> Option<Timestamp> {
    let state = &watchdog.state;
    let last = state.looked.get(&LookKey::Log(secret.clone()))?.sent - LOG_OVERLAP;
    let trouble = state.secrets.get(secret)?.log_trouble.as_ref();
    Some(match trouble.map(|trouble| &trouble.reach) {
        Some(LogReach::Cut { until }) => last.min(*until).max(now - LOG_LOOKBACK),
        Some(LogReach::Whole | LogReach::Absent | LogReach::Refused { .. }) | None => last,
    })
}

/// The other secrets of the function.
fn others(watchdog: &Watchdog, secret: &SecretArn, lambda: &str, since: Timestamp) -> Vec<OtherSecret> {
    let State { secrets, .. } = &watchdog.state;
    let others = secrets.iter().filter(|(other, _)| *other != secret);
    let of_it = others.filter(|(_, facts)| facts.rotation_lambda_name() == Some(lambda));
    of_it
        .map(|(other, facts)| OtherSecret {
            secret: other.clone(),
            versions: facts.versions(),
            rotates: rotated_since(watchdog, other, facts, since),
        })
        .collect()
}

/// Whether a secret is on its way, or was then.
fn rotated_since(watchdog: &Watchdog, secret: &SecretArn, facts: &SecretFacts, since: Timestamp) -> bool {
    let latest = watchdog.judgements.get(secret).and_then(|j| j.latest());
    let ended = latest.is_some_and(|view| {
        let rotation = &view.rotation;
        let promoted = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        let ended = rotation.ending.as_ref().map(|(_, when)| when.not_after);
        promoted.max(ended).is_some_and(|at| at >= since)
    });
    facts.is_pending() || ended
}

/// When a rotation was under way at the latest.
fn began(rotation: &Rotation) -> Option<Timestamp> {
    let started = rotation.started.as_ref().map(|seen| seen.when.not_after);
    started.or_else(|| rotation.promoted.as_ref()?.when.not_before)
}

/// A version can only be read by a label it carries.
fn login(watchdog: &Watchdog, secret: &SecretArn, version: &VersionId) -> Option<Question> {
    let labels = &watchdog.state.secrets.get(secret)?.labels.latest()?.state;
    let by = [
        (&labels.current, "AWSCURRENT"),
        (&labels.pending, "AWSPENDING"),
        (&labels.previous, "AWSPREVIOUS"),
    ];
    let (_, stage) = by
        .into_iter()
        .find(|(labelled, _)| labelled.as_ref() == Some(version))?;
    let target = watchdog.assigned.get(secret)?.login.clone();
    Some(Question::Login {
        secret: secret.clone(),
        version: version.clone(),
        stage,
        target,
    })
}

fn wanted(watchdog: &Watchdog) -> Wanted {
    // A list may leave one out that the journal knows: whoever uses it would be given its value unseen.
    let secrets = watchdog.state.by_life();
    // Who names what is gone for good cannot start again: that is told.
    let lost = watchdog.state.lost().cloned();
    let watched: BTreeSet<SecretArn> = watchdog.assigned.keys().cloned().chain(lost).collect();
    let of_rule = watchdog
        .assigned
        .iter()
        .filter_map(|(secret, assignment)| assignment.login.host.clone().map(|host| (host, secret.clone())));
    let named = watchdog.options.database_hosts.iter().filter_map(|(host, name)| {
        watched
            .iter()
            .find(|secret| secret.name() == name)
            .map(|secret| (host.clone(), secret.clone()))
    });
    let mut hosts: BTreeMap<String, Vec<SecretArn>> = BTreeMap::new();
    for (host, secret) in of_rule.chain(named) {
        hosts.entry(host_key(&host)).or_default().push(secret);
    }
    Wanted {
        secrets,
        watched,
        hosts,
    }
}

/// The parts of discovery: the given clusters, or those that were found. Without a secret there is nothing to discover.
pub(super) fn scopes(
    state: &State,
    assigned: &BTreeMap<SecretArn, Arc<Assignment>>,
    clusters: Option<&[String]>,
) -> BTreeSet<Scope> {
    if assigned.is_empty() {
        return BTreeSet::new();
    }
    let mut scopes = BTreeSet::from([Scope::Functions]);
    let found = match clusters {
        Some(clusters) => clusters.to_vec(),
        None => {
            scopes.insert(Scope::Clusters);
            state
                .scopes
                .get(&Scope::Clusters)
                .map(|(_, seen)| seen.clusters.clone())
                .unwrap_or_default()
        }
    };
    for cluster in found {
        scopes.insert(Scope::Cluster(cluster.clone()));
        scopes.insert(Scope::Tasks(cluster));
    }
    scopes
}
