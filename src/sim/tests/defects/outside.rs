//! Ports and a journal with a defect.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{ConsumerId, Fact, FunctionSeen, Look, NoEffect, Outcome, ServiceSeen};

use super::caught_by;
use crate::ports::{
    EcsReads, EcsWrites, FunctionSummary, LambdaReads, ReadResult, ServiceSummary, TaskDefinition,
    TaskSummary, WriteResult,
};
use crate::sim::case::Profile;
use crate::store::{JournalPort, Loaded, ReadError, WriteError};

/// A writing client with more than one attempt.
struct Retrying(Arc<dyn EcsWrites>);

#[async_trait]
impl EcsWrites for Retrying {
    async fn force_deployment(&self, cluster: &str, service: &str) -> WriteResult {
        match self.0.force_deployment(cluster, service).await {
            (_, Outcome::InDoubt { .. }) => self.0.force_deployment(cluster, service).await,
            answer => answer,
        }
    }
}

#[test]
fn retrying_a_write_that_timed_out() {
    caught_by("one-restart-for-a-rotation", Profile::Network, |mut parts| {
        parts.ports.ecs_writes = Arc::new(Retrying(parts.ports.ecs_writes));
        parts
    });
}

/// Remembers a service as it was before its first redeploy: whoever asks before repeating learns nothing.
struct Blind {
    ecs: Arc<dyn EcsReads>,
    writes: Arc<dyn EcsWrites>,
    before: Mutex<Option<(ConsumerId, Look, Option<ServiceSeen>)>>,
}

#[async_trait]
impl EcsWrites for Blind {
    async fn force_deployment(&self, cluster: &str, service: &str) -> WriteResult {
        let before = self.ecs.service(cluster, service).await;
        let answer = self.writes.force_deployment(cluster, service).await;
        let in_doubt = matches!(answer.1, Outcome::InDoubt { .. });
        if let (Ok((look, seen)), true) = (before, in_doubt) {
            *self.before.lock().expect("no panic") =
                Some((ConsumerId::service(cluster, service), look, seen));
            let why = NoEffect::Throttled;
            return (answer.0, Outcome::NoEffect(why));
        }
        *self.before.lock().expect("no panic") = None;
        answer
    }
}

#[async_trait]
impl EcsReads for Blind {
    async fn clusters(&self) -> ReadResult<Vec<String>> {
        self.ecs.clusters().await
    }

    async fn services(&self, cluster: &str) -> ReadResult<Vec<ServiceSummary>> {
        self.ecs.services(cluster).await
    }

    async fn standalone_tasks(&self, cluster: &str) -> ReadResult<Vec<TaskSummary>> {
        self.ecs.standalone_tasks(cluster).await
    }

    async fn task_definition(&self, arn: &str) -> ReadResult<TaskDefinition> {
        self.ecs.task_definition(arn).await
    }

    async fn service(&self, cluster: &str, service: &str) -> ReadResult<Option<ServiceSeen>> {
        let (look, seen) = self.ecs.service(cluster, service).await?;
        let before = self.before.lock().expect("no panic").clone();
        match before {
            Some((id, _, before)) if id == ConsumerId::service(cluster, service) => Ok((look, before)),
            _ => Ok((look, seen)),
        }
    }
}

#[test]
fn repeating_a_remediation_in_doubt() {
    caught_by("one-restart-for-a-rotation", Profile::Network, |mut parts| {
        let blind = Arc::new(Blind {
            ecs: parts.ports.ecs.clone(),
            writes: parts.ports.ecs_writes.clone(),
            before: Mutex::default(),
        });
        parts.ports.ecs = blind.clone();
        parts.ports.ecs_writes = blind;
        parts
    });
}

/// Tells that a function is as we left it for as long as our note is on it.
struct Unchanged(Arc<dyn LambdaReads>);

#[async_trait]
impl LambdaReads for Unchanged {
    async fn functions(&self) -> ReadResult<Vec<FunctionSummary>> {
        self.0.functions().await
    }

    async fn function(&self, name: &str) -> ReadResult<Option<FunctionSeen>> {
        let (look, seen) = self.0.function(name).await?;
        let as_we_left_it = |mut seen: FunctionSeen| {
            if seen.sleep_tag.is_some() && seen.reserved == Some(5) {
                seen.reserved = Some(0);
            }
            seen
        };
        Ok((look, seen.map(as_we_left_it)))
    }

    async fn log_group(&self, name: &str) -> ReadResult<String> {
        self.0.log_group(name).await
    }
}

#[test]
fn restoring_over_another_s_change() {
    caught_by("concurrency-as-it-was", Profile::None, |mut parts| {
        parts.ports.lambda = Arc::new(Unchanged(parts.ports.lambda));
        parts
    });
}

/// Says that facts are durable when they are only remembered: they reach the disk five transactions later.
struct Lazy {
    journal: Arc<dyn JournalPort>,
    remembered: Mutex<VecDeque<Vec<Fact>>>,
}

#[async_trait]
impl JournalPort for Lazy {
    async fn load(&self) -> Result<Loaded, ReadError> {
        self.journal.load().await
    }

    async fn commit(&self, facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        let earlier = {
            let mut remembered = self.remembered.lock().expect("no panic");
            remembered.push_back(facts);
            if remembered.len() > 5 {
                remembered.pop_front()
            } else {
                None
            }
        };
        self.journal.commit(earlier.unwrap_or_default(), at).await
    }

    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError> {
        self.journal.prune(keep_since).await
    }

    fn bytes(&self) -> u64 {
        self.journal.bytes()
    }
}

#[test]
fn dispatching_before_the_journal_is_durable() {
    caught_by("decided-before-written", Profile::Crash, |mut parts| {
        parts.journal = Arc::new(Lazy {
            journal: parts.journal,
            remembered: Mutex::default(),
        });
        parts
    });
}
