//! Consumers as several sources describe them.

use super::world::{Tale, arn, function, service};
use crate::model::{Consumer, ConsumerId, Evidence, Reference, ReferenceKind, Scope, ScopeSeen, Stage};

fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

fn found(tale: &mut Tale, second: i64, scope: Scope, held: &[(&str, ReferenceKind)]) {
    let references = held.iter().map(|(name, kind)| Reference {
        secret: arn(name),
        kind: kind.clone(),
    });
    let consumer = Consumer {
        id: mailer(),
        references: references.collect(),
        mutable_images: Vec::new(),
    };
    let consumers = if held.is_empty() {
        Vec::new()
    } else {
        vec![consumer]
    };
    let seen = ScopeSeen {
        consumers,
        ..ScopeSeen::default()
    };
    tale.see(second, Evidence::Scope { scope, seen });
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
        &[("db", ReferenceKind::Suspected)],
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
    let reference = |kind| Reference {
        secret: arn("db"),
        kind,
    };
    let consumer = Consumer {
        id: orders.clone(),
        references: vec![
            reference(ReferenceKind::Injected),
            reference(ReferenceKind::Pinned {
                to: "AWSPREVIOUS".to_owned(),
            }),
        ],
        mutable_images: Vec::new(),
    };
    let seen = ScopeSeen {
        consumers: vec![consumer],
        ..ScopeSeen::default()
    };
    let scope = Scope::Cluster("prod".to_owned());
    tale.see(22, Evidence::Scope { scope, seen });
    tale.service(25, &orders, service(&[-500]));
    assert!(tale.latest(26).consumers[0].1.action.is_some());
}
