//! The program as its operators meet it when something is wrong.

mod journal;

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::daemon::{Daemon, Home, program, run};
use crate::support::standin::Standin;

const RULE: &str = "[[secrets.rules]]\nall = true\n";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn fails(output: &Output, code: i32, expected: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in expected {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn a_configuration_with_problems_starts_nothing() {
    let standin = Standin::start();
    let home = Home::new(&standin, "[cadence]\nsweep = 5\n");
    fails(
        &home.run(),
        2,
        &[
            "cadence.sweep = 5",
            "there is no rule",
            "2 problems; nothing was started",
        ],
    );
    assert!(!home.journal().exists());
    let missing = program()
        .args(["run", "--config", "/nowhere.toml"])
        .output()
        .expect("the program");
    fails(&missing, 2, &["/nowhere.toml", "config/watchdog.toml"]);
    let none = run(program().arg("run"));
    fails(&none, 2, &["--config <FILE>"]);
}

#[test]
fn check_config_tells_rules_and_origins() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/watchdog.toml");
    let mut command = program();
    let output = command
        .args(["check-config", file, "--show"])
        .env("ROTATION_WATCHDOG_CADENCE__SWEEP", "5m")
        .output();
    let shown = String::from_utf8_lossy(&output.expect("the program").stdout).into_owned();
    assert!(
        shown.contains("cadence.sweep = \"5m\"  # ROTATION_WATCHDOG_CADENCE__SWEEP"),
        "{shown}"
    );
    assert!(
        shown.contains("cadence.idle = \"1h\"  # ") && shown.contains("watchdog.toml:"),
        "{shown}"
    );
    let output = program()
        .args(["check-config", file, "--secret", "shop/mysql"])
        .output()
        .expect("the program");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("rule 1 (all with rotation on)"), "{shown}");
}

/// As `run` does, and as the image sets it.
#[test]
fn f13_check_config_reads_the_variable_that_run_reads() {
    let standin = Standin::start();
    let home = Home::new(&standin, RULE);
    let output = program()
        .args(["check-config", "--show"])
        .env("ROTATION_WATCHDOG_CONFIG", home.config())
        .output()
        .expect("the program");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let journal = format!("# the journal is {}", home.journal().display());
    assert!(shown.contains(&journal), "{shown}");
    let none = program().arg("check-config").output().expect("the program");
    fails(&none, 2, &["<FILE>"]);
}

/// A relative path is taken from the folder that the process was started in: a start elsewhere begins a new journal.
#[test]
fn g14_a_journal_that_is_begun_anew_is_told_with_its_whole_path() {
    let standin = Standin::start();
    standin.secret("shop/mysql", &json!({}));
    let home = Home::new(&standin, RULE);
    let daemon = home.start();
    daemon.until_ready();
    let status = daemon.get("/v1/status").expect("the status");
    let path = home.journal().display().to_string();
    assert_eq!(status["journal"], json!({"path": path, "is_new": true}));
    assert!(daemon.terminate().success());
    let told = home.log_text();
    assert!(
        told.contains("there was no journal") && told.contains(&path),
        "{told}"
    );
    let daemon = home.start();
    daemon.until_ready();
    let status = daemon.get("/v1/status").expect("the status");
    assert_eq!(status["journal"]["is_new"], false);
    assert_eq!(home.log_text().matches("there was no journal").count(), 1);
    assert!(!home.log_text().contains("holds nothing"));
    assert!(daemon.terminate().success());
    let connection = rusqlite::Connection::open(home.journal()).expect("the file");
    connection.execute_batch("DELETE FROM facts").expect("emptied");
    connection.close().expect("closed");
    let daemon = home.start();
    daemon.until_ready();
    let status = daemon.get("/v1/status").expect("the status");
    assert_eq!(status["journal"]["is_new"], true, "nothing is in it");
    assert!(
        home.log_text()
            .contains("the journal was there and holds nothing")
    );
}

#[test]
fn without_region_or_credentials_the_start_says_what_was_tried() {
    let standin = Standin::start();
    let home = Home::new(&standin, RULE);
    let mut bare = program();
    bare.args(["run", "--config"])
        .arg(home.config())
        .env_remove("AWS_ACCESS_KEY_ID");
    fails(&run(&mut bare), 1, &["no AWS credentials", "AWS_PROFILE"]);
    let text = fs::read_to_string(home.config())
        .expect("the file")
        .replace("region = \"eu-west-1\"\n", "");
    fs::write(home.config(), text).expect("written");
    fails(&home.run(), 1, &["no AWS region", "aws.region", "AWS_REGION"]);
}

#[test]
fn a_taken_port_is_named_with_a_way_to_find_who_holds_it() {
    let standin = Standin::start();
    let home = Home::new(&standin, RULE);
    let _taken = TcpListener::bind(&home.address).expect("free");
    let port = home.address.rsplit(':').next().expect("a port");
    fails(
        &home.run(),
        1,
        &[&home.address, "is taken", &format!("sport = :{port}")],
    );
}

#[test]
fn a_journal_is_one_processs_and_never_silently_replaced() {
    let standin = Standin::start();
    let home = Home::new(&standin, RULE);
    let daemon = home.start();
    daemon.until_ready();
    fails(&home.run(), 1, &["journal"]);
    assert!(daemon.terminate().success());
    fs::write(home.journal(), b"SQLite format 3\0 and then nonsense").expect("written");
    fails(&home.run(), 1, &["damaged", "journal.sqlite", "baseline"]);
}

#[test]
fn an_aws_that_answers_nonsense_is_waited_for() {
    let standin = Standin::start();
    let nonsense = json!({"operation": "ListSecrets", "kind": "html", "times": null});
    standin.post("fault", &nonsense);
    let home = Home::new(
        &standin,
        &format!("{RULE}[cadence]\nsweep = \"500ms\"\nfailure = \"100ms\"\n"),
    );
    let daemon = home.start();
    daemon.until("a reason not to be ready", || {
        home.unwell("the first list of secrets")
    });
    standin.delete("fault");
    daemon.until_ready();
    standin.post("fault", &nonsense);
    daemon.until("not ready any more", || home.unwell("a list of secrets"));
    standin.delete("fault");
    daemon.until_ready();
    assert!(standin.writes().is_empty());
}

#[test]
fn a_denied_call_is_a_finding_and_all_else_goes_on() {
    let standin = Standin::start();
    standin.secret("shop/mysql", &json!({}));
    standin.post(
        "fault",
        &json!({"operation": "ListFunctions", "kind": "denied", "times": 1_000}),
    );
    let home = Home::new(&standin, RULE);
    let daemon = home.start();
    daemon.until_ready();
    let findings = daemon.until("the finding", || {
        let text = daemon.get("/v1/findings")?.to_string();
        text.contains("lambda:ListFunctions").then_some(text)
    });
    assert!(findings.contains("lambda:ListFunctions"));
}

/// Neither by the log nor by the API, however the process ended; and what is over is over after a restart, too.
#[test]
fn a_restart_tells_nobody_twice() {
    let standin = Standin::start();
    standin.secret("shop/mysql", &json!({}));
    let denied = json!({"operation": "ListFunctions", "kind": "denied", "times": null});
    standin.post("fault", &denied);
    let home = Home::new(&standin, &format!("{RULE}[cadence]\nfailure = \"500ms\"\n"));
    let denial = |daemon: &Daemon<'_>, state: &str| -> Option<Value> {
        let findings = daemon.get(&format!("/v1/findings?state={state}"))?;
        let mut all = findings["items"].as_array()?.iter();
        let is_it = |finding: &&Value| finding["remedy"] == "allow lambda:ListFunctions on *";
        all.find(is_it).cloned()
    };
    let daemon = home.start();
    let told = daemon.until("the finding", || denial(&daemon, "open"));
    assert_eq!(told["state"], "open");
    daemon.kill();
    let daemon = home.start();
    daemon.until("the same finding", || {
        let again = denial(&daemon, "open")?;
        let is_same = ["id", "since", "changed"]
            .iter()
            .all(|key| again[key] == told[key]);
        (again["state"] == "open" && is_same).then_some(())
    });
    let id = told["id"].as_str().expect("an id");
    assert_eq!(home.log_text().matches(id).count(), 1, "{}", home.log_text());
    standin.delete("fault");
    let ended = daemon.until("its end", || denial(&daemon, "ended"));
    assert!(ended["ended"].as_str() > ended["since"].as_str(), "{ended:#}");
    assert!(daemon.terminate().success());
    let daemon = home.start();
    daemon.until_ready();
    // In its words numbers may have gone on since they were journalled.
    let again = denial(&daemon, "ended").expect("what is over");
    for key in ["id", "kind", "since", "ended", "remedy"] {
        assert_eq!(again[key], ended[key], "{key}");
    }
    assert_eq!(denial(&daemon, "open"), None);
    assert_eq!(home.log_text().matches(id).count(), 2, "{}", home.log_text());
}

#[test]
fn a_watchdog_that_does_not_run_is_told_by_status_and_health() {
    for command in ["status", "health"] {
        let output = program()
            .args([command, "--url", "http://127.0.0.1:1"])
            .output()
            .expect("the program");
        assert_eq!(output.status.code(), Some(1));
        let told = said(&output) + &String::from_utf8_lossy(&output.stdout);
        assert!(
            told.contains("127.0.0.1:1") && told.contains("is it running"),
            "{told}"
        );
    }
}

impl Home {
    /// Whether `health` is not well, and says so.
    fn unwell(&self, why: &str) -> Option<()> {
        let mut command: Command = program();
        let output = command
            .args(["health", "--url"])
            .arg(format!("http://{}", self.address))
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code() == Some(1) && said.contains(why)).then_some(())
    }
}
