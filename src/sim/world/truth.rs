//! What is really so, for checks: never what the watchdog believes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use super::by_hand::BRAKE;
use super::{Kind, Reads, Secret, World};

/// The margin of a second, and how late labels tell of a promotion that is watched (`Timing::margin`).
const SOON: SignedDuration = SignedDuration::from_secs(2);

/// Why a consumer should not have been restarted just then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// One of its secrets stood between setSecret and finishSecret.
    Moving(SecretArn),
    /// AWSCURRENT of one of its secrets does not log in, and something of it held another value.
    Dead(SecretArn),
    /// The same, where nothing could tell: a rotation promoted it without a test, or a person moved AWSCURRENT to
    /// AWSPENDING's version as finishSecret does, no login was answered, and nobody is healthy with it.
    Untold(SecretArn, VersionId),
    /// Nothing of it held an old value.
    Needless,
    /// The same, where what is current came back: whoever did not watch its earlier time cannot tell who holds it.
    Returned,
    /// Every secret of it carried the brake's tag.
    Braked,
    /// The journal held no decision for it.
    Undecided,
}

/// A move is seen by looks at labels that are so far apart, and behind (`WATCHED` and `Timing::settle`). Only for the
/// promotion that stands does the log tell more.
const WATCHED: SignedDuration = SignedDuration::from_secs(15);

/// A view of the account by somebody who knows everything.
#[derive(Clone, Copy)]
pub struct Truth<'a>(pub(super) &'a World);

impl World {
    pub fn truth(&self) -> Truth<'_> {
        Truth(self)
    }
}

impl<'a> Truth<'a> {
    pub(super) fn secret(self, arn: &SecretArn) -> Option<&'a Secret> {
        self.0.secrets.get(arn)
    }

    /// The secrets that a consumer uses.
    pub fn secrets_of(self, id: &ConsumerId) -> &'a [SecretArn] {
        let service = self.0.services.get(id).map(|service| &service.plan.secrets);
        let function = self.0.functions.get(id).map(|function| &function.secrets);
        service.or(function).map_or(&[], Vec::as_slice)
    }

    /// Since when AWSCURRENT is a value that the database refuses.
    fn dead_since(self, arn: &SecretArn) -> Option<Timestamp> {
        let secret = self.secret(arn)?;
        let works = secret
            .labels
            .current
            .as_ref()
            .is_some_and(|current| self.0.works(arn, current));
        let moved = secret.exposed.last().max(secret.promoted.last());
        (!works).then(|| moved.copied().unwrap_or(Timestamp::MIN))
    }

    /// Whether setSecret was done with AWSPENDING, or the database has its password, AWSCURRENT has not followed, and
    /// labels told so since then.
    fn is_moving(self, arn: &SecretArn, since: Timestamp) -> bool {
        self.secret(arn).is_some_and(|secret| {
            let pending = secret.labels.in_progress();
            let history = pending.and_then(|pending| secret.history.get(pending));
            history.is_some_and(|history| !history.exposed.is_empty() || !history.set.is_empty())
                && secret.as_of(since).labels.in_progress() == pending
        })
    }

    /// Everything that is wrong with restarting a consumer at this moment, and was so at `since` already: what changed
    /// later could not be seen any more.
    pub(super) fn wrong_with_restart(self, id: &ConsumerId, since: Timestamp) -> Vec<Wrong> {
        let secrets = self.secrets_of(id).iter();
        let moving = secrets.clone().filter(|arn| self.is_moving(arn, since));
        let dead = secrets
            .filter(|arn| self.dead_since(arn).is_some_and(|at| at <= since))
            .filter(|arn| !self.has_only_current(id, arn));
        // What warm environments hold can be seen by nobody: a function may be refreshed once too often.
        let is_service = matches!(id, ConsumerId::Service { .. });
        let was_stale = self.was_stale_since(id, since);
        let is_needless = is_service && !was_stale && !self.is_new(id);
        let needless = is_needless.then(|| self.needless(id));
        let braked = self.is_braked(id, since).then_some(Wrong::Braked);
        moving
            .cloned()
            .map(Wrong::Moving)
            .chain(dead.filter_map(|arn| self.told_or_untold(arn)))
            .chain(needless)
            .chain(braked)
            .collect()
    }

    fn needless(self, id: &ConsumerId) -> Wrong {
        let mut secrets = self.secrets_of(id).iter().filter_map(|arn| self.secret(arn));
        if secrets.any(came_back) {
            Wrong::Returned
        } else {
            Wrong::Needless
        }
    }

    /// Nothing where one tried what nothing could tell, and is healthy: the others follow (design rule 3). Nor where it
    /// had logged in, and died while its database answers nobody.
    fn told_or_untold(self, arn: &SecretArn) -> Option<Wrong> {
        if self.died_unanswered(arn) {
            return None;
        }
        let untold = self.secret(arn).and_then(|secret| {
            let current = secret.labels.current.as_ref()?;
            let history = secret.history.get(current)?;
            (history.looks_tested() && history.answered.is_empty()).then(|| current.clone())
        });
        match untold {
            Some(version) if self.is_anybody_healthy_with(arn, &version) => None,
            Some(version) => Some(Wrong::Untold(arn.clone(), version)),
            None => Some(Wrong::Dead(arn.clone())),
        }
    }

    fn died_unanswered(self, arn: &SecretArn) -> bool {
        let dead = self.dead_since(arn).zip(self.secret(arn));
        dead.is_some_and(|(since, secret)| {
            let current = secret.labels.current.as_ref();
            let history = current.and_then(|current| secret.history.get(current));
            let answered = history.and_then(|history| history.answered.last());
            secret.trouble(self.0.now()).is_some() && answered.is_some_and(|at| *at < since)
        })
    }

    fn is_anybody_healthy_with(self, arn: &SecretArn, version: &VersionId) -> bool {
        let now = self.0.now();
        let services = self.0.services.values().any(|service| {
            let mut tasks = service.wanted_tasks(now).peekable();
            tasks.peek().is_some()
                && tasks.all(|task| task.serves(now) && task.holds.get(arn) == Some(version))
        });
        let mut functions = self.0.functions.values();
        services
            || functions.any(|function| {
                function
                    .holds
                    .as_ref()
                    .is_some_and(|holds| holds.get(arn) == Some(version))
            })
    }

    fn is_braked(self, id: &ConsumerId, since: Timestamp) -> bool {
        let is_braked = |arn: &SecretArn| {
            let secret = self.secret(arn);
            secret.is_some_and(|secret| {
                let tagged = |tags: &BTreeMap<String, String>| tags.contains_key(BRAKE);
                tagged(&secret.tags) && tagged(&secret.as_of(since).tags)
            })
        };
        self.secrets_of(id).iter().all(is_braked)
    }

    /// Whether a consumer holds a value that is not current any more.
    pub fn is_stale(self, id: &ConsumerId) -> bool {
        self.was_stale(id, self.0.now())
    }

    /// Whether the brake's tag was on any secret of a consumer then.
    pub fn was_held(self, id: &ConsumerId, at: Timestamp) -> bool {
        let mut secrets = self.secrets_of(id).iter().filter_map(|arn| self.secret(arn));
        secrets.any(|secret| secret.as_of(at).tags.contains_key(BRAKE))
    }

    /// Which other services hold an old value of a secret of which this one holds one, too.
    pub(super) fn stale_beside(self, id: &ConsumerId) -> Vec<ConsumerId> {
        let holds_old = |id: &ConsumerId, arn: &SecretArn| {
            let current = self.secret(arn).and_then(|secret| secret.labels.current.as_ref());
            let mut held = self.held_by(id, self.0.now()).filter(|(of, _)| *of == arn);
            held.any(|(_, version)| Some(version) != current)
        };
        let old = || self.secrets_of(id).iter().filter(|arn| holds_old(id, arn));
        let others = self
            .0
            .services
            .keys()
            .filter(|other| *other != id && old().any(|arn| holds_old(other, arn)));
        others.cloned().collect()
    }

    /// Whether it was stale then, or at any promotion since, or is now.
    fn was_stale_since(self, id: &ConsumerId, since: Timestamp) -> bool {
        let promoted = self.secrets_of(id).iter().filter_map(|arn| self.secret(arn));
        let promoted = promoted
            .flat_map(|secret| &secret.promoted)
            .filter(|at| **at > since);
        let mut moments = promoted.copied().chain([since]);
        self.is_stale(id) || moments.any(|at| self.was_stale(id, at))
    }

    fn was_stale(self, id: &ConsumerId, at: Timestamp) -> bool {
        self.held_by(id, at).any(|(arn, version)| {
            let secret = self.secret(arn);
            secret.is_some_and(|secret| secret.as_of(at).labels.current.as_ref() != Some(version))
        })
    }

    /// Until when anything of a consumer held an older value than this version of a secret, so far; nothing where it
    /// never did. Of a program that fetches for itself only what it holds now is known: nothing.
    pub fn held_old_until(self, id: &ConsumerId, arn: &SecretArn, version: &VersionId) -> Option<Timestamp> {
        let (secret, now) = (self.secret(arn)?, self.0.now());
        let is_old = |holds: &BTreeMap<SecretArn, VersionId>| {
            holds.get(arn).is_some_and(|held| secret.is_newer(version, held))
        };
        if let Some(service) = self.0.services.get(id) {
            let injected = service.plan.reads == Reads::Injected;
            let old = service
                .tasks
                .iter()
                .filter(|task| injected && is_old(&task.holds));
            let until = old.map(|task| task.stopped.unwrap_or(now).min(service.deleted.unwrap_or(now)));
            return until.max().map(|until| until.min(now));
        }
        let held = &self.0.functions.get(id)?.held;
        let ends = held.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let old = held
            .iter()
            .zip(ends)
            .filter(|((_, holds), _)| holds.as_ref().is_some_and(&is_old));
        old.map(|(_, until)| until).max()
    }

    /// Whether all that runs of a consumer holds AWSCURRENT of this secret already: a restart gives it nothing new.
    fn has_only_current(self, id: &ConsumerId, arn: &SecretArn) -> bool {
        let current = self.secret(arn).and_then(|secret| secret.labels.current.as_ref());
        let mut held = self.held_by(id, self.0.now()).filter(|(of, _)| *of == arn);
        let first = held.next();
        first.is_some()
            && first
                .into_iter()
                .chain(held)
                .all(|(_, version)| Some(version) == current)
    }

    /// Whether a task was created so near to a move of AWSCURRENT that it may have read the value of before, or that
    /// nobody can tell which it read.
    fn is_new(self, id: &ConsumerId) -> bool {
        let service = self.0.services.get(id).into_iter();
        let mut tasks = service.flat_map(|service| service.wanted_tasks(self.0.now()));
        let secrets = || self.secrets_of(id).iter().filter_map(|arn| self.secret(arn));
        tasks.any(|task| secrets().any(|secret| is_around_a_move(secret, task.created)))
    }

    /// What was held by anything of a consumer that ran then.
    fn held_by(self, id: &ConsumerId, at: Timestamp) -> impl Iterator<Item = (&'a SecretArn, &'a VersionId)> {
        let service = self.0.services.get(id).into_iter();
        let tasks = service.flat_map(move |service| service.wanted_tasks(at));
        let function = self.0.functions.get(id).filter(|function| !function.deleted);
        let environments = function.and_then(|function| function.holds.as_ref());
        tasks
            .flat_map(|task| &task.holds)
            .chain(environments.into_iter().flatten())
    }
}

/// Whether the version that is current was so before.
fn came_back(secret: &Secret) -> bool {
    let current = secret.labels.current.as_ref();
    let history = current.and_then(|current| secret.history.get(current));
    history.is_some_and(|history| history.promoted.len() > 1)
}

/// Of a version that came back, the earlier times in which it was current count too.
fn is_around_a_move(secret: &Secret, created: Timestamp) -> bool {
    let last = secret.promoted.last().copied().unwrap_or(Timestamp::MIN);
    // Without a log only looks at labels date it.
    let soon = if secret.kind == Kind::Managed {
        WATCHED
    } else {
        SOON
    };
    let mut moves = secret.promoted.iter().filter(|_| came_back(secret));
    (last..last + soon).contains(&created) || moves.any(|at| created.duration_since(*at).abs() <= WATCHED)
}
