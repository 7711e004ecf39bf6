//! Numbers of applications and databases: what the metrics that tell of them say together.
//!
//! An example: an application has two services behind one load balancer. In the minute of 10:00 one target group had 30
//! requests and 3 errors, the other 40 requests and no error, which CloudWatch does not report. Told are 70 requests and 3
//! errors. In the minute of 10:01 neither has a point: nothing is told, for nobody knows whether it was quiet.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::model::{
    ConsumerId, Evidence, LookFailure, Measure, Measured, MetricSource, Number, NumbersSeen, OwnMeasures,
    Point, RdsId, SeriesSeen, SeriesTrouble, Unit,
};

use super::Answer;
use super::metrics::{Asked, Metrics};
use crate::ports::{MetricAnswer, MetricReads, MetricWanted, PortError};

/// What to measure, over which time.
#[derive(Clone, Debug)]
pub struct NumbersQuestion {
    pub measured: Measured,
    pub by: MeasuredBy,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Earlier hours to compare with, each from when to when.
    pub hours: Option<[(Timestamp, Timestamp); 3]>,
}

/// What tells which metrics there are.
#[derive(Clone, Debug)]
pub enum MeasuredBy {
    Application {
        /// With the target groups of those behind a load balancer.
        consumers: Vec<(ConsumerId, Vec<Arc<str>>)>,
        configured: OwnMeasures,
    },
    Database {
        id: RdsId,
        engine: Option<Arc<str>>,
    },
}

pub(super) async fn look(port: &dyn MetricReads, question: NumbersQuestion) -> Answer {
    let (metrics, mut troubles) = Metrics::of(port, &question.by).await?;
    let span = (question.from, question.to);
    let (look, answers) = port.data(&wanted(&metrics.found), span.0, span.1).await?;
    let mut series = together(&metrics.found, &answers);
    troubles.extend(answers.iter().filter_map(|one| trouble(&metrics.found, one)));
    let (own, own_troubles) = own(port, &metrics.own, span).await?;
    series.extend(own);
    troubles.extend(own_troubles);
    let earlier = match question.hours {
        Some([hour, day, week]) => Some([
            earlier(port, &metrics, hour).await?,
            earlier(port, &metrics, day).await?,
            earlier(port, &metrics, week).await?,
        ]),
        None => None,
    };
    let seen = NumbersSeen {
        metrics: metrics.names(),
        series,
        earlier,
        troubles,
    };
    let measured = question.measured;
    Ok((look, Evidence::Numbers { measured, seen }))
}

/// An earlier hour, to compare with. What cannot be had of it is told where it is asked for now.
async fn earlier(
    port: &dyn MetricReads,
    metrics: &Metrics,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<SeriesSeen>, PortError> {
    let (_, answers) = port.data(&wanted(&metrics.found), from, to).await?;
    let (own, _) = own(port, &metrics.own, (from, to)).await?;
    let found = together(&metrics.found, &answers);
    Ok(found.into_iter().chain(own).collect())
}

/// Metrics of the configuration are asked for apart: CloudWatch refuses all of a call for one expression that is wrong.
/// Then it is asked without the expressions.
async fn own(
    port: &dyn MetricReads,
    own: &[Asked],
    span: (Timestamp, Timestamp),
) -> Result<(Vec<SeriesSeen>, Vec<SeriesTrouble>), PortError> {
    let why = match told(port, own, span).await {
        Ok(told) => return Ok(told),
        Err(error) => refusal(error)?,
    };
    let is_expression = |asked: &Asked| matches!(asked.metric.source, MetricSource::Expression(_));
    let (expressions, plain): (Vec<Asked>, Vec<Asked>) = own.iter().cloned().partition(is_expression);
    if expressions.is_empty() {
        return Ok((Vec::new(), troubles(&plain, &why)));
    }
    let (series, mut all) = Box::pin(self::own(port, &plain, span)).await?;
    all.extend(troubles(&expressions, &why));
    Ok((series, all))
}

async fn told(
    port: &dyn MetricReads,
    asked: &[Asked],
    (from, to): (Timestamp, Timestamp),
) -> Result<(Vec<SeriesSeen>, Vec<SeriesTrouble>), PortError> {
    let (_, answers) = port.data(&wanted(asked), from, to).await?;
    let troubles = answers.iter().filter_map(|one| trouble(asked, one));
    Ok((together(asked, &answers), troubles.collect()))
}

/// Why what was asked for makes no sense to CloudWatch. Any other failure is the whole look's.
fn refusal(error: PortError) -> Result<String, PortError> {
    match error.failure {
        LookFailure::NotFound { what: why } | LookFailure::Unexpected { why } => Ok(why),
        LookFailure::Denied { .. }
        | LookFailure::Throttled
        | LookFailure::Timeout
        | LookFailure::Credentials { .. }
        | LookFailure::Unreachable { .. } => Err(error),
    }
}

fn troubles(asked: &[Asked], why: &str) -> Vec<SeriesTrouble> {
    let troubles = asked.iter().map(|asked| SeriesTrouble {
        measure: asked.measure.clone(),
        why: why.to_owned(),
    });
    troubles.collect()
}

fn wanted(asked: &[Asked]) -> Vec<MetricWanted> {
    asked.iter().map(|asked| asked.metric.clone()).collect()
}

fn trouble(asked: &[Asked], answer: &MetricAnswer) -> Option<SeriesTrouble> {
    let why = answer.why.clone()?;
    let asked = asked.iter().find(|asked| asked.metric.id == answer.id)?;
    Some(SeriesTrouble {
        measure: asked.measure.clone(),
        why,
    })
}

/// Several metrics may tell of one measure, as two target groups of one application do: counts add up, of all else the
/// greatest counts.
fn together(asked: &[Asked], answers: &[MetricAnswer]) -> Vec<SeriesSeen> {
    let mut all: BTreeMap<&Measure, BTreeMap<Timestamp, f64>> = BTreeMap::new();
    for asked in asked {
        let answer = answers.iter().find(|answer| answer.id == asked.metric.id);
        let Some(answer) = answer else { continue };
        let series = all.entry(&asked.measure).or_default();
        for (at, value) in &answer.points {
            let value = value * asked.factor;
            let known = series.entry(minute(*at)).or_insert(f64::NAN);
            *known = match asked.measure.unit() {
                Unit::PerMinute if known.is_finite() => *known + value,
                _ => known.max(value),
            };
        }
    }
    fill_sparse(&mut all);
    let seen = all.into_iter().map(|(measure, points)| SeriesSeen {
        measure: measure.clone(),
        points: points.into_iter().filter_map(point).collect(),
    });
    seen.collect()
}

/// A load balancer reports errors only where there are any ("Reporting criteria: There is a nonzero value"): in a minute that
/// has requests, none means zero.
fn fill_sparse(all: &mut BTreeMap<&Measure, BTreeMap<Timestamp, f64>>) {
    let Some(requests) = all.get(&Measure::Requests) else {
        return;
    };
    let minutes: Vec<Timestamp> = requests.keys().copied().collect();
    for sparse in [Measure::Errors5xx, Measure::Errors4xx] {
        if let Some(series) = all.get_mut(&sparse) {
            for minute in &minutes {
                series.entry(*minute).or_insert(0.0);
            }
        }
    }
}

fn point((minute, value): (Timestamp, f64)) -> Option<Point> {
    let value = Number::new(value)?;
    Some(Point { minute, value })
}

fn minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    at - SignedDuration::from_secs(second.rem_euclid(60))
}
