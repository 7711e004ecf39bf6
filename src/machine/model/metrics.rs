//! Metrics of CloudWatch, and those that only the configuration knows.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What tells of an application beside its consumers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnMeasures {
    pub metrics: Vec<OwnMetric>,
    pub gateways: Vec<Gateway>,
    /// `targetgroup/NAME/ID`
    pub target_groups: Vec<Arc<str>>,
}

/// An API of API Gateway, as CloudWatch names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// By its name.
    Rest(Arc<str>),
    /// By its id.
    Http(Arc<str>),
}

/// A metric that only the configuration knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMetric {
    /// Its measure's name.
    pub name: Arc<str>,
    pub source: MetricSource,
}

/// What GetMetricData is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricSource {
    Metric {
        namespace: String,
        name: String,
        dimensions: BTreeMap<String, String>,
        /// As CloudWatch calls it: `Sum`, `Average`, `p99`.
        statistic: String,
    },
    /// CloudWatch's metric math. It names other metrics of the same question by their ids.
    Expression(String),
}
