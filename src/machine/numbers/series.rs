//! Series: bounded, with one point a minute. What is missing is missing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::words::Health;
use crate::model::{Look, Measure, Number, NumbersSeen, Point, SeriesSeen, SeriesTrouble};

/// A day of watching.
const MOST_POINTS: usize = 24 * 60;
/// The hours that a rotation is compared with begin so long before it: the hour before, and the same hour of the day and of
/// the week before.
pub const EARLIER: [SignedDuration; 3] = [
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(24 + 1),
    SignedDuration::from_hours(7 * 24 + 1),
];

/// What is known of an application or a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The minute in which the rotation began that it is measured for, of several the first. It stays for as long as
    /// anybody is measured: what came before is compared with.
    pub since: Timestamp,
    pub series: BTreeMap<Measure, Series>,
    /// Which metrics were asked for.
    metrics: Vec<String>,
    /// The hours before were asked for.
    pub is_compared: bool,
    /// Whether it failed when that was known last.
    pub failed: bool,
    /// The last look, and what it could not read.
    pub last: Option<Look>,
    pub troubles: Vec<SeriesTrouble>,
}

/// One measure over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    points: BTreeMap<Timestamp, Number>,
    /// The hour before, and the same hour of the day and the week before.
    pub earlier: [Option<Baseline>; 3],
}

/// An hour in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    pub mean: Number,
    /// Minutes that had a point; the others are missing.
    pub minutes: usize,
}

impl Baseline {
    /// Nothing where there is no point.
    fn of(points: impl Iterator<Item = Number>) -> Option<Self> {
        let points: Vec<f64> = points.map(Number::get).collect();
        let minutes = u32::try_from(points.len()).ok().filter(|minutes| *minutes > 0)?;
        let mean = Number::new(points.iter().sum::<f64>() / f64::from(minutes))?;
        Some(Self {
            mean,
            minutes: points.len(),
        })
    }
}

impl Series {
    /// In order of time, from the minute in which the rotation began.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = Point> + '_ {
        let points = self.points.iter();
        points.map(|(minute, value)| Point {
            minute: *minute,
            value: *value,
        })
    }

    /// The hour before the rotation.
    pub fn before(&self) -> Option<Baseline> {
        self.earlier[0]
    }

    /// Nothing is known of it, now or before.
    fn is_absent(&self) -> bool {
        self.points.is_empty() && self.earlier.iter().all(Option::is_none)
    }

    fn take(&mut self, points: Vec<Point>) {
        self.points
            .extend(points.into_iter().map(|point| (point.minute, point.value)));
        while self.points.len() > MOST_POINTS {
            self.points.pop_first();
        }
    }
}

impl Taken {
    pub fn new(since: Timestamp) -> Self {
        Self {
            since: minute_of(since),
            series: BTreeMap::new(),
            metrics: Vec::new(),
            is_compared: false,
            failed: false,
            last: None,
            troubles: Vec::new(),
        }
    }

    /// What a look showed. Where other metrics were asked for than before, as of a consumer that was found later, what was
    /// known says nothing of their sum: it is asked for anew from the beginning.
    pub fn see(&mut self, look: Look, seen: NumbersSeen) {
        if self.is_compared && self.metrics != seen.metrics {
            *self = Self {
                failed: self.failed,
                ..Self::new(self.since)
            };
            return;
        }
        for SeriesSeen { measure, points } in seen.series {
            self.series.entry(measure).or_default().take(points);
        }
        if let Some(hours) = seen.earlier {
            self.is_compared = true;
            for (hour, seen) in hours.into_iter().enumerate() {
                for SeriesSeen { measure, points } in seen {
                    let baseline = Baseline::of(points.into_iter().map(|point| point.value));
                    self.series.entry(measure).or_default().earlier[hour] = baseline;
                }
            }
        }
        self.metrics = seen.metrics;
        self.last = self.last.max(Some(look));
        self.troubles = seen.troubles;
    }

    /// Whether it began to fail, or is well again. Where nothing tells it stays as it was.
    pub(super) fn news(&mut self) -> Option<Health> {
        let health = self.health();
        let fails = match health {
            Health::Failing => true,
            Health::Well => false,
            Health::Unknown => return None,
        };
        let is_news = std::mem::replace(&mut self.failed, fails) != fails;
        is_news.then_some(health)
    }

    /// Metrics of the configuration that CloudWatch knows nothing of.
    pub fn absent(&self) -> impl Iterator<Item = &Measure> {
        let own = self
            .series
            .iter()
            .filter(|(measure, _)| matches!(measure, Measure::Own(_)));
        let absent = own.filter(|(_, series)| self.is_compared && series.is_absent());
        absent.map(|(measure, _)| measure)
    }
}

/// When the minute of a moment began.
fn minute_of(moment: Timestamp) -> Timestamp {
    let second = moment.as_second();
    let begun = Timestamp::from_second(second - second.rem_euclid(60));
    begun.unwrap_or(Timestamp::MIN)
}
