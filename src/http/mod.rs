//! The HTTP API: health, metrics, and what the watchdog knows. Reads only; it holds no secret value, by type.
//!
//! Every error is `application/problem+json`. Lists take `limit` and `cursor`. Times are RFC 3339, durations seconds.

mod answers;
mod applications;
mod consumers;
mod counts;
mod databases;
mod findings;
mod guard;
mod health;
mod limits;
mod outlook;
mod page;
mod problem;
mod roll_forward;
mod rotations;
mod secrets;
mod serve;
mod status;
mod timeline;
mod unwatched;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use tokio::sync::watch;

pub use answers::answers;
pub use limits::Limits;
pub use serve::{ServeError, Serving, serve};

use crate::runtime::{Clock, Pulse, Snapshot};
use crate::telemetry::Metrics;
use problem::Problem;

/// What the API shows.
#[derive(Clone)]
pub struct Shown {
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    pub metrics: Arc<Metrics>,
    pub pulse: Pulse,
    pub clock: Clock,
    pub limits: Limits,
}

impl Shown {
    /// The latest snapshot. Cheap: the map of secrets is shared.
    fn latest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.borrow())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The paths and what they show; the index at `/` and the router are made from it.
const PATHS: [(&str, &str); 14] = [
    ("/livez", "the loop turns"),
    ("/readyz", "ready, or what is missing"),
    ("/metrics", "Prometheus"),
    ("/v1/status", "everything at a glance"),
    ("/v1/secrets", "all secrets"),
    ("/v1/secrets/{name}", "one secret, by name or ARN"),
    ("/v1/unwatched", "secrets that are listed and taken by no rule"),
    ("/v1/rotations", "all rotations, latest first"),
    ("/v1/rotations/{id}", "one rotation with its timeline"),
    ("/v1/consumers", "who uses which secret, and what they hold"),
    (
        "/v1/databases",
        "databases of RDS, and which secrets belong to them",
    ),
    (
        "/v1/applications",
        "applications and databases in numbers, while a rotation of theirs is watched",
    ),
    ("/v1/applications/{name}", "one of them, minute by minute"),
    (
        "/v1/findings",
        "what a person should know, gravest first; ?state=ended for what is over",
    ),
];

/// All routes, limited. Probes are never shed: a busy API is no reason to restart the container.
pub fn router(shown: Shown) -> Router {
    let api = Router::new()
        .route("/", get(index))
        .route("/metrics", get(metrics))
        .route("/v1/status", get(status::get))
        .route("/v1/secrets", get(secrets::list))
        .route("/v1/secrets/{*name}", get(secrets::one))
        .route("/v1/unwatched", get(unwatched::list))
        .route("/v1/rotations", get(rotations::list))
        .route("/v1/rotations/{id}", get(rotations::one))
        .route("/v1/consumers", get(consumers::list))
        .route("/v1/databases", get(databases::list))
        .route("/v1/applications", get(applications::list))
        .route("/v1/applications/{*name}", get(applications::one))
        .route("/v1/findings", get(findings::list));
    let probes = Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready));
    let all = limits::shed(api, &shown.limits)
        .merge(probes)
        .fallback(problem::unknown_path);
    limits::limited(all, &shown.limits).with_state(shown)
}

async fn index() -> String {
    let lines = PATHS.map(|(path, about)| format!("{path:<24} {about}\n"));
    format!(
        "rotation-watchdog {}\n\n{}",
        crate::telemetry::VERSION,
        lines.concat()
    )
}

async fn metrics(State(shown): State<Shown>) -> Result<Response, Problem> {
    let series = shown.metrics.series();
    let reading = counts::reading(&shown.latest(), shown.now(), shown.pulse.age(), series);
    let text = shown.metrics.render(&reading).map_err(|error| {
        tracing::error!(%error, "the metrics cannot be rendered: a defect of the watchdog");
        Problem::internal()
    })?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
