//! What a person is told.

use super::world::{Tale, arn, at, labels, service};
use crate::findings::of_secret;
use crate::model::{
    Consumer, ConsumerId, Evidence, Reference, ReferenceKind, Scope, ScopeSeen, SecretSeen, Step,
};

fn kinds(tale: &Tale, second: i64) -> Vec<&'static str> {
    let found = of_secret(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.settings,
        at(second),
    );
    found.into_iter().map(|finding| finding.kind).collect()
}

fn told_of(change: impl FnOnce(&mut SecretSeen)) -> Vec<&'static str> {
    let mut tale = Tale::new();
    let mut seen = tale.secret_seen("db", labels("a - z"));
    change(&mut seen);
    let secret = arn("db");
    tale.see(0, Evidence::Secret { secret, seen });
    kinds(&tale, 1)
}

#[test]
fn what_a_secret_itself_tells() {
    assert_eq!(told_of(|_| {}), Vec::<&str>::new());
    let brake = |seen: &mut SecretSeen, word: &str| {
        seen.tags.insert("rotation-watchdog".to_owned(), word.to_owned());
    };
    assert_eq!(told_of(|seen| brake(seen, "hold")), Vec::<&str>::new());
    assert_eq!(told_of(|seen| brake(seen, "off")), ["unknown-brake"]);
    assert_eq!(told_of(|seen| seen.rotation_enabled = false), ["no-rotation"]);
    let switched_off = told_of(|seen| {
        seen.rotation_enabled = false;
        seen.rotation_lambda = Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned());
    });
    assert_eq!(switched_off, ["rotation-off"]);
}

#[test]
fn what_a_redeploy_will_not_do_is_told_before_the_rotation() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    let kind = ReferenceKind::Pinned {
        to: "AWSPREVIOUS".to_owned(),
    };
    let secret = arn("db");
    let consumer = Consumer {
        id: ConsumerId::service("prod", "orders"),
        references: vec![Reference { secret, kind }],
        mutable_images: vec!["orders:latest".to_owned()],
    };
    let scope = Scope::Cluster("prod".to_owned());
    let seen = ScopeSeen {
        consumers: vec![consumer],
        ..ScopeSeen::default()
    };
    tale.see(1, Evidence::Scope { scope, seen });
    assert_eq!(kinds(&tale, 2), ["pinned", "mutable-image"]);
}

#[test]
fn a_rotation_given_up_after_setsecret_pages_until_the_old_password_logs_in() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .line(13, Step::SetSecret)
        .failure(15, Step::TestSecret)
        .labels(100, "a - z")
        .labels(106, "a - z");
    assert_eq!(kinds(&tale, 110), ["rotation-abandoned"]);
    tale.login(120, "a", true);
    assert_eq!(kinds(&tale, 121), Vec::<&str>::new());
}

#[test]
fn tasks_that_may_not_be_listed_name_the_missing_right() {
    let mut tale = Tale::new();
    let orders = ConsumerId::service("prod", "orders");
    tale.uses(&orders, &["db"])
        .labels(0, "a - z")
        .labels(10, "a b z")
        .labels(21, "b - a");
    let mut seen = service(&[-500]);
    seen.tasks.clear();
    seen.tasks_listed = false;
    tale.service(30, &orders, seen);
    assert_eq!(kinds(&tale, 31), ["tasks-unseen"]);
}
