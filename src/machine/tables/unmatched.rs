//! Keys of the configuration that match nothing.

use std::collections::BTreeMap;

use super::at_rest::watched;
use super::standings::orders;
use super::world::Tale;
use crate::findings::{Finding, unmatched};
use crate::model::{ConsumerId, Evidence, Scope, ScopeSeen, Staleness};
use crate::policy::Applications;

fn unmatched_of(tale: &Tale, hosts: &BTreeMap<String, String>) -> Vec<Finding> {
    unmatched(
        &tale.state,
        &watched(&tale.policy),
        hosts,
        &Applications::default(),
    )
}

#[test]
fn c6_a_staleness_key_that_matches_nobody_is_told_once_all_was_searched() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").uses(&orders(), &["db"]);
    let ttl = Staleness::Wait(jiff::SignedDuration::from_secs(60));
    let typo = ConsumerId::service("prod", "ordres");
    tale.policy.staleness = [(orders(), ttl), (typo, ttl)].into();
    let told = |tale: &Tale| {
        let found = unmatched_of(tale, &BTreeMap::new());
        found
            .into_iter()
            .map(|finding| format!("{}: {}", finding.subject, finding.text))
            .collect::<Vec<_>>()
    };
    assert!(told(&tale).is_empty(), "functions were not searched yet");
    tale.found(2, Scope::Functions, Vec::new());
    let text =
        "its rule sets staleness for ecs:prod/ordres, which uses none of its secrets: the key has no effect";
    assert_eq!(told(&tale), [format!("its rule: {text}")]);
}

#[test]
fn c6_a_host_that_nobody_names_or_of_an_unwatched_secret_is_told() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").uses(&orders(), &["db"]);
    let seen = ScopeSeen {
        hosts: ["named.example".to_owned()].into(),
        ..ScopeSeen::default()
    };
    let scope = Scope::Functions;
    tale.see(2, Evidence::Scope { scope, seen });
    let entry = |host: &str, secret: &str| (host.to_owned(), secret.to_owned());
    let hosts = BTreeMap::from([
        entry("named.example", "db"),
        entry("other.example", "db"),
        entry("third.example", "queue"),
    ]);
    let found = unmatched_of(&tale, &hosts);
    let subjects: Vec<_> = found.iter().map(|finding| finding.subject.to_string()).collect();
    assert_eq!(
        subjects,
        [
            "discovery.database_hosts other.example",
            "discovery.database_hosts third.example"
        ]
    );
    assert!(found[1].text.contains("queue"), "{found:?}");
}

/// What could not be read silences nothing, and what it named before is not forgotten for it.
#[test]
fn c6_a_host_that_nobody_names_is_told_though_something_could_not_be_read() {
    let entry = |host: &str| (host.to_owned(), "db".to_owned());
    let hosts = BTreeMap::from([entry("named.example"), entry("other.example")]);
    let mut tale = Tale::new();
    tale.labels(0, "a - z").uses(&orders(), &["db"]);
    for (second, named, unreadable) in [(2, true, false), (3, false, true)] {
        let seen = ScopeSeen {
            hosts: named.then(|| "named.example".to_owned()).into_iter().collect(),
            unreadable: unreadable.then(|| "mailer".to_owned()).into_iter().collect(),
            ..ScopeSeen::default()
        };
        let scope = Scope::Functions;
        tale.see(second, Evidence::Scope { scope, seen });
        let found = unmatched_of(&tale, &hosts);
        let subjects: Vec<_> = found.iter().map(|finding| finding.subject.to_string()).collect();
        assert_eq!(subjects, ["discovery.database_hosts other.example"]);
    }
}

/// Who uses no watched secret has no rotations to be measured in.
#[test]
fn a_consumer_of_an_application_that_uses_no_secret_is_told() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").uses(&orders(), &["db"]);
    tale.found(2, Scope::Functions, Vec::new());
    let typo = ConsumerId::service("prod", "ordres");
    let applications = Applications {
        groups: BTreeMap::from([(orders(), "shop".into()), (typo, "shop".into())]),
        named: BTreeMap::new(),
    };
    let watched = watched(&tale.policy);
    let found = unmatched(&tale.state, &watched, &BTreeMap::new(), &applications);
    let told: Vec<String> = found
        .iter()
        .map(|finding| format!("{}: {}", finding.subject, finding.text))
        .collect();
    assert_eq!(
        told,
        [
            "application shop: numbers.applications names ecs:prod/ordres, which uses no watched secret: it is never measured"
        ]
    );
}
