//! `/v1/findings`: what a person should know, the gravest first; and what ended, the last first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use machine::findings::{Ended, Life, Severity};
use machine::model::SecretArn;
use serde::Deserialize;

use super::Shown;
use super::counts::Index;
use super::page::{Page, Paging};
use super::problem::Problem;
use super::views::FindingView;
use crate::runtime::{SecretView, Snapshot};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    limit: Option<String>,
    cursor: Option<String>,
    state: Option<String>,
}

/// Which findings are asked for.
pub(super) struct Asked {
    paging: Paging,
    state: Which,
}

#[derive(Clone, Copy)]
enum Which {
    Standing,
    Ended,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = |rejection: QueryRejection| Problem::bad_request(rejection.body_text());
        let Query(raw) = Query::<Raw>::from_request_parts(parts, state)
            .await
            .map_err(wrong)?;
        let state = match raw.state.as_deref() {
            None | Some("open") => Which::Standing,
            Some("ended") => Which::Ended,
            Some(other) => {
                let why = format!("state is {other:?}; it must be open (all that stand) or ended");
                return Err(Problem::bad_request(why));
            }
        };
        let paging = Paging::new(raw.limit.as_deref(), raw.cursor)?;
        Ok(Self { paging, state })
    }
}

pub(super) async fn list(
    State(shown): State<Shown>,
    Asked { paging, state }: Asked,
) -> Result<Json<Page<FindingView>>, Problem> {
    let snapshot = shown.latest();
    let page = match state {
        Which::Standing => {
            let standing = keyed(snapshot.all_findings());
            paging.cut("findings", snapshot.at, standing, |life| FindingView::of(&life))
        }
        Which::Ended => {
            let ended = snapshot.ended.iter().map(|life| (key_of(life), Arc::clone(life)));
            paging.cut("ended", snapshot.at, ended.collect(), |life| {
                FindingView::ended(&life)
            })
        }
    };
    Ok(Json(page?))
}

/// The fleet's findings that concern one secret: those of its consumers that name none.
pub(super) struct Concerning<'a> {
    by_secret: BTreeMap<&'a SecretArn, Vec<&'a Arc<Life>>>,
}

impl<'a> Concerning<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, index: &Index<'a>) -> Self {
        let mut by_secret: BTreeMap<&SecretArn, Vec<&Arc<Life>>> = BTreeMap::new();
        for life in snapshot.findings.iter() {
            let consumer = life.finding.subject.consumer();
            let consumer = consumer.filter(|_| life.finding.secret.is_none());
            for secret in consumer
                .into_iter()
                .flat_map(|consumer| index.secrets_of(consumer))
            {
                by_secret.entry(secret).or_default().push(life);
            }
        }
        Self { by_secret }
    }

    /// All that is to be known of a secret, the gravest first.
    pub(super) fn about(&self, view: &'a SecretView) -> Vec<&'a Arc<Life>> {
        let fleet = self.by_secret.get(&view.arn).into_iter().flatten().copied();
        let mut all: Vec<&Arc<Life>> = view.findings.iter().chain(fleet).collect();
        all.sort_by(|a, b| a.finding.by_gravity(&b.finding));
        all
    }
}

/// Keys without the findings' texts: those change while a finding stands.
fn keyed(findings: Vec<Arc<Life>>) -> Vec<(String, Arc<Life>)> {
    let keyed = findings.into_iter().map(|life| {
        let finding = &life.finding;
        let rank = match finding.severity {
            Severity::Critical => 0,
            Severity::Warning => 1,
            Severity::Info => 2,
        };
        let secret = finding.secret.as_ref().map_or("", |arn| arn.as_str());
        (
            format!("{rank} {} {} {secret}", finding.kind, finding.subject.key()),
            life,
        )
    });
    keyed.collect()
}

/// The last that ended comes first.
fn key_of(life: &Ended) -> String {
    let until_the_end_of_time = i64::MAX - life.ended.as_microsecond();
    format!("{until_the_end_of_time:020} {}", life.finding.id().short())
}
