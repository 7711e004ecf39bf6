//! CloudWatch's metrics, a point a minute: late, now and then lost, and counted to their end only after a while.
//!
//! Each application is asked once a second. A second in which it is refused is an error.

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Measure};

use super::World;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// From a minute's end until its point is there, at most.
const LATEST: u64 = 180;
/// For so long counts tell of half a minute.
const HALF_COUNTED: SignedDuration = SignedDuration::from_secs(60);
/// One point in so many never comes.
const LOST: u64 = 17;

/// What is measured of a consumer or, without one, of a database.
#[derive(Clone, Copy, Debug)]
pub struct Metric<'a> {
    pub of: Option<&'a ConsumerId>,
    pub measure: &'a Measure,
}

impl World {
    /// Points are there when their minute is over.
    pub fn measure_promptly(&mut self) {
        self.points_are_late = false;
    }

    /// A metric's points from one minute to another, as they are told at a moment.
    pub fn points(
        &self,
        metric: Metric<'_>,
        (from, to): (Timestamp, Timestamp),
        told: Timestamp,
    ) -> Vec<(Timestamp, f64)> {
        let first = from - SignedDuration::from_secs(from.as_second().rem_euclid(60));
        let minutes = std::iter::successors(Some(first), |minute| Some(*minute + MINUTE));
        let minutes = minutes.take_while(|minute| *minute < to.min(told));
        let points = minutes.filter_map(|minute| Some((minute, self.point(metric, minute, told)?)));
        points.collect()
    }

    fn point(&self, metric: Metric<'_>, minute: Timestamp, told: Timestamp) -> Option<f64> {
        let delay = chance(metric, minute) % LATEST * u64::from(self.points_are_late);
        let delay = i64::try_from(delay).unwrap_or_default();
        let visible = minute + MINUTE + SignedDuration::from_secs(delay);
        let value = self.truly(metric, minute).filter(|_| visible <= told)?;
        let is_half_counted = metric.is_count() && self.points_are_late && told < visible + HALF_COUNTED;
        Some(if is_half_counted { half(value) } else { value })
    }

    /// What a minute comes to; nothing where its point is lost.
    pub fn truly(&self, metric: Metric<'_>, minute: Timestamp) -> Option<f64> {
        let refused = metric.of.map_or(0.0, |id| self.refused_within(id, minute));
        let value = match metric.measure {
            Measure::Requests | Measure::Invocations => 60.0,
            Measure::Errors5xx | Measure::FunctionErrors => refused,
            Measure::Errors4xx | Measure::Throttles | Measure::LoginFailures => 0.0,
            Measure::LatencyP50 | Measure::Duration => 0.05,
            Measure::LatencyP99 => 0.2,
            Measure::Connections => 10.0,
            Measure::Cpu => 20.0,
            Measure::ReadLatency | Measure::WriteLatency => 0.001,
            Measure::Own(_) => return None,
        };
        (!chance(metric, minute).is_multiple_of(LOST)).then_some(value)
    }

    /// In whole seconds.
    fn refused_within(&self, id: &ConsumerId, minute: Timestamp) -> f64 {
        let outage = self.outages.get(id);
        outage.map_or(0.0, |outage| {
            let refused = outage.between(minute, minute + MINUTE, self.now);
            refused.as_secs_f64().ceil()
        })
    }
}

impl Metric<'_> {
    fn is_count(self) -> bool {
        matches!(self.measure, Measure::Requests | Measure::Invocations)
    }

    /// A value that is told before all was counted.
    pub fn is_half_of(self, told: f64, value: f64) -> bool {
        self.is_count() && (told - half(value)).abs() < f64::EPSILON
    }
}

fn half(value: f64) -> f64 {
    (value / 2.0).floor()
}

/// A number that depends on who is measured and on the minute alone: all metrics of a load balancer come together
/// (SplitMix64's last steps).
fn chance(metric: Metric<'_>, minute: Timestamp) -> u64 {
    let name = metric.of.map_or_else(String::new, ToString::to_string);
    let named = name.bytes();
    let named = named.fold(0u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut z = named.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ minute.as_second().unsigned_abs();
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
