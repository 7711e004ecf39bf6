//! ECS services: tasks hold the version that was current when they were created (aws-facts: ECS).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn, VersionId};

use super::{Account, Happening, World};

/// A value read so soon after a promotion may be the old one.
const READ_LAG: SignedDuration = SignedDuration::from_millis(900);
/// The circuit breaker gives up on a deployment after this.
pub(super) const BREAKER: SignedDuration = SignedDuration::from_secs(40);
/// A deployment's alarm goes off so long after its tasks are healthy.
const ALARM: SignedDuration = SignedDuration::from_secs(15);

/// How a service's tasks come to their secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// ECS injects them when a task starts.
    Injected,
    /// The program fetches them, and again after this time.
    Cached(SignedDuration),
}

/// What becomes of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Healthy,
    /// Its tasks do not become healthy, and the circuit breaker goes back to the deployment before.
    BrokenOff,
    /// An alarm goes off when half of the old tasks are gone: what is left of them runs on, beside others made anew.
    Alarmed,
    /// Its tasks never become healthy, and nothing goes back.
    NeverHealthy,
}

/// A change by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceTouch {
    Redeploy,
    Scale(u32),
    Delete,
}

#[derive(Clone, Debug)]
pub struct ServicePlan {
    pub id: ConsumerId,
    pub secrets: Vec<SecretArn>,
    /// Whom it logs in as.
    pub account: Account,
    pub reads: Reads,
    pub desired: u32,
    /// From creation to RUNNING, and from there to HEALTHY.
    pub start: SignedDuration,
    pub health: SignedDuration,
    /// How long a task that is stopped may finish its requests; its deployment is under way until then.
    pub drain: SignedDuration,
    pub image: String,
    /// What becomes of the first deployments that are forced; all others are healthy.
    pub fates: Vec<Fate>,
    pub touches: Vec<(Timestamp, ServiceTouch)>,
    /// It is there from then on.
    pub created: Option<Timestamp>,
    /// How long the connections of its pool live on after their password is gone.
    pub pool: SignedDuration,
    /// It fetches the secret again when a login is refused.
    pub retries: bool,
    /// Its health check logs in, and gives up on a task that is refused for so long.
    pub probe: Option<SignedDuration>,
}

impl ServicePlan {
    /// The same service without anything that disturbs it.
    pub fn calm(&mut self) {
        self.fates.clear();
        self.touches.clear();
        self.created = None;
        self.drain = SignedDuration::ZERO;
        self.pool = SignedDuration::ZERO;
        self.retries = false;
        self.probe = None;
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: String,
    pub deployment: String,
    pub created: Timestamp,
    pub running: Timestamp,
    pub healthy: Timestamp,
    /// Its health check was refused.
    pub unhealthy: bool,
    pub stopped: Option<Timestamp>,
    pub holds: BTreeMap<SecretArn, VersionId>,
}

impl Task {
    /// Wanted to run: draining tasks are not.
    pub fn is_wanted(&self, now: Timestamp) -> bool {
        self.created <= now && self.stopped.is_none_or(|stopped| now < stopped)
    }

    pub(super) fn serves(&self, now: Timestamp) -> bool {
        self.is_wanted(now) && now >= self.healthy && !self.unhealthy
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: String,
    pub created: Timestamp,
    pub completes: Timestamp,
    /// The circuit breaker or an alarm gives up then.
    pub fails: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub plan: ServicePlan,
    pub desired: u32,
    pub deployments: Vec<Deployment>,
    pub tasks: Vec<Task>,
    pub deleted: Option<Timestamp>,
    pub forced: usize,
    made: u32,
}

impl Service {
    /// Whether it was there at a moment.
    pub fn exists(&self, at: Timestamp) -> bool {
        self.plan.created.is_none_or(|created| created <= at)
            && self.deleted.is_none_or(|deleted| at < deleted)
    }

    /// The deployment that counts: the last one that has not failed.
    pub fn primary(&self, now: Timestamp) -> Option<&Deployment> {
        self.deployments
            .iter()
            .rev()
            .filter(|deployment| deployment.created <= now)
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
    /// A service that has run for a day, or that comes later.
    pub fn add_service(&mut self, plan: ServicePlan) {
        let id = plan.id.clone();
        for (at, touch) in &plan.touches {
            let (id, touch) = (id.clone(), *touch);
            self.plan(*at, Happening::ServiceTouched { id, touch });
        }
        match plan.created {
            Some(at) => self.plan(at, Happening::ServiceCreated(Box::new(plan))),
            None => self.start_service(plan, self.now - SignedDuration::from_hours(24)),
        }
    }

    pub(super) fn create_service(&mut self, mut plan: ServicePlan) {
        plan.secrets
            .iter_mut()
            .for_each(|secret| self.follow_name(secret));
        self.start_service(plan, self.now);
    }

    fn start_service(&mut self, plan: ServicePlan, since: Timestamp) {
        let id = plan.id.clone();
        let holds = self.injected(&plan.secrets);
        let mut service = Service {
            desired: plan.desired,
            plan,
            deployments: Vec::new(),
            tasks: Vec::new(),
            deleted: None,
            forced: 0,
            made: 0,
        };
        let moments = service.roll(since, &holds, Fate::Healthy);
        if let Reads::Cached(ttl) = service.plan.reads {
            self.plan_in(ttl, Happening::CacheExpires(id.clone()));
        }
        self.services.insert(id, service);
        self.reassess_at(moments);
    }

    fn reassess_at(&mut self, moments: Vec<Timestamp>) {
        let now = self.now;
        for moment in moments.into_iter().filter(|at| *at > now) {
            self.plan(moment, Happening::Reassess);
        }
    }

    pub(super) fn current_of(&self, secrets: &[SecretArn]) -> BTreeMap<SecretArn, VersionId> {
        let current = |arn: &SecretArn| Some((arn.clone(), self.secrets.get(arn)?.labels.current.clone()?));
        secrets.iter().filter_map(current).collect()
    }

    /// What a task is given that is created now: Secrets Manager is eventually consistent.
    fn injected(&self, secrets: &[SecretArn]) -> BTreeMap<SecretArn, VersionId> {
        let given = |arn: &SecretArn| {
            let shown = self.secrets.get(arn)?.as_of(self.now - READ_LAG);
            Some((arn.clone(), shown.labels.current.clone()?))
        };
        secrets.iter().filter_map(given).collect()
    }

    /// UpdateService with forceNewDeployment. The new deployment's id; nothing where there is no such service.
    /// `since`: when the caller last looked.
    pub fn force_deployment(&mut self, id: &ConsumerId, since: Timestamp) -> Option<String> {
        let wrong = self.truth().wrong_with_restart(id, since);
        let beside = self.truth().stale_beside(id);
        let service = self.services.get_mut(id)?;
        if !service.exists(self.now) {
            return None;
        }
        let fate = service.plan.fates.get(service.forced).copied();
        service.forced += 1;
        let deployment = self.deploy(id, fate.unwrap_or(Fate::Healthy))?;
        self.note("ecs:UpdateService", id, wrong);
        if let Some(write) = self.writes.last_mut() {
            write.beside = beside;
        }
        Some(deployment)
    }

    pub(super) fn deploy(&mut self, id: &ConsumerId, fate: Fate) -> Option<String> {
        let now = self.now;
        let secrets = self.services.get(id)?.plan.secrets.clone();
        let holds = self.injected(&secrets);
        let service = self.services.get_mut(id)?;
        let moments = service.roll(now, &holds, fate);
        let deployment = service.deployments.last()?.clone();
        let probe = service.plan.probe;
        if let (Fate::Alarmed, Some(at)) = (fate, deployment.fails) {
            self.plan(at, Happening::AlarmGoesOff(id.clone()));
        }
        if let (Fate::Healthy, Some(_), [.., healthy]) = (fate, probe, moments.as_slice()) {
            let (id, deployment) = (id.clone(), deployment.id.clone());
            self.plan(*healthy, Happening::DeploymentProbed { id, deployment });
        }
        self.reassess_at(moments);
        Some(deployment.id)
    }

    /// The deployment has failed; tasks are made anew for those that it had replaced already.
    pub(super) fn roll_back(&mut self, id: &ConsumerId) {
        let now = self.now;
        let Some(secrets) = self.services.get(id).map(|service| service.plan.secrets.clone()) else {
            return;
        };
        let holds = self.injected(&secrets);
        if let Some(service) = self.services.get_mut(id).filter(|service| service.exists(now)) {
            let deployment = service.next_deployment();
            let moments = service.refill(now, &deployment, &holds);
            service.deployments.push(Deployment {
                id: deployment,
                created: now,
                completes: moments[1],
                fails: None,
            });
            self.reassess_at(moments.to_vec());
            self.probe_new_tasks(id, moments[1]);
        }
    }

    /// Its deployment starts the tasks that are missing.
    pub(super) fn fill_up(&mut self, id: &ConsumerId) {
        let now = self.now;
        let Some(secrets) = self.services.get(id).map(|service| service.plan.secrets.clone()) else {
            return;
        };
        let holds = self.injected(&secrets);
        if let Some(service) = self.services.get_mut(id) {
            let deployment = service.primary(now).map(|deployment| deployment.id.clone());
            if let Some(deployment) = deployment
                && service.staying() < service.desired
            {
                let moments = service.refill(now, &deployment, &holds);
                self.reassess_at(moments.to_vec());
                self.probe_new_tasks(id, moments[1]);
            }
        }
    }
}

impl Service {
    /// Starts new tasks; old ones stop as its fate has it. Tells when something changes by itself.
    fn roll(&mut self, now: Timestamp, holds: &BTreeMap<SecretArn, VersionId>, fate: Fate) -> Vec<Timestamp> {
        let running = now + self.plan.start;
        let healthy = match fate {
            Fate::Healthy | Fate::Alarmed => running + self.plan.health,
            Fate::BrokenOff => now + BREAKER,
            Fate::NeverHealthy => Timestamp::MAX,
        };
        let fails = match fate {
            Fate::Healthy | Fate::NeverHealthy => None,
            Fate::BrokenOff => Some(healthy),
            Fate::Alarmed => Some(healthy + ALARM),
        };
        match fate {
            Fate::Healthy => self.stop(healthy, usize::MAX),
            Fate::Alarmed => self.stop(healthy, self.wanted_tasks(now).count() / 2),
            Fate::BrokenOff | Fate::NeverHealthy => {}
        }
        let id = self.next_deployment();
        self.add_tasks(&id, self.desired, (now, running, healthy, fails), holds);
        let completes = healthy.checked_add(self.plan.drain).unwrap_or(Timestamp::MAX);
        self.deployments.push(Deployment {
            id,
            created: now,
            completes,
            fails,
        });
        [Some(running), Some(healthy), fails]
            .into_iter()
            .flatten()
            .collect()
    }

    /// As many tasks as are missing. When they run, and when they are healthy.
    fn refill(
        &mut self,
        now: Timestamp,
        deployment: &str,
        holds: &BTreeMap<SecretArn, VersionId>,
    ) -> [Timestamp; 2] {
        let missing = self.desired.saturating_sub(self.staying());
        let (started, healthy) = (now + self.plan.start, now + self.plan.start + self.plan.health);
        self.add_tasks(deployment, missing, (now, started, healthy, None), holds);
        [started, healthy]
    }

    /// Tasks that no deployment replaces.
    pub(super) fn staying(&self) -> u32 {
        let staying = self.tasks.iter().filter(|task| task.stopped.is_none());
        u32::try_from(staying.count()).unwrap_or(u32::MAX)
    }

    /// Stops what is more than wanted; what is being replaced serves until then.
    pub(super) fn shed(&mut self, now: Timestamp) {
        if self.desired == 0 {
            return self.stop(now, usize::MAX);
        }
        let surplus = usize::try_from(self.staying().saturating_sub(self.desired)).unwrap_or(usize::MAX);
        let staying = self.tasks.iter_mut().filter(|task| task.stopped.is_none());
        for task in staying.take(surplus) {
            task.stopped = Some(now);
        }
    }

    fn next_deployment(&mut self) -> String {
        self.made += 1;
        format!("ecs-svc/{:04}", self.made)
    }

    /// The oldest so many tasks stop at this moment, if they do not stop before.
    pub(super) fn stop(&mut self, at: Timestamp, count: usize) {
        let running = |task: &&mut Task| task.stopped.is_none_or(|stopped| at < stopped);
        for task in self.tasks.iter_mut().filter(running).take(count) {
            task.stopped = Some(at);
        }
    }

    fn add_tasks(
        &mut self,
        deployment: &str,
        count: u32,
        (created, running, healthy, stopped): (Timestamp, Timestamp, Timestamp, Option<Timestamp>),
        holds: &BTreeMap<SecretArn, VersionId>,
    ) {
        for _ in 0..count {
            let n = self.tasks.len();
            self.tasks.push(Task {
                id: format!("{}-{n}", deployment.replace('/', "-")),
                deployment: deployment.to_owned(),
                created,
                running,
                healthy,
                unhealthy: false,
                stopped,
                holds: holds.clone(),
            });
        }
    }
}
