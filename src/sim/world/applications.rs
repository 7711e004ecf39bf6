//! What users of the applications feel: the seconds in which a consumer cannot log in, or is switched off.

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use super::{Function, Service, World};

/// A consumer's outage, counted as time passes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outage {
    since: Option<Timestamp>,
    total: SignedDuration,
}

impl Outage {
    pub fn total(&self, now: Timestamp) -> SignedDuration {
        self.total
            + self
                .since
                .map_or(SignedDuration::ZERO, |since| now.duration_since(since))
    }

    pub fn is_open(&self) -> bool {
        self.since.is_some()
    }

    fn set(&mut self, failing: bool, now: Timestamp) {
        match (self.since, failing) {
            (None, true) => self.since = Some(now),
            (Some(since), false) => {
                self.total += now.duration_since(since);
                self.since = None;
            }
            _ => {}
        }
    }
}

impl World {
    pub(super) fn count_outages(&mut self) {
        let now = self.now;
        let services = self
            .services
            .iter()
            .map(|(id, service)| (id.clone(), self.service_fails(service)));
        let functions = self
            .functions
            .iter()
            .map(|(id, function)| (id.clone(), self.function_fails(function)));
        let failing: Vec<(ConsumerId, bool)> = services.chain(functions).collect();
        for (id, failing) in failing {
            self.outages.entry(id).or_default().set(failing, now);
        }
    }

    /// Whether any task that serves requests is refused with what it holds, or none serves at all.
    fn service_fails(&self, service: &Service) -> bool {
        let mut serving = service.serving_tasks(self.now).peekable();
        let wanted = service.plan.desired > 0;
        wanted && serving.peek().is_none() || serving.any(|task| self.refuses(task.holds.iter()))
    }

    fn function_fails(&self, function: &Function) -> bool {
        function.is_off()
            || function
                .holds
                .as_ref()
                .is_some_and(|holds| self.refuses(holds.iter()))
    }

    fn refuses<'a>(&self, mut held: impl Iterator<Item = (&'a SecretArn, &'a VersionId)>) -> bool {
        held.any(|(secret, version)| !self.works(secret, version))
    }

    /// Whether the database accepts this version of a secret.
    pub fn works(&self, secret: &SecretArn, version: &VersionId) -> bool {
        self.secrets
            .get(secret)
            .is_some_and(|secret| secret.accepts(version))
    }

    /// Whether a consumer holds a value that is not current any more.
    pub fn is_stale(&self, id: &ConsumerId) -> bool {
        let differs = |(secret, version): (&SecretArn, &VersionId)| {
            self.secrets
                .get(secret)
                .is_some_and(|secret| secret.labels.current.as_ref() != Some(version))
        };
        if let Some(service) = self.services.get(id) {
            return service
                .wanted_tasks(self.now)
                .any(|task| task.holds.iter().any(differs));
        }
        let holds = self
            .functions
            .get(id)
            .and_then(|function| function.holds.as_ref());
        holds.is_some_and(|holds| holds.iter().any(differs))
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
        let uses = |id: &ConsumerId| {
            self.services
                .get(id)
                .is_some_and(|service| service.plan.secrets.contains(secret))
                || self
                    .functions
                    .get(id)
                    .is_some_and(|function| function.secrets.contains(secret))
        };
        let outages = self.outages.iter().filter(|(id, _)| uses(id));
        outages
            .map(|(_, outage)| outage.total(self.now).as_secs_f64())
            .sum()
    }
}
