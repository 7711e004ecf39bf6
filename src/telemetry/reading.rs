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
}

#[derive(Clone, Debug)]
pub struct SecretReading {
    pub name: String,
    /// Of the rotation that matters most.
    pub phase: &'static str,
    /// Nothing where DescribeSecret has not answered yet.
    pub last_look_age_seconds: Option<f64>,
}
