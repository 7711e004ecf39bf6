//! Answers of RDS that are read wrongly.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use machine::model::RdsEvent;

use super::caught_by;
use crate::ports::{ProxySummary, RdsReads, RdsSummary, ReadResult};
use crate::sim::case::Profile;

/// Dates each reset ten seconds too early.
struct Early(Arc<dyn RdsReads>);

#[async_trait]
impl RdsReads for Early {
    async fn instances(&self) -> ReadResult<Vec<RdsSummary>> {
        self.0.instances().await
    }

    async fn clusters(&self) -> ReadResult<Vec<RdsSummary>> {
        self.0.clusters().await
    }

    async fn proxies(&self) -> ReadResult<Vec<ProxySummary>> {
        self.0.proxies().await
    }

    async fn events(&self) -> ReadResult<Vec<RdsEvent>> {
        let (look, mut events) = self.0.events().await?;
        for event in &mut events {
            event.reset.at -= SignedDuration::from_secs(10);
        }
        Ok((look, events))
    }
}

#[test]
fn dating_a_reset_ten_seconds_too_early() {
    caught_by("intervals-contain-the-truth", Profile::None, |mut parts| {
        parts.ports.rds = Arc::new(Early(parts.ports.rds));
        parts
    });
}
