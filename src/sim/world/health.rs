//! Health checks that log in: tasks that are refused are replaced, and deployments of such tasks broken off (aws-facts:
//! ECS).

use jiff::Timestamp;
use machine::model::ConsumerId;

use super::service::BREAKER;
use super::{Happening, Service, Task, World};

impl World {
    /// Nothing where its health check does not log in.
    pub(super) fn probe_in_time(&mut self, id: &ConsumerId) {
        let probe = self.services.get(id).and_then(|service| service.plan.probe);
        if let Some(after) = probe {
            self.plan_in(after, Happening::TasksProbed(id.clone()));
        }
    }

    /// New tasks would be healthy then.
    pub(super) fn probe_new_tasks(&mut self, id: &ConsumerId, healthy: Timestamp) {
        let probe = self.services.get(id).and_then(|service| service.plan.probe);
        if probe.is_some() {
            self.plan(healthy, Happening::TasksProbed(id.clone()));
        }
    }

    /// Tasks that are refused do not become healthy, and are stopped after a while, and others started in their place,
    /// until none is.
    pub(super) fn replace_refused(&mut self, id: &ConsumerId) {
        let now = self.now;
        let Some(service) = self.services.get(id).filter(|service| service.exists(now)) else {
            return;
        };
        let Some(deployment) = service.primary(now) else {
            return;
        };
        if deployment.completes == Timestamp::MAX {
            // Another's trouble keeps its tasks from becoming healthy.
            return;
        }
        if let Some(at) = deployment.fails {
            // What would be started now would be of a deployment that fails.
            self.plan(at, Happening::TasksProbed(id.clone()));
            return;
        }
        let plan = &service.plan;
        let (ready, patience) = (plan.start + plan.health, plan.probe.unwrap_or_default());
        let is_ready = |task: &&Task| task.created + ready <= now;
        let account = plan.account;
        let is_refused = |task: &&Task| task.unhealthy || self.refuses(account, task.holds.iter());
        let refused = service.wanted_tasks(now).filter(is_ready).filter(is_refused);
        let refused: Vec<String> = refused.map(|task| task.id.clone()).collect();
        if refused.is_empty() && service.staying() >= service.desired {
            return;
        }
        if let Some(service) = self.services.get_mut(id) {
            let tasks = service.tasks.iter_mut();
            for task in tasks.filter(|task| refused.contains(&task.id)) {
                if task.created + ready + patience <= now {
                    task.stopped = Some(now);
                } else {
                    task.unhealthy = true;
                }
            }
        }
        self.fill_up(id);
        self.probe_in_time(id);
    }

    /// The tasks of a deployment would be healthy now: where they are refused, it fails instead, and old ones stay.
    pub(super) fn probe_deployment(&mut self, id: &ConsumerId, deployment: &str) {
        let now = self.now;
        let is_refused = self.services.get(id).is_some_and(|service| {
            let mut tasks = service
                .wanted_tasks(now)
                .filter(|task| task.deployment == deployment);
            tasks.any(|task| self.refuses(service.plan.account, task.holds.iter()))
        });
        if is_refused && let Some(service) = self.services.get_mut(id) {
            let at = service.break_off(deployment, now);
            self.plan(at, Happening::TasksProbed(id.clone()));
        }
    }
}

impl Service {
    /// Returns when the circuit breaker gives up.
    fn break_off(&mut self, deployment: &str, now: Timestamp) -> Timestamp {
        let mut gives_up = now;
        let drain = self.plan.drain;
        for one in self.deployments.iter_mut().filter(|one| one.id == deployment) {
            gives_up = now.max(one.created + BREAKER);
            (one.fails, one.completes) = (Some(gives_up), gives_up + drain);
        }
        for task in &mut self.tasks {
            if task.deployment == deployment {
                (task.unhealthy, task.stopped) = (true, Some(gives_up));
            } else if task.is_replaced_at(now) {
                task.stopped = None;
            }
        }
        gives_up
    }
}

impl Task {
    fn is_replaced_at(&self, now: Timestamp) -> bool {
        self.stopped == Some(now)
    }
}
