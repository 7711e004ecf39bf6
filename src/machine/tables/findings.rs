//! What a person is told.

use super::world::{Tale, arn, at, consumer, labels, service};
use crate::admission::Admission;
use crate::findings::{of_fleet, of_secret};
use crate::judge::{Judgements, Reason};
use crate::looks::secret_looks;
use crate::model::{
    ConsumerId, Event, Evidence, Look, LookFailure, LookKey, ReferenceKind, Scope, ScopeSeen, SecretSeen,
    Step,
};
use crate::policy::Settings;

pub(super) fn kinds(tale: &Tale, second: i64) -> Vec<&'static str> {
    let found = of_secret(
        &tale.state,
        &arn("db"),
        &tale.judge(second),
        &tale.settings,
        at(second),
    );
    found.into_iter().map(|finding| finding.kind.name()).collect()
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
    let managed = told_of(|seen| {
        seen.rotation_enabled = false;
        seen.owning_service = Some("rds".to_owned());
    });
    assert_eq!(managed, Vec::<&str>::new(), "its owner rotates it");
    let deleted = told_of(|seen| (seen.rotation_enabled, seen.deleted) = (false, Some(at(-10))));
    assert_eq!(deleted, ["secret-deleted"]);
    let elsewhere = told_of(|seen| seen.replicas.push("us-east-1".to_owned()));
    assert_eq!(elsewhere, ["replicated"]);
}

/// Told at second 1 of a secret whose next rotation is due at another.
#[test]
fn a_rotation_is_overdue_two_days_after_its_date() {
    const TWO_DAYS: i64 = 48 * 3_600;
    assert_eq!(
        told_of(|seen| seen.next_rotation = Some(at(1 - TWO_DAYS))),
        Vec::<&str>::new()
    );
    assert_eq!(
        told_of(|seen| seen.next_rotation = Some(at(-TWO_DAYS))),
        ["overdue"]
    );
    let off = told_of(|seen| {
        (seen.next_rotation, seen.rotation_enabled) = (Some(at(-TWO_DAYS)), false);
    });
    assert_eq!(off, ["no-rotation"]);
    let deleted = told_of(|seen| (seen.next_rotation, seen.deleted) = (Some(at(-TWO_DAYS)), Some(at(0))));
    assert_eq!(deleted, ["secret-deleted"]);
}

#[test]
fn a_secret_that_is_gone_is_told_until_it_is_back() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    tale.see(10, Evidence::SecretGone { secret: arn("db") });
    assert_eq!(kinds(&tale, 11), ["secret-gone"]);
    tale.labels(20, "a - z");
    assert_eq!(kinds(&tale, 21), Vec::<&str>::new());
}

#[test]
fn what_a_redeploy_will_not_do_is_told_before_the_rotation() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    let kind = ReferenceKind::Pinned {
        to: "AWSPREVIOUS".to_owned(),
    };
    let mut orders = consumer(&ConsumerId::service("prod", "orders"), &[("db", kind.clone())]);
    orders.mutable_images.push("orders:latest".to_owned());
    let references = [("db", ReferenceKind::Injected), ("queue", kind)];
    let other = consumer(&ConsumerId::service("prod", "other"), &references);
    tale.found(1, Scope::Cluster("prod".to_owned()), vec![orders, other]);
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

#[test]
fn functions_that_cannot_be_read_name_the_missing_right() {
    let mut tale = Tale::new();
    let seen = ScopeSeen {
        unreadable: vec!["mailer".to_owned()],
        ..ScopeSeen::default()
    };
    let scope = Scope::Functions;
    tale.see(1, Evidence::Scope { scope, seen });
    let found = of_fleet(
        &tale.state,
        &Judgements::new(),
        &Admission::default(),
        &Settings::default(),
        at(2),
    );
    let [finding] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!(finding.remedy.contains("kms:Decrypt"), "{finding:?}");
}

#[test]
fn a_look_that_is_not_asked_for_any_more_is_no_finding_for_ever() {
    let told = |failure: LookFailure| {
        let mut tale = Tale::new();
        for second in [0, 2, 6] {
            tale.event(Event::Unseen {
                look: Look::at(at(second)),
                key: LookKey::Log(arn("db")),
                failure: failure.clone(),
            });
        }
        [10, 10_000].map(|second| {
            of_fleet(
                &tale.state,
                &Judgements::new(),
                &Admission::default(),
                &Settings::default(),
                at(second),
            )
            .len()
        })
    };
    assert_eq!(told(LookFailure::Timeout), [1, 0]);
    let denied = LookFailure::Denied {
        iam_action: "logs:FilterLogEvents".to_owned(),
        resource: "*".to_owned(),
    };
    assert_eq!(told(denied), [1, 1], "the right is still missing");
}

/// Which password the database has decides what a person should do.
#[test]
fn the_remedy_of_a_failed_rotation_goes_by_what_logs_in() {
    let remedy = |logins: &[(i64, &str, bool)]| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "a b z");
        tale.line(12, Step::SetSecret).failure(14, Step::TestSecret);
        for (second, version, accepted) in logins {
            tale.login(*second, version, *accepted);
        }
        let found = of_secret(&tale.state, &arn("db"), &tale.judge(30), &tale.settings, at(30));
        found.first().expect("rotation-failed").remedy.clone()
    };
    assert!(remedy(&[(20, "b", true), (21, "a", false)]).contains("--move-to-version-id b"));
    assert!(remedy(&[(20, "b", false), (21, "a", false)]).starts_with("neither"));
    assert!(remedy(&[(20, "b", false), (21, "a", true)]).starts_with("consumers still hold"));
    let unknown = remedy(&[(11, "a", true)]);
    assert!(
        unknown.starts_with("the database may hold"),
        "an old login says nothing: {unknown}"
    );
}

/// A first start restarts nobody for what happened before it, but it says what it found.
#[test]
fn services_from_before_an_unwatched_rotation_are_told_until_they_are_new() {
    let mut tale = Tale::new();
    let orders = ConsumerId::service("prod", "orders");
    tale.last_rotated = Some(at(-100_000));
    tale.uses(&orders, &["db"]).labels(0, "b - a");
    let looks = |tale: &Tale, second| {
        let judgement = tale.judge(second);
        let (secret, policy, settings) = (arn("db"), &tale.policy, &tale.settings);
        secret_looks(&tale.state, &secret, &judgement, policy, settings, at(second))
    };
    let key = LookKey::Consumer(orders.clone());
    assert_eq!(looks(&tale, 1).get(&key), Some(&at(1)), "each service once");
    tale.service(2, &orders, service(&[-200_000, -50_000]));
    assert_eq!(kinds(&tale, 3), ["stale-since-before"]);
    assert!(tale.judge(3).wants.is_empty());
    assert!(looks(&tale, 3).contains_key(&key), "again, to see it end");
    tale.service(900, &orders, service(&[800, 810]));
    assert_eq!(kinds(&tale, 901), Vec::<&str>::new());
    assert!(!looks(&tale, 901).contains_key(&key));
}

/// Between setSecret and finishSecret the database refuses AWSCURRENT: that is no dead value.
#[test]
fn a_refused_awscurrent_is_told_only_where_no_rotation_explains_it() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(11, "b - a")
        .login(12, "b", true);
    tale.labels(60, "b - a")
        .labels(61, "b c a")
        .labels(63, "b c a")
        .login(64, "b", false);
    assert_eq!(kinds(&tale, 65), Vec::<&str>::new());
    tale.labels(70, "b - a").labels(76, "b - a").login(77, "b", false);
    assert_eq!(
        kinds(&tale, 78),
        ["rotation-abandoned"],
        "given up, it explains it still"
    );
    let mut put = Tale::new();
    put.labels(0, "a - z").labels(11, "b - a").login(12, "b", false);
    assert_eq!(kinds(&put, 13), ["dead-value"]);
}

/// Told once the log was asked, which may say when the promotion was.
#[test]
fn a_service_of_which_nobody_can_say_whether_it_is_stale_is_told() {
    let orders = ConsumerId::service("prod", "orders");
    let mut tale = Tale::new();
    (tale.last_rotated, tale.last_changed) = (Some(at(0)), Some(at(4)));
    tale.uses(&orders, &["db"]);
    let mut seen = tale.secret_seen("db", labels("b - a"));
    seen.rotation_lambda = Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned());
    let secret = arn("db");
    tale.see(300, Evidence::Secret { secret, seen });
    tale.service(302, &orders, service(&[-20]));
    assert_eq!(kinds(&tale, 303), Vec::<&str>::new());
    let asked = secret_looks(
        &tale.state,
        &arn("db"),
        &tale.judge(303),
        &tale.policy,
        &tale.settings,
        at(303),
    );
    assert!(asked.contains_key(&LookKey::Log(arn("db"))), "{asked:?}");
    let (secret, lines) = (arn("db"), Vec::new());
    tale.see(304, Evidence::Log { secret, lines });
    assert_eq!(kinds(&tale, 305), ["may-be-stale"]);
}

#[test]
fn a_consumer_that_the_hourly_cap_leaves_stale_is_told() {
    let mut admission = Admission::default();
    let waiting = (arn("db"), ConsumerId::service("prod", "orders"));
    admission.waits.insert(
        waiting,
        Reason::HourlyCap {
            limit: 3,
            until: at(60),
        },
    );
    let found = of_fleet(
        &Tale::new().state,
        &Judgements::new(),
        &admission,
        &Settings::default(),
        at(0),
    );
    assert_eq!(
        found
            .iter()
            .map(|finding| finding.kind.name())
            .collect::<Vec<_>>(),
        ["capped"]
    );
}
