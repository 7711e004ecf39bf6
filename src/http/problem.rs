//! Errors as RFC 9457 has them: `application/problem+json`.

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// One error for the caller: what went wrong and what to do.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says what kind it is.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// Of `/readyz`: what is still missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            missing: Vec::new(),
        }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            standard_detail(StatusCode::INTERNAL_SERVER_ERROR),
        )
    }

    pub(super) fn missing(mut self, missing: Vec<String>) -> Self {
        self.missing = missing;
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], Json(self)).into_response()
    }
}

pub(super) async fn unknown_path() -> Problem {
    Problem::not_found("no such path; GET / lists them all")
}

/// Turns whatever a layer or the framework answered into a problem, headers such as Allow kept.
pub(super) async fn as_problem(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status();
    tracing::debug!(%method, path, status = status.as_u16(), "answered");
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().get(header::CONTENT_TYPE) == Some(&MEDIA_TYPE) {
        return response;
    }
    let (mut head, _) = response.into_parts();
    let problem = Problem::new(status, standard_detail(status)).into_response();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
    Response::from_parts(head, Body::new(problem.into_body()))
}

fn standard_detail(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "the request cannot be read; is its path percent-encoded UTF-8?",
        StatusCode::METHOD_NOT_ALLOWED => "this API is only read: use GET",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is too large; this API needs none",
        StatusCode::URI_TOO_LONG => "the address is too long",
        StatusCode::SERVICE_UNAVAILABLE => "too many requests at once, or no answer in time: try again",
        StatusCode::INTERNAL_SERVER_ERROR => "a defect of the watchdog; its log has more",
        _ => "the request cannot be answered",
    }
}
