//! ECS services: tasks hold the version that was current when they were created (aws-facts: ECS).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use super::{Happening, Secret, World, Wrong};

/// A value read so soon after a promotion may be the old one.
const READ_LAG: SignedDuration = SignedDuration::from_millis(900);

/// How a service's tasks come to their secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// ECS injects them when a task starts.
    Injected,
    /// The program fetches them, and again after this time.
    Cached(SignedDuration),
}

#[derive(Clone, Debug)]
pub struct ServicePlan {
    pub id: ConsumerId,
    pub secrets: Vec<SecretArn>,
    pub reads: Reads,
    pub desired: u32,
    /// From creation to RUNNING, and from there to HEALTHY.
    pub start: SignedDuration,
    pub health: SignedDuration,
    pub image: String,
    /// Deployments that the circuit breaker rolls back before one succeeds.
    pub rolls_back: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: String,
    pub deployment: String,
    pub created: Timestamp,
    pub running: Timestamp,
    pub healthy: Timestamp,
    pub stopped: Option<Timestamp>,
    pub holds: BTreeMap<SecretArn, VersionId>,
}

impl Task {
    /// Wanted to run: draining tasks are not.
    pub fn is_wanted(&self, now: Timestamp) -> bool {
        self.stopped.is_none_or(|stopped| now < stopped)
    }

    fn serves(&self, now: Timestamp) -> bool {
        self.is_wanted(now) && now >= self.healthy
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: String,
    pub created: Timestamp,
    pub completes: Timestamp,
    /// The circuit breaker gives up then.
    pub fails: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub plan: ServicePlan,
    pub deployments: Vec<Deployment>,
    pub tasks: Vec<Task>,
    made: u32,
}

impl Service {
    /// The deployment that counts: the last one that has not failed.
    pub fn primary(&self, now: Timestamp) -> Option<&Deployment> {
        self.deployments
            .iter()
            .rev()
            .find(|deployment| deployment.fails.is_none_or(|at| now < at))
    }

    pub fn wanted_tasks(&self, now: Timestamp) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.is_wanted(now))
    }

    /// Tasks that answer requests.
    pub fn serving_tasks(&self, now: Timestamp) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.serves(now))
    }
}

impl World {
    /// A service that has run for a day.
    pub fn add_service(&mut self, plan: ServicePlan) {
        let id = plan.id.clone();
        let day = self.now - SignedDuration::from_hours(24);
        let holds = self.current_of(&plan.secrets);
        let mut service = Service {
            plan,
            deployments: Vec::new(),
            tasks: Vec::new(),
            made: 0,
        };
        service.roll(day, &holds, None);
        if let Reads::Cached(ttl) = service.plan.reads {
            self.plan_in(ttl, Happening::CacheExpires(id.clone()));
        }
        self.services.insert(id, service);
    }

    fn current_of(&self, secrets: &[SecretArn]) -> BTreeMap<SecretArn, VersionId> {
        let current = |arn: &SecretArn| Some((arn.clone(), self.secrets.get(arn)?.labels.current.clone()?));
        secrets.iter().filter_map(current).collect()
    }

    /// What a task is given that is created now: Secrets Manager is eventually consistent.
    fn injected(&self, secrets: &[SecretArn]) -> BTreeMap<SecretArn, VersionId> {
        let given = |arn: &SecretArn| {
            let secret = self.secrets.get(arn)?;
            let is_fresh = secret.promoted.last().is_some_and(|at| self.now < *at + READ_LAG);
            let (current, previous) = (&secret.labels.current, &secret.labels.previous);
            let version = previous.as_ref().filter(|_| is_fresh).or(current.as_ref())?;
            Some((arn.clone(), version.clone()))
        };
        secrets.iter().filter_map(given).collect()
    }

    /// UpdateService with forceNewDeployment. The new deployment's id; nothing where there is no such service.
    pub fn force_deployment(&mut self, id: &ConsumerId) -> Option<String> {
        let now = self.now;
        let secrets = self.services.get(id)?.plan.secrets.clone();
        let holds = self.injected(&secrets);
        let wrong = self.wrong_with_restart(id, &secrets);
        let service = self.services.get_mut(id)?;
        let fails = (service.plan.rolls_back > 0).then(|| now + SignedDuration::from_secs(40));
        service.plan.rolls_back = service.plan.rolls_back.saturating_sub(1);
        let (deployment, moments) = service.roll(now, &holds, fails);
        for moment in moments {
            self.plan(moment, Happening::Reassess);
        }
        self.note_wrong("ecs:UpdateService", id, wrong);
        Some(deployment)
    }

    fn wrong_with_restart(&self, id: &ConsumerId, secrets: &[SecretArn]) -> Vec<Wrong> {
        let of = |arn: &SecretArn| self.secrets.get(arn);
        let moving = secrets
            .iter()
            .filter(|arn| of(arn).is_some_and(Secret::is_exposed))
            .map(|arn| Wrong::Moving(arn.clone()));
        let is_dead = |arn: &&SecretArn| {
            let secret = of(arn);
            secret.is_some_and(|secret| {
                let current = secret.labels.current.as_ref();
                current.is_some_and(|current| !secret.accepts(current))
            })
        };
        let dead = secrets.iter().filter(is_dead).map(|arn| Wrong::Dead(arn.clone()));
        let needless = (!self.is_stale(id)).then_some(Wrong::Needless);
        moving.chain(dead).chain(needless).collect()
    }

    pub(super) fn expire_cache(&mut self, id: &ConsumerId) {
        let Some(service) = self.services.get(id) else {
            return;
        };
        let Reads::Cached(ttl) = service.plan.reads else {
            return;
        };
        let holds = self.current_of(&service.plan.secrets.clone());
        if let Some(service) = self.services.get_mut(id) {
            for task in &mut service.tasks {
                task.holds.clone_from(&holds);
            }
        }
        self.plan_in(ttl, Happening::CacheExpires(id.clone()));
    }
}

impl Service {
    /// Starts new tasks; the old ones stop when the new ones are healthy. Tells when something changes by itself.
    fn roll(
        &mut self,
        now: Timestamp,
        holds: &BTreeMap<SecretArn, VersionId>,
        fails: Option<Timestamp>,
    ) -> (String, Vec<Timestamp>) {
        self.made += 1;
        let id = format!("ecs-svc/{:04}", self.made);
        let running = now + self.plan.start;
        let healthy = fails.unwrap_or(running + self.plan.health);
        for task in self
            .tasks
            .iter_mut()
            .filter(|task| task.is_wanted(now) && fails.is_none())
        {
            task.stopped = Some(healthy);
        }
        for n in 0..self.plan.desired {
            self.tasks.push(Task {
                id: format!("{}-{n}", id.replace('/', "-")),
                deployment: id.clone(),
                created: now,
                running,
                healthy,
                stopped: fails,
                holds: holds.clone(),
            });
        }
        self.deployments.push(Deployment {
            id: id.clone(),
            created: now,
            completes: healthy,
            fails,
        });
        (id, vec![running, healthy])
    }
}
