use super::*;
use crate::support::daemon::program;
use crate::support::http;

#[test]
fn observing_sees_everything_and_writes_nothing() {
    let shop = Shop::open();
    let home = shop.home("observe");
    let daemon = home.start();
    daemon.until_ready();
    let rested = daemon.until("what the next rotation would do", || {
        let view = daemon.get("/v1/secrets/shop%2Fmysql")?;
        let next = view["next_rotation_would"].as_array()?.clone();
        let known = next.iter().all(|outlook| outlook["next"] != "unknown");
        (next.len() == 3 && known).then_some(next)
    });
    let version = shop.create(&shop.mysql, 2);
    shop.set(&shop.mysql, &version, 2);
    daemon.until_phase(shop.mysql.name, &["exposed"]);
    shop.step(&shop.mysql, &version, "test", None);
    shop.step(&shop.mysql, &version, "finish", None);
    daemon.until_phase(shop.mysql.name, &["propagating"]);
    let wanted = daemon.until("what it would do", || {
        let view = daemon.get("/v1/secrets/shop%2Fmysql")?;
        let standings = view["consumer_standings"].as_array()?.clone();
        let wants = standings
            .iter()
            .filter(|standing| !standing["wants"].is_null())
            .count();
        let told = standings
            .iter()
            .all(|standing| standing["waits_for"].to_string().contains("observe"));
        (wants == 3 && told).then_some(standings)
    });
    assert_eq!(wanted.len(), 3);
    for (said, wanted) in rested.iter().zip(&wanted) {
        assert_eq!(said["consumer"], wanted["consumer"]);
        let method = wanted["wants"]
            .as_str()
            .expect("text")
            .replace("update-environment", "config-update");
        assert_eq!(said["next"], method.as_str(), "G9: what was said at rest");
    }
    assert_remembered(daemon, &home);
    assert!(shop.standin.writes().is_empty(), "{:#?}", shop.standin.writes());
}

/// G10: what would have been done is a fact of the rotation, over a restart and in the journal.
fn assert_remembered(daemon: Daemon<'_>, home: &Home) {
    let told = |daemon: &Daemon<'_>| {
        let rotation = daemon.get("/v1/secrets/shop%2Fmysql")?["rotation"]
            .as_str()?
            .to_owned();
        let view = daemon.get(&format!("/v1/rotations/{rotation}"))?;
        let timeline = view["timeline"].as_array()?;
        let would = timeline.iter().filter(|entry| entry["what"] == "would-remediate");
        (view["would_remediate"] == 3).then(|| would.count())
    };
    assert_eq!(daemon.until("three facts", || told(&daemon)), 3);
    let metrics = http::ask(&daemon.home.address, "GET", "/metrics", "")
        .expect("metrics")
        .1;
    assert!(
        metrics.contains("rotation_watchdog_would_remediate_total{method=\"redeploy\"} 2"),
        "{metrics}"
    );
    assert!(daemon.terminate().success());
    let again = home.start();
    again.until_ready();
    assert_eq!(again.until("the same after a restart", || told(&again)), 3);
    let replayed = program()
        .arg("replay")
        .arg(home.journal())
        .output()
        .expect("the program");
    let story = String::from_utf8_lossy(&replayed.stdout).into_owned();
    assert_eq!(story.matches("would have been done").count(), 3, "{story}");
}
