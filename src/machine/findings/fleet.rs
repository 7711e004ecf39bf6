//! What a person should know that belongs to no single secret: looks that fail, consumers, what was searched, waits.

use jiff::{SignedDuration, Timestamp};

use super::events::of_events;
use super::numbers::of_numbers;
use super::rds::of_rds;
use super::waits::Waits;
use super::{Finding, Kind, Severity, asked, at_rest, commands, discovered, not_there};
use crate::admission::Admission;
use crate::facts::state::{ConsumerFacts, Failing, State};
use crate::judge::Judgements;
use crate::model::{ConsumerId, LookFailure, LookKey, NoEffect, Part, Scope, SecretArn, SleepTag, Subject};
use crate::policy::Settings;
use crate::procedures::{former_concurrency, open_sleep};

/// Looks that fail this often in a row are worth a finding.
const FAILING_TIMES: u32 = 3;
/// What failed and was not tried for so long is not asked any more: its rotation or its cluster is gone.
const ASKED_NO_MORE: SignedDuration = SignedDuration::from_hours(2);

/// The findings about looks that fail.
pub(crate) fn of_looks(state: &State, now: Timestamp) -> Vec<Finding> {
    let failing = state.failing.iter();
    let asked = failing.filter(|(key, _)| !is_of_the_dead(state, key));
    asked
        .filter_map(|(key, failing)| unseen(key, failing, now))
        .collect()
}

/// When a look that fails is no finding any more, for nobody takes it.
pub(crate) fn looks_given_up(state: &State, now: Timestamp) -> Option<Timestamp> {
    let given_up = state.failing.values().map(|failing| failing.last + ASKED_NO_MORE);
    let to_come = given_up.filter(|at| *at >= now);
    to_come.min().map(|at| at + SignedDuration::from_nanos(1))
}

/// The findings about one consumer that belong to no rotation: it is left switched off, only suspected, or was never
/// found.
pub(crate) fn of_consumer(state: &State, id: &ConsumerId, judgements: &Judgements) -> Vec<Finding> {
    let Some(facts) = state.consumers.get(id) else {
        return Vec::new();
    };
    let left = open_sleep(facts)
        .flatten()
        .map(|why| not_put_back(id, facts, why));
    let suspected = discovered::suspected(state, id, facts);
    let never_found = at_rest::never_found(id, facts, judgements);
    left.into_iter().chain(suspected).chain(never_found).collect()
}

/// The findings about what was searched: what could not be read there, and what is named and gone.
pub(crate) fn of_search(state: &State) -> Vec<Finding> {
    let mut found = discovered::unreadable(state);
    found.extend(discovered::unread(state));
    found.extend(not_there::not_there(state));
    found
}

/// What belongs to no single secret, at once: for whoever keeps nothing from one moment to the next. Not what the rules,
/// the journal and the next rotation give.
pub fn of_fleet(
    state: &State,
    judgements: &Judgements,
    admission: &Admission,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = of_looks(state, now);
    found.extend(of_events(&state.delivery, settings, now));
    found.extend(of_rds(state));
    found.extend(of_numbers(state));
    found.extend(
        state
            .consumers
            .keys()
            .flat_map(|id| of_consumer(state, id, judgements)),
    );
    found.extend(of_search(state));
    let waits = Waits {
        state,
        judgements,
        admission,
        settings,
        now,
    };
    found.extend(waits.told());
    found
}

/// The journal fails.
pub(crate) fn of_journal() -> Finding {
    Finding {
        severity: Severity::Critical,
        kind: Kind::Journal,
        subject: Subject::Watchdog(Part::Journal),
        secret: None,
        text: "the journal cannot be written: nothing is decided, only what sleeps is put back".to_owned(),
        remedy: "make room on the disk of store.path; it goes on by itself".to_owned(),
    }
}

/// What cannot be looked at because its secret is not there any more is no failure.
fn is_of_the_dead(state: &State, key: &LookKey) -> bool {
    let facts = key.secret().and_then(|secret| state.secret(secret));
    facts.is_some_and(|facts| facts.gone.is_some())
}

fn not_put_back(id: &ConsumerId, facts: &ConsumerFacts, why: &NoEffect) -> Finding {
    let name = bare_name(id);
    let awake = matches!(&facts.function, Some((_, Some(seen))) if seen.reserved != Some(0));
    let (severity, kind, text, remedy) = if awake {
        (
            Severity::Warning,
            Kind::NoteLeft,
            format!("its concurrency is as it was, but our note on it could not be taken away: {why}"),
            format!(
                "remove the function's tag: {}",
                commands::untag(name, SleepTag::KEY)
            ),
        )
    } else {
        let former = former_concurrency(facts).flatten();
        (
            Severity::Critical,
            Kind::RestoreFailed,
            format!("its reserved concurrency could not be put back: {why}. The function is throttled"),
            format!(
                "{}; then remove our note: {}",
                commands::put_back(name, former),
                commands::untag(name, SleepTag::KEY)
            ),
        )
    };
    Finding {
        severity,
        kind,
        subject: Subject::Consumer(id.clone()),
        secret: for_the_sake_of(facts),
        text,
        remedy,
    }
}

/// The secret that the last write was decided for.
fn for_the_sake_of(facts: &ConsumerFacts) -> Option<SecretArn> {
    let last = facts.attempts.last()?;
    last.decision
        .serves
        .first()
        .map(|rotation| rotation.secret.clone())
}

fn bare_name(id: &ConsumerId) -> &str {
    match id {
        ConsumerId::Service { name, .. }
        | ConsumerId::Function { name }
        | ConsumerId::Proxy { name }
        | ConsumerId::Declared { name } => name,
    }
}

fn unseen(key: &LookKey, failing: &Failing, now: Timestamp) -> Option<Finding> {
    let denied = matches!(
        failing.failure,
        LookFailure::Denied { .. } | LookFailure::Credentials { .. }
    );
    let asked_no_more = now > failing.last + ASKED_NO_MORE;
    if !denied && (failing.times < FAILING_TIMES || asked_no_more) {
        return None;
    }
    let remedy = unseen_remedy(key, &failing.failure);
    let text = format!(
        "cannot be looked at since {:.0}, {} tries: {}{}",
        failing.since,
        failing.times,
        failing.failure,
        asked::asked(key, &failing.failure)
    );
    let severity = if matches!(key, LookKey::Sweep) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    Some(Finding {
        severity,
        kind: Kind::Unseen,
        subject: Subject::from(key),
        secret: key.secret().cloned(),
        text,
        remedy,
    })
}

fn unseen_remedy(key: &LookKey, failure: &LookFailure) -> String {
    match (failure, key) {
        (LookFailure::Denied { iam_action, resource }, _) if is_log_key(key, iam_action) => format!(
            "the log is encrypted with a key that is out of reach ({resource}): allow kms:Decrypt on the key, and let \
             CloudWatch Logs use it in the key's policy"
        ),
        (LookFailure::Denied { iam_action, resource }, _) => {
            format!("allow {iam_action} on {}", lasting(resource))
        }
        (LookFailure::Credentials { .. }, _) => {
            "renew the credentials of the watchdog's role; who it is to AWS says `aws sts get-caller-identity`"
                .to_owned()
        }
        (LookFailure::Throttled, _) => {
            "raise the cadence's intervals, or ask for a higher API limit".to_owned()
        }
        (
            LookFailure::NotFound { .. },
            LookKey::Discovery(Scope::Cluster(cluster) | Scope::Tasks(cluster)),
        ) => format!("there is no cluster {cluster}: correct discovery.clusters, which names it"),
        (LookFailure::NotFound { .. }, LookKey::Events) => {
            "there is no such queue in this account and region: correct events.queue_url".to_owned()
        }
        (
            LookFailure::Timeout
            | LookFailure::Unreachable { .. }
            | LookFailure::NotFound { .. }
            | LookFailure::Unexpected { .. },
            _,
        ) => "it is tried again by itself; check the endpoint and the network if it lasts".to_owned(),
    }
}

/// A task lives for a while: what is allowed on it is allowed on all of its cluster.
fn lasting(resource: &str) -> String {
    match resource.rsplit_once('/') {
        Some((tasks, _)) if resource.contains(":task/") => format!("{tasks}/*"),
        _ => resource.to_owned(),
    }
}

/// Whether a log was denied by its key.
fn is_log_key(key: &LookKey, iam_action: &str) -> bool {
    matches!(key, LookKey::Log(_)) && iam_action.starts_with("kms:")
}
