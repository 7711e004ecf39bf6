//! Metrics, each declared once: the field is the name behind `rotation_watchdog_`, its doc comment is the help text.

mod result;

use machine::model::{HintKind, LoginAnswer, Outcome, Procedure, WriteKind};
use machine::words;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

pub use result::RotationResult;

use super::{FindingReading, Reading, Series};

/// Labels and buckets of a metric.
struct Shape {
    labels: &'static [&'static str],
    buckets: &'static [f64],
}

const PLAIN: Shape = by(&[]);

const fn by(labels: &'static [&'static str]) -> Shape {
    Shape { labels, buckets: &[] }
}

impl Shape {
    const fn within(mut self, buckets: &'static [f64]) -> Self {
        self.buckets = buckets;
        self
    }
}

/// From a moment that applications survive to one that nobody does.
const WINDOW: &[f64] = &[
    0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0,
];
/// From a function's update to the slowest rollout that the default deadline allows.
const RECOVERY: &[f64] = &[1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
/// One write has ten seconds.
const WRITE: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const LAG: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// A type of metric, made from its declaration.
trait Kind: Collector + Clone + Sized + 'static {
    fn make(name: &str, help: &str, shape: &Shape) -> Result<Self, prometheus::Error>;
}

macro_rules! kinds {
    ($($kind:ty: |$name:ident, $help:ident, $shape:ident| $make:expr;)*) => {$(
        impl Kind for $kind {
            fn make($name: &str, $help: &str, $shape: &Shape) -> Result<Self, prometheus::Error> {
                $make
            }
        }
    )*};
}

kinds! {
    IntGauge: |name, help, _shape| Self::new(name, help);
    Gauge: |name, help, _shape| Self::new(name, help);
    IntGaugeVec: |name, help, shape| Self::new(Opts::new(name, help), shape.labels);
    GaugeVec: |name, help, shape| Self::new(Opts::new(name, help), shape.labels);
    IntCounterVec: |name, help, shape| Self::new(Opts::new(name, help), shape.labels);
    Histogram: |name, help, shape| {
        Self::with_opts(HistogramOpts::new(name, help).buckets(shape.buckets.to_vec()))
    };
    HistogramVec: |name, help, shape| {
        Self::new(HistogramOpts::new(name, help).buckets(shape.buckets.to_vec()), shape.labels)
    };
}

macro_rules! metrics {
    ($(#[$about:meta])* struct $group:ident { $(#[doc = $help:literal] $metric:ident: $kind:ty = $shape:expr,)* }) => {
        $(#[$about])*
        struct $group { $(#[doc = $help] $metric: $kind,)* }

        impl $group {
            fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
                $(
                    let name = concat!("rotation_watchdog_", stringify!($metric));
                    let $metric = <$kind as Kind>::make(name, $help.trim(), &$shape)?;
                    registry.register(Box::new($metric.clone()))?;
                )*
                Ok(Self { $($metric,)* })
            }
        }
    };
}

metrics! {
    /// What the loop and the adapters count as it happens.
    struct Counted {
        /// Rotations by what they came to; one in which a step failed counts as failed besides, once.
        rotations_total: IntCounterVec = by(&["result"]),
        /// Time from setSecret until every consumer that must be refreshed was seen so, for each window that closed.
        danger_window_seconds: Histogram = PLAIN.within(WINDOW),
        /// Steps of a rotation that failed, as the rotation Lambda's log told.
        step_failures_total: IntCounterVec = by(&["step"]),
        /// Time from setSecret until the look that first showed a stale consumer fresh or presumed; once a rotation.
        recovery_seconds: HistogramVec = by(&["method", "strategy"]).within(RECOVERY),
        /// Time from the decision of one write to the world until its answer, by kind.
        remediation_duration_seconds: HistogramVec = by(&["kind"]).within(WRITE),
        /// Writes to the world that were answered or given up, by kind and outcome.
        remediations_total: IntCounterVec = by(&["kind", "outcome"]),
        /// Refreshes that only the mode kept from being sent: once for each rotation and consumer, by method.
        would_remediate_total: IntCounterVec = by(&["method"]),
        /// Logins with a version of a secret, by result.
        login_tests_total: IntCounterVec = by(&["result"]),
        /// Messages of the queue of events, by what they told; `foreign`, `other-account` and `unreadable` are none of ours.
        events_total: IntCounterVec = by(&["kind"]),
        /// Calls to AWS, by service, operation and outcome.
        aws_calls_total: IntCounterVec = by(&["service", "operation", "outcome"]),
        /// How much later than due the loop took a turn.
        loop_lag_seconds: Histogram = PLAIN.within(LAG),
    }
}

metrics! {
    /// What is read from the state at each scrape.
    struct Read {
        /// 1 for the phase that the secret is in; its other phases have no series.
        secret_phase: IntGaugeVec = by(&["secret", "phase"]),
        /// Time since DescribeSecret last answered for the secret, or since the start where it has not yet.
        last_look_age_seconds: GaugeVec = by(&["secret"]),
        /// How long the secret's danger window is open since setSecret was seen; no series while it is closed.
        danger_window_open_seconds: GaugeVec = by(&["secret"]),
        /// Secrets without series of their own because of the cap.
        secrets_without_series: IntGauge = PLAIN,
        /// Secrets, by phase; not capped.
        secrets: IntGaugeVec = by(&["phase"]),
        /// Pairs of secret and consumer, by how far the consumer came with the version that is current.
        consumers: IntGaugeVec = by(&["state"]),
        /// Findings that stand, by severity.
        findings: IntGaugeVec = by(&["severity"]),
        /// Findings that stand, by kind.
        findings_by_kind: IntGaugeVec = by(&["kind"]),
        /// Always 1: a finding that stands, and what it is about.
        finding_info: IntGaugeVec = by(&["kind", "severity", "secret", "consumer"]),
        /// Findings without a series of their own because of the cap; the worst have theirs.
        findings_without_series: IntGauge = PLAIN,
        /// Secrets whose mode is below their rule's, or that are held, by what lowers it.
        secrets_lowered: IntGaugeVec = by(&["by"]),
        /// Databases of RDS, by whether they serve: `available`, `busy` in AWS's own words, or `unwell`.
        databases: IntGaugeVec = by(&["health"]),
        /// Applications and databases that are measured just now, by their numbers: `well`, `failing` or `unknown`.
        applications: IntGaugeVec = by(&["health"]),
        /// Time since ListSecrets last answered, or since the start where it has not yet.
        last_list_age_seconds: Gauge = PLAIN,
        /// Time since the loop last turned, by a clock that nobody sets.
        loop_age_seconds: Gauge = PLAIN,
        /// 1 where events come, so that polling is seldom; 0 where none is configured, too.
        events_working: IntGauge = PLAIN,
        /// Size of the journal on disk.
        journal_bytes: Gauge = PLAIN,
        /// 1 when ready: everything was looked at once, secrets can be listed, the journal can be written, not draining.
        ready: IntGauge = PLAIN,
        /// Always 1; the labels say what was built.
        build_info: IntGaugeVec = by(&["version", "commit"]),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsOptions {
    /// Secrets with series of their own; the rest is only counted.
    pub secret_series: usize,
}

impl Default for MetricsOptions {
    fn default() -> Self {
        Self { secret_series: 200 }
    }
}

/// All metrics of the program, in a registry of its own.
pub struct Metrics {
    registry: Registry,
    counted: Counted,
    options: MetricsOptions,
}

impl Metrics {
    /// Fails only where a declaration in this file is wrong.
    pub fn new(options: MetricsOptions) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counted = Counted::register(&registry)?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        counted.begin_at_zero();
        Ok(Self {
            registry,
            counted,
            options,
        })
    }

    pub fn rotation_ended(&self, result: RotationResult) {
        self.counted
            .rotations_total
            .with_label_values(&[result.name()])
            .inc();
    }

    /// A step of a rotation failed; its name, or `unknown`.
    pub fn step_failed(&self, step: &'static str) {
        self.counted.step_failures_total.with_label_values(&[step]).inc();
    }

    /// A consumer that was stale came to be fresh or presumed, so long after setSecret.
    pub fn recovered(&self, method: &'static str, strategy: &'static str, seconds: f64) {
        self.counted
            .recovery_seconds
            .with_label_values(&[method, strategy])
            .observe(seconds);
    }

    pub fn danger_window(&self, seconds: f64) {
        self.counted.danger_window_seconds.observe(seconds);
    }

    /// One write was answered.
    pub fn remediation_ended(&self, kind: WriteKind, outcome: &Outcome, seconds: f64) {
        let (kind, outcome) = (kind.name(), words::outcome(outcome));
        self.counted
            .remediations_total
            .with_label_values(&[kind, outcome])
            .inc();
        self.counted
            .remediation_duration_seconds
            .with_label_values(&[kind])
            .observe(seconds);
    }

    /// Only the mode kept this from being done.
    pub fn would_remediate(&self, procedure: Procedure) {
        self.counted
            .would_remediate_total
            .with_label_values(&[procedure.name()])
            .inc();
    }

    pub fn login(&self, answer: &LoginAnswer) {
        self.counted
            .login_tests_total
            .with_label_values(&[words::login(answer)])
            .inc();
    }

    /// A message of the queue of events.
    pub fn event(&self, kind: &'static str) {
        self.counted.events_total.with_label_values(&[kind]).inc();
    }

    /// Static words only: the labels stay bounded.
    pub fn aws_call(&self, service: &'static str, operation: &'static str, outcome: &'static str) {
        self.counted
            .aws_calls_total
            .with_label_values(&[service, operation, outcome])
            .inc();
    }

    /// The loop took a turn, so much later than it was due.
    pub fn loop_turn(&self, lag_seconds: f64) {
        self.counted.loop_lag_seconds.observe(lag_seconds);
    }

    /// How many series of their own secrets and findings may have.
    pub fn series(&self) -> Series {
        Series {
            secrets: self.options.secret_series,
            findings: FINDING_SERIES,
        }
    }

    /// Prometheus' text format. Gauges are made anew for each scrape, so that what is gone has no series.
    pub fn render(&self, reading: &Reading) -> Result<String, prometheus::Error> {
        let registry = Registry::new();
        Read::register(&registry)?.set(reading);
        let mut families = self.registry.gather();
        families.extend(registry.gather());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        TextEncoder::new().encode_to_string(&families)
    }
}

impl Counted {
    /// A series that first appears with its first event shows no increase to Prometheus.
    fn begin_at_zero(&self) {
        for result in RotationResult::ALL {
            self.rotations_total.with_label_values(&[result.name()]);
        }
        for step in words::STEPS {
            self.step_failures_total.with_label_values(&[step]);
        }
        for kind in WriteKind::ALL.map(WriteKind::name) {
            self.remediation_duration_seconds.with_label_values(&[kind]);
            for outcome in words::OUTCOMES {
                self.remediations_total.with_label_values(&[kind, outcome]);
            }
        }
        for procedure in Procedure::ALL {
            self.would_remediate_total.with_label_values(&[procedure.name()]);
        }
        for kind in HintKind::ALL
            .map(HintKind::name)
            .into_iter()
            .chain(words::NO_HINTS)
        {
            self.events_total.with_label_values(&[kind]);
        }
        for result in words::LOGINS {
            self.login_tests_total.with_label_values(&[result]);
        }
    }
}

/// Findings with series of their own.
const FINDING_SERIES: usize = 200;

impl Read {
    fn set(&self, reading: &Reading) {
        self.set_secrets(reading);
        self.set_findings(reading);
        set_each(&self.consumers, &reading.consumers);
        set_each(&self.findings, &reading.findings);
        set_each(&self.findings_by_kind, &reading.findings_by_kind);
        set_each(&self.secrets_lowered, &reading.lowered);
        set_each(&self.databases, &reading.databases);
        set_each(&self.applications, &reading.applications);
        self.last_list_age_seconds.set(reading.last_list_age_seconds);
        self.loop_age_seconds.set(reading.loop_age_seconds);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float; exact up to 9 petabytes"
        )]
        self.journal_bytes.set(reading.journal_bytes as f64);
        self.events_working.set(i64::from(reading.events_working));
        self.ready.set(i64::from(reading.ready));
        self.build_info
            .with_label_values(&[super::VERSION, super::COMMIT])
            .set(1);
    }

    /// Several findings may say the same to a page: they share a series.
    fn set_findings(&self, reading: &Reading) {
        for finding in &reading.finding_list {
            let FindingReading {
                kind,
                severity,
                secret,
                consumer,
            } = finding;
            let labels = [*kind, *severity, secret.as_str(), consumer.as_str()];
            self.finding_info.with_label_values(&labels).set(1);
        }
        let all: usize = reading.findings.values().sum();
        self.findings_without_series
            .set(count(all.saturating_sub(reading.finding_list.len())));
    }

    fn set_secrets(&self, reading: &Reading) {
        set_each(&self.secrets, &reading.phases);
        for secret in &reading.secrets {
            self.secret_phase
                .with_label_values(&[&*secret.name, secret.phase])
                .set(1);
            self.last_look_age_seconds
                .with_label_values(&[&secret.name])
                .set(secret.last_look_age_seconds);
        }
        for (name, open) in &reading.open_windows {
            self.danger_window_open_seconds
                .with_label_values(&[name])
                .set(*open);
        }
        let all: usize = reading.phases.values().sum();
        self.secrets_without_series
            .set(count(all.saturating_sub(reading.secrets.len())));
    }
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn set_each(gauge: &IntGaugeVec, counts: &std::collections::BTreeMap<&'static str, usize>) {
    for (label, count) in counts {
        gauge.with_label_values(&[*label]).set(self::count(*count));
    }
}

#[cfg(test)]
mod tests;
