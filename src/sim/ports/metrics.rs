//! CloudWatch. Every service is behind a load balancer of its own.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{ConsumerId, Measure, MetricSource};

use super::{Angle, EVERYTHING, SimAccount};
use crate::ports::{MetricAnswer, MetricReads, MetricWanted, ReadResult};
use crate::sim::world::{Metric, World};

#[async_trait]
impl MetricReads for SimAccount {
    async fn data(
        &self,
        wanted: &[MetricWanted],
        from: Timestamp,
        to: Timestamp,
    ) -> ReadResult<Vec<MetricAnswer>> {
        self.read("cloudwatch:GetMetricData", EVERYTHING, |world, angle| {
            let wanted = wanted.iter().skip(usize::from(angle.partial));
            let answers = wanted.map(|wanted| answer(world, wanted, (from, to), angle));
            answers.collect()
        })
        .await
    }

    async fn load_balancer(&self, target_group: &str) -> ReadResult<Option<String>> {
        self.read("cloudwatch:ListMetrics", target_group, |_, _| {
            target_group
                .strip_prefix("targetgroup/")
                .map(|rest| format!("app/{rest}"))
        })
        .await
    }
}

/// As its metrics name it.
pub(super) fn target_group(cluster: &str, service: &str) -> String {
    format!("targetgroup/{cluster}+{service}/0")
}

fn answer(world: &World, wanted: &MetricWanted, span: (Timestamp, Timestamp), angle: Angle) -> MetricAnswer {
    let points = match &wanted.source {
        MetricSource::Expression(_) => Vec::new(),
        MetricSource::Metric {
            name,
            dimensions,
            statistic,
            ..
        } => {
            let of = dimensions.iter().find_map(|(name, value)| consumer(name, value));
            measure(name, statistic).map_or_else(Vec::new, |measure| {
                let metric = Metric {
                    of: of.as_ref(),
                    measure: &measure,
                };
                let points = world.points(metric, span, angle.as_of);
                let is_told = |point: &(Timestamp, f64)| point.1 > 0.0 || !is_sparse(&measure);
                points.into_iter().filter(is_told).collect()
            })
        }
    };
    MetricAnswer {
        id: wanted.id.clone(),
        points,
        why: None,
    }
}

fn consumer(dimension: &str, value: &str) -> Option<ConsumerId> {
    match dimension {
        "FunctionName" => Some(ConsumerId::function(value)),
        "TargetGroup" => {
            let (cluster, service) = value
                .strip_prefix("targetgroup/")?
                .strip_suffix("/0")?
                .split_once('+')?;
            Some(ConsumerId::service(cluster, service))
        }
        _ => None,
    }
}

fn measure(name: &str, statistic: &str) -> Option<Measure> {
    Some(match (name, statistic) {
        ("RequestCount", _) => Measure::Requests,
        ("HTTPCode_Target_5XX_Count", _) => Measure::Errors5xx,
        ("HTTPCode_Target_4XX_Count", _) => Measure::Errors4xx,
        ("TargetResponseTime", "p99") => Measure::LatencyP99,
        ("TargetResponseTime", _) => Measure::LatencyP50,
        ("Invocations", _) => Measure::Invocations,
        ("Errors", _) => Measure::FunctionErrors,
        ("Throttles", _) => Measure::Throttles,
        ("DatabaseConnections", _) => Measure::Connections,
        ("CPUUtilization", _) => Measure::Cpu,
        ("ReadLatency", _) => Measure::ReadLatency,
        ("WriteLatency", _) => Measure::WriteLatency,
        _ => return None,
    })
}

/// A load balancer tells of errors only where there are any.
fn is_sparse(measure: &Measure) -> bool {
    matches!(measure, Measure::Errors5xx | Measure::Errors4xx)
}
