//! `/v1/applications`: applications and databases in numbers, while a rotation of theirs is watched.

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use machine::model::{Measure, Measured, Point, SecretArn, SeriesTrouble, Unit};
use machine::numbers::{Baseline, Series, told};
use serde::Serialize;

use super::Shown;
use super::page::{Page, Paging};
use super::problem::Problem;
use crate::runtime::{MeasuredView, Snapshot};

#[derive(Serialize)]
pub(super) struct ApplicationView {
    /// A name of the configuration, a consumer's id, or a database's id.
    name: String,
    /// `application` or `database`.
    kind: &'static str,
    /// `well`, `failing`, or `unknown` where no recent number tells.
    health: &'static str,
    /// When the rotation began that it is measured for.
    since: Timestamp,
    last_look: Option<Timestamp>,
    /// For whose rotations.
    secrets: Vec<SecretOfApplication>,
    measures: Vec<MeasureView>,
    /// What could not be read.
    troubles: Vec<TroubleView>,
}

#[derive(Serialize)]
struct SecretOfApplication {
    name: String,
    arn: String,
}

/// One measure: now, at its greatest, and before. Null is missing, never zero.
#[derive(Serialize)]
pub(super) struct MeasureView {
    measure: String,
    /// `per-minute`, `seconds`, `percent`, `at-a-time`, or `plain`.
    unit: &'static str,
    /// The latest minute and the hour before in words, as `5xx 41/min, 0.3 before`.
    text: Option<String>,
    /// The latest minute since the rotation began.
    last: Option<PointView>,
    /// The minute with the greatest value since then.
    greatest: Option<PointView>,
    /// The hour before the rotation.
    before: Option<BaselineView>,
    /// The same hour of the day before, and of the week before.
    day_before: Option<BaselineView>,
    week_before: Option<BaselineView>,
    /// Minutes that have a point, in order of time; of one application alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    points: Vec<PointView>,
}

/// A minute, by when it began.
#[derive(Serialize)]
struct PointView {
    minute: Timestamp,
    value: f64,
}

#[derive(Serialize)]
struct BaselineView {
    mean: f64,
    /// Minutes of the hour that had a point.
    minutes: usize,
}

#[derive(Serialize)]
struct TroubleView {
    measure: String,
    why: String,
}

pub(super) async fn list(
    State(shown): State<Shown>,
    paging: Paging,
) -> Result<Json<Page<ApplicationView>>, Problem> {
    let snapshot = shown.latest();
    let all = snapshot.numbers.iter();
    let keyed = all.map(|view| (view.measured.to_string(), view)).collect();
    let page = paging.cut("applications", snapshot.at, keyed, application)?;
    Ok(Json(page))
}

pub(super) async fn one(
    State(shown): State<Shown>,
    Path(name): Path<String>,
) -> Result<Json<ApplicationView>, Problem> {
    let snapshot = shown.latest();
    let mut all = snapshot.numbers.iter();
    let found = all.find(|view| view.measured.to_string() == name);
    let view = found.ok_or_else(|| {
        let detail = format!(
            "nothing is measured by the name {name:?} just now; /v1/applications lists what is, while a rotation lasts"
        );
        Problem::not_found(detail)
    })?;
    let mut one = application(view);
    for (view, series) in one.measures.iter_mut().zip(view.taken.series.values()) {
        view.points = series.points().map(PointView::from).collect();
    }
    Ok(Json(one))
}

/// What is measured for the rotations of one secret.
pub(super) fn of_secret(snapshot: &Snapshot, secret: &SecretArn) -> Vec<ApplicationView> {
    let measured = snapshot.numbers.iter();
    let measured = measured.filter(|view| view.secrets.iter().any(|(of, _)| of == secret));
    measured.map(application).collect()
}

fn application(view: &MeasuredView) -> ApplicationView {
    let taken = &view.taken;
    let secrets = view.secrets.iter().map(|(secret, _)| SecretOfApplication {
        name: secret.name().to_owned(),
        arn: secret.to_string(),
    });
    let measures = taken.series.iter();
    ApplicationView {
        name: view.measured.to_string(),
        kind: match view.measured {
            Measured::Application(_) => "application",
            Measured::Database(_) => "database",
        },
        health: taken.health().name(),
        since: taken.since,
        last_look: taken.last.map(|look| look.arrived),
        secrets: secrets.collect(),
        measures: measures
            .map(|(measure, series)| MeasureView::of(measure, series))
            .collect(),
        troubles: taken.troubles.iter().map(TroubleView::from).collect(),
    }
}

impl MeasureView {
    fn of(measure: &Measure, series: &Series) -> Self {
        let last = series.points().next_back();
        let [before, day, week] = series.earlier;
        Self {
            measure: measure.name().to_owned(),
            unit: unit(measure.unit()),
            text: last.map(|last| told(measure, last.value, before)),
            last: last.map(PointView::from),
            greatest: series.greatest().map(PointView::from),
            before: before.map(BaselineView::from),
            day_before: day.map(BaselineView::from),
            week_before: week.map(BaselineView::from),
            points: Vec::new(),
        }
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::PerMinute => "per-minute",
        Unit::Seconds => "seconds",
        Unit::Percent => "percent",
        Unit::AtATime => "at-a-time",
        Unit::Plain => "plain",
    }
}

impl From<Point> for PointView {
    fn from(point: Point) -> Self {
        Self {
            minute: point.minute,
            value: point.value.get(),
        }
    }
}

impl From<Baseline> for BaselineView {
    fn from(baseline: Baseline) -> Self {
        Self {
            mean: baseline.mean.get(),
            minutes: baseline.minutes,
        }
    }
}

impl From<&SeriesTrouble> for TroubleView {
    fn from(trouble: &SeriesTrouble) -> Self {
        Self {
            measure: trouble.measure.name().to_owned(),
            why: trouble.why.clone(),
        }
    }
}
