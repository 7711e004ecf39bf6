//! What users of the applications feel: the seconds in which a consumer cannot log in, or is switched off.

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use super::{Account, Function, Happening, Reads, Service, World};

/// A consumer's outage, counted as time passes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outage {
    /// Since when new logins are refused.
    refused: Option<Timestamp>,
    since: Option<Timestamp>,
    /// Those that are over, from when to when.
    spells: Vec<(Timestamp, Timestamp)>,
}

impl Outage {
    pub fn total(&self, now: Timestamp) -> SignedDuration {
        self.after(Timestamp::MIN, now)
    }

    /// The part of it after a moment.
    pub fn after(&self, moment: Timestamp, now: Timestamp) -> SignedDuration {
        self.between(moment, now, now)
    }

    /// The part of it between two moments.
    pub fn between(&self, begin: Timestamp, end: Timestamp, now: Timestamp) -> SignedDuration {
        let open = self.since.map(|since| (since, now));
        let spells = self.spells.iter().copied().chain(open);
        let parts = spells.map(|(from, to)| to.min(end).duration_since(from.max(begin)));
        parts.map(|part| part.max(SignedDuration::ZERO)).sum()
    }

    pub fn is_open(&self) -> bool {
        self.since.is_some()
    }

    fn set(&mut self, failing: bool, now: Timestamp) {
        match (self.since, failing) {
            (None, true) => self.since = Some(now),
            (Some(since), false) => {
                self.spells.push((since, now));
                self.since = None;
            }
            _ => {}
        }
    }
}

impl World {
    pub(super) fn count_outages(&mut self) {
        self.fetch_after_refusals();
        let services = self.services.iter();
        let services =
            services.map(|(id, service)| (id.clone(), self.service_fails(service), service.plan.pool));
        let functions = self.functions.iter();
        let functions =
            functions.map(|(id, function)| (id.clone(), self.function_fails(function), SignedDuration::ZERO));
        let found: Vec<_> = services.chain(functions).collect();
        for (id, failing, pool) in found {
            self.count_outage(&id, failing, pool);
        }
    }

    /// The connections that a pool has live on; it is refused when it must renew one.
    fn count_outage(&mut self, id: &ConsumerId, failing: bool, pool: SignedDuration) {
        let now = self.now;
        let outage = self.outages.entry(id.clone()).or_default();
        let since = match (outage.refused, failing) {
            (_, false) => None,
            (Some(since), true) => Some(since),
            (None, true) => Some(now),
        };
        let begins = outage.refused.is_none() && since.is_some();
        outage.refused = since;
        outage.set(since.is_some_and(|since| now >= since + pool), now);
        if begins && !pool.is_zero() {
            self.plan(now + pool, Happening::Reassess);
        }
        if begins {
            self.probe_in_time(id);
        }
    }

    /// Programs that fetch the secret again when they are refused.
    fn fetch_after_refusals(&mut self) {
        let retry = self.services.iter().filter(|(_, service)| {
            service.plan.retries
                && service
                    .serving_tasks(self.now)
                    .any(|task| self.refuses(service.plan.account, task.holds.iter()))
        });
        let retry: Vec<ConsumerId> = retry.map(|(id, _)| id.clone()).collect();
        for id in retry {
            self.fetch_anew(&id);
        }
    }

    pub(super) fn expire_cache(&mut self, id: &ConsumerId) {
        let Some(service) = self.services.get(id) else {
            return;
        };
        let Reads::Cached(ttl) = service.plan.reads else {
            return;
        };
        self.fetch_anew(id);
        self.plan_in(ttl, Happening::CacheExpires(id.clone()));
    }

    fn fetch_anew(&mut self, id: &ConsumerId) {
        let secrets = self.services.get(id).map(|service| service.plan.secrets.clone());
        let holds = self.current_of(&secrets.unwrap_or_default());
        if let Some(service) = self.services.get_mut(id) {
            for task in &mut service.tasks {
                task.holds.clone_from(&holds);
            }
        }
    }

    /// Whether any task that serves requests is refused with what it holds, or none serves at all.
    pub(super) fn service_fails(&self, service: &Service) -> bool {
        let mut serving = service.serving_tasks(self.now).peekable();
        let wanted = service.desired > 0 && service.exists(self.now);
        wanted && serving.peek().is_none()
            || serving.any(|task| self.refuses(service.plan.account, task.holds.iter()))
    }

    fn function_fails(&self, function: &Function) -> bool {
        let refused = |function: &Function| {
            let holds = function.holds.as_ref();
            holds.is_some_and(|holds| self.refuses(Account::First, holds.iter()))
        };
        !function.deleted && (function.is_off() || refused(function))
    }

    pub(super) fn refuses<'a>(
        &self,
        account: Account,
        mut held: impl Iterator<Item = (&'a SecretArn, &'a VersionId)>,
    ) -> bool {
        held.any(|(secret, version)| !self.works_as(account, secret, version))
    }

    /// Whether the database lets the user in that this version of a secret names.
    pub fn works(&self, arn: &SecretArn, version: &VersionId) -> bool {
        self.works_as(Account::First, arn, version)
    }

    fn works_as(&self, account: Account, arn: &SecretArn, version: &VersionId) -> bool {
        let Some(secret) = self.secrets.get(arn) else {
            return false;
        };
        let value = secret.values.get(version).and_then(Option::as_ref);
        let user = value.map(|value| secret.user(value, account));
        secret.accepts_as(version, account) && user.is_some_and(|user| !secret.is_locked(user, self.now))
    }

    /// Seconds of outage of all consumers together.
    pub fn outage_seconds(&self) -> f64 {
        self.outages
            .values()
            .map(|outage| outage.total(self.now).as_secs_f64())
            .sum()
    }

    /// Seconds of outage of the consumers of one secret.
    pub fn outage_of(&self, secret: &SecretArn) -> f64 {
        let uses = |id: &ConsumerId| self.truth().secrets_of(id).contains(secret);
        let outages = self.outages.iter().filter(|(id, _)| uses(id));
        outages
            .map(|(_, outage)| outage.total(self.now).as_secs_f64())
            .sum()
    }
}
