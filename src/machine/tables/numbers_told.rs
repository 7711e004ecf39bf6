//! What people are told of numbers: who fails, since when, and what cannot be had.

use super::numbers::{MINUTE, exposed, of_orders, series};
use super::world::{Tale, arn, at};
use crate::findings::{Finding, Kind, Severity, of_numbers, of_secret};
use crate::model::{Measure, Number, NumbersSeen, SeriesTrouble};
use crate::numbers::{Health, failing, told};

/// `5xx 41/min, 0.3 before`, where the minute was recent when it was looked at; nothing where failures are as they were.
#[test]
fn an_application_fails_by_its_latest_minute_against_the_hour_before() {
    let fails = |before: &[Option<f64>], now: f64, looked: i64| {
        let mut tale = exposed();
        tale.compared(6, vec![series(Measure::Errors5xx, -240, before)]);
        tale.numbers(looked, vec![series(Measure::Errors5xx, 60, &[Some(now)])]);
        let taken = tale.state.numbers().get(&of_orders()).expect("measured");
        failing(&of_orders(), taken)
    };
    let quiet = [Some(0.5), Some(0.1)];
    assert_eq!(
        fails(&quiet, 41.0, 130).as_deref(),
        Some("ecs:prod/orders: 5xx 41/min, 0.3 before")
    );
    assert_eq!(fails(&quiet, 4.0, 130), None, "too few to mean anything");
    assert_eq!(fails(&[Some(30.0)], 41.0, 130), None, "as bad as before");
    assert_eq!(fails(&quiet, 41.0, 700), None, "too old");
    assert!(fails(&[], 41.0, 130).is_some(), "nothing to compare with");
}

#[test]
fn numbers_are_told_in_their_units() {
    let number = |value| Number::new(value).expect("finite");
    for (measure, value, text) in [
        (Measure::Errors5xx, 0.0, "5xx 0/min"),
        (Measure::Requests, 1_234.4, "requests 1234/min"),
        (Measure::LatencyP99, 0.35, "latency-p99 350 ms"),
        (Measure::LatencyP99, 2.5, "latency-p99 2.5 s"),
        (Measure::Cpu, 41.2, "cpu 41 %"),
        (Measure::Connections, 7.5, "connections 7.5"),
    ] {
        assert_eq!(told(&measure, number(value), None), text);
    }
}

#[test]
fn numbers_strengthen_a_finding_and_cause_nothing() {
    let mut tale = exposed();
    let texts = |tale: &Tale| {
        let judgement = tale.judge(90);
        assert!(judgement.wants.is_empty());
        let found = of_secret(&tale.state, &arn("db"), &judgement, &tale.settings, at(90));
        let window = found
            .into_iter()
            .find(|finding| finding.kind == Kind::DangerWindowOpen);
        window.expect("open for long").text
    };
    assert!(!texts(&tale).contains("applications fail"));
    tale.numbers(70, vec![series(Measure::Errors5xx, 60, &[Some(41.0)])]);
    let text = texts(&tale);
    assert!(
        text.ends_with("; applications fail: ecs:prod/orders: 5xx 41/min"),
        "{text}"
    );
}

/// What begins and ends in a timeline: a minute that is missing does neither.
#[test]
fn a_spell_of_failures_has_its_worst_minute_and_its_end() {
    let mut tale = exposed();
    let minutes = [
        Some(0.0),
        Some(20.0),
        None,
        Some(44.0),
        Some(31.0),
        Some(0.0),
        Some(9.0),
    ];
    tale.numbers(500, vec![series(Measure::Errors5xx, 0, &minutes)]);
    let taken = tale.state.numbers().get(&of_orders()).expect("measured");
    let spells = taken.series[&Measure::Errors5xx].spells();
    let told = spells.iter().map(|spell| {
        let over = spell.over.map(|over| over.minute);
        (spell.first.minute, spell.worst.value.get(), over)
    });
    let minute = |n: i64| at(n * MINUTE);
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(minute(1), 44.0, Some(minute(5))), (minute(6), 9.0, None)]
    );
    assert_eq!(taken.health(), Health::Failing);
    tale.numbers(900, vec![series(Measure::Errors5xx, 7 * MINUTE, &[Some(1.0)])]);
    let taken = tale.state.numbers().get(&of_orders()).expect("measured");
    assert_eq!(taken.health(), Health::Well);
    tale.numbers(1_900, Vec::new());
    let taken = tale.state.numbers().get(&of_orders()).expect("measured");
    assert_eq!(taken.health(), Health::Unknown, "nothing recent");
}

/// A name that is mistyped is answered without points, as one that nothing was reported of.
#[test]
fn a_metric_of_the_configuration_without_any_point_is_told() {
    let mut tale = exposed();
    let own = || Measure::Own("lost_orders".into());
    let nothing = || vec![series(own(), 0, &[None])];
    tale.numbers(6, nothing());
    assert_eq!(
        of_numbers(&tale.state),
        [],
        "the hours before were not asked for yet"
    );
    tale.compared(7, nothing());
    let found = of_numbers(&tale.state);
    assert!(
        found[0]
            .text
            .contains("lost_orders (CloudWatch has no point of it"),
        "{found:?}"
    );
    tale.numbers(70, vec![series(own(), 0, &[Some(1.0)])]);
    assert_eq!(of_numbers(&tale.state), []);
}

#[test]
fn a_measure_that_cannot_be_read_is_a_finding_of_its_application() {
    let found = unmeasured();
    let [finding] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (finding.kind, finding.severity),
        (Kind::Unmeasured, Severity::Info)
    );
    assert_eq!(finding.subject.to_string(), "application ecs:prod/orders");
    assert!(
        finding.text.contains("lost_orders (no such function: SUMM)"),
        "{}",
        finding.text
    );
}

/// An expression of the configuration that CloudWatch does not take.
pub(super) fn unmeasured() -> Vec<Finding> {
    let mut tale = exposed();
    let trouble = SeriesTrouble {
        measure: Measure::Own("lost_orders".into()),
        why: "no such function: SUMM".to_owned(),
    };
    tale.numbers_seen(
        6,
        NumbersSeen {
            troubles: vec![trouble],
            ..NumbersSeen::default()
        },
    );
    of_numbers(&tale.state)
}
