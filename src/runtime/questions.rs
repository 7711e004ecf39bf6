//! From a due look to the question that takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::facts::state::SecretFacts;
use machine::judge::RotationView;
use machine::model::{LogReach, LookKey, SecretArn, VersionId, host_key};
use machine::story::rotations::Rotation;

use super::looks::Asking;
use super::parts::Assignment;
use crate::observe::{LogQuestion, OtherSecret, Question, Wanted};
use crate::remediation::LoginAs;

/// How far before a rotation's first sign its log may begin: RotateSecret's first step logs before a look shows it.
const LOG_LOOKBACK: SignedDuration = SignedDuration::from_mins(10);
/// Lines arrive late and out of order, so each look reads again what is younger than this.
const LOG_OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// The question behind a key; none where it no longer makes sense.
pub(super) fn question(asking: &Asking<'_>, key: &LookKey) -> Option<Question> {
    Some(match key {
        LookKey::Sweep => Question::Sweep,
        LookKey::Secret(secret) => Question::Secret(secret.clone()),
        LookKey::Versions(secret) => Question::Versions(secret.clone()),
        LookKey::Log(secret) => asking.log(secret)?,
        LookKey::Login(secret, version) => asking.login(secret, version)?,
        LookKey::Consumer(consumer) => Question::Consumer(consumer.clone()),
        LookKey::Discovery(scope) => Question::Discovery {
            scope: scope.clone(),
            wanted: Arc::clone(asking.wanted.get_or_init(|| Arc::new(asking.wanted()))),
        },
        LookKey::Rds(part) => Question::Rds(*part),
        LookKey::Numbers(measured) => asking.numbers(measured)?,
        // Somebody waits at the queue all the time.
        LookKey::Events => return None,
    })
}

impl Asking<'_> {
    fn facts(&self, secret: &SecretArn) -> Option<&SecretFacts> {
        self.machine.state().secret(secret)
    }

    /// As whom the guards of a write to a secret log in.
    pub(super) fn login_as(&self, secret: &SecretArn) -> Option<LoginAs> {
        let assignment = self.assignment(secret)?;
        Some(LoginAs {
            target: assignment.login.clone(),
            by_rule_host: assignment.policy.roll_forward.by_rule_host,
        })
    }

    fn assignment(&self, secret: &SecretArn) -> Option<Arc<Assignment>> {
        let policy = self.machine.watched().get(secret)?;
        let (_, summary) = self.facts(secret)?.summary.as_ref()?;
        // One that kept its rule though another would take it now is asked nothing: the other's host is not its own.
        let assignment = self.options.assignment(summary)?;
        (assignment.policy == *policy).then_some(assignment)
    }

    fn latest(&self, secret: &SecretArn) -> Option<&RotationView> {
        self.machine.judgements().get(secret)?.latest()
    }

    fn log(&self, secret: &SecretArn) -> Option<Question> {
        let facts = self.facts(secret)?;
        let assignment = self.assignment(secret)?;
        let lambda = facts.rotation_lambda_name()?.to_owned();
        let began = self.latest(secret).and_then(|view| began(&view.rotation));
        let from = began.unwrap_or(self.now) - LOG_LOOKBACK;
        let last = self.read_to(secret).filter(|last| *last > from);
        let since = last.unwrap_or(from);
        Some(Question::Log(LogQuestion {
            secret: secret.clone(),
            group: assignment.log_group.clone(),
            since,
            whole_from: last.map_or(from, |last| last + LOG_OVERLAP / 2),
            now: self.now,
            versions: facts.versions(),
            others: self.others(secret, &lambda, since),
            lambda,
            patterns: Arc::clone(&self.options.patterns),
        }))
    }

    /// Up to when the log was read, with what may still come late. Of one that is longer than what is read at once the
    /// rest follows, as long as the rotation can be kept up with.
    fn read_to(&self, secret: &SecretArn) -> Option<Timestamp> {
        let state = self.machine.state();
        let last = state.looked.get(&LookKey::Log(secret.clone()))?.sent - LOG_OVERLAP;
        let trouble = self.facts(secret)?.log_trouble.as_ref();
        Some(match trouble.map(|trouble| &trouble.reach) {
            Some(LogReach::Cut { until }) => last.min(*until).max(self.now - LOG_LOOKBACK),
            Some(LogReach::Whole | LogReach::Absent | LogReach::Refused { .. }) | None => last,
        })
    }

    /// The other secrets of the function.
    fn others(&self, secret: &SecretArn, lambda: &str, since: Timestamp) -> Vec<OtherSecret> {
        let of_it = self.machine.state().rotated_by(lambda);
        let others = of_it.filter(|(other, _)| *other != secret);
        others
            .map(|(other, facts)| OtherSecret {
                secret: other.clone(),
                versions: facts.versions(),
                rotates: self.rotated_since(other, facts, since),
            })
            .collect()
    }

    /// Whether a secret is on its way, or was then.
    fn rotated_since(&self, secret: &SecretArn, facts: &SecretFacts, since: Timestamp) -> bool {
        let ended = self.latest(secret).is_some_and(|view| {
            let rotation = &view.rotation;
            let promoted = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
            let ended = rotation.ending.as_ref().map(|(_, when)| when.not_after);
            promoted.max(ended).is_some_and(|at| at >= since)
        });
        facts.is_pending() || ended
    }

    /// A version can only be read by a label it carries.
    fn login(&self, secret: &SecretArn, version: &VersionId) -> Option<Question> {
        let labels = &self.facts(secret)?.labels.latest()?.state;
        let by = [
            (&labels.current, "AWSCURRENT"),
            (&labels.pending, "AWSPENDING"),
            (&labels.previous, "AWSPREVIOUS"),
        ];
        let (_, stage) = by
            .into_iter()
            .find(|(labelled, _)| labelled.as_ref() == Some(version))?;
        Some(Question::Login {
            secret: secret.clone(),
            version: version.clone(),
            stage,
            target: self.assignment(secret)?.login.clone(),
        })
    }

    fn wanted(&self) -> Wanted {
        let state = self.machine.state();
        // A list may leave one out that the journal knows: whoever uses it would be given its value unseen.
        let secrets = state.by_life();
        // Who names what is not there any more cannot start again: that is told.
        let watched = self.machine.watched().keys().chain(state.not_there());
        let watched: BTreeSet<SecretArn> = watched.cloned().collect();
        Wanted {
            hosts: self.hosts(&watched),
            seen_hosts: state.seen_hosts(),
            secrets,
            watched,
        }
    }

    /// The hosts of databases, with the secrets whose logins go there.
    fn hosts(&self, watched: &BTreeSet<SecretArn>) -> BTreeMap<String, Vec<SecretArn>> {
        let of_rule = self.machine.watched().keys().filter_map(|secret| {
            let host = self.assignment(secret)?.login.host.clone()?;
            Some((host, secret.clone()))
        });
        let named = self.options.database_hosts.iter().filter_map(|(host, name)| {
            let mut secrets = watched.iter();
            let secret = secrets.find(|secret| secret.name() == name)?;
            Some((host.clone(), secret.clone()))
        });
        let mut hosts: BTreeMap<String, Vec<SecretArn>> = BTreeMap::new();
        for (host, secret) in of_rule.chain(named) {
            hosts.entry(host_key(&host)).or_default().push(secret);
        }
        hosts
    }
}

/// When a rotation was under way at the latest.
fn began(rotation: &Rotation) -> Option<Timestamp> {
    let started = rotation.started.as_ref().map(|seen| seen.when.not_after);
    started.or_else(|| rotation.promoted.as_ref()?.when.not_before)
}
