//! Answers of CloudWatch that are read wrongly.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::caught_by;
use crate::ports::{MetricAnswer, MetricReads, MetricWanted, ReadResult};
use crate::sim::case::Profile;

/// Takes a minute without a point for a zero.
struct Zeroed(Arc<dyn MetricReads>);

#[async_trait]
impl MetricReads for Zeroed {
    async fn data(
        &self,
        wanted: &[MetricWanted],
        from: Timestamp,
        to: Timestamp,
    ) -> ReadResult<Vec<MetricAnswer>> {
        let (look, mut answers) = self.0.data(wanted, from, to).await?;
        for MetricAnswer { points, .. } in &mut answers {
            let Some((first, _)) = points.first().copied() else {
                continue;
            };
            let minutes = std::iter::successors(Some(first), |at| Some(*at + SignedDuration::from_mins(1)));
            let missing = minutes.take_while(|at| *at < to);
            let missing = missing.filter(|at| !points.iter().any(|(known, _)| known == at));
            let missing: Vec<Timestamp> = missing.collect();
            points.extend(missing.into_iter().map(|at| (at, 0.0)));
        }
        Ok((look, answers))
    }

    async fn load_balancer(&self, target_group: &str) -> ReadResult<Option<String>> {
        self.0.load_balancer(target_group).await
    }
}

#[test]
fn taking_a_missing_point_for_zero() {
    caught_by("measured-as-it-was", Profile::None, |mut parts| {
        parts.ports.metrics = Arc::new(Zeroed(parts.ports.metrics));
        parts
    });
}
