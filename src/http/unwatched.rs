//! `/v1/unwatched`: secrets that are listed and taken by no rule.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Shown;
use super::page::{Page, Paging};
use super::problem::Problem;

#[derive(Serialize)]
pub(super) struct UnwatchedView {
    arn: String,
    name: String,
    /// `all = true` would take it.
    rotation_enabled: bool,
    /// A rule goes by it, and secrets.excludes leaves it out.
    excluded: bool,
}

pub(super) async fn list(
    State(shown): State<Shown>,
    paging: Paging,
) -> Result<Json<Page<UnwatchedView>>, Problem> {
    let snapshot = shown.latest();
    let keyed = snapshot.unwatched.iter().map(|secret| {
        let key = format!("{} {}", secret.name, secret.arn);
        (key, secret)
    });
    let page = paging.cut("unwatched", snapshot.at, keyed.collect(), |secret| {
        UnwatchedView {
            arn: secret.arn.to_string(),
            name: secret.name.clone(),
            rotation_enabled: secret.rotation_enabled,
            excluded: secret.excluded,
        }
    })?;
    Ok(Json(page))
}
