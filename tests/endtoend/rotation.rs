use std::sync::Arc;

use serde_json::json;

use super::applications::Applications;
use super::*;

/// Steps that every complete timeline has, in their order.
const STEPS: [&str; 5] = [
    "started",
    "createSecret",
    "setSecret",
    "testSecret",
    "finishSecret",
];

#[test]
fn rotations_are_seen_served_once_and_proven_across_a_kill() {
    let shop = Arc::new(Shop::open());
    let home = shop.home("act");
    let daemon = home.start();
    daemon.until_ready();
    let applications = Applications::start(&shop);

    let first = rotate(&shop, &daemon, &shop.mysql, 2);
    daemon.until_phase(shop.mysql.name, &["verifying", "watching"]);
    assert_served(&shop, &["orders", "checkout"], first.finished);
    assert_eq!(shop.written("UpdateFunctionConfiguration", "mailer").len(), 1);
    assert_proven(&daemon, &first.rotation);

    // The second one is cut in the middle of its remediations.
    let second = rotate(&shop, &daemon, &shop.postgres, 3);
    daemon.until("a function at concurrency 0", || {
        (shop.standin.reserved("receipts") == Some(0)).then_some(())
    });
    daemon.kill();
    let daemon = home.start();
    daemon.until_ready();
    daemon.until_phase(shop.postgres.name, &["verifying", "watching"]);
    assert_eq!(
        shop.written("UpdateService", "orders").len(),
        1,
        "{:#?}",
        shop.standin.writes()
    );
    assert_eq!(
        shop.written("UpdateService", "checkout").len(),
        2,
        "{:#?}",
        shop.standin.writes()
    );
    assert_served(&shop, &["invoices"], second.finished);
    assert_functions_as_before(&shop);
    assert_proven(&daemon, &second.rotation);

    let logins = applications.end();
    for (service, logins) in &logins {
        assert_eq!(logins.last, Some(true), "{service} did not recover: {logins:?}");
        assert!(
            logins.refused > 0,
            "{service} never noticed a rotation: {logins:?}"
        );
    }
    assert!(daemon.terminate().success());
    assert!(!home.log_text().contains(MARKER), "a password is in the log");
    assert!(
        !std::fs::read(home.journal())
            .expect("the journal")
            .windows(MARKER.len())
            .any(|at| at == MARKER.as_bytes())
    );
}

pub(super) struct Played {
    pub(super) rotation: String,
    finished: f64,
}

/// Plays the rotation Lambda, and sees the daemon see each step.
pub(super) fn rotate(shop: &Shop, daemon: &Daemon<'_>, database: &Database, n: u32) -> Played {
    let writes = shop.standin.writes().len();
    let version = shop.create(database, n);
    daemon.until_phase(database.name, &["created"]);
    shop.set(database, &version, n);
    daemon.until_phase(database.name, &["exposed"]);
    shop.step(database, &version, "test", None);
    daemon.until_phase(database.name, &["tested"]);
    assert_eq!(shop.standin.writes().len(), writes, "written before finishSecret");
    let finished = now();
    shop.step(database, &version, "finish", None);
    let rotation = daemon.until_phase(database.name, &["propagating", "verifying", "watching"]);
    Played { rotation, finished }
}

#[expect(clippy::disallowed_methods, reason = "the stand-in tells real times")]
fn now() -> f64 {
    jiff::Timestamp::now().as_duration().as_secs_f64()
}

/// One redeploy each for this rotation, after its end and after the margin.
fn assert_served(shop: &Shop, services: &[&str], finished: f64) {
    for service in services {
        let after: Vec<Call> = shop
            .written("UpdateService", service)
            .into_iter()
            .filter(|call| call.at >= finished)
            .collect();
        assert_eq!(after.len(), 1, "{service}: {:#?}", shop.standin.writes());
        assert!(
            after[0].at >= finished + 1.0,
            "{service} was redeployed before the margin"
        );
    }
}

fn assert_functions_as_before(shop: &Shop) {
    for (name, database) in [("mailer", &shop.mysql), ("receipts", &shop.postgres)] {
        let described = shop.standin.described_function(name);
        let variables = &described["Configuration"]["Environment"]["Variables"];
        assert_eq!(variables["MODE"], json!("fast"), "{described:#}");
        assert_eq!(
            variables["DATABASE_SECRET"],
            json!(database.secret),
            "{described:#}"
        );
        let tags = described["Tags"].as_object();
        assert!(tags.is_none_or(serde_json::Map::is_empty), "{described:#}");
    }
    assert_eq!(shop.standin.reserved("receipts"), Some(7));
    assert_eq!(shop.standin.reserved("mailer"), None);
}

pub(super) fn assert_proven(daemon: &Daemon<'_>, rotation: &str) {
    let view = daemon
        .get(&format!("/v1/rotations/{rotation}"))
        .expect("the rotation");
    assert_eq!(view["works"]["verdict"], json!("login"), "{view:#}");
    assert_eq!(view["danger_window"]["open"], json!(false), "{view:#}");
    let steps: Vec<String> = timeline(daemon, rotation)
        .into_iter()
        .filter(|what| STEPS.contains(&what.as_str()))
        .collect();
    assert_eq!(steps, STEPS, "{view:#}");
}
