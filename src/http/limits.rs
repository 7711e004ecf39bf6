//! Limits on what a caller can make the API do.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{BoxError, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use super::problem::{Problem, as_problem};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one answer; then 503.
    pub timeout: Duration,
    /// Requests answered at once; more are shed with 503.
    pub concurrency: usize,
    pub body_bytes: usize,
    pub uri_bytes: usize,
    /// `/livez` fails where the loop has not turned for so long.
    pub loop_silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            concurrency: 64,
            body_bytes: 64 * 1024,
            uri_bytes: 8 * 1024,
            loop_silence: Duration::from_secs(30),
        }
    }
}

/// Sheds what is more than `limits.concurrency` at once over all routes of `router`.
pub(super) fn shed<S: Clone + Send + Sync + 'static>(router: Router<S>, limits: &Limits) -> Router<S> {
    router.layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(shedding))
            .load_shed()
            .layer(GlobalConcurrencyLimitLayer::new(limits.concurrency)),
    )
}

async fn shedding(_: BoxError) -> Problem {
    Problem::unavailable("too many requests at once: try again")
}

/// Bounds body, address and time, catches panics, and makes every error a problem.
pub(super) fn limited<S: Clone + Send + Sync + 'static>(router: Router<S>, limits: &Limits) -> Router<S> {
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.timeout);
    let header = SetResponseHeaderLayer::overriding;
    router.layer(
        ServiceBuilder::new()
            .layer(header(
                header::CACHE_CONTROL,
                HeaderValue::from_static("no-store"),
            ))
            .layer(header(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ))
            .layer(from_fn(as_problem))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(limits.uri_bytes, short_address))
            .layer(timeout)
            .layer(RequestBodyLimitLayer::new(limits.body_bytes)),
    )
}

async fn short_address(State(limit): State<usize>, request: Request, next: Next) -> Response {
    let query = request.uri().query().map_or(0, str::len);
    if request.uri().path().len() + query > limit {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    next.run(request).await
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        panic = text.unwrap_or("not a text"),
        "a request panicked: a defect of the watchdog"
    );
    Problem::internal().into_response()
}
