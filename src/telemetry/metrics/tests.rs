//! Names and help as `promtool check metrics` wants them, the cap, and what each method counts.

use std::collections::BTreeMap;

use machine::model::{Done, NoEffect, WriteKind};

use super::*;
use crate::telemetry::SecretReading;

/// Of so many secrets, two at most with series of their own.
fn reading(secrets: usize) -> Reading {
    let name = |i| format!("shop/{i:03}").into();
    let secret = |i| SecretReading {
        name: name(i),
        phase: "settled",
        last_look_age_seconds: 1.5,
    };
    Reading {
        ready: true,
        events_working: true,
        journal_bytes: 4096,
        secrets: (0..secrets.min(2)).map(secret).collect(),
        phases: BTreeMap::from([("settled", secrets)]),
        open_windows: (0..secrets.min(1)).map(|i| (name(i), 3.0)).collect(),
        consumers: BTreeMap::from([("fresh", 2), ("stale", 0)]),
        findings: BTreeMap::from([("critical", 1)]),
        findings_by_kind: BTreeMap::from([("rotation-failed", 1)]),
        finding_list: (0..secrets.min(1)).map(|_| finding("shop/000")).collect(),
        lowered: BTreeMap::from([("hold", 1)]),
        databases: BTreeMap::from([("available", 1)]),
        applications: BTreeMap::from([("failing", 1)]),
        last_list_age_seconds: 12.0,
        loop_age_seconds: 0.2,
    }
}

fn finding(secret: &str) -> FindingReading {
    FindingReading {
        kind: "rotation-failed",
        severity: "critical",
        secret: secret.to_owned(),
        consumer: String::new(),
    }
}

/// Metrics with every series there is.
fn used() -> Metrics {
    let metrics = Metrics::new(MetricsOptions { secret_series: 2 }).unwrap();
    metrics.rotation_ended(RotationResult::Completed);
    metrics.step_failed("testSecret");
    metrics.recovered("redeploy", "single-user", 9.5);
    metrics.danger_window(4.2);
    let done = Outcome::Done(Done::Written { began: None });
    metrics.remediation_ended(WriteKind::Redeploy, &done, 0.2);
    metrics.remediation_ended(WriteKind::Redeploy, &Outcome::NoEffect(NoEffect::Throttled), 0.1);
    metrics.would_remediate(Procedure::Redeploy);
    metrics.login(&LoginAnswer::Accepted);
    metrics.aws_call("secretsmanager", "DescribeSecret", "ok");
    metrics.loop_turn(0.002);
    metrics
}

#[test]
fn every_metric_follows_the_naming_rules_of_promtool() {
    let text = used().render(&reading(3)).unwrap();
    let types: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    for (name, kind) in &types {
        let ours = name.starts_with("rotation_watchdog_") || name.starts_with("process_");
        assert!(ours, "{name} has no prefix");
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} has no help text"
        );
        assert_eq!(*kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        for word in ["_gauge", "_counter", "_histogram", "_millis", "_minutes", "_kb"] {
            assert!(!name.contains(word), "{name} contains {word}");
        }
        for end in ["_count", "_sum", "_bucket"] {
            assert!(!name.ends_with(end), "{name} ends like a part of a histogram");
        }
        assert!(
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
        );
    }
    let ours = types
        .iter()
        .filter(|(name, _)| name.starts_with("rotation_watchdog_"));
    assert_eq!(ours.count(), 30, "{types:?}");
}

#[test]
fn secrets_beyond_the_cap_are_counted_not_shown() {
    let text = used().render(&reading(5)).unwrap();
    let series = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(series("rotation_watchdog_secret_phase{"), 2);
    assert_eq!(series("rotation_watchdog_last_look_age_seconds{"), 2);
    assert!(text.contains("rotation_watchdog_secrets_without_series 3\n"));
    assert!(text.contains("rotation_watchdog_secrets{phase=\"settled\"} 5\n"));
}

/// The one that the cap on series would hide may be the one that is open.
#[test]
fn an_open_window_is_shown_beyond_the_cap() {
    let mut reading = reading(5);
    reading.open_windows.push(("shop/004".into(), 7.0));
    let text = used().render(&reading).unwrap();
    let shown = "rotation_watchdog_danger_window_open_seconds{secret=\"shop/004\"} 7\n";
    assert!(text.contains(shown), "{text}");
}

#[test]
fn each_finding_says_what_it_is_about_and_the_rest_is_counted() {
    let mut reading = reading(0);
    reading.finding_list = (0..3).map(|i| finding(&format!("shop/{i:03}"))).collect();
    reading.findings = BTreeMap::from([("critical", 3), ("info", 4)]);
    let text = used().render(&reading).unwrap();
    let series = text
        .lines()
        .filter(|line| line.starts_with("rotation_watchdog_finding_info{"));
    assert_eq!(series.count(), 3);
    let worst = "rotation_watchdog_finding_info{consumer=\"\",kind=\"rotation-failed\",secret=\"shop/000\",severity=\"critical\"} 1\n";
    assert!(text.contains(worst), "{text}");
    assert!(
        text.contains("rotation_watchdog_findings_without_series 4\n"),
        "{text}"
    );
}

#[test]
fn what_the_loop_tells_is_counted() {
    let text = used().render(&reading(1)).unwrap();
    for line in [
        "rotation_watchdog_rotations_total{result=\"completed\"} 1",
        "rotation_watchdog_rotations_total{result=\"abandoned\"} 0",
        "rotation_watchdog_rotations_total{result=\"failed\"} 0",
        "rotation_watchdog_recovery_seconds_sum{method=\"redeploy\",strategy=\"single-user\"} 9.5",
        "rotation_watchdog_remediations_total{kind=\"redeploy\",outcome=\"done\"} 1",
        "rotation_watchdog_remediations_total{kind=\"redeploy\",outcome=\"throttled\"} 1",
        "rotation_watchdog_remediation_duration_seconds_count{kind=\"redeploy\"} 2",
        "rotation_watchdog_danger_window_seconds_sum 4.2",
        "rotation_watchdog_login_tests_total{result=\"accepted\"} 1",
        "rotation_watchdog_aws_calls_total{operation=\"DescribeSecret\",outcome=\"ok\",service=\"secretsmanager\"} 1",
        "rotation_watchdog_loop_lag_seconds_count 1",
        "rotation_watchdog_consumers{state=\"stale\"} 0",
        "rotation_watchdog_findings{severity=\"critical\"} 1",
        "rotation_watchdog_journal_bytes 4096",
        "rotation_watchdog_ready 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(text.contains("rotation_watchdog_build_info{commit=\""));
    assert!(text.contains("process_resident_memory_bytes"));
}

#[test]
fn gauges_of_what_is_gone_have_no_series() {
    let metrics = used();
    assert!(
        metrics
            .render(&reading(1))
            .unwrap()
            .contains("secret=\"shop/000\"")
    );
    assert!(
        !metrics
            .render(&reading(0))
            .unwrap()
            .contains("secret=\"shop/000\"")
    );
}
