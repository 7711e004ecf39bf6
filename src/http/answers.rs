//! Every answer of the API, asked for without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

use super::{Shown, router};

/// What a reader of everything reads: the simulation searches it for secrets.
///
/// Answers that cannot be read are left out: their paths have tests of their own.
pub async fn answers(shown: Shown) -> String {
    let snapshot = shown.latest();
    let secrets = snapshot.secrets.values();
    let secret = secrets.map(|view| format!("/v1/secrets/{}", view.arn.as_str()));
    let secrets = snapshot.secrets.values();
    let rotations = secrets.flat_map(|view| &view.judgement.rotations);
    let rotation = rotations.map(|view| format!("/v1/rotations/{}", view.rotation.key.id()));
    let lists = [
        "/readyz",
        "/metrics",
        "/v1/status",
        "/v1/secrets",
        "/v1/unwatched",
        "/v1/rotations",
        "/v1/consumers",
        "/v1/findings",
        "/v1/findings?state=ended",
    ];
    let paths: Vec<String> = lists
        .map(str::to_owned)
        .into_iter()
        .chain(secret)
        .chain(rotation)
        .collect();
    let router = router(shown);
    let mut all = String::new();
    for path in paths {
        all.push_str(&answer(&router, &path).await.unwrap_or_default());
        all.push('\n');
    }
    all
}

async fn answer(router: &Router, path: &str) -> Option<String> {
    let request = Request::get(path).body(Body::empty()).ok()?;
    let response = router.clone().oneshot(request).await.ok()?;
    let body = to_bytes(response.into_body(), usize::MAX).await.ok()?;
    String::from_utf8(body.to_vec()).ok()
}
