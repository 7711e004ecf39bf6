//! `[discovery]`: where to look for consumers.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use machine::policy::Cadence;

use super::bounds::{Bounds, bounds};
use super::consumers::is_plain;
use super::hosts::{HOST_REMEDY, is_host};
use super::reader::Section;
use super::rules::check_name;

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
    /// Ask RDS for databases and proxies.
    pub rds: bool,
}

/// The section, and how often discovery is repeated.
pub(super) fn read(mut section: Section<'_>) -> (Discovery, SignedDuration) {
    let clusters = section.texts("clusters", &[]);
    if let Some(arn) = clusters.iter().find(|name| name.contains(':')) {
        let name = arn.rsplit('/').next().unwrap_or_default();
        section.problem(
            "clusters",
            "an ARN",
            format!("write the cluster's name alone: \"{name}\""),
        );
    } else if let Some(name) = clusters.iter().find(|name| name.is_empty() || !is_plain(name)) {
        section.problem(
            "clusters",
            format!("{name:?} is no cluster's name, which has letters, digits, `-` and `_` alone"),
            "name each cluster, without blanks or patterns, or none for all of them",
        );
    }
    let database_hosts = section.texts_by_name("database_hosts");
    check_hosts(&section, &database_hosts);
    let discovery = Discovery {
        clusters: (!clusters.is_empty()).then_some(clusters),
        database_hosts,
        rds: section.flag("rds", true),
    };
    let refresh = section.duration_within("refresh", Cadence::default().discovery, &REFRESH);
    section.finish();
    (discovery, refresh)
}

/// What no configuration could match, or would match with anything.
fn check_hosts(section: &Section<'_>, hosts: &BTreeMap<String, String>) {
    for (host, secret) in hosts {
        if !is_host(host) {
            section.problem("database_hosts", format!("{host:?} is no host name"), HOST_REMEDY);
        }
        check_name(section, "database_hosts", secret);
        if secret.is_empty() {
            section.problem(
                "database_hosts",
                format!("{host:?} belongs to no secret"),
                "give the secret's name, as { \"db.example.internal\" = \"shop/mysql\" }",
            );
        }
    }
}

/// Rules name databases of RDS, and nobody asks RDS.
pub(super) fn refuse_rules_without_rds(section: &Section<'_>) {
    section.problem(
        "rds",
        "is false, and a rule names a database of RDS: the rule's key would have no effect",
        "set discovery.rds = true, or take rds out of the rules",
    );
}
