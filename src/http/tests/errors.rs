//! Every error is a problem; probes; limits.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use serde_json::Value;
use tower::ServiceExt;

use super::super::fixture::{Api, ask, snapshot};
use super::super::limits::{Limits, limited, shed};

/// Asserts that the answer is a problem of this status, and gives its detail.
async fn problem(router: &Router, request: axum::http::request::Builder, status: StatusCode) -> String {
    let (found, media, text) = ask(router, request).await;
    assert_eq!(found, status, "{text}");
    assert_eq!(media, "application/problem+json", "{text}");
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(
        problem["title"],
        status.canonical_reason().expect("a standard status")
    );
    problem["detail"].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn wrong_requests_get_problems() {
    let api = Api::over(snapshot());
    for path in [
        "/nope",
        "/v1",
        "/v1/secrets/",
        "/v1/rotations/000000000000",
        "/v1/secrets/none",
    ] {
        problem(&api.router, Request::get(path), StatusCode::NOT_FOUND).await;
    }
    problem(
        &api.router,
        Request::get("/v1/secrets/%ff"),
        StatusCode::BAD_REQUEST,
    )
    .await;
    let long = format!("/v1/secrets?cursor={}", "a".repeat(9000));
    problem(&api.router, Request::get(long), StatusCode::URI_TOO_LONG).await;
    let large = Request::get("/v1/status").header(header::CONTENT_LENGTH, 65 * 1024);
    problem(&api.router, large, StatusCode::PAYLOAD_TOO_LARGE).await;
    for path in ["/v1/secrets", "/livez"] {
        problem(&api.router, Request::post(path), StatusCode::METHOD_NOT_ALLOWED).await;
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let api = Api::over(snapshot());
    let request = Request::delete("/v1/findings")
        .body(Body::empty())
        .expect("a request");
    let response = api.router.oneshot(request).await.expect("infallible");
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}

#[tokio::test(start_paused = true)]
async fn live_while_the_loop_turns() {
    let api = Api::over(snapshot());
    api.pulse.beat();
    tokio::time::advance(Duration::from_secs(30)).await;
    let live = api.shown("/livez").await;
    assert_eq!(live["loop_age_seconds"], 30.0);
    tokio::time::advance(Duration::from_secs(1)).await;
    let detail = problem(
        &api.router,
        Request::get("/livez"),
        StatusCode::SERVICE_UNAVAILABLE,
    )
    .await;
    assert_eq!(detail, "the loop has not turned for 31 s; 30 s are allowed");
}

#[tokio::test]
async fn ready_when_nothing_is_missing_and_not_draining() {
    let mut state = snapshot();
    state.missing = vec!["the first sweep".to_owned()];
    let api = Api::over(state.clone());
    let (status, body) = api.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["missing"], serde_json::json!(["the first sweep"]));
    assert_eq!(body["detail"], "not ready yet: the first sweep");

    state.missing.clear();
    api.publish.send_replace(Arc::new(state.clone()));
    assert_eq!(api.shown("/readyz").await["ready"], true);

    state.draining = true;
    api.publish.send_replace(Arc::new(state));
    let detail = problem(
        &api.router,
        Request::get("/readyz"),
        StatusCode::SERVICE_UNAVAILABLE,
    )
    .await;
    assert!(detail.starts_with("draining"), "{detail}");
}

async fn for_ever() {
    std::future::pending().await
}

async fn fails() {
    panic!("the inner text");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_given_up() {
    let router = limited(Router::new().route("/", get(for_ever)), &Limits::default());
    let begun = tokio::time::Instant::now();
    problem(&router, Request::get("/"), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_at_once_are_shed_over_all_routes() {
    let limits = Limits {
        concurrency: 2,
        ..Limits::default()
    };
    let api = Router::new()
        .route("/a", get(for_ever))
        .route("/b", get(for_ever));
    let probes = Router::new().route("/livez", get(async || "live"));
    let router = limited(shed(api, &limits).merge(probes), &limits);
    let begun = tokio::time::Instant::now();
    let held = tokio::join!(
        ask(&router, Request::get("/a")),
        ask(&router, Request::get("/b")),
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let detail = problem(&router, Request::get("/a"), StatusCode::SERVICE_UNAVAILABLE).await;
            assert_eq!(detail, "too many requests at once: try again");
            assert_eq!(begun.elapsed(), Duration::from_secs(1), "shed at once");
            assert_eq!(ask(&router, Request::get("/livez")).await.0, StatusCode::OK);
        }
    );
    assert_eq!(
        held.0.0,
        StatusCode::SERVICE_UNAVAILABLE,
        "given up after five seconds"
    );
}

#[tokio::test]
async fn a_panic_is_answered_and_told_to_nobody_outside() {
    let router = limited(Router::new().route("/", get(fails)), &Limits::default());
    let detail = problem(&router, Request::get("/"), StatusCode::INTERNAL_SERVER_ERROR).await;
    assert_eq!(detail, "a defect of the watchdog; its log has more");
}
