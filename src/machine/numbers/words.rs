//! Numbers in words: `5xx 41/min, 0.3 before`.

use jiff::SignedDuration;

use super::series::{Baseline, Series, Taken};
use crate::model::{Measure, Measured, Number, Point, Unit};

/// A point says how it is for so long: CloudWatch is behind by some minutes (practice: ten of a metric's periods).
const RECENT: SignedDuration = SignedDuration::from_mins(10);
/// So many failures in a minute are no accident, and so many times as many as before.
const LEAST: f64 = 5.0;
const TIMES: f64 = 3.0;

/// How an application or a database stands by its latest numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    Well,
    Failing,
    /// No recent number tells.
    Unknown,
}

impl Health {
    pub const ALL: [Self; 3] = [Self::Well, Self::Failing, Self::Unknown];

    pub fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }
}

impl Taken {
    /// As the last look showed it.
    pub fn health(&self) -> Health {
        if !self.failures().is_empty() {
            return Health::Failing;
        }
        let mut telling = self
            .series
            .iter()
            .filter(|(measure, _)| measure.tells_of_failures());
        if telling.any(|(_, series)| self.latest(series).is_some()) {
            Health::Well
        } else {
            Health::Unknown
        }
    }

    /// What it fails by, with its latest minute.
    fn failures(&self) -> Vec<(&Measure, &Series, Point)> {
        let telling = self
            .series
            .iter()
            .filter(|(measure, _)| measure.tells_of_failures());
        let latest = telling.filter_map(|(measure, series)| Some((measure, series, self.latest(series)?)));
        latest
            .filter(|(_, series, last)| last.value.get() >= series.limit())
            .collect()
    }

    /// The latest minute, where it still says how it is.
    fn latest(&self, series: &Series) -> Option<Point> {
        let looked = self.last?.sent;
        let last = series.points().next_back()?;
        (looked <= last.minute + RECENT).then_some(last)
    }
}

/// Whether an application or a database fails by its latest numbers, in words.
pub fn failing(measured: &Measured, taken: &Taken) -> Option<String> {
    let failures = taken.failures();
    let told = failures
        .iter()
        .map(|(measure, series, last)| told(measure, last.value, series.before()));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("{measured}: {}", told.join(", ")))
}

/// Minutes one after the other in which an application failed. Minutes that are missing neither begin nor end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spell {
    pub first: Point,
    pub worst: Point,
    /// The first minute in which it was well again.
    pub over: Option<Point>,
}

impl Series {
    /// A minute with so many failures is one in which it fails.
    fn limit(&self) -> f64 {
        LEAST.max(self.before().map_or(0.0, |before| before.mean.get() * TIMES))
    }

    /// When it failed, of a measure that tells of failures.
    pub fn spells(&self) -> Vec<Spell> {
        let limit = self.limit();
        let mut spells: Vec<Spell> = Vec::new();
        for point in self.points() {
            let fails = point.value.get() >= limit;
            match spells.last_mut().filter(|spell| spell.over.is_none()) {
                Some(spell) if fails => spell.worst = worse(spell.worst, point),
                Some(spell) => spell.over = Some(point),
                None if fails => spells.push(Spell {
                    first: point,
                    worst: point,
                    over: None,
                }),
                None => {}
            }
        }
        spells
    }

    /// The minute with the greatest value.
    pub fn greatest(&self) -> Option<Point> {
        self.points().reduce(worse)
    }
}

fn worse(one: Point, other: Point) -> Point {
    if other.value.get() > one.value.get() {
        other
    } else {
        one
    }
}

/// `5xx 41/min, 0.3 before`.
pub fn told(measure: &Measure, value: Number, before: Option<Baseline>) -> String {
    let unit = measure.unit();
    let before =
        before.map(|before| format!(", {} before", amount(unit, before.mean).trim_end_matches("/min")));
    format!(
        "{} {}{}",
        measure.name(),
        amount(unit, value),
        before.unwrap_or_default()
    )
}

/// A number with its unit.
pub fn amount(unit: Unit, value: Number) -> String {
    let value = value.get();
    let digits = match value.abs() {
        whole if whole.fract() == 0.0 => 0,
        small if small < 0.1 => 2,
        medium if medium < 10.0 => 1,
        _ => 0,
    };
    match unit {
        Unit::PerMinute => format!("{value:.digits$}/min"),
        Unit::Seconds if value < 1.0 => format!("{:.0} ms", value * 1_000.0),
        Unit::Seconds => format!("{value:.1} s"),
        Unit::Percent => format!("{value:.0} %"),
        Unit::AtATime | Unit::Plain => format!("{value:.digits$}"),
    }
}
