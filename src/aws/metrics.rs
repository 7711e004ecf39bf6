//! CloudWatch (aws-facts: CloudWatch).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, DimensionFilter, Metric, MetricDataQuery, MetricDataResult, MetricStat, RecentlyActive,
    ScanBy, StatusCode,
};
use jiff::Timestamp;
use machine::model::MetricSource;

use super::call::Ask;
use super::clock::AwsClock;
use super::pages::Pages;
use super::trouble::Trouble;
use crate::ports::{MetricAnswer, MetricReads, MetricWanted, PortError, ReadResult};

const DATA: &str = "cloudwatch:GetMetricData";
const LIST: &str = "cloudwatch:ListMetrics";

/// The most queries of one call.
const AT_ONCE: usize = 500;
const MOST_PAGES: usize = 20;
/// Seconds.
const PERIOD: i32 = 60;
const BALANCERS: &str = "AWS/ApplicationELB";

pub(super) struct Metrics {
    pub(super) reader: Client,
    pub(super) clock: AwsClock,
    /// Load balancers by their target groups: one that is known stays.
    pub(super) balancers: Mutex<BTreeMap<String, String>>,
}

#[async_trait]
impl MetricReads for Metrics {
    async fn data(
        &self,
        wanted: &[MetricWanted],
        from: Timestamp,
        to: Timestamp,
    ) -> ReadResult<Vec<MetricAnswer>> {
        let ask = Ask::about(&self.clock, "*");
        let mut answers = Vec::new();
        for some in wanted.chunks(AT_ONCE) {
            answers.extend(self.some(&ask, some, from, to).await?);
        }
        ask.answered(answers)
    }

    async fn load_balancer(&self, target_group: &str) -> ReadResult<Option<String>> {
        // The right to list metrics is one to all of them.
        let ask = Ask::about(&self.clock, "*");
        let known = self.balancers().get(target_group).cloned();
        if known.is_some() {
            return ask.answered(known);
        }
        // A balancer that was replaced is listed for two weeks beside its successor.
        let mut found = self.balancer_of(&ask, target_group, true).await?;
        if found.is_none() {
            found = self.balancer_of(&ask, target_group, false).await?;
        }
        if let Some(found) = &found {
            self.balancers().insert(target_group.to_owned(), found.clone());
        }
        ask.answered(found)
    }
}

impl Metrics {
    fn balancers(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.balancers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `lately`: within three hours, else within two weeks.
    async fn balancer_of(
        &self,
        ask: &Ask<'_>,
        target_group: &str,
        lately: bool,
    ) -> Result<Option<String>, PortError> {
        let filter = DimensionFilter::builder().name("TargetGroup").value(target_group);
        let request = self
            .reader
            .list_metrics()
            .namespace(BALANCERS)
            .metric_name("RequestCount");
        let request = request.dimensions(filter.build());
        let request = request.set_recently_active(lately.then_some(RecentlyActive::Pt3H));
        let answer = request.send().await.map_err(|error| ask.error(LIST, &error))?;
        Ok(answer.metrics().iter().find_map(balancer_in))
    }

    async fn some(
        &self,
        ask: &Ask<'_>,
        wanted: &[MetricWanted],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<MetricAnswer>, PortError> {
        let mut answers = BTreeMap::new();
        let mut pages = Pages::up_to(MOST_PAGES);
        loop {
            let request = self.reader.get_metric_data().scan_by(ScanBy::TimestampAscending);
            let request = request.start_time(minute(from)).end_time(minute(to));
            let request = request.set_metric_data_queries(Some(wanted.iter().map(query).collect()));
            let answer = request.set_next_token(pages.token()).send().await;
            let answer = answer.map_err(|error| ask.error(DATA, &error))?;
            for result in answer.metric_data_results() {
                if result.status_code() == Some(&StatusCode::InternalError) {
                    let why = format!("CloudWatch could not compute {}", result.id().unwrap_or_default());
                    return Err(ask.failed(DATA, Trouble::Server { why }));
                }
                take(&mut answers, result);
            }
            let has_more = pages.follow(answer.next_token);
            if !has_more.map_err(|trouble| ask.failed(DATA, trouble))? {
                return Ok(answers.into_values().map(|(_, answer)| answer).collect());
            }
        }
    }
}

/// A page goes on where the one before ended. An expression that finds several series gives each under its id.
fn take(answers: &mut BTreeMap<String, (String, MetricAnswer)>, result: &MetricDataResult) {
    let (id, label) = (
        result.id().unwrap_or_default(),
        result.label().unwrap_or_default(),
    );
    let (first, answer) = answers.entry(id.to_owned()).or_insert_with(|| {
        let answer = MetricAnswer {
            id: id.to_owned(),
            points: Vec::new(),
            why: None,
        };
        (label.to_owned(), answer)
    });
    if first != label {
        answer.points.clear();
        answer.why = Some("it gives several series: wrap it in SUM or MAX".to_owned());
        return;
    }
    let points = result.timestamps().iter().zip(result.values());
    let points = points.filter_map(|(at, value)| Some((Timestamp::from_second(at.secs()).ok()?, *value)));
    answer.points.extend(points);
    answer.why = match result.status_code() {
        Some(StatusCode::Complete | StatusCode::PartialData) | None => None,
        Some(other) => {
            let mut messages = result.messages().iter();
            let message = messages.find_map(|message| message.value());
            Some(message.unwrap_or(other.as_str()).to_owned())
        }
    };
}

fn query(wanted: &MetricWanted) -> MetricDataQuery {
    let query = MetricDataQuery::builder().id(&wanted.id);
    match &wanted.source {
        MetricSource::Expression(expression) => query.expression(expression).period(PERIOD).build(),
        MetricSource::Metric {
            namespace,
            name,
            dimensions,
            statistic,
        } => {
            let dimensions = dimensions.iter();
            let dimensions =
                dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build());
            let metric = Metric::builder().namespace(namespace).metric_name(name);
            let metric = metric.set_dimensions(Some(dimensions.collect())).build();
            let stat = MetricStat::builder()
                .metric(metric)
                .period(PERIOD)
                .stat(statistic);
            query.metric_stat(stat.build()).build()
        }
    }
}

/// `app/NAME/ID`.
fn balancer_in(metric: &Metric) -> Option<String> {
    let mut dimensions = metric.dimensions().iter();
    let found = dimensions.find(|dimension| dimension.name() == Some("LoadBalancer"))?;
    found.value().map(str::to_owned)
}

/// When a minute began. One that is not over yet would be told with what there is of it.
fn minute(at: Timestamp) -> DateTime {
    let second = at.as_second();
    DateTime::from_secs(second - second.rem_euclid(60))
}
