//! `/livez` and `/readyz`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Shown;
use super::problem::Problem;

#[derive(Serialize)]
pub(super) struct Live {
    live: bool,
    loop_age_seconds: f64,
}

#[derive(Serialize)]
pub(super) struct Ready {
    ready: bool,
}

/// Whether the loop turns. Never asks AWS, so that an outage there restarts nothing.
pub(super) async fn live(State(shown): State<Shown>) -> Result<Json<Live>, Problem> {
    let age = shown.pulse.age();
    let limit = shown.limits.loop_silence;
    if age > limit {
        return Err(Problem::unavailable(format!(
            "the loop has not turned for {} s; {} s are allowed",
            age.as_secs(),
            limit.as_secs()
        )));
    }
    Ok(Json(Live {
        live: true,
        loop_age_seconds: age.as_secs_f64(),
    }))
}

pub(super) async fn ready(State(shown): State<Shown>) -> Result<Json<Ready>, Problem> {
    let snapshot = shown.latest();
    if snapshot.is_ready() {
        return Ok(Json(Ready { ready: true }));
    }
    let detail = if snapshot.draining {
        "draining: the watchdog is shutting down".to_owned()
    } else {
        format!("not ready yet: {}", snapshot.missing.join("; "))
    };
    Err(Problem::unavailable(detail).missing(snapshot.missing.clone()))
}
