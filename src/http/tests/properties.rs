//! Any address gets an answer of a kind that callers know.

use axum::http::{Request, StatusCode, Uri};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::super::fixture::{Api, ask, snapshot};

const LISTS: [&str; 4] = ["secrets", "rotations", "consumers", "findings"];

/// The API on a clock that stands still: a long run is no silence of the loop.
fn api() -> (Api, Runtime) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    (runtime.block_on(async { Api::over(snapshot()) }), runtime)
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "v1",
            "livez",
            "readyz",
            "metrics",
            "status",
            "secrets",
            "rotations",
            "consumers",
            "findings",
            "",
            ".",
            ".."
        ])
        .prop_map(str::to_owned),
        "(%[0-9a-fA-F]{2}|[a-z0-9:_~!$&'()*+,;=@.-]){0,12}",
        "%[0-9a-g]{0,2}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    let pair = (
        select(vec!["limit", "cursor", "page", ""]),
        "[0-9a-f]{0,6}|(%[0-9a-fA-F]{2}|[a-z+=&%-]){0,9}",
    );
    prop::collection::vec(pair, 0..3).prop_map(|pairs| {
        let pairs: Vec<String> = pairs
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        pairs.join("&")
    })
}

/// Status, media type and body belong together, and no path makes the API fail.
fn judged(path: &str, (status, media, text): &(StatusCode, String, String)) -> Result<(), TestCaseError> {
    match *status {
        StatusCode::OK => prop_assert!(
            media.starts_with("application/json") || media.starts_with("text/plain"),
            "{} {}",
            path,
            media
        ),
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::URI_TOO_LONG => {
            prop_assert_eq!(media, "application/problem+json", "{}", path);
            let problem: Value = serde_json::from_str(text).expect("JSON");
            prop_assert_eq!(&problem["status"], &Value::from(status.as_u16()));
            prop_assert!(
                problem["detail"]
                    .as_str()
                    .is_some_and(|detail| !detail.is_empty())
            );
        }
        other => prop_assert!(false, "{}: {} {}", path, other, text),
    }
    Ok(())
}

#[test]
fn any_path_gets_an_answer_that_is_known() {
    let (api, runtime) = api();
    proptest!(|(segments in prop::collection::vec(segment(), 0..5), query in query())| {
        let path = format!("/{}?{query}", segments.join("/"));
        prop_assume!(path.parse::<Uri>().is_ok());
        judged(&path, &runtime.block_on(ask(&api.router, Request::get(&path))))?;
    });
}

#[test]
fn any_page_of_a_list_is_a_page_or_a_problem() {
    let (api, runtime) = api();
    proptest!(|(list in select(LISTS.to_vec()), query in query())| {
        let path = format!("/v1/{list}?{query}");
        prop_assume!(path.parse::<Uri>().is_ok());
        let answer = runtime.block_on(ask(&api.router, Request::get(&path)));
        judged(&path, &answer)?;
        if answer.0 == StatusCode::OK {
            let page: Value = serde_json::from_str(&answer.2).expect("JSON");
            prop_assert!(page["items"].is_array() && page["total"].is_u64(), "{}", page);
        }
    });
}

/// Of one list for another, or changed by a digit.
#[test]
fn a_cursor_is_good_for_its_own_list_alone() {
    let (api, runtime) = api();
    proptest!(|(
        list in select(LISTS.to_vec()),
        other in select(LISTS.to_vec()),
        at in any::<prop::sample::Index>(),
        digit in "[0-9a-f]",
    )| {
        let first = runtime.block_on(api.shown(&format!("/v1/{list}?limit=1")));
        let cursor = first["next_cursor"].as_str().expect("more than one").to_owned();
        let (status, _) = runtime.block_on(api.get(&format!("/v1/{other}?cursor={cursor}")));
        let expected = if list == other { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        prop_assert_eq!(status, expected);
        // The list's name and the byte behind it.
        let at = at.index(2 * (list.len() + 1));
        let forged = format!("{}{digit}{}", &cursor[..at], &cursor[at + 1..]);
        let (status, problem) = runtime.block_on(api.get(&format!("/v1/{list}?cursor={forged}")));
        let expected = if forged == cursor { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        prop_assert_eq!(status, expected, "{}: {}", forged, problem);
    });
}

/// The longest that are taken, and the longest that a server's address can be.
#[test]
fn the_longest_addresses_get_an_answer_that_is_known() {
    let (api, runtime) = api();
    for bytes in [8_000, 60_000] {
        for part in [
            "/",
            "a",
            "%2F",
            "/..",
            "%",
            "%25",
            "?",
            "&",
            "limit=1&",
            "&cursor=00",
            "+",
            ";",
        ] {
            for before in [
                "/",
                "/v1/secrets/",
                "/v1/secrets?",
                "/v1/secrets?cursor=",
                "/v1/rotations/",
            ] {
                let path = before.to_owned() + &part.repeat(bytes / part.len());
                if path.parse::<Uri>().is_err() {
                    continue;
                }
                let answer = runtime.block_on(ask(&api.router, Request::get(&path)));
                judged(before, &answer).unwrap_or_else(|error| panic!("{part} {bytes}: {error}"));
                assert_eq!(
                    answer.0 == StatusCode::URI_TOO_LONG,
                    bytes > 8 * 1024,
                    "{before}{part}"
                );
            }
        }
    }
}
