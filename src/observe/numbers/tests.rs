//! What several metrics say together, and what becomes of those that cannot be had.

use std::collections::BTreeMap;

use async_trait::async_trait;
use machine::model::{Gateway, Look, OwnMetric};

use super::*;
use crate::ports::ReadResult;

/// Answers by the name of a metric, with the balancers of target groups; expressions are refused.
#[derive(Default)]
struct CloudWatch {
    points: BTreeMap<&'static str, Vec<(i64, f64)>>,
    balancers: BTreeMap<&'static str, &'static str>,
}

#[async_trait]
impl MetricReads for CloudWatch {
    async fn data(
        &self,
        wanted: &[MetricWanted],
        _from: Timestamp,
        _to: Timestamp,
    ) -> ReadResult<Vec<MetricAnswer>> {
        let look = Look::at(at(0));
        let answer = |wanted: &MetricWanted| match &wanted.source {
            MetricSource::Metric { name, .. } => Some(MetricAnswer {
                id: wanted.id.clone(),
                points: self.points.get(&**name).map_or_else(Vec::new, |points| {
                    points
                        .iter()
                        .map(|(second, value)| (at(*second), *value))
                        .collect()
                }),
                why: None,
            }),
            MetricSource::Expression(_) => None,
        };
        let answers: Option<Vec<MetricAnswer>> = wanted.iter().map(answer).collect();
        answers.map(|answers| (look, answers)).ok_or(PortError {
            operation: "cloudwatch:GetMetricData",
            subject: "*".to_owned(),
            look,
            failure: LookFailure::Unexpected {
                why: "ValidationError: Error in expression".to_owned(),
            },
        })
    }

    async fn load_balancer(&self, target_group: &str) -> ReadResult<Option<String>> {
        let balancer = self.balancers.get(target_group);
        Ok((Look::at(at(0)), balancer.map(|name| (*name).to_owned())))
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// Two services behind target groups, a function, and what the configuration adds.
fn question(configured: OwnMeasures) -> NumbersQuestion {
    let service = |name: &str| ConsumerId::service("prod", name);
    NumbersQuestion {
        measured: Measured::Application("shop".into()),
        by: MeasuredBy::Application {
            consumers: vec![
                (service("orders"), vec!["targetgroup/orders/1".into()]),
                (
                    service("web"),
                    vec!["targetgroup/web/2".into(), "targetgroup/of-an-nlb/3".into()],
                ),
                (ConsumerId::function("mailer"), Vec::new()),
            ],
            configured,
        },
        from: at(0),
        to: at(600),
        hours: None,
    }
}

async fn seen(cloudwatch: &CloudWatch, question: NumbersQuestion) -> NumbersSeen {
    let (_, evidence) = look(cloudwatch, question).await.expect("an answer");
    let Evidence::Numbers { seen, .. } = evidence else {
        panic!("{evidence:?}");
    };
    seen
}

fn points(seen: &NumbersSeen, measure: &Measure) -> Vec<(i64, f64)> {
    let mut series = seen.series.iter();
    let series = series.find(|series| series.measure == *measure);
    let points = series.map(|series| series.points.clone()).unwrap_or_default();
    points
        .iter()
        .map(|point| (point.minute.as_second(), point.value.get()))
        .collect()
}

fn cloudwatch() -> CloudWatch {
    CloudWatch {
        points: BTreeMap::from([
            ("RequestCount", vec![(60, 30.0), (120, 40.0)]),
            ("HTTPCode_Target_5XX_Count", vec![(120, 3.0)]),
            ("TargetResponseTime", vec![(60, 0.2), (120, f64::NAN)]),
            ("Duration", vec![(60, 1_500.0)]),
            ("Errors", vec![(65, 2.0)]),
        ]),
        balancers: BTreeMap::from([
            ("targetgroup/orders/1", "app/front/1"),
            ("targetgroup/web/2", "app/front/1"),
        ]),
    }
}

#[tokio::test]
async fn counts_of_several_target_groups_add_up_and_of_latencies_the_greatest_counts() {
    let seen = seen(&cloudwatch(), question(OwnMeasures::default())).await;
    assert_eq!(points(&seen, &Measure::Requests), [(60, 60.0), (120, 80.0)]);
    assert_eq!(points(&seen, &Measure::LatencyP99), [(60, 0.2)], "NaN is missing");
    assert_eq!(points(&seen, &Measure::Duration), [(60, 1.5)], "in seconds");
    assert_eq!(
        points(&seen, &Measure::FunctionErrors),
        [(60, 2.0)],
        "by the minute"
    );
    assert!(
        seen.troubles.is_empty(),
        "who has no load balancer has no requests: {:?}",
        seen.troubles
    );
}

/// A load balancer does not report zero errors; without requests there is nothing to say.
#[tokio::test]
async fn no_errors_are_told_in_minutes_with_requests_alone() {
    let seen = seen(&cloudwatch(), question(OwnMeasures::default())).await;
    assert_eq!(points(&seen, &Measure::Errors5xx), [(60, 0.0), (120, 6.0)]);
    assert_eq!(points(&seen, &Measure::Errors4xx), [(60, 0.0), (120, 0.0)]);
    assert_eq!(
        points(&seen, &Measure::Throttles),
        [],
        "a function's are reported"
    );
    let mut silent = cloudwatch();
    silent.points.remove("RequestCount");
    let seen = self::seen(&silent, question(OwnMeasures::default())).await;
    assert_eq!(points(&seen, &Measure::Errors4xx), []);
}

#[tokio::test]
async fn an_expression_that_is_refused_leaves_all_else_as_it_is() {
    let own = |name: &str, source| OwnMetric {
        name: name.into(),
        source,
    };
    let configured = OwnMeasures {
        metrics: vec![
            own(
                "lost",
                MetricSource::Metric {
                    namespace: "Shop".to_owned(),
                    name: "Errors".to_owned(),
                    dimensions: BTreeMap::new(),
                    statistic: "Sum".to_owned(),
                },
            ),
            own("share", MetricSource::Expression("SUMM(lost)".to_owned())),
        ],
        gateways: vec![Gateway::Rest("shop".into())],
        target_groups: vec!["targetgroup/typo/9".into()],
    };
    let seen = seen(&cloudwatch(), question(configured)).await;
    assert_eq!(points(&seen, &Measure::Requests), [(60, 60.0), (120, 80.0)]);
    let lost = Measure::Own("lost".into());
    assert_eq!(points(&seen, &lost), [(60, 2.0)], "without the expression");
    let troubles: Vec<(&str, bool)> = seen
        .troubles
        .iter()
        .map(|trouble| {
            (
                trouble.measure.name(),
                trouble.why.contains("Error in expression"),
            )
        })
        .collect();
    assert_eq!(troubles, [("requests", false), ("share", true)]);
    assert!(
        seen.troubles[0].why.contains("targetgroup/typo/9"),
        "{:?}",
        seen.troubles
    );
}

#[tokio::test]
async fn a_database_is_measured_by_its_kind_and_engine() {
    let names = |engine: &str, id: RdsId| {
        let by = MeasuredBy::Database {
            id,
            engine: Some(engine.into()),
        };
        async move {
            let (metrics, _) = Metrics::of(&CloudWatch::default(), &by).await.expect("no look");
            let names = metrics.found.iter().map(|asked| match &asked.metric.source {
                MetricSource::Metric { name, dimensions, .. } => {
                    format!("{name} {}", dimensions.keys().next().expect("one"))
                }
                MetricSource::Expression(expression) => expression.clone(),
            });
            names.collect::<Vec<_>>()
        }
    };
    let mysql = names("mysql", RdsId::instance("shop")).await;
    assert!(
        mysql.contains(&"DatabaseConnections DBInstanceIdentifier".to_owned()),
        "{mysql:?}"
    );
    assert!(
        !mysql.iter().any(|name| name.starts_with("LoginFailures")),
        "{mysql:?}"
    );
    let aurora = names("aurora-mysql", RdsId::cluster("shop")).await;
    assert!(
        aurora.contains(&"LoginFailures DBClusterIdentifier".to_owned()),
        "{aurora:?}"
    );
}
