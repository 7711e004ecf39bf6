//! What each endpoint shows.

use std::sync::Arc;

use axum::http::{Request, StatusCode};
use machine::findings::{Ended, Finding, Kind, Severity};
use machine::model::{ConsumerId, Subject};
use serde_json::{Value, json};

use super::super::fixture::{
    AT_REST, Api, FAILING, SHOP, arn, ask, at, orders, shop_rotation, show_findings, snapshot,
};

fn api() -> Api {
    Api::over(snapshot())
}

#[tokio::test]
async fn the_index_names_every_path() {
    let (status, _, text) = ask(&api().router, Request::get("/")).await;
    assert_eq!(status, StatusCode::OK);
    for (path, _) in super::super::PATHS {
        assert!(text.contains(path), "{path} is not in\n{text}");
    }
}

#[tokio::test]
async fn the_status_counts_everything() {
    let status = api().shown("/v1/status").await;
    assert_eq!(status["ready"], true);
    assert_eq!(status["simulated"], true);
    assert_eq!(status["uptime_seconds"], 100.0);
    assert_eq!(
        status["secrets"],
        json!({
            "total": 3,
            "by_phase": {"failed": 1, "propagating": 1, "settled": 1},
            "unwatched": 1,
            "lowered": {"at-most": 0, "tag": 0, "hold": 0},
        })
    );
    let consumers = &status["consumers"];
    assert_eq!(consumers["total"], 3);
    assert_eq!(consumers["fresh"], 1);
    assert_eq!(consumers["stale"], 1);
    assert_eq!(consumers["unjudged"], 1);
    assert_eq!(
        status["findings"],
        json!({"critical": 1, "warning": 3, "info": 0})
    );
}

#[tokio::test]
async fn secrets_are_found_by_name_encoded_name_and_arn() {
    let api = api();
    let encoded = SHOP.replace('/', "%2F");
    for path in [
        "/shop/db",
        "shop/db",
        "%2Fshop%2Fdb",
        "%2fshop/db",
        SHOP,
        &encoded,
    ] {
        let secret = api.shown(&format!("/v1/secrets/{path}")).await;
        assert_eq!(secret["arn"], SHOP, "{path}");
    }
    for path in ["shop", "/shop", "db", "//shop/db"] {
        let (status, problem) = api.get(&format!("/v1/secrets/{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_name_that_two_secrets_have_asks_for_the_arn() {
    let mut twice = snapshot();
    let mut other = (*twice.secrets[&super::super::fixture::arn(SHOP)]).clone();
    other.arn = super::super::fixture::arn("arn:aws:secretsmanager:eu-west-1:1:secret:/shop/db-ZyXwVu");
    let arn = other.arn.clone();
    twice.put(other);
    let api = Api::over(twice);
    let (status, problem) = api.get("/v1/secrets//shop/db").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().expect("text").contains(arn.as_str()));
    assert_eq!(
        api.shown(&format!("/v1/secrets/{arn}")).await["arn"],
        arn.as_str()
    );
}

#[tokio::test]
async fn a_secret_shows_its_phase_its_consumers_and_its_rotations() {
    let secret = api().shown("/v1/secrets//shop/db").await;
    assert_eq!(secret["phase"], "propagating");
    assert_eq!(secret["mode"], "act");
    assert_eq!(secret["strategy"], "single-user");
    assert_eq!(secret["labels"]["current"], "shop-v2");
    assert_eq!(secret["rotation"], shop_rotation().id().as_str());
    assert_eq!(secret["last_look"], "2027-01-15T08:00:18.1Z");
    assert_eq!(secret["danger_window"]["open"], true);
    let standings = secret["consumer_standings"].as_array().expect("a list");
    assert_eq!(standings[0]["consumer"], "ecs:prod/orders");
    assert_eq!(standings[0]["stage"], "fresh");
    assert_eq!(
        standings[0]["remediations"],
        json!([{
            "attempt": "0123456789ab",
            "action": "redeploy",
            "text": format!("a forced deployment; tasks created after {:.3} hold the new value already", at(21)),
            "decided": at(21),
            "answered": at(22),
            "outcome": "done",
            "outcome_text": "done, deployment ecs-svc/2",
        }])
    );
    assert_eq!(standings[1]["stage"], "stale");
    assert_eq!(standings[1]["remediations"], json!([]));
    assert_eq!(standings[1]["wants"], "redeploy");
    assert_eq!(secret["rotations"].as_array().expect("a list").len(), 2);
    assert_eq!(secret["rotations"][1]["origin"], "baseline");

    let failing = api().shown(&format!("/v1/secrets/{FAILING}")).await;
    assert_eq!(failing["phase"], "failed");
    assert_eq!(failing["phase_text"], "failed in testSecret");
    assert_eq!(failing["finding_list"][0]["kind"], "rotation-failed");

    let at_rest = api().shown(&format!("/v1/secrets/{AT_REST}")).await;
    assert_eq!(at_rest["danger_window"], Value::Null);
    assert_eq!(at_rest["consumer_standings"][0]["stage"], Value::Null);
}

#[tokio::test]
async fn a_timeline_has_the_steps_in_order_with_intervals_and_sources() {
    let id = shop_rotation().id();
    let rotation = api().shown(&format!("/v1/rotations/{id}")).await;
    assert_eq!(rotation["version"], "shop-v2");
    assert_eq!(rotation["works"]["verdict"], "login");
    let timeline = rotation["timeline"].as_array().expect("a list");
    let order: Vec<&str> = timeline
        .iter()
        .map(|entry| entry["what"].as_str().expect("text"))
        .collect();
    assert_eq!(
        order,
        [
            "started",
            "createSecret",
            "setSecret",
            "testSecret",
            "finishSecret",
            "login",
            "consumer",
            "consumer",
            "remediation-decided",
            "remediation-answered",
            "consumer",
            "application-fails"
        ]
    );
    // A look may be five seconds behind: what it did not show may have been there.
    assert_eq!(timeline[0]["not_before"], at(9 - 5).to_string());
    assert_eq!(timeline[2]["sources"], json!(["log", "login"]));
    assert_eq!(timeline[2]["not_before"], at(12).to_string());
    assert_eq!(timeline[2]["not_after"], at(14).to_string());
    assert_eq!(timeline[4]["not_before"], at(17 - 5).to_string());
    assert_eq!(timeline[5]["text"], "login with the new version: accepted");
    let answered = &timeline[9];
    assert_eq!(
        timeline[8]["text"],
        format!(
            "redeploy of ecs:prod/orders decided: a forced deployment; tasks created after {:.3} hold the new value already",
            at(21)
        )
    );
    assert_eq!(answered["action"], "redeploy");
    assert_eq!(answered["outcome"], "done");
    assert_eq!(answered["attempt"], "0123456789ab");
    assert_eq!(timeline[10]["stage"], "fresh");
    assert!(
        timeline[0].get("outcome").is_none(),
        "what does not concern it is absent"
    );
}

#[tokio::test]
async fn consumers_show_what_they_hold_and_what_was_done() {
    let list = api().shown("/v1/consumers").await;
    let orders = &list["items"][1];
    assert_eq!(orders["id"], "ecs:prod/orders");
    assert_eq!(orders["kind"], "ecs-service");
    assert_eq!(orders["references"][0]["secret"], "/shop/db");
    assert_eq!(orders["references"][0]["how"], "injected");
    assert_eq!(orders["references"][0]["stage"], "fresh");
    assert_eq!(orders["last_remediation"]["outcome"], "done");
    assert_eq!(list["items"][0]["last_remediation"], Value::Null);
}

#[tokio::test]
async fn findings_come_gravest_first_with_a_remedy() {
    let list = api().shown("/v1/findings").await;
    assert_eq!(list["total"], 4);
    assert_eq!(list["items"][0]["severity"], "critical");
    assert_eq!(list["items"][0]["secret"], "billing/db");
    assert_eq!(list["items"][3]["kind"], "unseen");
    assert_eq!(list["items"][3]["remedy"], "allow lambda:ListFunctions on *");
    assert_eq!(list["items"][3]["commands"], json!([]));
    assert_eq!(list["items"][3]["state"], "open");
    assert_eq!(list["items"][3]["since"], json!(at(5)));
    assert_eq!(list["items"][3]["id"].as_str().map(str::len), Some(12));
}

/// What ended has a list of its own, the last first.
#[tokio::test]
async fn findings_that_ended_are_asked_for_by_state() {
    let mut snapshot = snapshot();
    let finding = snapshot.open_findings().remove(0);
    let ended = [30, 20].map(|second| {
        Arc::new(Ended {
            finding: finding.clone(),
            since: at(5),
            ended: at(second),
        })
    });
    snapshot.ended = Arc::new(ended.into());
    let api = Api::over(snapshot);
    let list = api.shown("/v1/findings?state=ended&limit=1").await;
    assert_eq!(list["total"], 2);
    let last = &list["items"][0];
    assert_eq!(
        (&last["state"], &last["since"], &last["ended"]),
        (&json!("ended"), &json!(at(5)), &json!(at(30)))
    );
    let cursor = list["next_cursor"].as_str().expect("another page");
    let path = format!("/v1/findings?state=ended&limit=1&cursor={cursor}");
    assert_eq!(api.shown(&path).await["items"][0]["ended"], json!(at(20)));
    assert_eq!(api.shown("/v1/findings?state=open").await["total"], 4);
    for wrong in ["state=gone".to_owned(), format!("cursor={cursor}")] {
        let (status, _) = api.get(&format!("/v1/findings?{wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

/// A secret that nothing is wrong with but for its consumers.
#[tokio::test]
async fn g3_a_secret_counts_the_findings_of_its_consumers() {
    let finding = |severity, kind, subject: ConsumerId, secret: Option<&str>| Finding {
        severity,
        kind,
        subject: Subject::Consumer(subject),
        secret: secret.map(arn),
        text: "it stands".to_owned(),
        remedy: "`true`".to_owned(),
    };
    let mut snapshot = snapshot();
    let (critical, warning) = (Severity::Critical, Severity::Warning);
    let all = snapshot.open_findings().into_iter();
    let of_billing = all.filter(|finding| finding.secret == Some(arn(FAILING)));
    let findings = vec![
        finding(critical, Kind::Capped, orders(), Some(SHOP)),
        finding(warning, Kind::WouldAct, orders(), Some(SHOP)),
        finding(warning, Kind::Unseen, orders(), None),
        finding(critical, Kind::Capped, orders(), Some(AT_REST)),
        finding(warning, Kind::Unseen, ConsumerId::function("another"), None),
    ];
    let findings: Vec<Finding> = findings.into_iter().chain(of_billing).collect();
    show_findings(&mut snapshot, &findings);
    let api = Api::over(snapshot);
    let list = api.shown("/v1/secrets").await;
    let counts = |i: usize| list["items"][i]["findings"].clone();
    assert_eq!(counts(0), json!({"critical": 1, "warning": 2, "info": 0}));
    assert_eq!(
        counts(1),
        json!({"critical": 1, "warning": 1, "info": 0}),
        "its own"
    );
    assert_eq!(counts(2), json!({"critical": 1, "warning": 0, "info": 0}));
    let one = api.shown("/v1/secrets/shop/db").await;
    let told = one["finding_list"].as_array().expect("a list").iter();
    let told: Vec<&Value> = told.map(|finding| &finding["kind"]).collect();
    assert_eq!(told, ["capped", "unseen", "would-act"]);
    assert_eq!(one["finding_list"][0]["commands"], json!(["true"]));
    let (_, _, text) = ask(&api.router, Request::get("/metrics")).await;
    let info = "rotation_watchdog_finding_info{consumer=\"ecs:prod/orders\",kind=\"capped\",secret=\"/shop/db\",severity=\"critical\"} 1\n";
    assert!(text.contains(info), "{text}");
}

#[tokio::test]
async fn metrics_show_the_snapshot() {
    let (status, media, text) = ask(&api().router, Request::get("/metrics")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(media.starts_with("text/plain"), "{media}");
    for line in [
        "rotation_watchdog_secret_phase{phase=\"failed\",secret=\"billing/db\"} 1",
        "rotation_watchdog_consumers{state=\"fresh\"} 1",
        "rotation_watchdog_last_look_age_seconds{secret=\"/shop/db\"} 21.9",
        "rotation_watchdog_findings{severity=\"critical\"} 1",
        "rotation_watchdog_journal_bytes 8192",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
}

#[tokio::test]
async fn g1_the_status_names_region_and_account_and_what_no_rule_takes_is_listed() {
    let api = api();
    let status = api.shown("/v1/status").await;
    assert_eq!(
        (&status["region"], &status["account"]),
        (&json!("eu-west-1"), &json!("1"))
    );
    let unwatched = api.shown("/v1/unwatched").await;
    assert_eq!(unwatched["total"], 1);
    assert_eq!(
        unwatched["items"][0],
        json!({
            "arn": "arn:aws:secretsmanager:eu-west-1:1:secret:legacy-AbCdEf",
            "name": "legacy",
            "rotation_enabled": false,
            "excluded": true,
        })
    );
}

#[tokio::test]
async fn databases_have_their_secrets_and_secrets_their_database() {
    let list = api().shown("/v1/databases").await;
    assert_eq!(list["total"], 2);
    let [billing, shop] = [0, 1].map(|n| list["items"][n].clone());
    assert_eq!(billing["id"], "rds-cluster:billing");
    assert_eq!(
        (&billing["health"], &billing["status"]),
        (&json!("unwell"), &json!("storage-full"))
    );
    assert_eq!(billing["secrets"][0]["name"], "billing/db");
    assert_eq!(shop["id"], "rds-instance:shop");
    assert_eq!(shop["health"], "available");
    assert_eq!(
        shop["managed_secret"],
        json!({"arn": AT_REST, "status": "active"})
    );
    assert_eq!(shop["secrets"][0]["master_user"], true);

    let secret = api().shown("/v1/secrets//shop/db").await;
    assert_eq!(secret["rds"]["id"], "rds-instance:shop");
    assert_eq!(secret["rds"]["master_user"], true);
    let kept = api().shown(&format!("/v1/secrets/{AT_REST}")).await;
    assert_eq!(kept["rds"]["managed_status"], "active");
}

#[tokio::test]
async fn applications_are_shown_in_numbers_and_in_the_timeline() {
    let list = api().shown("/v1/applications").await;
    assert_eq!(list["total"], 2);
    let [orders, shop] = [0, 1].map(|n| list["items"][n].clone());
    assert_eq!(
        (&orders["name"], &orders["health"]),
        (&json!("ecs:prod/orders"), &json!("failing"))
    );
    assert_eq!(orders["secrets"][0]["name"], "/shop/db");
    let errors = &orders["measures"][0];
    assert_eq!(errors["text"], "5xx 41/min, 0.5 before");
    assert_eq!(errors["before"], json!({"mean": 0.5, "minutes": 2}));
    assert_eq!(
        errors["day_before"],
        json!(null),
        "nothing is known of it, which is not zero"
    );
    assert_eq!(errors.get("points"), None);
    assert_eq!(orders["troubles"][0]["measure"], "logins_failed");
    assert_eq!(
        (&shop["kind"], &shop["health"]),
        (&json!("database"), &json!("unknown"))
    );

    let one = api().shown("/v1/applications/ecs:prod/orders").await;
    assert_eq!(one["measures"][0]["points"].as_array().map(Vec::len), Some(1));
    let (status, problem) = api().get("/v1/applications/ecs:prod/nobody").await;
    assert_eq!(status, 404);
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("/v1/applications"))
    );

    let secret = api().shown("/v1/secrets//shop/db").await;
    let id = secret["rotations"][0]["id"].as_str().expect("an id");
    let rotation = api().shown(&format!("/v1/rotations/{id}")).await;
    assert_eq!(rotation["applications"].as_array().map(Vec::len), Some(2));
    let timeline = rotation["timeline"].as_array().expect("entries");
    let fails = timeline.iter().find(|entry| entry["what"] == "application-fails");
    let fails = fails.expect("an entry");
    assert_eq!(fails["text"], "ecs:prod/orders fails: 5xx 41/min, 0.5 before");
    assert_eq!(fails["sources"], json!(["cloudwatch"]));
}
