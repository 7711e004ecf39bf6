//! Numbers of applications and databases: what is measured when, what it is compared with, and what people are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rds::instance;
use super::world::{Tale, arn, at};
use crate::facts::Touched;
use crate::looks::secret_looks;
use crate::model::{
    ConsumerId, Event, Evidence, Look, LookFailure, LookKey, Measure, Measured, Number, NumbersSeen, Point,
    RdsId, SeriesSeen, Step,
};
use crate::numbers::wanted;
use crate::policy::Applications;

pub(super) const MINUTE: i64 = 60;

fn orders() -> ConsumerId {
    ConsumerId::service("prod", "orders")
}

pub(super) fn of_orders() -> Measured {
    Measured::Application("ecs:prod/orders".into())
}

/// One point a minute from then on; `None` is missing.
pub(super) fn series(measure: Measure, from: i64, values: &[Option<f64>]) -> SeriesSeen {
    let points = (0..).zip(values).filter_map(|(n, value)| {
        Some(Point {
            minute: at(from + n * MINUTE),
            value: Number::new((*value)?)?,
        })
    });
    let points = points.collect();
    SeriesSeen { measure, points }
}

impl Tale {
    /// As the loop does: what is measured follows from what is judged.
    pub(super) fn measured(&mut self, second: i64) -> &mut Self {
        let judgement = self.judge(second);
        let wanted = wanted(&self.state, &arn("db"), &judgement, &self.settings);
        self.state.measure_for(&arn("db"), wanted);
        self
    }

    pub(super) fn numbers(&mut self, second: i64, series: Vec<SeriesSeen>) -> &mut Self {
        self.numbers_seen(
            second,
            NumbersSeen {
                series,
                ..NumbersSeen::default()
            },
        )
    }

    /// The first look, with what there was in the hour before.
    pub(super) fn compared(&mut self, second: i64, before: Vec<SeriesSeen>) -> &mut Self {
        let seen = NumbersSeen {
            earlier: Some([before, Vec::new(), Vec::new()]),
            ..NumbersSeen::default()
        };
        self.numbers_seen(second, seen)
    }

    pub(super) fn numbers_seen(&mut self, second: i64, seen: NumbersSeen) -> &mut Self {
        let measured = of_orders();
        self.see(second, Evidence::Numbers { measured, seen });
        self
    }

    fn asked(&self, second: i64) -> Option<jiff::Timestamp> {
        let judgement = self.judge(second);
        let looks = secret_looks(
            &self.state,
            &arn("db"),
            &judgement,
            &self.policy,
            &self.settings,
            at(second),
        );
        looks.get(&LookKey::Numbers(of_orders())).copied()
    }
}

/// setSecret is done since second 2.
pub(super) fn exposed() -> Tale {
    let mut tale = Tale::with_lambda();
    tale.labels(-10, "a").uses(&orders(), &["db"]);
    tale.labels(0, "a b").valued(1, &["b"]).line(2, Step::SetSecret);
    tale.measured(5);
    tale
}

#[test]
fn an_application_is_measured_from_a_rotations_start_to_the_end_of_its_watch() {
    let mut tale = Tale::with_lambda();
    tale.labels(-10, "a").uses(&orders(), &["db"]).measured(-1);
    assert_eq!(tale.asked(-1), None, "at rest");
    let mut tale = exposed();
    assert_eq!(tale.asked(5), Some(at(5)), "from its start on");
    tale.numbers(5, Vec::new());
    assert_eq!(tale.asked(6), Some(at(65)), "every minute");
    tale.labels(10, "b - a").login(11, "b", true).measured(11);
    let promoted = 10;
    let day = 24 * 60 * 60;
    for (second, every) in [
        (promoted + 200, 60),
        (promoted + 400, 300),
        (promoted + 4_000, 3_600),
    ] {
        tale.service(second - 1, &orders(), super::world::service(&[30]));
        tale.measured(second).numbers(second, Vec::new());
        assert_eq!(tale.asked(second + 1), Some(at(second + every)), "{second}");
    }
    tale.measured(promoted + day + 100);
    assert_eq!(tale.asked(promoted + day + 100), None, "its watch is over");
}

#[test]
fn nothing_is_measured_where_a_person_wants_no_numbers() {
    let mut tale = exposed();
    tale.settings.numbers = false;
    tale.measured(6);
    assert!(tale.state.numbers().iter().next().is_none());
}

#[test]
fn a_group_is_one_application_and_a_database_is_measured_beside_it() {
    let mut tale = exposed();
    let group: Arc<str> = "shop".into();
    tale.settings.applications = Arc::new(Applications {
        groups: BTreeMap::from([(orders(), group)]),
        named: BTreeMap::new(),
    });
    tale.rds(-8, instance("available"));
    tale.login_to(Some(super::databases::database(1, 2)), "db", 4, "a", true);
    tale.measured(6);
    let names: Vec<String> = tale
        .state
        .numbers()
        .iter()
        .map(|(measured, _)| measured.to_string())
        .collect();
    assert_eq!(names, ["shop", "rds-instance:shop"]);
    let id = Measured::Database(RdsId::instance("shop"));
    assert_eq!(Measured::parse(&id.to_string()), id);
    let consumers = tale.state.consumers_measured("shop", &tale.settings.applications);
    assert_eq!(consumers.keys().copied().collect::<Vec<_>>(), [&orders()]);
}

#[test]
fn a_missing_minute_is_missing_and_never_zero() {
    let mut tale = exposed();
    let hour = [Some(4.0), None, Some(2.0), None];
    let nothing = series(Measure::Errors4xx, -240, &[None, None]);
    tale.compared(6, vec![series(Measure::Errors5xx, -240, &hour), nothing]);
    let taken = tale.state.numbers().get(&of_orders()).expect("measured");
    let before = taken.series[&Measure::Errors5xx].before().expect("two minutes");
    assert_eq!(
        (before.mean, before.minutes),
        (Number::new(3.0).expect("finite"), 2)
    );
    let none = taken.series[&Measure::Errors4xx].before();
    assert_eq!(none, None, "no point is no baseline");
    assert_eq!(Number::new(f64::NAN), None);
    assert_eq!(Number::new(f64::INFINITY), None);
}

#[test]
fn what_comes_late_takes_its_place_and_the_oldest_goes_first() {
    let mut tale = exposed();
    tale.numbers(130, vec![series(Measure::Requests, 120, &[Some(9.0)])]);
    tale.numbers(190, vec![series(Measure::Requests, 60, &[Some(7.0), Some(8.0)])]);
    let points = |tale: &Tale| -> Vec<f64> {
        let taken = tale.state.numbers().get(&of_orders()).expect("measured");
        taken.series[&Measure::Requests]
            .points()
            .map(|point| point.value.get())
            .collect()
    };
    assert_eq!(points(&tale), [7.0, 8.0]);
    let many: Vec<Option<f64>> = (0..2_000).map(|n| Some(f64::from(n))).collect();
    tale.numbers(200, vec![series(Measure::Requests, 0, &many)]);
    assert_eq!(points(&tale).len(), 1_440);
    assert_eq!(points(&tale)[0], 560.0);
}

/// What came before is what it is compared with: it stays as long as anybody is measured.
#[test]
fn what_several_rotations_measure_is_measured_since_the_first() {
    let mut tale = exposed();
    let since = |tale: &Tale| tale.state.numbers().get(&of_orders()).map(|taken| taken.since);
    let first = since(&tale);
    assert_eq!(first, Some(at(0)), "the minute in which it began");
    tale.uses(&orders(), &["db", "other"]);
    tale.labels_of("other", 50, "x").labels_of("other", 90, "x y");
    let judgement = tale.judge_of("other", 91);
    let wanted = wanted(&tale.state, &arn("other"), &judgement, &tale.settings);
    tale.state.measure_for(&arn("other"), wanted);
    assert_eq!(since(&tale), first);
    tale.state.measure_for(&arn("db"), BTreeMap::new());
    assert_eq!(since(&tale), first);
    tale.state.measure_for(&arn("other"), BTreeMap::new());
    assert!(
        tale.state.numbers().iter().next().is_none(),
        "nothing is kept for nobody"
    );
}

/// A consumer that is found later makes another sum of it.
#[test]
fn where_other_metrics_are_asked_for_all_is_asked_for_anew() {
    let mut tale = exposed();
    let seen = |metrics: &[&str], earlier| NumbersSeen {
        metrics: metrics.iter().map(|name| (*name).to_owned()).collect(),
        series: vec![series(Measure::Requests, 0, &[Some(9.0)])],
        earlier,
        troubles: Vec::new(),
    };
    let hours = || Some([Vec::new(), Vec::new(), Vec::new()]);
    tale.numbers_seen(6, seen(&["one"], hours()));
    tale.numbers_seen(70, seen(&["one", "another"], None));
    let taken = tale.state.numbers().get(&of_orders()).expect("measured");
    assert!(!taken.is_compared && taken.series.is_empty() && taken.last.is_none());
    tale.numbers_seen(130, seen(&["one", "another"], hours()));
    let taken = tale.state.numbers().get(&of_orders()).expect("measured");
    assert!(taken.is_compared && taken.series.len() == 1);
}

#[test]
fn earlier_days_are_known_or_missing_each_for_itself() {
    let mut tale = exposed();
    let day = vec![series(Measure::Requests, -86_400, &[Some(10.0), Some(20.0)])];
    let seen = NumbersSeen {
        earlier: Some([Vec::new(), day, Vec::new()]),
        ..NumbersSeen::default()
    };
    tale.numbers_seen(6, seen);
    let taken = tale.state.numbers().get(&of_orders()).expect("measured");
    let [hour, day, week] = taken.series[&Measure::Requests].earlier;
    assert_eq!(day.map(|day| (day.mean.get(), day.minutes)), Some((15.0, 2)));
    assert_eq!((hour, week), (None, None));
}

/// A look that fails is asked for again by whoever it is measured for.
#[test]
fn a_look_that_fails_is_asked_for_again() {
    let mut tale = exposed();
    tale.state.touched = Touched::default();
    tale.event(Event::Unseen {
        look: Look::at(at(6)),
        key: LookKey::Numbers(of_orders()),
        failure: LookFailure::Timeout,
    });
    assert!(tale.state.touched.secrets.contains(&arn("db")));
}

/// What `docs/applications.md` counts: a window of some seconds, and a watch of a day.
#[test]
fn a_rotation_that_goes_well_is_asked_about_so_many_times() {
    let mut tale = exposed();
    tale.labels(10, "b - a").login(11, "b", true);
    tale.service(12, &orders(), super::world::service(&[30]));
    let (mut looks, mut now) = (0, 13);
    while let Some(due) = tale.measured(now).asked(now) {
        now = due.duration_since(at(0)).as_secs().max(now);
        tale.service(now, &orders(), super::world::service(&[30]));
        tale.measured(now).numbers(now, Vec::new());
        looks += 1;
        now += 1;
    }
    assert_eq!(looks, 40, "until {now}");
}
