//! A secret that was deleted without recovery and made again under its name: another ARN, and a life of its own.

use super::admission::{admission, reason};
use super::fleet_findings::{sole, told};
use super::standings::{orders, redeploy_of};
use super::world::{Tale, arn, at, consumer, labels, service, summary};
use crate::findings::of_secret;
use crate::judge::Reason;
use crate::looks::{consumer_looks, secret_looks};
use crate::model::{
    ConsumerId, Event, Evidence, Guard, Look, LookFailure, LookKey, ReferenceKind, Scope, SecretArn,
    SecretSummary,
};
use crate::procedures::guards;

/// The same name with other random characters; `suffix` decides which of the two comes first in every walk.
fn again(name: &str, suffix: &str) -> SecretArn {
    SecretArn::new(format!(
        "arn:aws:secretsmanager:eu-west-1:1:secret:{name}-{suffix}"
    ))
}

fn listed(arns: &[SecretArn]) -> Evidence {
    let row = |arn: &SecretArn| SecretSummary {
        arn: arn.clone(),
        ..summary(arn.name(), "a - -")
    };
    Evidence::Sweep {
        secrets: arns.iter().map(row).collect(),
    }
}

fn described(tale: &Tale, secret: &SecretArn) -> Evidence {
    Evidence::Secret {
        secret: secret.clone(),
        seen: tale.secret_seen(secret.name(), labels("a - -")),
    }
}

/// `db` was seen, then only its successor is listed.
fn replaced(suffix: &str) -> (Tale, SecretArn) {
    let mut tale = Tale::new();
    let new = again("db", suffix);
    tale.see(0, listed(&[arn("db")]));
    tale.labels(1, "a - -");
    tale.see(60, listed(std::slice::from_ref(&new)));
    (tale, new)
}

#[test]
fn a1_whichever_suffix_sorts_first_the_living_one_has_the_name() {
    for suffix in ["AAAAAA", "zzzzzz"] {
        let (tale, new) = replaced(suffix);
        assert_eq!(tale.state.successor(&arn("db")), Some(&new));
        assert_eq!(tale.state.successor(&new), None);
        assert_eq!(tale.state.by_life().first(), Some(&new), "{suffix}");
    }
}

/// A list that lags names both. Which one is dead, a look at it tells, and looks come soon.
#[test]
fn a1_where_both_are_listed_the_one_that_is_not_there_is_dead() {
    let mut tale = Tale::new();
    let new = again("db", "AAAAAA");
    tale.see(0, listed(&[arn("db")]));
    tale.labels(1, "a - -");
    tale.see(60, listed(&[arn("db"), new.clone()]));
    let seen = described(&tale, &new);
    tale.see(61, seen);
    assert_eq!(tale.state.successor(&arn("db")), None, "both may be alive");
    assert_eq!(
        tale.state.by_life().first(),
        Some(&new),
        "the younger comes first"
    );
    let looks = secret_looks(
        &tale.state,
        &arn("db"),
        &tale.judge(62),
        &tale.policy,
        &tale.settings,
        at(62),
    );
    assert_eq!(
        looks.get(&LookKey::Secret(arn("db"))),
        Some(&at(11)),
        "ten seconds after the last"
    );
    tale.see(63, Evidence::SecretGone { secret: arn("db") });
    assert_eq!(tale.state.successor(&arn("db")), Some(&new));
    assert_eq!(tale.state.successor(&new), None);
}

#[test]
fn a1_another_secret_of_a_longer_name_is_no_successor() {
    let mut tale = Tale::new();
    tale.see(0, listed(&[arn("db")]));
    tale.labels(1, "a - -");
    let elsewhere = "arn:aws:secretsmanager:us-east-1:1:secret:db-AAAAAA";
    let others = [
        again("db-old", "AAAAAA"),
        again("db2", "AAAAAA"),
        SecretArn::new(elsewhere),
    ];
    tale.see(60, listed(&others));
    assert_eq!(tale.state.successor(&arn("db")), None);
}

#[test]
fn a1_nothing_is_said_of_one_that_has_a_successor() {
    let told_of_db = |tale: &Tale| {
        let found = of_secret(&tale.state, &arn("db"), &tale.judge(70), &tale.settings, at(70));
        found
            .into_iter()
            .map(|finding| finding.kind.name())
            .collect::<Vec<_>>()
    };
    let (mut gone, _) = replaced("AAAAAA");
    gone.see(65, Evidence::SecretGone { secret: arn("db") });
    assert_eq!(told_of_db(&gone), Vec::<&str>::new());
    let (mut scheduled, _) = replaced("AAAAAA");
    let mut seen = scheduled.secret_seen("db", labels("a - -"));
    seen.deleted = Some(at(50));
    let secret = arn("db");
    scheduled.see(65, Evidence::Secret { secret, seen });
    assert_eq!(told_of_db(&scheduled), Vec::<&str>::new());
}

/// A rotation of `db` to `b`; `queue` is gone, and `orders` names both in this way.
fn restart_beside_the_dead(kind: ReferenceKind) -> (Tale, Option<Reason>) {
    let mut tale = super::admission::promoted(&["db"]);
    tale.labels_of("queue", 1, "a - -");
    tale.login(22, "b", true);
    tale.see(23, listed(&[arn("db")]));
    tale.see(24, Evidence::SecretGone { secret: arn("queue") });
    let held = [("db", ReferenceKind::Injected), ("queue", kind)];
    tale.found(
        25,
        Scope::Cluster("prod".to_owned()),
        vec![consumer(&orders(), &held)],
    );
    tale.service(26, &orders(), service(&[-500]));
    let reason = reason(&admission(&tale, &["db"], 30), "db", "orders");
    (tale, reason)
}

/// No task starts without what it injects; what it fetches by itself is its own affair.
#[test]
fn a1_only_what_is_injected_by_a_dead_arn_keeps_a_restart_back_and_that_is_told() {
    let (tale, waits) = restart_beside_the_dead(ReferenceKind::Injected);
    assert_eq!(waits, Some(Reason::Deleted { secret: arn("queue") }));
    let found = told(&tale, 31);
    assert!(
        found.iter().any(|finding| finding.kind.name() == "still-named"),
        "{found:?}"
    );
    let fetches = restart_beside_the_dead(ReferenceKind::Fetches);
    assert_eq!(fetches.1, None);
    let asked = guards(&fetches.0.state, &redeploy_of(&orders(), 22), &[]);
    let secrets = asked.into_iter().filter_map(|guard| match guard {
        Guard::Secret { secret, .. } => Some(secret),
        Guard::Service { .. } | Guard::Function { .. } => None,
        Guard::Promotable { .. } | Guard::Logins { .. } => None,
    });
    assert_eq!(secrets.collect::<Vec<_>>(), [arn("db")], "nor does a guard ask");
}

#[test]
fn a1_what_is_known_of_the_dead_goes_when_nobody_names_it() {
    let (mut tale, new) = replaced("AAAAAA");
    assert!(!tale.state.secrets.contains_key(&arn("db")));
    let (mut named, _) = (Tale::new(), ());
    named.uses(&ConsumerId::service("prod", "orders"), &["db"]);
    named.see(0, listed(&[arn("db")]));
    named.labels(1, "a - -");
    named.see(60, listed(std::slice::from_ref(&new)));
    assert!(named.state.secrets.contains_key(&arn("db")));
    tale.see(120, listed(&[new]));
    assert_eq!(tale.state.secrets.len(), 1);
}

#[test]
fn a1_one_that_is_gone_for_good_is_told_while_somebody_names_it() {
    let mut tale = Tale::new();
    tale.see(0, listed(&[arn("db"), arn("queue")]));
    tale.labels(1, "a - -");
    tale.see(60, listed(&[arn("queue")]));
    tale.see(61, Evidence::SecretGone { secret: arn("db") });
    assert_eq!(told(&tale, 62), vec![]);
    tale.uses(&orders(), &["db"]);
    let found = told(&tale, 63);
    assert_eq!(found[0].kind.name(), "still-named");
    assert!(found[0].text.contains("ecs:prod/orders"), "{found:?}");
}

/// A search after the living one was listed: whoever is still said to name the dead one has its full ARN.
#[test]
fn a1_whoever_names_the_dead_one_by_its_full_arn_is_told_beside_the_living_one() {
    let web = ConsumerId::service("prod", "web");
    let search = |tale: &mut Tale, second, users: &[&ConsumerId]| {
        let users = users
            .iter()
            .map(|id| consumer(id, &[("db", ReferenceKind::Injected)]));
        tale.found(second, Scope::Cluster("prod".to_owned()), users.collect());
    };
    let mut tale = Tale::new();
    let new = again("db", "zzzzzz");
    search(&mut tale, -5, &[&orders(), &web]);
    tale.see(0, listed(&[arn("db")]));
    tale.labels(1, "a - -");
    tale.see(60, listed(std::slice::from_ref(&new)));
    assert_eq!(
        tale.state.not_there().collect::<Vec<_>>(),
        [&arn("db")],
        "it is searched for"
    );
    assert_eq!(
        told(&tale, 61),
        vec![],
        "a search may have found them by the name"
    );
    search(&mut tale, 62, &[&orders()]);
    let found = sole(&told(&tale, 63));
    assert_eq!(found.kind.name(), "still-named");
    assert!(found.text.contains("ecs:prod/orders"), "{found:?}");
    assert!(
        found.remedy.contains("only a new reference") && found.remedy.contains(new.as_str()),
        "{found:?}"
    );
    tale.see(120, listed(std::slice::from_ref(&new)));
    assert_eq!(told(&tale, 121).len(), 1, "for as long as it is named");
    search(&mut tale, 700, &[]);
    tale.see(720, listed(&[new]));
    assert_eq!(told(&tale, 721), vec![]);
    assert!(!tale.state.secrets.contains_key(&arn("db")));
}

#[test]
fn a1_the_remedy_of_a_lost_one_goes_by_how_it_is_named() {
    for (kind, expected) in [
        (ReferenceKind::Injected, "only a new reference mends"),
        (ReferenceKind::Fetches, "only a new reference mends"),
        (ReferenceKind::Named, "make it again under its name, or take"),
    ] {
        let mut tale = Tale::new();
        tale.see(0, listed(&[arn("db"), arn("queue")]));
        tale.labels(1, "a - -");
        tale.see(60, listed(&[arn("queue")]));
        tale.see(61, Evidence::SecretGone { secret: arn("db") });
        let users = vec![consumer(&orders(), &[("db", kind)])];
        tale.found(62, Scope::Cluster("prod".to_owned()), users);
        let found = sole(&told(&tale, 63));
        assert!(found.remedy.contains(expected), "{found:?}");
    }
}

/// The journal knows `db`, and no list has it.
fn missing() -> Tale {
    let mut tale = Tale::new();
    tale.see(0, listed(&[arn("db"), arn("queue")]));
    tale.labels(1, "a - -");
    let mut tale = tale.restarted();
    tale.state.searching = true;
    tale.see(100, listed(&[arn("queue")]));
    tale
}

fn asked(tale: &Tale, second: i64) -> Option<jiff::Timestamp> {
    let looks = consumer_looks(&tale.state, &orders(), &tale.settings, at(second));
    looks.get(&LookKey::Secret(arn("db"))).copied()
}

#[test]
fn a1_one_that_only_the_journal_knows_is_looked_at_while_somebody_names_it() {
    let mut tale = missing();
    assert_eq!(tale.state.not_there().collect::<Vec<_>>(), [&arn("db")]);
    tale.uses(&orders(), &["db"]);
    assert_eq!(asked(&tale, 101), Some(at(101)));
    tale.event(Event::Unseen {
        look: Look::at(at(101)),
        key: LookKey::Secret(arn("db")),
        failure: LookFailure::Timeout,
    });
    assert_eq!(asked(&tale, 102), Some(at(103)), "again, as a look that failed");
    tale.see(103, Evidence::SecretGone { secret: arn("db") });
    assert_eq!(asked(&tale, 104), None, "once is enough");
    let found = sole(&told(&tale, 104));
    assert_eq!(found.kind.name(), "still-named");
    assert!(found.text.contains("ecs:prod/orders"), "{found:?}");
    let unnamed = missing();
    assert_eq!(asked(&unnamed, 101), None);
    assert_eq!(told(&unnamed, 101), vec![]);
}

/// The same after a restart, where another has its name.
#[test]
fn a1_a_dead_one_is_kept_over_a_restart_until_it_is_known_who_names_it() {
    let mut tale = missing();
    tale.see(160, listed(&[again("db", "zzzzzz"), arn("queue")]));
    assert!(tale.state.secrets.contains_key(&arn("db")));
    tale.found(
        161,
        Scope::Cluster("prod".to_owned()),
        vec![consumer(&orders(), &[("db", ReferenceKind::Injected)])],
    );
    assert_eq!(told(&tale, 162).len(), 1);
    let mut unnamed = missing();
    unnamed.state.searching = false;
    unnamed.see(160, listed(&[again("db", "zzzzzz"), arn("queue")]));
    assert!(!unnamed.state.secrets.contains_key(&arn("db")));
}

#[test]
fn a1_one_that_is_scheduled_for_deletion_is_told_after_a_restart() {
    let mut tale = missing();
    tale.uses(&orders(), &["db"]);
    let mut seen = tale.secret_seen("db", labels("a - -"));
    seen.deleted = Some(at(50));
    tale.see(
        101,
        Evidence::Secret {
            secret: arn("db"),
            seen,
        },
    );
    let found = sole(&told(&tale, 102));
    assert_eq!(found.kind.name(), "still-named");
    assert!(
        asked(&tale, 102) > Some(at(3_000)),
        "once an hour, until it is gone"
    );
}
