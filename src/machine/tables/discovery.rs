//! Consumers as several sources describe them.

use super::world::{Tale, arn, consumer, function, service};
use crate::model::{ConsumerId, Evidence, Reference, ReferenceKind, Scope, ScopeSeen, Stage};

fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

fn found(tale: &mut Tale, second: i64, scope: Scope, held: &[(&str, ReferenceKind)]) {
    let consumers = if held.is_empty() {
        Vec::new()
    } else {
        vec![consumer(&mailer(), held)]
    };
    tale.found(second, scope, consumers);
}

fn held(tale: &Tale) -> Vec<Reference> {
    let facts = tale.state.consumers.get(&mailer());
    facts.map(|facts| facts.references.clone()).unwrap_or_default()
}

#[test]
fn a_consumer_that_a_rule_names_stays_one_whatever_discovery_finds() {
    let mut tale = Tale::new();
    found(&mut tale, 0, Scope::Declared, &[("db", ReferenceKind::Declared)]);
    found(
        &mut tale,
        1,
        Scope::Functions,
        &[("queue", ReferenceKind::Fetches)],
    );
    assert_eq!(held(&tale).len(), 2, "{:?}", held(&tale));
    found(&mut tale, 2, Scope::Functions, &[]);
    assert_eq!(held(&tale).len(), 1, "discovery lost it, the rule did not");
    found(&mut tale, 3, Scope::Declared, &[]);
    assert!(tale.state.consumers.is_empty());
}

#[test]
fn what_a_rule_names_is_suspected_no_more() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(21, "b - a");
    found(
        &mut tale,
        22,
        Scope::Functions,
        &[
            ("db", ReferenceKind::Suspected),
            ("queue", ReferenceKind::Fetches),
        ],
    );
    assert_eq!(tale.latest(23).consumers, vec![], "never written to");
    found(&mut tale, 24, Scope::Declared, &[("db", ReferenceKind::Declared)]);
    found(
        &mut tale,
        25,
        Scope::Functions,
        &[("db", ReferenceKind::Suspected)],
    );
    tale.function(26, &mailer(), function(None));
    assert_eq!(tale.latest(27).consumers[0].1.stage, Stage::Stale);
    assert_eq!(held(&tale).len(), 1, "{:?}", held(&tale));
}

#[test]
fn who_is_known_to_use_one_secret_may_be_suspected_of_another() {
    let mut tale = Tale::new();
    found(
        &mut tale,
        0,
        Scope::Declared,
        &[("queue", ReferenceKind::Declared)],
    );
    found(
        &mut tale,
        1,
        Scope::Functions,
        &[("db", ReferenceKind::Suspected)],
    );
    let kinds = held(&tale).into_iter().map(|reference| reference.kind);
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [ReferenceKind::Suspected, ReferenceKind::Declared]
    );
}

#[test]
fn a_rotation_lambda_named_with_its_alias_is_no_consumer() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(21, "b - a");
    let mut seen = tale.secret_seen("db", super::world::labels("b - a"));
    seen.rotation_lambda = Some("arn:aws:lambda:eu-west-1:1:function:mailer:live".to_owned());
    tale.see(
        22,
        Evidence::Secret {
            secret: arn("db"),
            seen,
        },
    );
    found(&mut tale, 23, Scope::Functions, &[("db", ReferenceKind::Fetches)]);
    assert_eq!(tale.latest(24).consumers, vec![]);
}

#[test]
fn a_sidecar_that_reads_awsprevious_does_not_keep_its_service_from_a_restart() {
    let orders = ConsumerId::service("prod", "orders");
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels(10, "a b z").labels(21, "b - a");
    let previous = ReferenceKind::Pinned {
        to: "AWSPREVIOUS".to_owned(),
    };
    let references = [("db", ReferenceKind::Injected), ("db", previous)];
    let scope = Scope::Cluster("prod".to_owned());
    tale.found(22, scope, vec![consumer(&orders, &references)]);
    tale.service(25, &orders, service(&[-500]));
    assert!(tale.latest(26).consumers[0].1.wants.is_some());
}

#[test]
fn a_cluster_that_is_gone_takes_what_was_found_there_with_it() {
    let mut tale = Tale::new();
    let clusters = |tale: &mut Tale, second, names: &[&str]| {
        let seen = ScopeSeen {
            clusters: names.iter().map(|name| (*name).to_owned()).collect(),
            ..ScopeSeen::default()
        };
        let scope = Scope::Clusters;
        tale.see(second, Evidence::Scope { scope, seen });
    };
    clusters(&mut tale, 0, &["prod", "test"]);
    let of = |cluster: &str| Scope::Cluster(cluster.to_owned());
    found(&mut tale, 1, of("test"), &[("db", ReferenceKind::Injected)]);
    found(&mut tale, 2, of("prod"), &[("queue", ReferenceKind::Injected)]);
    assert_eq!(held(&tale).len(), 2);
    clusters(&mut tale, 3, &["prod"]);
    assert_eq!(held(&tale).len(), 1);
    assert!(!tale.state.scopes.contains_key(&of("test")));
}

#[test]
fn a_secret_that_was_only_listed_is_forgotten_once_it_is_not() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    tale.sweep(1, &[("db", "a - z"), ("other", "a - z")]);
    assert_eq!(tale.state.secrets.len(), 2);
    tale.sweep(2, &[]);
    let left: Vec<_> = tale.state.secrets.keys().collect();
    assert_eq!(left, [&arn("db")], "what was looked at has a history");
}

#[test]
fn a_part_of_discovery_that_was_asked_earlier_changes_nothing() {
    let mut tale = Tale::new();
    found(&mut tale, 5, Scope::Functions, &[("db", ReferenceKind::Fetches)]);
    found(&mut tale, 4, Scope::Functions, &[]);
    assert_eq!(held(&tale).len(), 1);
    let two = [("db", ReferenceKind::Fetches), ("queue", ReferenceKind::Fetches)];
    found(&mut tale, 5, Scope::Functions, &two);
    assert_eq!(held(&tale).len(), 2, "the later answer");
}
