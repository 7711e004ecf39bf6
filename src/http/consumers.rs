//! `/v1/consumers`: who uses which secret, and what they hold.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use machine::consumers::Standing;
use machine::facts::state::ConsumerFacts;
use machine::model::{ConsumerId, ReferenceKind, SecretArn};
use serde::Serialize;

use super::Shown;
use super::page::{Page, Paging};
use super::problem::Problem;
use super::views::{RemediationView, StandingView};
use crate::runtime::Snapshot;

#[derive(Serialize)]
pub(super) struct ConsumerView {
    id: String,
    /// `ecs-service`, `lambda-function`, `rds-proxy` or `declared`.
    kind: &'static str,
    references: Vec<ReferenceView>,
    /// Images named by a tag that can move: a redeploy may ship other code.
    mutable_images: Vec<String>,
    /// When it was last looked at.
    last_look: Option<Timestamp>,
    last_remediation: Option<RemediationView>,
}

#[derive(Serialize)]
struct ReferenceView {
    secret: String,
    secret_arn: String,
    /// `injected`, `pinned`, `fetches`, `fetches-by-name`, `suspected` or `declared`.
    how: &'static str,
    /// The version or label it is pinned to.
    pinned_to: Option<String>,
    /// What the next rotation would do to it; null where the secret is not watched.
    next: Option<&'static str>,
    /// How it stands with the version that is current.
    #[serde(flatten)]
    standing: StandingView,
}

pub(super) async fn list(
    State(shown): State<Shown>,
    paging: Paging,
) -> Result<Json<Page<ConsumerView>>, Problem> {
    let snapshot = shown.latest();
    let standings = standings(&snapshot);
    let keyed = snapshot
        .consumers
        .iter()
        .map(|(id, facts)| (id.to_string(), (id, &**facts)));
    let page = paging.cut("consumers", snapshot.at, keyed.collect(), |(id, facts)| {
        view(&snapshot, &standings, id, facts)
    })?;
    Ok(Json(page))
}

type Standings<'a> = BTreeMap<(&'a SecretArn, &'a ConsumerId), &'a Standing>;

fn standings(snapshot: &Snapshot) -> Standings<'_> {
    let mut all = BTreeMap::new();
    for view in snapshot.secrets.values() {
        let current = view.judgement.current().into_iter();
        for (id, standing) in current.flat_map(|current| &current.consumers) {
            all.insert((&view.arn, id), standing);
        }
    }
    all
}

fn view(
    snapshot: &Snapshot,
    standings: &Standings<'_>,
    id: &ConsumerId,
    facts: &ConsumerFacts,
) -> ConsumerView {
    let (kind, last_look) = match id {
        ConsumerId::Service { .. } => (
            "ecs-service",
            facts.service.as_ref().map(|(look, _)| look.arrived),
        ),
        ConsumerId::Function { .. } => (
            "lambda-function",
            facts.function.as_ref().map(|(look, _)| look.arrived),
        ),
        ConsumerId::Proxy { .. } => ("rds-proxy", None),
        ConsumerId::Declared { .. } => ("declared", None),
    };
    let references = facts.references.iter().map(|reference| {
        let standing = standings.get(&(&reference.secret, id)).copied();
        let (how, pinned_to) = how(&reference.kind);
        ReferenceView {
            secret: reference.secret.name().to_owned(),
            secret_arn: reference.secret.to_string(),
            how,
            pinned_to,
            next: next(snapshot, &reference.secret, id),
            standing: StandingView::of(snapshot, &reference.secret, id, standing),
        }
    });
    ConsumerView {
        id: id.to_string(),
        kind,
        references: references.collect(),
        mutable_images: facts.mutable_images.clone(),
        last_look,
        last_remediation: facts.attempts.last().map(RemediationView::of),
    }
}

fn next(snapshot: &Snapshot, secret: &SecretArn, id: &ConsumerId) -> Option<&'static str> {
    let mut outlook = snapshot.secrets.get(secret)?.outlook.iter();
    Some(outlook.find(|outlook| &outlook.consumer == id)?.next.word())
}

pub(super) fn how(kind: &ReferenceKind) -> (&'static str, Option<String>) {
    match kind {
        ReferenceKind::Injected => ("injected", None),
        ReferenceKind::Pinned { to } => ("pinned", Some(to.clone())),
        ReferenceKind::Fetches => ("fetches", None),
        ReferenceKind::Named => ("fetches-by-name", None),
        ReferenceKind::Suspected => ("suspected", None),
        ReferenceKind::Declared => ("declared", None),
    }
}
