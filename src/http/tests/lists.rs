//! Paging: every item once, in one order, whatever the limit.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use machine::findings::{Finding, Kind, Life, Severity};
use machine::model::{Part, Subject};

use super::super::fixture::{AT_REST, Api, arn, at, snapshot};

/// All items of a list, page by page.
async fn collect(api: &Api, list: &str, limit: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut path = format!("/v1/{list}?limit={limit}");
    loop {
        let page = api.shown(&path).await;
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= limit);
        all.extend(items.iter().map(ToString::to_string));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(page["total"], all.len());
            return all;
        };
        path = format!("/v1/{list}?limit={limit}&cursor={cursor}");
    }
}

fn many() -> Api {
    let mut many = snapshot();
    let template = many.secrets[&arn(AT_REST)].clone();
    for i in 0..10 {
        let mut view = (*template).clone();
        view.arn = arn(&format!(
            "arn:aws:secretsmanager:eu-west-1:1:secret:more/{i}-AbCdEf"
        ));
        many.put(view);
    }
    Api::over(many)
}

#[tokio::test]
async fn pages_cover_everything_once_and_in_order() {
    let api = many();
    for list in ["secrets", "consumers", "findings"] {
        let whole = collect(&api, list, 500).await;
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), whole.len(), "{list}");
        for limit in [1, 2, 3, 7] {
            assert_eq!(collect(&api, list, limit).await, whole, "{list} by {limit}");
        }
    }
    assert_eq!(collect(&api, "secrets", 4).await.len(), 13);
}

#[tokio::test]
async fn rotations_come_latest_first() {
    let api = Api::over(snapshot());
    let whole = collect(&api, "rotations", 500).await;
    assert_eq!(whole.len(), 5);
    assert_eq!(collect(&api, "rotations", 2).await, whole);
    assert!(whole[0].contains("-v2") && whole[1].contains("-v2"), "{whole:?}");
    assert!(
        whole[2..].iter().all(|item| item.contains("baseline")),
        "{whole:?}"
    );
}

#[tokio::test]
async fn a_cursor_goes_on_where_its_item_has_gone() {
    let api = Api::over(snapshot());
    let first = api.shown("/v1/secrets?limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("more");
    let mut fewer = snapshot();
    fewer.remove(&arn(first["items"][0]["arn"].as_str().expect("text")));
    let rest = Api::over(fewer)
        .shown(&format!("/v1/secrets?cursor={cursor}"))
        .await;
    assert_eq!(rest["items"].as_array().expect("a list").len(), 2);
}

#[tokio::test]
async fn bad_limits_and_cursors_are_told() {
    let api = Api::over(snapshot());
    let foreign = api.shown("/v1/secrets?limit=1").await["next_cursor"]
        .as_str()
        .expect("more")
        .to_owned();
    for query in [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=many",
        "cursor=xyz",
        "cursor=%C3%A4%C3%A4",
        "cursor=ff",
        &format!("cursor={foreign}"),
        "page=2",
        "limit=1&limit=2",
    ] {
        let (status, problem) = api.get(&format!("/v1/findings?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
        assert_eq!(problem["status"], 400);
        assert!(!problem["detail"].as_str().expect("text").is_empty());
    }
}

/// Many infos do not hide the one that must be acted on, wherever it stands.
#[test]
fn the_gravest_findings_come_first() {
    let mut many = snapshot();
    let template = many.secrets[&arn(AT_REST)].clone();
    let info = Finding {
        severity: Severity::Info,
        kind: Kind::NoConsumers,
        subject: Subject::Watchdog(Part::Journal),
        secret: None,
        text: String::new(),
        remedy: String::new(),
    };
    for i in 0..50 {
        let mut view = (*template).clone();
        view.arn = arn(&format!("arn:aws:secretsmanager:eu-west-1:1:secret:a/{i}-AbCdEf"));
        let subject = Subject::Watchdog(Part::Rule(format!("more {i}").into()));
        let more = Finding {
            subject,
            ..info.clone()
        };
        view.findings = [Arc::new(Life::open(more, at(0)))].into();
        many.put(view);
    }
    let all = many.all_findings();
    let grave = all
        .iter()
        .filter(|life| life.finding.severity > Severity::Info)
        .count();
    let severities: Vec<Severity> = many.by_gravity().map(|life| life.finding.severity).collect();
    assert_eq!(severities.len(), all.len(), "each of them once");
    assert!(severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
    assert!(
        severities[grave..]
            .iter()
            .all(|severity| *severity == Severity::Info)
    );
    let totals: usize = many.totals.findings.values().sum();
    let infos = many.totals.findings[&(Severity::Info, Kind::NoConsumers)];
    assert!(infos >= 50 && totals >= infos, "{infos} of {totals}");
    for i in 0..50 {
        many.remove(&arn(&format!(
            "arn:aws:secretsmanager:eu-west-1:1:secret:a/{i}-AbCdEf"
        )));
    }
    let left: usize = many.totals.findings.values().sum();
    assert_eq!(left, totals - 50, "what is not shown is not counted");
}
