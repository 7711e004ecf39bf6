//! Answers of RDS that are read wrongly.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use machine::model::{ManagedStatus, RdsEvent};

use super::caught_by;
use crate::ports::{ProxySummary, RdsReads, RdsSummary, ReadResult};
use crate::runtime::Parts;
use crate::sim::case::Profile;

/// What is done wrong with the answers.
struct Misread {
    rds: Arc<dyn RdsReads>,
    on_instance: fn(&mut RdsSummary),
    on_event: fn(&mut RdsEvent),
}

impl Misread {
    fn instances(parts: Parts, on_instance: fn(&mut RdsSummary)) -> Parts {
        Self::with(parts, on_instance, |_| {})
    }

    fn events(parts: Parts, on_event: fn(&mut RdsEvent)) -> Parts {
        Self::with(parts, |_| {}, on_event)
    }

    fn with(mut parts: Parts, on_instance: fn(&mut RdsSummary), on_event: fn(&mut RdsEvent)) -> Parts {
        let rds = parts.ports.rds;
        parts.ports.rds = Arc::new(Self {
            rds,
            on_instance,
            on_event,
        });
        parts
    }
}

#[async_trait]
impl RdsReads for Misread {
    async fn instances(&self) -> ReadResult<Vec<RdsSummary>> {
        let (look, mut instances) = self.rds.instances().await?;
        instances.iter_mut().for_each(self.on_instance);
        Ok((look, instances))
    }

    async fn clusters(&self) -> ReadResult<Vec<RdsSummary>> {
        self.rds.clusters().await
    }

    async fn proxies(&self) -> ReadResult<Vec<ProxySummary>> {
        self.rds.proxies().await
    }

    async fn events(&self) -> ReadResult<Vec<RdsEvent>> {
        let (look, mut events) = self.rds.events().await?;
        events.iter_mut().for_each(self.on_event);
        Ok((look, events))
    }
}

/// A secret is `rotating` from createSecret on: the old password is still the database's.
#[test]
fn taking_a_rotating_secret_for_a_password_on_its_way() {
    caught_by("intervals-contain-the-truth", Profile::None, |parts| {
        Misread::instances(parts, |instance| {
            let managed = instance.managed.as_ref();
            instance.password_pending |=
                managed.is_some_and(|managed| managed.status == ManagedStatus::Rotating);
        })
    });
}

#[test]
fn dating_a_reset_ten_seconds_too_early() {
    caught_by("intervals-contain-the-truth", Profile::None, |parts| {
        Misread::events(parts, |event| event.reset.at -= SignedDuration::from_secs(10))
    });
}
