//! What Prometheus reads, checked by Prometheus's own tool.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use machine::model::{Done, LoginAnswer, Outcome, WriteKind};
use rotation_watchdog::telemetry::{
    FindingReading, Metrics, MetricsOptions, Reading, RotationResult, SecretReading,
};

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics() {
    promtool(&["check", "metrics"], &everything_shown());
}

/// `/metrics` with every metric there is.
pub(super) fn everything_shown() -> String {
    let metrics = Metrics::new(MetricsOptions { secret_series: 2 }).unwrap();
    metrics.rotation_ended(RotationResult::Completed);
    metrics.danger_window(4.2);
    metrics.remediation_ended(
        WriteKind::Redeploy,
        &Outcome::Done(Done::Written { began: None }),
        0.2,
    );
    metrics.login(&LoginAnswer::Accepted);
    metrics.aws_call("secretsmanager", "DescribeSecret", "ok");
    metrics.loop_turn(0.002);
    let secret = SecretReading {
        name: "shop/db".into(),
        phase: "settled",
        last_look_age_seconds: 1.5,
    };
    let finding = FindingReading {
        kind: "beyond-us",
        severity: "critical",
        secret: "shop/db".to_owned(),
        consumer: "ecs:prod/orders".to_owned(),
    };
    let reading = Reading {
        phases: [("settled", 1)].into(),
        open_windows: vec![("shop/db".into(), 3.0)],
        events_working: true,
        ready: true,
        journal_bytes: 4096,
        secrets: vec![secret],
        consumers: BTreeMap::from([("fresh", 2)]),
        findings: BTreeMap::from([("critical", 1)]),
        findings_by_kind: BTreeMap::from([("rotation-failed", 1)]),
        finding_list: vec![finding],
        lowered: BTreeMap::from([("hold", 1)]),
        databases: [("available", 1)].into(),
        applications: [("failing", 1)].into(),
        last_list_age_seconds: 12.0,
        loop_age_seconds: 0.2,
    };
    metrics.render(&reading).unwrap()
}

#[test]
fn promtool_takes_the_scrape_configuration() {
    promtool(&["check", "config", "deploy/prometheus/scrape.yml"], "");
}

pub(super) fn promtool(arguments: &[&str], input: &str) {
    let mut process = Command::new("promtool")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool, of Debian's package `prometheus`: scripts/test install");
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{arguments:?}: {}", said.concat());
}
