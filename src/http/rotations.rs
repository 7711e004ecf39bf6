//! `/v1/rotations` and `/v1/rotations/{id}`.

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use machine::facts::stages::StageRun;
use machine::judge::RotationView;
use machine::model::{ConsumerId, RotationKey};
use machine::story::proof::{Proof, Works};
use machine::story::rotations::Rotation;
use machine::words;
use serde::Serialize;

use super::Shown;
use super::applications::{self, ApplicationView};
use super::counts::Index;
use super::page::{Page, Paging};
use super::problem::Problem;
use super::timeline::{Entry, timeline};
use super::views::{RemediationView, StandingView, WaitView, WindowView};
use crate::runtime::{SecretView, Snapshot};

#[derive(Serialize)]
pub(super) struct RotationSummary {
    /// Short and stable, made from secret, version and n.
    id: String,
    secret: String,
    secret_arn: String,
    version: String,
    /// The how-many-th promotion of this version.
    n: u32,
    /// `rotation`, `manual`, `replicated` from the primary region, `rollback`, or `baseline`: current when the secret was
    /// first seen.
    origin: &'static str,
    /// When its first sign was seen, at the latest.
    seen: Option<Timestamp>,
    phase: &'static str,
    phase_text: String,
    /// How it ended otherwise than by its success.
    ending: Option<&'static str>,
    /// Why the new version is believed to work.
    works: WorksView,
    replaced_version: Option<String>,
    danger_window: Option<WindowView>,
    /// Consumers that only the mode kept from being refreshed; the timeline names them.
    would_remediate: usize,
}

#[derive(Serialize)]
struct WorksView {
    /// `login`, `test-secret`, `protocol`, `refused` or `unproven`.
    verdict: &'static str,
    at: Option<Timestamp>,
}

#[derive(Serialize)]
pub(super) struct RotationDetail {
    #[serde(flatten)]
    summary: RotationSummary,
    strategy: &'static str,
    /// In the order of what happened.
    timeline: Vec<Entry>,
    consumers: Vec<StandingView>,
    /// Of the version that is current.
    waits: Vec<WaitView>,
    /// Applications and databases in numbers, while this rotation is watched.
    applications: Vec<ApplicationView>,
}

pub(super) async fn list(
    State(shown): State<Shown>,
    paging: Paging,
) -> Result<Json<Page<RotationSummary>>, Problem> {
    let (snapshot, now) = (shown.latest(), shown.now());
    let views = snapshot.secrets.values();
    let keyed = views.flat_map(|view| {
        let rotations = view.judgement.rotations.iter();
        rotations.map(|rotation| (order(&rotation.rotation), (&**view, rotation)))
    });
    let page = paging.cut("rotations", snapshot.at, keyed.collect(), |(view, rotation)| {
        summary(view, rotation, now)
    })?;
    Ok(Json(page))
}

pub(super) async fn one(
    State(shown): State<Shown>,
    Path(id): Path<String>,
) -> Result<Json<RotationDetail>, Problem> {
    let (snapshot, now) = (shown.latest(), shown.now());
    let mut all = snapshot.secrets.values().flat_map(|view| {
        let rotations = view.judgement.rotations.iter();
        rotations.map(|rotation| (&**view, rotation))
    });
    let (view, rotation) = all
        .find(|(_, rotation)| rotation.rotation.key.id().as_str() == id)
        .ok_or_else(|| {
            Problem::not_found(format!("no rotation {id:?} is known; /v1/rotations lists them"))
        })?;
    Ok(Json(RotationDetail {
        summary: summary(view, rotation, now),
        strategy: words::strategy(view.judgement.strategy.0),
        timeline: timeline(&snapshot, view, rotation),
        consumers: consumers(&snapshot, view, rotation),
        waits: if rotation.rotation.is_current() {
            WaitView::all(&snapshot, &view.arn)
        } else {
            Vec::new()
        },
        applications: if is_latest(view, rotation) {
            applications::of_secret(&snapshot, &view.arn)
        } else {
            Vec::new()
        },
    }))
}

/// Numbers are of the latest rotation alone.
pub(super) fn is_latest(view: &SecretView, rotation: &RotationView) -> bool {
    let latest = view.judgement.latest();
    latest.is_some_and(|latest| latest.rotation.key == rotation.rotation.key)
}

/// Latest first: when it was first seen, counted down, and its id.
fn order(rotation: &Rotation) -> String {
    let begun = first_sign(rotation).map_or(0, |at| at.as_microsecond().max(0));
    format!("{:019} {}", i64::MAX - begun, rotation.key.id())
}

fn first_sign(rotation: &Rotation) -> Option<Timestamp> {
    let begun = rotation.started.as_ref().or(rotation.promoted.as_ref());
    begun.map(|seen| seen.when.not_after)
}

/// All rotations of one secret, latest first.
pub(super) fn summaries(view: &SecretView, now: Timestamp) -> Vec<RotationSummary> {
    let latest_first = view.judgement.rotations.iter().rev();
    latest_first
        .map(|rotation| summary(view, rotation, now))
        .collect()
}

fn summary(view: &SecretView, rotation: &RotationView, now: Timestamp) -> RotationSummary {
    let key = &rotation.rotation.key;
    RotationSummary {
        id: key.id().to_string(),
        secret: view.name.to_string(),
        secret_arn: key.secret.to_string(),
        version: key.version.to_string(),
        n: key.n,
        origin: words::origin(rotation.rotation.origin),
        seen: first_sign(&rotation.rotation),
        phase: rotation.phase.name(),
        phase_text: rotation.phase.to_string(),
        ending: rotation.rotation.ending.map(|(ending, _)| words::ending(ending)),
        works: works(rotation.works),
        replaced_version: rotation.rotation.replaced.as_ref().map(ToString::to_string),
        danger_window: rotation.window.map(|window| WindowView::of(window, now)),
        would_remediate: view.would.keys().filter(|(of, _)| of == key).count(),
    }
}

fn works(works: Works) -> WorksView {
    let (verdict, at) = match works {
        Works::Yes(Proof::Login(at)) => ("login", Some(at)),
        Works::Yes(Proof::TestSecret(at)) => ("test-secret", Some(at)),
        Works::Yes(Proof::Protocol) => ("protocol", None),
        Works::No { refused } => ("refused", Some(refused)),
        Works::Unproven => ("unproven", None),
    };
    WorksView { verdict, at }
}

/// The current promotion's standings; before the promotion who uses the secret, judged by nothing yet; for one of the past, what its consumers had come to.
fn consumers(snapshot: &Snapshot, view: &SecretView, rotation: &RotationView) -> Vec<StandingView> {
    let key = &rotation.rotation.key;
    if rotation.rotation.is_current() {
        let standings = rotation.consumers.iter();
        return standings
            .map(|(id, standing)| StandingView::of(snapshot, &view.arn, id, Some(standing)))
            .collect();
    }
    if rotation.rotation.is_open() {
        let index = Index::of(snapshot);
        return index
            .users_of(&view.arn)
            .map(|id| StandingView::of(snapshot, &view.arn, id, None))
            .collect();
    }
    let past = view.reached.iter().filter(|((of, _), _)| of == key);
    past.filter_map(|((_, id), runs)| Some(past_standing(snapshot, key, id, runs.last()?)))
        .collect()
}

fn past_standing(snapshot: &Snapshot, key: &RotationKey, id: &ConsumerId, run: &StageRun) -> StandingView {
    StandingView {
        consumer: id.to_string(),
        stage: Some(words::stage(run.stage)),
        why: Some(run.why.to_string()),
        as_of: Some(run.first),
        wants: None,
        wants_text: None,
        waits_for: None,
        remediations: RemediationView::all(snapshot, key, id),
    }
}
