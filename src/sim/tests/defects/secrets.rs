//! Reads of secrets and of their logs with a defect.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{Labels, SecretArn, SecretSeen, SecretSummary, VersionId};
use secrecy::{ExposeSecret, SecretString};

use super::caught_by;
use crate::ports::{EcsReads, EcsWrites, LogRead, LogReads, LogWanted, ReadResult, SecretReads};
use crate::runtime::Parts;
use crate::sim::case::Profile;

/// What is done wrong with the answers, or to them.
#[async_trait]
trait Mishap: Send + Sync {
    fn on_listed(&self, _listed: &mut Vec<SecretSummary>) {}
    async fn on_seen(&self, _of: &SecretArn, _seen: &mut SecretSeen) {}
    fn on_value(&self, _value: &SecretString) {}
}

struct Reading<M> {
    secrets: Arc<dyn SecretReads>,
    mishap: M,
}

impl<M: Mishap + 'static> Reading<M> {
    fn with(mut parts: Parts, mishap: M) -> Parts {
        let secrets = parts.ports.secrets;
        parts.ports.secrets = Arc::new(Self { secrets, mishap });
        parts
    }
}

#[async_trait]
impl<M: Mishap> SecretReads for Reading<M> {
    async fn list(&self) -> ReadResult<Vec<SecretSummary>> {
        let (look, mut listed) = self.secrets.list().await?;
        self.mishap.on_listed(&mut listed);
        Ok((look, listed))
    }

    async fn describe(&self, secret: &SecretArn) -> ReadResult<Option<SecretSeen>> {
        let mut answer = self.secrets.describe(secret).await?;
        if let (_, Some(seen)) = &mut answer {
            self.mishap.on_seen(secret, seen).await;
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
        let answer = self.secrets.value(secret, version, stage).await?;
        if let (_, Some(value)) = &answer {
            self.mishap.on_value(value);
        }
        Ok(answer)
    }
}

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
        Reading::with(parts, recipe)
    }

    async fn has_value(&self, secret: &SecretArn, version: &VersionId) -> bool {
        let valued = self.secrets.valued_versions(secret).await;
        valued.is_ok_and(|(_, valued)| valued.contains(version))
    }
}

#[async_trait]
impl Mishap for Recipe {
    async fn on_seen(&self, secret: &SecretArn, seen: &mut SecretSeen) {
        let Some(version) = (self.when)(&seen.labels) else {
            return;
        };
        if self.valued && !self.has_value(secret, version).await {
            return;
        }
        if !self.done.lock().expect("no panic").insert(version.clone()) {
            return;
        }
        redeploy_all(self.ecs.as_ref(), self.writes.as_ref()).await;
    }
}

async fn redeploy_all(ecs: &dyn EcsReads, writes: &dyn EcsWrites) {
    let Ok((_, services)) = ecs.services("prod").await else {
        return;
    };
    for service in services {
        writes.force_deployment("prod", &service.name).await;
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

/// Redeploys every service at each setSecret that the log tells.
struct AfterSet {
    logs: Arc<dyn LogReads>,
    ecs: Arc<dyn EcsReads>,
    writes: Arc<dyn EcsWrites>,
    done: Mutex<BTreeSet<Timestamp>>,
}

#[async_trait]
impl LogReads for AfterSet {
    async fn events(&self, wanted: &LogWanted) -> ReadResult<LogRead> {
        let answer = self.logs.events(wanted).await?;
        for event in &answer.1.events {
            if event.message.contains("setSecret: Success")
                && self.done.lock().expect("no panic").insert(event.at)
            {
                redeploy_all(self.ecs.as_ref(), self.writes.as_ref()).await;
            }
        }
        Ok(answer)
    }
}

#[test]
fn redeploying_between_set_secret_and_finish_secret() {
    caught_by("no-restart-between-set-and-finish", Profile::None, |mut parts| {
        parts.ports.logs = Arc::new(AfterSet {
            logs: parts.ports.logs,
            ecs: parts.ports.ecs.clone(),
            writes: parts.ports.ecs_writes.clone(),
            done: Mutex::default(),
        });
        parts
    });
}

/// Where it was promoted just now: the service has yet to take AWSPENDING away.
fn promoted(labels: &Labels) -> Option<&VersionId> {
    let current = labels.current.as_ref();
    current.filter(|_| labels.pending == labels.current)
}

/// At the promotion of one secret, whatever the others of the service do.
#[test]
fn redeploying_while_another_secret_of_the_service_moves() {
    caught_by("no-restart-between-set-and-finish", Profile::None, |parts| {
        Recipe::on(parts, promoted, false)
    });
}

/// Logs what it reads.
struct Talkative;

impl Mishap for Talkative {
    fn on_value(&self, value: &SecretString) {
        tracing::info!(value = value.expose_secret(), "read");
    }
}

#[test]
fn a_value_in_a_log_line() {
    caught_by("no-password-anywhere", Profile::None, |parts| {
        Reading::with(parts, Talkative)
    });
}

/// The answer to one question wakes nobody.
struct Unwoken(AtomicU32);

#[async_trait]
impl Mishap for Unwoken {
    async fn on_seen(&self, _: &SecretArn, _: &mut SecretSeen) {
        if self.0.fetch_add(1, Ordering::Relaxed) == 12 {
            pending::<()>().await;
        }
    }
}

#[test]
fn a_lost_wake_up() {
    caught_by("stale-are-named", Profile::None, |parts| {
        Reading::with(parts, Unwoken(AtomicU32::new(0)))
    });
}

/// Reads the value that is current, whatever for.
struct Curious(Arc<dyn SecretReads>);

#[async_trait]
impl Mishap for Curious {
    async fn on_seen(&self, secret: &SecretArn, seen: &mut SecretSeen) {
        if let Some(current) = &seen.labels.current {
            // Whether it is told does not matter.
            let _ = self.0.value(secret, current, "AWSCURRENT").await;
        }
    }
}

#[test]
fn a_value_read_without_a_login_test() {
    caught_by("values-are-read-for-logins-alone", Profile::Moments, |parts| {
        let secrets = parts.ports.secrets.clone();
        Reading::with(parts, Curious(secrets))
    });
}

/// The tags of secrets are not read.
struct Untagged;

#[async_trait]
impl Mishap for Untagged {
    fn on_listed(&self, listed: &mut Vec<SecretSummary>) {
        for summary in listed {
            summary.tags.clear();
        }
    }

    async fn on_seen(&self, _: &SecretArn, seen: &mut SecretSeen) {
        seen.tags.clear();
    }
}

#[test]
fn the_brake_not_read() {
    caught_by("the-brake-holds", Profile::None, |parts| {
        Reading::with(parts, Untagged)
    });
}
