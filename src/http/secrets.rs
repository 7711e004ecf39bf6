//! `/v1/secrets` and `/v1/secrets/{name}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use machine::findings::Life;
use machine::model::VersionId;
use machine::words;
use serde::Serialize;

use super::Shown;
use super::counts::{FindingCounts, Index, StageCounts, consumers_of, count_of};
use super::databases::RdsView;
use super::findings::Concerning;
use super::outlook::{OutlookCounts, OutlookView};
use super::page::{Page, Paging};
use super::problem::Problem;
use super::roll_forward::RollForwardView;
use super::rotations::{RotationSummary, summaries};
use super::views::{FindingView, LoginWaitView, StandingView, WaitView, WindowView};
use crate::runtime::{SecretView, Snapshot};

#[derive(Serialize)]
pub(super) struct SecretSummary {
    arn: String,
    name: String,
    /// The rule it got, in words.
    rule: String,
    mode: &'static str,
    /// What the rule allows, where the mode is less.
    rule_mode: Option<&'static str>,
    /// What keeps it below that: `at-most` (remediation.at_most), `tag`, `hold`; null where nothing does.
    lowered_by: Option<&'static str>,
    /// The tag on the secret holds everything back.
    held: bool,
    strategy: &'static str,
    strategy_evidence: &'static str,
    /// Of the rotation that matters most; `unseen` before the first look.
    phase: &'static str,
    /// The same for people: also says in which step it failed.
    phase_text: String,
    /// The rotation that matters most.
    rotation: Option<String>,
    labels: Labels,
    rotation_enabled: Option<bool>,
    next_rotation: Option<Timestamp>,
    last_rotated: Option<Timestamp>,
    /// When DescribeSecret last answered.
    last_look: Option<Timestamp>,
    consumers: StageCounts,
    /// What the next rotation would do to how many of them.
    outlook: OutlookCounts,
    danger_window: Option<WindowView>,
    /// Those of its consumers too.
    findings: FindingCounts,
}

/// Version ids by staging label.
#[derive(Serialize, Default)]
struct Labels {
    current: Option<String>,
    pending: Option<String>,
    previous: Option<String>,
}

#[derive(Serialize)]
pub(super) struct SecretDetail {
    #[serde(flatten)]
    summary: SecretSummary,
    rotation_lambda: Option<String>,
    owning_service: Option<String>,
    schedule: Option<String>,
    /// Scheduled for deletion.
    deleted: Option<Timestamp>,
    /// Regions with replicas; consumers there are not seen.
    replicas: Vec<String>,
    /// Its consumers share their waves with those of the same database.
    database: String,
    /// The database of RDS that it belongs to; null where none is known.
    rds: Option<RdsView>,
    consumer_standings: Vec<StandingView>,
    /// What the next rotation would do to each consumer, from what is known at rest.
    next_rotation_would: Vec<OutlookView>,
    waits: Vec<WaitView>,
    /// What becomes of the rotation under way, where only the database has its password; null where that is not so.
    roll_forward: Option<RollForwardView>,
    /// Null where a login test may be made, or none is needed.
    login_waits: Option<LoginWaitView>,
    /// Latest first.
    rotations: Vec<RotationSummary>,
    finding_list: Vec<FindingView>,
}

pub(super) async fn list(
    State(shown): State<Shown>,
    paging: Paging,
) -> Result<Json<Page<SecretSummary>>, Problem> {
    let (snapshot, now) = (shown.latest(), shown.now());
    let index = Index::of(&snapshot);
    let concerning = Concerning::of(&snapshot, &index);
    let keyed = snapshot
        .secrets
        .iter()
        .map(|(arn, view)| (arn.to_string(), &**view));
    let page = paging.cut("secrets", snapshot.at, keyed.collect(), |view| {
        summary(view, &concerning.about(view), now)
    })?;
    Ok(Json(page))
}

pub(super) async fn one(
    State(shown): State<Shown>,
    Path(name): Path<String>,
) -> Result<Json<SecretDetail>, Problem> {
    let (snapshot, now) = (shown.latest(), shown.now());
    let view = find(&snapshot, &name)?;
    Ok(Json(detail(&snapshot, view, now)))
}

/// By ARN or name; the leading slash of a name may be lost in the path.
fn find<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a SecretView, Problem> {
    let with_slash = format!("/{name}");
    let matching = |wanted: &str| -> Vec<&SecretView> {
        let all = snapshot.secrets.values().map(|view| &**view);
        all.filter(|view| view.arn.as_str() == wanted || &*view.name == wanted)
            .collect()
    };
    let mut found = matching(name);
    if found.is_empty() {
        found = matching(&with_slash);
    }
    match found.as_slice() {
        [view] => Ok(view),
        [] => Err(Problem::not_found(format!(
            "no secret {name:?} is watched; /v1/secrets lists them"
        ))),
        [..] => {
            let arns: Vec<&str> = found.iter().map(|view| view.arn.as_str()).collect();
            let detail = format!("several secrets have this name; ask by ARN: {}", arns.join(", "));
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
    }
}

fn summary(view: &SecretView, findings: &[&Arc<Life>], now: Timestamp) -> SecretSummary {
    let judgement = &*view.judgement;
    let seen = view.seen.as_ref();
    let latest = judgement.latest();
    SecretSummary {
        arn: view.arn.to_string(),
        name: view.name.to_string(),
        rule: view.rule.to_string(),
        mode: words::mode(judgement.mode),
        rule_mode: judgement.lowered.map(|lowered| words::mode(lowered.from)),
        lowered_by: view.lowered_by(),
        held: judgement.held,
        strategy: words::strategy(judgement.strategy.0),
        strategy_evidence: judgement.strategy.1,
        phase: view.phase(),
        phase_text: latest.map_or_else(|| "unseen".to_owned(), |view| view.phase.to_string()),
        rotation: latest.map(|view| view.rotation.key.id().to_string()),
        labels: labels(view),
        rotation_enabled: seen.map(|seen| seen.rotation_enabled),
        next_rotation: seen.and_then(|seen| seen.next_rotation),
        last_rotated: seen.and_then(|seen| seen.last_rotated),
        last_look: view.last_look,
        consumers: count_of(view),
        outlook: OutlookCounts::of(&*view.outlook),
        danger_window: judgement.window().map(|window| WindowView::of(window, now)),
        findings: FindingCounts::of(findings.iter().copied()),
    }
}

fn labels(view: &SecretView) -> Labels {
    let text = |version: &Option<VersionId>| version.as_ref().map(ToString::to_string);
    view.seen.as_ref().map_or_else(Labels::default, |seen| Labels {
        current: text(&seen.labels.current),
        pending: text(&seen.labels.pending),
        previous: text(&seen.labels.previous),
    })
}

fn detail(snapshot: &Snapshot, view: &SecretView, now: Timestamp) -> SecretDetail {
    let index = Index::of(snapshot);
    let concerning = Concerning::of(snapshot, &index);
    let findings = concerning.about(view);
    let seen = view.seen.as_ref();
    let standings = consumers_of(view).into_iter();
    SecretDetail {
        summary: summary(view, &findings, now),
        rotation_lambda: seen.and_then(|seen| seen.rotation_lambda.clone()),
        owning_service: seen.and_then(|seen| seen.owning_service.clone()),
        schedule: seen.and_then(|seen| seen.schedule.clone()),
        deleted: seen.and_then(|seen| seen.deleted),
        replicas: seen.map(|seen| seen.replicas.clone()).unwrap_or_default(),
        database: view.judgement.database.clone(),
        rds: RdsView::of(snapshot, view),
        consumer_standings: standings
            .map(|(id, standing)| StandingView::of(snapshot, &view.arn, id, standing))
            .collect(),
        next_rotation_would: view
            .outlook
            .iter()
            .map(|outlook| OutlookView::of(snapshot, &view.arn, outlook))
            .collect(),
        waits: WaitView::all(snapshot, &view.arn),
        roll_forward: RollForwardView::of(snapshot, view),
        login_waits: view.judgement.login_waits.as_ref().map(LoginWaitView::of),
        rotations: summaries(view, now),
        finding_list: findings.into_iter().map(|life| FindingView::of(life)).collect(),
    }
}
