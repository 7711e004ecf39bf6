//! When RDS is asked, and what people are told of its databases.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cadence::looks;
use super::rds::{instance, managed};
use super::world::{Tale, arn, at};
use crate::admission::Admission;
use crate::findings::{Finding, Kind, Severity, of_fleet, of_secret};
use crate::judge::Judgements;
use crate::looks::{Agenda, fleet_looks};
use crate::model::{
    Event, Evidence, Hint, HintAbout, HintKind, Look, LookFailure, LookKey, ManagedStatus, RdsDatabase,
    RdsId, RdsPart, Scope, Subject,
};
use crate::policy::Settings;

fn asked(tale: &Tale, second: i64) -> Agenda {
    let mut judgements = Judgements::new();
    judgements.insert(&arn("db"), &Arc::new(tale.judge(second)));
    let scopes = BTreeSet::from([Scope::Functions]);
    fleet_looks(
        &tale.state,
        &judgements,
        &Admission::default(),
        &scopes,
        at(-100),
        &tale.settings,
        at(second),
    )
}

#[test]
fn rds_is_asked_closely_while_a_master_users_rotation_lasts_and_seldom_else() {
    let list = LookKey::Rds(RdsPart::Instances);
    let events = LookKey::Rds(RdsPart::Events);
    let cadence = Settings::default().cadence;

    let mut at_rest = Tale::with_lambda();
    at_rest
        .labels(-10, "a")
        .of_the_master()
        .rds(-8, instance("available"));
    let agenda = asked(&at_rest, 0);
    assert_eq!(agenda.get(&list), Some(&(at(-8) + cadence.discovery)));
    assert_eq!(agenda.get(&events), None);

    let agenda = asked(&super::resets::started(), 1);
    assert_eq!(agenda.get(&list), Some(&(at(-8) + cadence.rds)));
    assert_eq!(agenda.get(&events), Some(&at(1)));

    let mut hinted = at_rest;
    let hint = Hint {
        about: HintAbout::Database(RdsId::instance("shop")),
        kind: HintKind::DatabaseCall,
        at: None,
    };
    hinted.see(20, Evidence::Hints { hints: vec![hint] });
    assert_eq!(
        asked(&hinted, 21).get(&list),
        Some(&at(21)),
        "an event makes it due"
    );

    let mut silent = super::resets::started();
    silent.settings.rds = false;
    let agenda = asked(&silent, 1);
    assert!(
        agenda.keys().all(|key| !matches!(key, LookKey::Rds(_))),
        "{agenda:?}"
    );
}

#[test]
fn whoever_was_denied_the_events_of_rds_asks_for_them_at_rest_too() {
    let events = LookKey::Rds(RdsPart::Events);
    let mut denied = super::resets::started();
    let failure = LookFailure::Denied {
        iam_action: "rds:DescribeEvents".to_owned(),
        resource: "*".to_owned(),
    };
    denied.event(Event::Unseen {
        look: Look::at(at(3)),
        key: events.clone(),
        failure,
    });
    denied.labels(10, "a").labels(20, "a");
    let next = asked(&denied, 900).get(&events).copied();
    assert!(next.is_some(), "else nobody would see that the right was given");
}

#[test]
fn labels_are_looked_at_closely_while_rds_rotates_a_secret_that_it_keeps() {
    let due = |status, second| {
        let mut tale = Tale::new();
        tale.labels(-10, "a").rds(-8, managed(status));
        looks(&tale, second).get(&LookKey::Secret(arn("db"))).copied()
    };
    let cadence = Settings::default().cadence;
    assert_eq!(due(ManagedStatus::Active, 0), Some(at(-10) + cadence.idle));
    assert_eq!(due(ManagedStatus::Rotating, 0), Some(at(-10) + cadence.active));
    assert_eq!(
        due(ManagedStatus::Rotating, 600),
        Some(at(-10) + cadence.idle),
        "it hangs"
    );
}

fn told(tale: &Tale, second: i64) -> Vec<Finding> {
    let judgement = tale.judge(second);
    let mut found = of_secret(&tale.state, &arn("db"), &judgement, &tale.settings, at(second));
    let (judgements, admission) = (Judgements::new(), Admission::default());
    found.extend(of_fleet(
        &tale.state,
        &judgements,
        &admission,
        &tale.settings,
        at(second),
    ));
    found
}

#[test]
fn a_database_that_serves_nobody_is_told_where_a_watched_secret_is_of_it() {
    let unwell = |tale: &Tale| {
        let found = told(tale, 1).into_iter();
        found
            .filter(|finding| finding.kind == Kind::DatabaseUnwell)
            .collect::<Vec<_>>()
    };
    let mut tale = Tale::new();
    tale.labels(-10, "a").rds(-8, instance("storage-full"));
    assert_eq!(unwell(&tale), [], "nobody's");
    tale.of_the_master();
    let found = unwell(&tale);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, Subject::Database(RdsId::instance("shop")));
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(
        found[0].text.contains("storage-full") && found[0].text.contains("db"),
        "{found:?}"
    );
    for status in ["available", "modifying", "backing-up", "a-word-of-tomorrow"] {
        tale.rds(0, instance(status));
        assert_eq!(unwell(&tale), [], "{status}");
    }
}

/// Before its cluster was listed, and where clusters may not be listed, its secrets are the instance's.
#[test]
fn an_instance_of_a_cluster_that_serves_nobody_is_told_with_the_clusters_secrets() {
    let member = RdsDatabase {
        cluster: Some(RdsId::cluster("shop")),
        ..instance("stopped")
    };
    let cluster = RdsDatabase {
        id: RdsId::cluster("shop"),
        cluster: None,
        databases: BTreeSet::new(),
        ..instance("available")
    };
    let told_of_it = |tale: &Tale| {
        let found = told(tale, 1).into_iter();
        let of_it = found.filter(|finding| finding.subject == Subject::Database(RdsId::instance("shop")));
        of_it.map(|finding| finding.text).collect::<Vec<_>>()
    };
    let mut tale = Tale::new();
    tale.labels(-10, "a").of_the_master().rds(-8, member);
    let [alone] = &told_of_it(&tale)[..] else {
        panic!("without its cluster")
    };
    assert!(alone.contains("no rotation of it can succeed"), "{alone}");
    tale.rds(-7, cluster);
    let [with_others] = &told_of_it(&tale)[..] else {
        panic!("with its cluster")
    };
    assert!(with_others.contains("one instance less"), "{with_others}");
    assert!(with_others.contains("rds-cluster:shop: db"), "{with_others}");
}

#[test]
fn a_secret_that_rds_can_no_longer_rotate_is_told() {
    let impaired = |status| {
        let mut tale = Tale::new();
        tale.labels(-10, "a").rds(-8, managed(status));
        let found = told(&tale, 1).into_iter();
        found
            .filter(|finding| finding.kind == Kind::MasterSecretImpaired)
            .count()
    };
    assert_eq!(impaired(ManagedStatus::Active), 0);
    assert_eq!(impaired(ManagedStatus::Impaired), 1);
}
