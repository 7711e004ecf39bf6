//! Ports and a journal with a defect.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{
    ConsumerId, Fact, FunctionSeen, Labels, Look, NoEffect, Outcome, SecretArn, SecretSeen, SecretSummary,
    ServiceSeen, VersionId,
};
use secrecy::{ExposeSecret, SecretString};

use super::caught_by;
use crate::ports::{
    EcsReads, EcsWrites, FunctionSummary, LambdaReads, ReadResult, SecretReads, ServiceSummary,
    TaskDefinition, TaskSummary, WriteResult,
};
use crate::runtime::Parts;
use crate::sim::case::Profile;
use crate::store::{JournalPort, Loaded, ReadError, WriteError};

/// Redeploys every service once for each version whose labels look like `when`: the usual recipes on events.
struct Recipe {
    secrets: Arc<dyn SecretReads>,
    ecs: Arc<dyn EcsReads>,
    writes: Arc<dyn EcsWrites>,
    when: fn(&Labels) -> Option<&VersionId>,
    /// Whether the version must have a value.
    valued: bool,
    done: Mutex<BTreeSet<VersionId>>,
}

impl Recipe {
    fn on(parts: Parts, when: fn(&Labels) -> Option<&VersionId>, valued: bool) -> Parts {
        let recipe = Self {
            secrets: parts.ports.secrets.clone(),
            ecs: parts.ports.ecs.clone(),
            writes: parts.ports.ecs_writes.clone(),
            when,
            valued,
            done: Mutex::default(),
        };
        let mut parts = parts;
        parts.ports.secrets = Arc::new(recipe);
        parts
    }

    async fn cook(&self, secret: &SecretArn, labels: &Labels) {
        let Some(version) = (self.when)(labels) else {
            return;
        };
        if self.valued && !self.has_value(secret, version).await {
            return;
        }
        if !self.done.lock().expect("no panic").insert(version.clone()) {
            return;
        }
        let Ok((_, services)) = self.ecs.services("prod").await else {
            return;
        };
        for service in services {
            self.writes.force_deployment("prod", &service.name).await;
        }
    }

    async fn has_value(&self, secret: &SecretArn, version: &VersionId) -> bool {
        let valued = self.secrets.valued_versions(secret).await;
        valued.is_ok_and(|(_, valued)| valued.contains(version))
    }
}

#[async_trait]
impl SecretReads for Recipe {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.secrets.list().await
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        let answer = self.secrets.describe(secret).await?;
        if let (_, Some(seen)) = &answer {
            self.cook(secret, &seen.labels).await;
        }
        Ok(answer)
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        self.secrets.valued_versions(secret).await
    }

    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        self.secrets.value(secret, version, stage).await
    }
}

#[test]
fn redeploying_at_the_rotate_secret_call() {
    caught_by("no-restart-of-the-fresh", Profile::None, |parts| {
        Recipe::on(parts, Labels::in_progress, false)
    });
}

#[test]
fn redeploying_at_create_secret() {
    caught_by("no-restart-of-the-fresh", Profile::None, |parts| {
        Recipe::on(parts, Labels::in_progress, true)
    });
}

#[test]
fn redeploying_between_set_secret_and_finish_secret() {
    caught_by("no-restart-between-set-and-finish", Profile::None, |parts| {
        Recipe::on(parts, Labels::in_progress, true)
    });
}

/// At the promotion of one secret, whatever the others of the service do.
#[test]
fn redeploying_while_another_secret_of_the_service_moves() {
    caught_by("no-restart-between-set-and-finish", Profile::None, |parts| {
        Recipe::on(parts, |labels| labels.current.as_ref(), false)
    });
}

/// Logs what it reads.
struct Talkative(Arc<dyn SecretReads>);

#[async_trait]
impl SecretReads for Talkative {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.0.list().await
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        self.0.describe(secret).await
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        self.0.valued_versions(secret).await
    }

    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        let answer = self.0.value(secret, version, stage).await;
        if let Ok((_, Some(value))) = &answer {
            tracing::info!(value = value.expose_secret(), "read");
        }
        answer
    }
}

#[test]
fn a_value_in_a_log_line() {
    caught_by("no-password-anywhere", Profile::None, |mut parts| {
        parts.ports.secrets = Arc::new(Talkative(parts.ports.secrets));
        parts
    });
}

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

/// The answer to one question wakes nobody.
struct Unwoken {
    secrets: Arc<dyn SecretReads>,
    asked: AtomicU32,
}

#[async_trait]
impl SecretReads for Unwoken {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        self.secrets.list().await
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        if self.asked.fetch_add(1, Ordering::Relaxed) == 12 {
            std::future::pending::<()>().await;
        }
        self.secrets.describe(secret).await
    }

    async fn valued_versions(&self, secret: &SecretArn) -> ReadResult<Vec<VersionId>> {
        self.secrets.valued_versions(secret).await
    }

    async fn value(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        stage: &str,
    ) -> ReadResult<Option<SecretString>> {
        self.secrets.value(secret, version, stage).await
    }
}

#[test]
fn a_lost_wake_up() {
    caught_by("stale-are-named", Profile::None, |mut parts| {
        parts.ports.secrets = Arc::new(Unwoken {
            secrets: parts.ports.secrets,
            asked: AtomicU32::new(0),
        });
        parts
    });
}
