//! Reads of CloudWatch's metrics: one point a minute.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::MetricSource;

use super::ReadResult;

/// A metric that is asked for. Each costs, whatever the number of its points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricWanted {
    /// Small letters, digits and `_`, a letter first: metric math names it so.
    pub id: String,
    pub source: MetricSource,
}

/// What came of one.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricAnswer {
    pub id: String,
    /// Minutes that have a point, in order of time.
    pub points: Vec<(Timestamp, f64)>,
    /// Why there may be fewer than there are.
    pub why: Option<String>,
}

#[async_trait]
pub trait MetricReads: Send + Sync {
    /// GetMetricData from the minute of `from` to that of `to`, which is not over yet and left out. A metric that does not
    /// exist is answered without points.
    async fn data(
        &self,
        wanted: &[MetricWanted],
        from: Timestamp,
        to: Timestamp,
    ) -> ReadResult<Vec<MetricAnswer>>;

    /// The load balancer that sends to a target group (`targetgroup/NAME/ID`), as its metrics name it. Nothing where it has
    /// no metrics yet.
    async fn load_balancer(&self, target_group: &str) -> ReadResult<Option<String>>;
}
