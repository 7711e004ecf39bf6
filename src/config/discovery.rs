//! `[discovery]`: where to look for consumers.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use machine::policy::Cadence;

use super::bounds::{Bounds, bounds};
use super::reader::Section;

const REFRESH: Bounds = bounds(
    1_000,
    7 * 24 * 60 * 60 * 1_000,
    "it lists every service and function, and finds new ones no sooner",
);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// Clusters by name; nothing for all.
    pub clusters: Option<Vec<String>>,
    /// Secret names by their database's host.
    pub database_hosts: BTreeMap<String, String>,
}

/// The section, and how often discovery is repeated.
pub(super) fn read(mut section: Section<'_>) -> (Discovery, SignedDuration) {
    let clusters = section.texts("clusters", &[]);
    if clusters
        .iter()
        .any(|name| name.trim().is_empty() || name.contains('*'))
    {
        section.problem(
            "clusters",
            "an empty name or a pattern",
            "name each cluster, or none for all of them",
        );
    }
    if let Some(arn) = clusters.iter().find(|name| name.contains(':')) {
        let name = arn.rsplit('/').next().unwrap_or_default();
        section.problem(
            "clusters",
            "an ARN",
            format!("write the cluster's name alone: \"{name}\""),
        );
    }
    let discovery = Discovery {
        clusters: (!clusters.is_empty()).then_some(clusters),
        database_hosts: section.texts_by_name("database_hosts"),
    };
    let refresh = section.duration_within("refresh", Cadence::default().discovery, &REFRESH);
    section.finish();
    (discovery, refresh)
}
