//! `/v1/findings`: what a person should know, the gravest first.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use machine::findings::{Finding, Severity};
use machine::model::SecretArn;

use super::Shown;
use super::counts::Index;
use super::page::{Page, Paging};
use super::problem::Problem;
use super::views::FindingView;
use crate::runtime::{SecretView, Snapshot};

pub(super) async fn list(
    State(shown): State<Shown>,
    paging: Paging,
) -> Result<Json<Page<FindingView>>, Problem> {
    let snapshot = shown.latest();
    let keyed = keyed(snapshot.all_findings());
    let page = paging.cut("findings", snapshot.at, keyed, |finding| {
        FindingView::of(&finding)
    })?;
    Ok(Json(page))
}

/// The fleet's findings that concern one secret: those that name it, and those of its consumers that name none.
pub(super) struct Concerning<'a> {
    by_secret: BTreeMap<&'a SecretArn, Vec<&'a Finding>>,
}

impl<'a> Concerning<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, index: &Index<'a>) -> Self {
        let mut by_secret: BTreeMap<&SecretArn, Vec<&Finding>> = BTreeMap::new();
        for finding in snapshot.findings.iter() {
            for secret in concerned(finding, index) {
                by_secret.entry(secret).or_default().push(finding);
            }
        }
        Self { by_secret }
    }

    /// All that is to be known of a secret, the gravest first.
    pub(super) fn about(&self, view: &'a SecretView) -> Vec<&'a Finding> {
        let fleet = self.by_secret.get(&view.arn).into_iter().flatten().copied();
        let mut all: Vec<&Finding> = view.findings.iter().chain(fleet).collect();
        all.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
        all.dedup();
        all
    }
}

fn concerned<'a>(finding: &'a Finding, index: &Index<'a>) -> Vec<&'a SecretArn> {
    match (&finding.secret, finding.subject.consumer()) {
        (Some(secret), _) => vec![secret],
        (None, Some(consumer)) => index.secrets_of(consumer),
        (None, None) => Vec::new(),
    }
}

/// Keys without the findings' texts: those change while a finding stands.
fn keyed(findings: Vec<Finding>) -> Vec<(String, Finding)> {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    findings
        .into_iter()
        .map(|finding| {
            let rank = match finding.severity {
                Severity::Critical => 0,
                Severity::Warning => 1,
                Severity::Info => 2,
            };
            let secret = finding.secret.as_ref().map_or("", |arn| arn.as_str());
            let key = format!("{rank} {} {} {secret}", finding.kind, finding.subject);
            let nth = alike.entry(key.clone()).or_default();
            *nth += 1;
            (format!("{key} {nth:05}"), finding)
        })
        .collect()
}
