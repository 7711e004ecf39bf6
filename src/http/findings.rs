//! `/v1/findings`: what a person should know, the gravest first.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use machine::findings::{Finding, Severity};

use super::Shown;
use super::page::{Page, Paging};
use super::problem::Problem;
use super::views::FindingView;

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
