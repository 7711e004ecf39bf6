//! Which of CloudWatch's metrics tell of an application or a database.

use std::sync::Arc;

use machine::model::{
    ConsumerId, Gateway, Measure, MetricSource, OwnMeasures, OwnMetric, RdsId, SeriesTrouble,
};

use super::numbers::MeasuredBy;
use crate::ports::{MetricReads, MetricWanted, PortError};

/// A metric, what it measures, and what its values are multiplied with.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) measure: Measure,
    pub(super) factor: f64,
    pub(super) metric: MetricWanted,
}

/// The metrics of one application or database.
#[derive(Default)]
pub(super) struct Metrics {
    /// Those that every load balancer, function, API and database has.
    pub(super) found: Vec<Asked>,
    /// Those that only the configuration knows.
    pub(super) own: Vec<Asked>,
}

const PLAIN: f64 = 1.0;
const MILLISECONDS: f64 = 0.001;
/// From what happens in a second to what happens in a minute.
const A_SECOND: f64 = 60.0;

impl Metrics {
    /// Together with what the configuration names and CloudWatch does not know.
    pub(super) async fn of(
        port: &dyn MetricReads,
        by: &MeasuredBy,
    ) -> Result<(Self, Vec<SeriesTrouble>), PortError> {
        let mut metrics = Self::default();
        let mut troubles = Vec::new();
        match by {
            MeasuredBy::Application {
                consumers,
                configured,
            } => {
                for (consumer, target_groups) in consumers {
                    metrics.consumer(port, consumer, target_groups).await?;
                }
                troubles = metrics.configured(port, configured).await?;
            }
            MeasuredBy::Database { id, engine } => metrics.database(id, engine.as_deref()),
        }
        Ok((metrics, troubles))
    }

    /// A target group that no Application Load Balancer has sent to, as of a Network Load Balancer, has no such metrics.
    async fn consumer(
        &mut self,
        port: &dyn MetricReads,
        consumer: &ConsumerId,
        target_groups: &[Arc<str>],
    ) -> Result<(), PortError> {
        if let ConsumerId::Function { name } = consumer {
            self.function(name);
        }
        for group in target_groups {
            self.target_group(port, group).await?;
        }
        Ok(())
    }

    /// What is asked for, to tell whether a later look asks for the same.
    pub(super) fn names(&self) -> Vec<String> {
        let all = self.found.iter().chain(&self.own);
        let names = all.map(|asked| match &asked.metric.source {
            MetricSource::Metric {
                namespace,
                name,
                dimensions,
                statistic,
            } => format!("{namespace} {name} {dimensions:?} {statistic}"),
            MetricSource::Expression(expression) => expression.clone(),
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    async fn configured(
        &mut self,
        port: &dyn MetricReads,
        configured: &OwnMeasures,
    ) -> Result<Vec<SeriesTrouble>, PortError> {
        let mut troubles = Vec::new();
        for group in &configured.target_groups {
            if !self.target_group(port, group).await? {
                troubles.push(SeriesTrouble {
                    measure: Measure::Requests,
                    why: format!(
                        "no Application Load Balancer has sent requests to {group} within two weeks"
                    ),
                });
            }
        }
        for gateway in &configured.gateways {
            self.gateway(gateway);
        }
        self.own.extend(configured.metrics.iter().map(own));
        Ok(troubles)
    }

    /// Elastic Load Balancing, "CloudWatch metrics for your Application Load Balancer". Whether there is such a balancer.
    async fn target_group(&mut self, port: &dyn MetricReads, group: &str) -> Result<bool, PortError> {
        const OF: &str = "AWS/ApplicationELB";
        let (_, Some(balancer)) = port.load_balancer(group).await? else {
            return Ok(false);
        };
        let dimensions = [("LoadBalancer", &*balancer), ("TargetGroup", group)];
        let metrics = [
            (Measure::Requests, "RequestCount", "Sum"),
            (Measure::Errors5xx, "HTTPCode_Target_5XX_Count", "Sum"),
            (Measure::Errors4xx, "HTTPCode_Target_4XX_Count", "Sum"),
            (Measure::LatencyP50, "TargetResponseTime", "p50"),
            (Measure::LatencyP99, "TargetResponseTime", "p99"),
        ];
        for (measure, name, statistic) in metrics {
            self.add(measure, PLAIN, (OF, name, statistic), &dimensions);
        }
        Ok(true)
    }

    /// Lambda, "Types of metrics for Lambda functions".
    fn function(&mut self, name: &str) {
        const OF: &str = "AWS/Lambda";
        let dimensions = [("FunctionName", name)];
        let metrics = [
            (Measure::Invocations, PLAIN, "Invocations", "Sum"),
            (Measure::FunctionErrors, PLAIN, "Errors", "Sum"),
            (Measure::Throttles, PLAIN, "Throttles", "Sum"),
            (Measure::Duration, MILLISECONDS, "Duration", "Average"),
        ];
        for (measure, factor, name, statistic) in metrics {
            self.add(measure, factor, (OF, name, statistic), &dimensions);
        }
    }

    /// API Gateway, "Amazon API Gateway dimensions and metrics", and "Monitor CloudWatch metrics for HTTP APIs".
    fn gateway(&mut self, gateway: &Gateway) {
        const OF: &str = "AWS/ApiGateway";
        let (dimension, [errors_5xx, errors_4xx]) = match gateway {
            Gateway::Rest(name) => (("ApiName", &**name), ["5XXError", "4XXError"]),
            Gateway::Http(id) => (("ApiId", &**id), ["5xx", "4xx"]),
        };
        let metrics = [
            (Measure::Requests, PLAIN, "Count", "SampleCount"),
            (Measure::Errors5xx, PLAIN, errors_5xx, "Sum"),
            (Measure::Errors4xx, PLAIN, errors_4xx, "Sum"),
            (Measure::LatencyP50, MILLISECONDS, "Latency", "p50"),
            (Measure::LatencyP99, MILLISECONDS, "Latency", "p99"),
        ];
        for (measure, factor, name, statistic) in metrics {
            self.add(measure, factor, (OF, name, statistic), &[dimension]);
        }
    }

    /// RDS, "Amazon CloudWatch metrics for Amazon RDS"; of the engines only Aurora's MySQL counts failed logins, by the
    /// second.
    fn database(&mut self, id: &RdsId, engine: Option<&str>) {
        const OF: &str = "AWS/RDS";
        let dimension = match id {
            RdsId::Instance(_) => "DBInstanceIdentifier",
            RdsId::Cluster(_) => "DBClusterIdentifier",
        };
        let dimensions = [(dimension, id.identifier())];
        // Of a cluster an average would be one over the writer and idle readers.
        let busiest = match id {
            RdsId::Instance(_) => "Average",
            RdsId::Cluster(_) => "Maximum",
        };
        let mut metrics = vec![
            (Measure::Connections, PLAIN, "DatabaseConnections", busiest),
            (Measure::Cpu, PLAIN, "CPUUtilization", busiest),
            (Measure::ReadLatency, PLAIN, "ReadLatency", "Average"),
            (Measure::WriteLatency, PLAIN, "WriteLatency", "Average"),
        ];
        if engine == Some("aurora-mysql") {
            metrics.push((Measure::LoginFailures, A_SECOND, "LoginFailures", busiest));
        }
        for (measure, factor, name, statistic) in metrics {
            self.add(measure, factor, (OF, name, statistic), &dimensions);
        }
    }

    fn add(
        &mut self,
        measure: Measure,
        factor: f64,
        metric: (&str, &str, &str),
        dimensions: &[(&str, &str)],
    ) {
        let (namespace, name, statistic) = metric;
        let dimensions = dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let source = MetricSource::Metric {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.collect(),
            statistic: statistic.to_owned(),
        };
        self.found.push(Asked {
            measure,
            factor,
            metric: MetricWanted {
                id: format!("x{}", self.found.len()),
                source,
            },
        });
    }
}

/// Metric math names it by its own name.
fn own(own: &OwnMetric) -> Asked {
    Asked {
        measure: Measure::Own(Arc::clone(&own.name)),
        factor: PLAIN,
        metric: MetricWanted {
            id: own.name.to_string(),
            source: own.source.clone(),
        },
    }
}
