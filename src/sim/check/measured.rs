//! What is told of applications and databases in numbers, against what CloudWatch could know.

use std::sync::Arc;

use machine::model::{ConsumerId, Measured, Point};

use super::Checks;
use crate::runtime::{MeasuredView, Snapshot};
use crate::sim::world::{Metric, World};

/// Points that a look may have changed: older ones were checked when they were new.
const LATEST: usize = 6;

impl Checks {
    /// Of each snapshot: every point is what its minute came to, and none stands where CloudWatch has none. A count that was
    /// not yet complete may stand where the look that would have put it right failed.
    pub(super) fn measured(&mut self, snapshot: &Snapshot, world: &World) {
        if Arc::ptr_eq(&self.numbers, &snapshot.numbers) {
            return;
        }
        self.numbers = snapshot.numbers.clone();
        for MeasuredView { measured, taken, .. } in &**snapshot.numbers {
            let id = match measured {
                Measured::Application(name) => ConsumerId::parse(name),
                Measured::Database(_) => None,
            };
            for (measure, series) in &taken.series {
                let metric = Metric {
                    of: id.as_ref(),
                    measure,
                };
                let mut latest = series.points().rev().take(LATEST);
                let wrong = latest.find(|point| !is_true(world, metric, *point));
                self.holds("measured-as-it-was", wrong.is_none(), || {
                    let truth = wrong.and_then(|point| world.truly(metric, point.minute));
                    format!("{measured}: {measure:?} is told as {wrong:?}, and was {truth:?}")
                });
            }
        }
    }
}

fn is_true(world: &World, metric: Metric<'_>, point: Point) -> bool {
    let told = point.value.get();
    let truth = world.truly(metric, point.minute);
    truth.is_some_and(|value| (told - value).abs() < f64::EPSILON || metric.is_half_of(told, value))
}
