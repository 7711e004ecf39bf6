//! RDS Proxies, and rotations that RDS makes itself.

use super::databases::database as login_at;
use super::rds::managed;
use super::world::{Tale, arn, at, labels, version};
use crate::consumers::Why;
use crate::model::{
    Consumer, ConsumerId, DatabaseSeen, Evidence, ManagedStatus, RdsDatabase, Reference, ReferenceKind,
    Scope, Stage, Strategy,
};
use crate::story::phase::Phase;

fn proxy() -> ConsumerId {
    ConsumerId::proxy("shop")
}

/// A proxy whose endpoint is [`login_at`] database 3.
fn behind_a_proxy() -> Tale {
    let mut tale = Tale::new();
    let found = Consumer {
        id: proxy(),
        references: vec![Reference {
            secret: arn("db"),
            kind: ReferenceKind::Fetches,
        }],
        mutable_images: Vec::new(),
        settings: None,
        endpoint: Some(login_at(3, 1).host),
        target_groups: Vec::new(),
    };
    tale.found(-20, Scope::Proxies, vec![found]);
    tale.labels(-10, "a")
        .labels(-1, "a")
        .labels(0, "a b")
        .valued(1, &["b"]);
    tale.labels(4, "a b").labels(5, "b b a");
    tale
}

#[test]
fn a_proxy_is_stale_until_it_has_had_the_time_to_read_and_nobody_restarts_it() {
    let tale = behind_a_proxy();
    let stage = |second| {
        let judgement = tale.judge(second);
        assert!(judgement.wants.is_empty(), "{:?}", judgement.wants);
        let standings = &judgement.current().expect("promoted").consumers;
        standings
            .iter()
            .map(|(id, standing)| (id.clone(), standing.stage))
            .collect::<Vec<_>>()
    };
    assert_eq!(stage(6), [(proxy(), Stage::Stale)]);
    assert_eq!(stage(90), [(proxy(), Stage::Presumed)]);
}

#[test]
fn a_login_through_a_proxy_proves_that_it_has_read() {
    let stage_after = |through: DatabaseSeen, accepted| {
        let mut tale = behind_a_proxy();
        tale.login_to(Some(through), "db", 7, "b", accepted);
        tale.latest(8).consumers[0].1.stage
    };
    assert_eq!(stage_after(login_at(3, 1), true), Stage::Fresh);
    assert_eq!(stage_after(login_at(3, 1), false), Stage::Stale, "refused");
    assert_eq!(
        stage_after(login_at(1, 1), true),
        Stage::Stale,
        "the database's own endpoint"
    );
}

#[test]
fn a_rotation_that_rds_makes_itself_is_followed_by_what_it_tells() {
    let mut tale = Tale::new();
    let mut seen = tale.secret_seen("db", labels("a"));
    seen.owning_service = Some("rds".to_owned());
    tale.see(
        -10,
        Evidence::Secret {
            secret: arn("db"),
            seen: seen.clone(),
        },
    );
    tale.rds(-8, managed(ManagedStatus::Active));
    seen.labels = labels("a b");
    tale.see(
        0,
        Evidence::Secret {
            secret: arn("db"),
            seen: seen.clone(),
        },
    );
    tale.valued(1, &["b"]).rds(2, managed(ManagedStatus::Rotating));
    assert_eq!(tale.judge(3).strategy.0, Strategy::Managed);
    assert_eq!(tale.latest(3).phase, Phase::Created);
    let setting = RdsDatabase {
        status: "resetting-master-credentials".into(),
        ..managed(ManagedStatus::Rotating)
    };
    tale.rds(7, setting);
    assert_eq!(
        tale.latest(8).phase,
        Phase::Created,
        "the database takes the old one"
    );
    tale.rds(12, managed(ManagedStatus::Rotating));
    assert_eq!(tale.latest(13).phase, Phase::Exposed);
    seen.labels = labels("b - a");
    tale.see(
        13,
        Evidence::Secret {
            secret: arn("db"),
            seen,
        },
    );
    let view = tale.latest(14);
    assert_eq!(view.rotation.key.version, version("b"));
    let window = view.window.expect("told by RDS alone");
    assert!(window.opened.not_before <= Some(at(7)) && window.opened.not_before >= Some(at(-10)));
    assert!(window.opened.not_after <= at(14), "AWSCURRENT moves after that");
}

#[test]
fn a_proxy_that_refuses_our_login_is_stale_however_long_it_had() {
    let mut tale = behind_a_proxy();
    tale.login_to(Some(login_at(3, 1)), "db", 80, "b", false);
    let stand = |tale: &Tale, second| tale.latest(second).consumers[0].1.clone();
    assert_eq!(stand(&tale, 100).stage, Stage::Stale);
    assert_eq!(stand(&tale, 100).why, Why::ProxyRefuses);
    tale.login_to(Some(login_at(3, 1)), "db", 110, "b", true);
    assert_eq!(stand(&tale, 111).stage, Stage::Fresh);
}

/// It reads the secret by itself: as a cache it is no part of the window that restarts close.
#[test]
fn a_proxy_neither_opens_nor_closes_the_danger_window() {
    let mut tale = behind_a_proxy();
    let closed = |tale: &Tale| tale.latest(9).window.expect("a window").closed;
    let before = closed(&tale);
    tale.login_to(Some(login_at(3, 1)), "db", 7, "b", true);
    assert_eq!(closed(&tale), before);
}
