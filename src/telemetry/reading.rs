//! What the gauges show at one scrape.

use std::collections::BTreeMap;

/// The state in numbers. Whoever holds the state makes one for each scrape.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub ready: bool,
    pub journal_bytes: u64,
    /// In a stable order: the cap on series keeps the first.
    pub secrets: Vec<SecretReading>,
    /// Pairs of secret and consumer, by state.
    pub consumers: BTreeMap<&'static str, usize>,
    /// By severity.
    pub findings: BTreeMap<&'static str, usize>,
    pub findings_by_kind: BTreeMap<&'static str, usize>,
    /// The worst first: the cap on series keeps the first.
    pub finding_list: Vec<FindingReading>,
    /// Secrets whose mode is lowered, by what lowers it.
    pub lowered: BTreeMap<&'static str, usize>,
    pub last_list_age_seconds: f64,
    pub loop_age_seconds: f64,
}

#[derive(Clone, Debug)]
pub struct SecretReading {
    pub name: String,
    /// Of the rotation that matters most.
    pub phase: &'static str,
    /// Since the start, where DescribeSecret has not answered yet.
    pub last_look_age_seconds: f64,
    /// Nothing while it is closed.
    pub danger_window_open_seconds: Option<f64>,
}

/// What a page must say of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingReading {
    pub kind: &'static str,
    pub severity: &'static str,
    /// The secret's name; empty where it is about none.
    pub secret: String,
    /// `ecs:cluster/service`, `lambda:name` or `declared:name`; empty where it is about none.
    pub consumer: String,
}
