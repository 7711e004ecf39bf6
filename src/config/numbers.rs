//! `[numbers]`: what applications are measured by, beside what discovery finds.

use std::collections::BTreeMap;
use std::sync::Arc;

use machine::model::{ConsumerId, Gateway, Measure, MetricSource, OwnMeasures, OwnMetric};
use machine::policy::Applications;

use super::consumers::{CONSUMERS, consumer_of};
use super::reader::Section;

const NAME: &str = "letters, digits, `-`, `_`, `.` and blanks, 64 at most";
const GATEWAY: &str = "an API of API Gateway as \"rest:NAME\" or \"http:ID\"";
const TARGET_GROUP: &str = "the end of a target group's ARN: \"targetgroup/NAME/ID\"";
const METRIC_NAME: &str = "a small letter, then letters, digits and `_`, 64 at most, and none of the names of what is \
                           found by itself: other metrics' expressions use this name";
const STATISTIC: &str =
    "\"Sum\", \"Average\", \"Minimum\", \"Maximum\", \"SampleCount\", \"IQM\" or a percentile as \"p99\"";
const LONGEST: usize = 64;

/// Whether CloudWatch is asked, and what the configuration says of applications.
pub(super) fn read(mut section: Section<'_>) -> (bool, Applications) {
    let cloudwatch = section.flag("cloudwatch", true);
    let mut applications = Applications::default();
    for application in section.sections("applications") {
        read_application(application, &mut applications);
    }
    if !cloudwatch && !applications.named.is_empty() {
        section.problem(
            "cloudwatch",
            "is false, and applications are given, which would never be measured",
            "set numbers.cloudwatch = true, or take the applications out",
        );
    }
    section.finish();
    (cloudwatch, applications)
}

fn read_application(mut section: Section<'_>, applications: &mut Applications) {
    let name = section.parsed("name", None, NAME, name_of, ToString::to_string);
    if !section.has("name") {
        section.problem_here("has no name", format!("give name: {NAME}"));
    }
    let consumers = read_consumers(&mut section);
    let by = OwnMeasures {
        gateways: listed(&mut section, "api_gateways", GATEWAY, gateway_of),
        target_groups: listed(&mut section, "target_groups", TARGET_GROUP, target_group_of),
        metrics: read_metrics(&mut section),
    };
    if let Some(name) = name {
        for id in consumers {
            if let Some(other) = applications.groups.insert(id.clone(), name.clone()) {
                let text = format!("{id} is in {other:?} already, or listed twice");
                section.problem("consumers", text, "leave it in one application alone");
            }
        }
        if applications.named.insert(name.clone(), by).is_some() {
            let text = format!("another application has the name {name:?}");
            section.problem("name", text, "give each its own, or make one of the two");
        }
    }
    section.finish();
}

fn read_consumers(section: &mut Section<'_>) -> Vec<ConsumerId> {
    if section.lacks("consumers") {
        section.problem(
            "consumers",
            "no consumer: an application is measured while a secret of one of its consumers rotates",
            format!("list at least one: {CONSUMERS}"),
        );
    }
    listed(section, "consumers", CONSUMERS, consumer_of)
}

/// A list of texts in a form of their own.
fn listed<T>(
    section: &mut Section<'_>,
    key: &'static str,
    form: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let mut list = Vec::new();
    for text in section.texts(key, &[]) {
        match parse(&text) {
            Some(one) => list.push(one),
            None => section.problem(key, format!("{text:?} does not fit"), format!("give {form}")),
        }
    }
    list
}

fn read_metrics(section: &mut Section<'_>) -> Vec<OwnMetric> {
    let mut metrics: Vec<OwnMetric> = Vec::new();
    for mut metric in section.sections("metrics") {
        let name = metric.parsed("name", None, METRIC_NAME, metric_name_of, ToString::to_string);
        if !metric.has("name") {
            metric.problem_here("has no name", format!("give name: {METRIC_NAME}"));
        }
        let is_given = |metrics: &[OwnMetric], name: &str| metrics.iter().any(|one| *one.name == *name);
        let source = read_source(&mut metric);
        match (name, source) {
            (Some(name), _) if is_given(&metrics, &name) => {
                let text = format!("another metric of the application has the name {name:?}");
                metric.problem("name", text, "give each its own");
            }
            (Some(name), Some(source)) => metrics.push(OwnMetric { name, source }),
            _ => {}
        }
        metric.finish();
    }
    metrics
}

fn read_source(section: &mut Section<'_>) -> Option<MetricSource> {
    let namespace = section.text("namespace");
    let metric = section.text("metric");
    let dimensions: BTreeMap<String, String> = section.texts_by_name("dimensions");
    let statistic = section.parsed(
        "statistic",
        Some("Average".to_owned()),
        STATISTIC,
        statistic_of,
        ToString::to_string,
    );
    let expression = section.text("expression");
    let has_metric = ["namespace", "metric", "dimensions", "statistic"]
        .iter()
        .any(|key| section.has(key));
    match (expression, namespace, metric) {
        (Some(expression), ..) if !has_metric => Some(MetricSource::Expression(expression)),
        (None, Some(namespace), Some(metric)) => Some(MetricSource::Metric {
            namespace,
            name: metric,
            dimensions,
            statistic: statistic?,
        }),
        _ => {
            let text = "names neither one metric nor one expression";
            section.problem_here(
                text,
                "give namespace and metric (with dimensions and statistic), or expression alone",
            );
            None
        }
    }
}

/// No id of a consumer or a database: those have a `:`.
fn name_of(text: &str) -> Option<Arc<str>> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_. ".contains(&byte);
    let is_plain = text.len() <= LONGEST && text.bytes().all(is_allowed) && text.trim() == text;
    (is_plain && !text.is_empty()).then(|| text.into())
}

fn gateway_of(text: &str) -> Option<Gateway> {
    let (kind, name) = text.split_once(':')?;
    match kind {
        _ if name.is_empty() => None,
        "rest" => Some(Gateway::Rest(name.into())),
        "http" if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Some(Gateway::Http(name.into())),
        _ => None,
    }
}

fn target_group_of(text: &str) -> Option<Arc<str>> {
    let (name, id) = text.strip_prefix("targetgroup/")?.split_once('/')?;
    (!name.is_empty() && !id.is_empty() && !id.contains('/')).then(|| text.into())
}

/// GetMetricData: MetricDataQuery.Id.
fn metric_name_of(text: &str) -> Option<Arc<str>> {
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_free = Measure::FOUND.iter().all(|found| found.name() != text);
    (begins && is_free && text.len() <= LONGEST && text.bytes().all(is_allowed)).then(|| text.into())
}

/// CloudWatch, "CloudWatch statistics definitions". One that it does not know fails the whole call.
fn statistic_of(text: &str) -> Option<String> {
    const WORDS: [&str; 6] = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "IQM"];
    let percentile = ["p", "tm", "wm", "tc", "ts"].iter().find_map(|kind| {
        let number = text.strip_prefix(kind)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        number.parse().ok().filter(|_| is_number)
    });
    let is_percentile = percentile.is_some_and(|value: f64| (0.0..=100.0).contains(&value));
    (WORDS.contains(&text) || is_percentile).then(|| text.to_owned())
}
