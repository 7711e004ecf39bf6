//! What the gauges show at one scrape.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The state in numbers. Whoever holds the state makes one for each scrape.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub ready: bool,
    /// Events come.
    pub events_working: bool,
    pub journal_bytes: u64,
    /// Those with series of their own: the first ones, in a stable order.
    pub secrets: Vec<SecretReading>,
    /// All secrets, by the phase of the rotation that matters most.
    pub phases: BTreeMap<&'static str, usize>,
    /// Secrets whose danger window is open, and for how many seconds since setSecret was seen. One that the cap hides may
    /// be the one that is open: these have a cap of their own.
    pub open_windows: Vec<(Arc<str>, f64)>,
    /// Pairs of secret and consumer, by state.
    pub consumers: BTreeMap<&'static str, usize>,
    /// By severity.
    pub findings: BTreeMap<&'static str, usize>,
    pub findings_by_kind: BTreeMap<&'static str, usize>,
    /// Those with series of their own: the worst, the gravest first.
    pub finding_list: Vec<FindingReading>,
    /// Secrets whose mode is lowered, by what lowers it.
    pub lowered: BTreeMap<&'static str, usize>,
    /// Databases of RDS, by how they stand.
    pub databases: BTreeMap<&'static str, usize>,
    /// Applications and databases that are measured, by how they stand.
    pub applications: BTreeMap<&'static str, usize>,
    pub last_list_age_seconds: f64,
    pub loop_age_seconds: f64,
}

#[derive(Clone, Debug)]
pub struct SecretReading {
    pub name: Arc<str>,
    /// Of the rotation that matters most.
    pub phase: &'static str,
    /// Since the start, where DescribeSecret has not answered yet.
    pub last_look_age_seconds: f64,
}

/// How many series of their own there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    pub secrets: usize,
    pub findings: usize,
}

/// What a page must say of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingReading {
    pub kind: &'static str,
    pub severity: &'static str,
    /// The secret's name; empty where it is about none.
    pub secret: String,
    /// `ecs:cluster/service`, `lambda:name`, `rds-proxy:name` or `declared:name`; empty where it is about none.
    pub consumer: String,
}
