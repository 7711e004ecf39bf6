//! Numbers over time, of applications and of databases. What is missing is missing, never zero.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::RdsId;

/// What is measured: an application, or a database of RDS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measured {
    /// By name: a group of the configuration, or else the consumer's own id.
    Application(Arc<str>),
    Database(RdsId),
}

impl Measured {
    /// Reads what `Display` writes. A name that is no database's is an application's.
    pub fn parse(text: &str) -> Self {
        match RdsId::parse(text) {
            Some(id) => Self::Database(id),
            None => Self::Application(text.into()),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application(name) => f.write_str(name),
            Self::Database(id) => write!(f, "{id}"),
        }
    }
}

/// What of it is measured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Answers with 5xx of a load balancer's targets.
    Errors5xx,
    Errors4xx,
    /// Half of the answers came within so long, and 99 of 100.
    LatencyP50,
    LatencyP99,
    Requests,
    /// Of a Lambda function: invocations that failed, and that were throttled.
    FunctionErrors,
    Throttles,
    Duration,
    Invocations,
    /// Of a database.
    Connections,
    Cpu,
    ReadLatency,
    WriteLatency,
    LoginFailures,
    /// By configuration.
    Own(Arc<str>),
}

/// How a measure is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// So many in a minute.
    PerMinute,
    Seconds,
    Percent,
    /// At a time, on average over the minute.
    AtATime,
    /// As the metric has it.
    Plain,
}

impl Measure {
    /// Those that are found without any configuration.
    pub const FOUND: [Self; 14] = [
        Self::Errors5xx,
        Self::Errors4xx,
        Self::LatencyP50,
        Self::LatencyP99,
        Self::Requests,
        Self::FunctionErrors,
        Self::Throttles,
        Self::Duration,
        Self::Invocations,
        Self::Connections,
        Self::Cpu,
        Self::ReadLatency,
        Self::WriteLatency,
        Self::LoginFailures,
    ];

    /// Its word in the API.
    pub fn name(&self) -> &str {
        match self {
            Self::Errors5xx => "5xx",
            Self::Errors4xx => "4xx",
            Self::LatencyP50 => "latency-p50",
            Self::LatencyP99 => "latency-p99",
            Self::Requests => "requests",
            Self::FunctionErrors => "errors",
            Self::Throttles => "throttles",
            Self::Duration => "duration",
            Self::Invocations => "invocations",
            Self::Connections => "connections",
            Self::Cpu => "cpu",
            Self::ReadLatency => "read-latency",
            Self::WriteLatency => "write-latency",
            Self::LoginFailures => "login-failures",
            Self::Own(name) => name,
        }
    }

    pub fn unit(&self) -> Unit {
        match self {
            Self::Errors5xx
            | Self::Errors4xx
            | Self::Requests
            | Self::FunctionErrors
            | Self::Throttles
            | Self::Invocations
            | Self::LoginFailures => Unit::PerMinute,
            Self::LatencyP50 | Self::LatencyP99 | Self::Duration | Self::ReadLatency | Self::WriteLatency => {
                Unit::Seconds
            }
            Self::Cpu => Unit::Percent,
            Self::Connections => Unit::AtATime,
            Self::Own(_) => Unit::Plain,
        }
    }

    /// Whether more of it means that somebody fails.
    pub fn tells_of_failures(&self) -> bool {
        match self {
            Self::Errors5xx | Self::FunctionErrors | Self::LoginFailures => true,
            Self::Errors4xx
            | Self::LatencyP50
            | Self::LatencyP99
            | Self::Requests
            | Self::Throttles
            | Self::Duration
            | Self::Invocations
            | Self::Connections
            | Self::Cpu
            | Self::ReadLatency
            | Self::WriteLatency
            | Self::Own(_) => false,
        }
    }
}

/// A number that is neither infinite nor NaN, so that two of them can be compared.
#[derive(Clone, Copy, Debug)]
pub struct Number(f64);

impl Number {
    /// Nothing for NaN and what is infinite: such a point is missing.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq()
    }
}

impl Eq for Number {}

/// One minute of a series, by when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub minute: Timestamp,
    pub value: Number,
}

/// What a look showed of one measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesSeen {
    pub measure: Measure,
    /// In order of time. Minutes that are not there are missing.
    pub points: Vec<Point>,
}

/// Why one measure could not be read, while others were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesTrouble {
    pub measure: Measure,
    pub why: String,
}

/// One look at an application or a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumbersSeen {
    /// Which metrics were asked for.
    pub metrics: Vec<String>,
    pub series: Vec<SeriesSeen>,
    /// The hour before the rotation, and the same hour of the day and of the week before, where they were asked for.
    pub earlier: Option<[Vec<SeriesSeen>; 3]>,
    pub troubles: Vec<SeriesTrouble>,
}
