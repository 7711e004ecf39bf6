//! Events: a rotation is seen by its events alone, and without them by polling.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::*;
use crate::support::daemon::program;
use crate::support::http;

/// Nothing is polled but what a start looks at.
const SELDOM: &str = "sweep = \"1h\"\nannounced = \"1h\"\nidle = \"1h\"\n";
const OFTEN: &str = "sweep = \"1s\"\nannounced = \"500ms\"\n";

fn home(shop: &Shop, queue: &str) -> Home {
    let rules = format!(
        "[[secrets.rules]]\nall = true\nlogin = {{ test = true, tls = \"none\" }}\n\
         [remediation]\nmode = \"act\"\nverify_for = \"2s\"\n\
         [events]\nqueue_url = \"{queue}\"\n[cadence]\nconsumer = \"500ms\"\n{SELDOM}"
    );
    Home::new(&shop.standin, &rules)
}

fn event(kind: &str, resources: &[&str], detail: &Value) -> Value {
    json!({"source": "aws.secretsmanager", "detail-type": kind, "account": "123456789012", "region": "eu-west-1",
        "time": "2026-11-30T03:00:10Z", "resources": resources, "detail": detail})
}

fn started(secret: &str) -> Value {
    let detail = json!({"eventName": "RotationStarted", "additionalEventData": {"SecretId": secret}});
    event("AWS Service Event via CloudTrail", &[], &detail)
}

fn moved(secret: &str) -> Value {
    let detail = json!({"labelUpdated": "AWSCURRENT"});
    event("Secret Label Updated", &[secret], &detail)
}

/// A whole rotation, of which nothing is told until AWSCURRENT has moved.
fn rotate(shop: &Shop, database: &Database, n: u32) {
    let version = shop.create(database, n);
    shop.set(database, &version, n);
    shop.step(database, &version, "test", None);
    shop.step(database, &version, "finish", None);
}

fn metric(daemon: &Daemon<'_>, series: &str) -> Option<f64> {
    let (_, text) = http::ask(&daemon.home.address, "GET", "/metrics", "").ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("rotation_watchdog_{series} ")))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn until_served(shop: &Shop, daemon: &Daemon<'_>, services: &[&str], times: usize) {
    daemon.until(&format!("redeploys of {services:?}"), || {
        let served = |service: &&&str| shop.written("UpdateService", service).len() == times;
        (services.iter().filter(served).count() == services.len()).then_some(())
    });
}

#[test]
fn a_rotation_is_seen_by_its_events_and_without_them_by_polling() {
    let shop = Shop::open();
    let queue = shop.standin.events();
    let home = home(&shop, &queue);
    let daemon = home.start();
    daemon.until_ready();
    let working = |daemon: &Daemon<'_>| {
        daemon
            .get("/v1/status")
            .map(|status| status["events"]["working"].clone())
    };
    assert_eq!(working(&daemon), Some(json!(false)), "no heartbeat came");
    shop.standin.heartbeat();
    daemon.until("events", || (working(&daemon)? == true).then_some(()));

    // Somebody floods the queue; what is forged about the other secret makes looks due, and no more.
    shop.standin
        .post("event", &json!({"message": "nobody's", "times": 300}));
    shop.standin.event(&moved(&shop.postgres.secret));
    rotate(&shop, &shop.mysql, 2);
    shop.standin.event(&started(&shop.mysql.secret));
    shop.standin.event(&moved(&shop.mysql.secret));
    until_served(&shop, &daemon, &["orders", "checkout"], 1);
    daemon.until_phase(shop.mysql.name, &["verifying", "watching"]);
    assert!(
        shop.written("UpdateService", "invoices").is_empty(),
        "{:#?}",
        shop.standin.writes()
    );
    assert_eq!(metric(&daemon, "events_total{kind=\"label-moved\"}"), Some(2.0));
    assert_eq!(
        metric(&daemon, "events_total{kind=\"rotation-started\"}"),
        Some(1.0)
    );
    assert_eq!(metric(&daemon, "events_working"), Some(1.0));
    // What was read goes; what is no event of ours is left to the dead-letter queue.
    daemon.until("the messages deleted", || {
        (shop.standin.get("messages") == json!({"queue": 300, "unread": 0})).then_some(())
    });

    assert_missed_by_nobody_without_it(&shop, &home, daemon);
}

/// The queue is gone: it is told, and a start that polls misses nothing.
fn assert_missed_by_nobody_without_it(shop: &Shop, home: &Home, daemon: Daemon<'_>) {
    shop.standin.post("lost-queue", &json!({}));
    daemon.until("the queue missed", || {
        let findings = daemon.get("/v1/findings")?;
        findings.to_string().contains("queue of events").then_some(())
    });
    daemon.kill();
    let config = fs::read_to_string(home.config())
        .expect("written")
        .replace(SELDOM, OFTEN);
    fs::write(home.config(), config).expect("written");
    let daemon = home.start();
    daemon.until_ready();
    rotate(shop, &shop.postgres, 3);
    until_served(shop, &daemon, &["invoices"], 1);
    assert_eq!(
        shop.written("UpdateService", "orders").len(),
        1,
        "{:#?}",
        shop.standin.writes()
    );
    assert!(daemon.terminate().success());
    assert!(!home.log_text().contains(MARKER), "a password is in the log");
}

/// A message whose facts are not durable yet comes again.
#[test]
fn a_kill_before_the_deletion_loses_nothing() {
    let shop = Shop::open();
    let queue = shop.standin.events();
    let home = home(&shop, &queue);
    // The first call that deletes is the last one of this life.
    let daemon = home.start();
    daemon.until_ready();
    shop.standin.post(
        "fault",
        &json!({"service": "sqs", "operation": "DeleteMessageBatch", "kind": "cut", "times": 100}),
    );
    rotate(&shop, &shop.mysql, 2);
    shop.standin.event(&moved(&shop.mysql.secret));
    daemon.until("the event taken in", || {
        metric(&daemon, "events_total{kind=\"label-moved\"}").filter(|count| *count >= 1.0)
    });
    daemon.kill();
    assert_eq!(
        shop.standin.get("messages")["queue"],
        json!(1),
        "it was not deleted"
    );
    shop.standin.delete("fault");
    let daemon = home.start();
    daemon.until_ready();
    until_served(&shop, &daemon, &["orders", "checkout"], 1);
    assert!(daemon.terminate().success());
}

/// The rules of `deploy/events`, with AWS's example events.
#[test]
fn the_rules_send_what_is_read_and_nothing_else() {
    let standin = Standin::start();
    standin.events();
    let rows: Value = serde_json::from_str(include_str!("../corpus/events.json")).expect("rows");
    for row in rows.as_array().expect("a list") {
        let sent = standin.post("event", &json!({"event": row["event"]}));
        // The heartbeat comes by a schedule. One rule has tasks and deployments, so it sends tasks of no service too.
        let is_wanted =
            !row["means"].as_array().expect("a list").is_empty() && row["name"] != "the heartbeat";
        let is_wanted = is_wanted || row["name"] == "a task of no service";
        assert_eq!(sent["sent"], json!(usize::from(is_wanted)), "{row}");
    }
}

/// Runs `check-events`, and sends the event that it asks for. What it prints, and whether it succeeded.
fn check(standin: &Standin, home: &Home) -> (String, bool) {
    let mut command = program();
    command
        .args(["check-events", "--wait", "60", "--config"])
        .arg(home.config());
    command.arg("--url").arg(format!("http://{}", home.address));
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program");
    let mut told = String::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line.expect("text");
        if let Some((_, id)) = line.split_once(r#"\"id\":\""#) {
            let id = id.split('\\').next().expect("an id");
            standin.event(
                &json!({"source": "rotation-watchdog.check", "detail-type": "check", "detail": {"id": id}}),
            );
        }
        told += &line;
        told.push('\n');
    }
    (told, child.wait().expect("ended").success())
}

#[test]
fn check_events_says_whether_one_came() {
    let shop = Shop::open();
    let queue = shop.standin.events();
    let home = home(&shop, &queue);
    let (told, succeeded) = check(&shop.standin, &home);
    assert!(succeeded && told.contains("read by    this command"), "{told}");
    assert!(told.contains("with a dead-letter queue"), "{told}");
    let daemon = home.start();
    daemon.until_ready();
    let (told, succeeded) = check(&shop.standin, &home);
    assert!(succeeded && told.contains("read by    the watchdog"), "{told}");
    assert!(
        told.contains("none came yet") && told.contains("so far     test 1"),
        "{told}"
    );
    assert!(told.contains("s after the queue got it"), "{told}");
}
