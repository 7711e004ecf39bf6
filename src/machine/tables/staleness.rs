//! Until when a consumer goes on with an old value, and what that depends on (aws-facts: How stale is a consumer?).

use jiff::SignedDuration;

use super::rotations::done;
use super::standings::{orders, promoted, standing};
use super::world::{Tale, consumer, service};
use crate::consumers::Why;
use crate::model::{ConsumerId, Declared, ReferenceKind, Scope, Stage, Staleness, Step};

fn pinned() -> ReferenceKind {
    ReferenceKind::Pinned {
        to: "AWSPREVIOUS".to_owned(),
    }
}

/// A promotion whose moment the log tells: second 20, so that what was made by second 21 counts as old.
pub(super) fn dated(id: &ConsumerId) -> Tale {
    let mut tale = promoted(id);
    tale.log(20, done(Step::FinishSecret, "b"));
    tale
}

/// The same, of a consumer with other references.
fn with(id: &ConsumerId, references: &[(&str, ReferenceKind)]) -> Tale {
    let mut tale = dated(id);
    let scope = Scope::Cluster(id.to_string());
    tale.found(-4, scope, vec![consumer(id, references)]);
    tale
}

#[test]
fn what_its_references_say_of_a_service() {
    use ReferenceKind::{Declared, Fetches, Injected, Suspected};
    let table = [
        (vec![("db", Injected)], Why::NotLookedYet),
        (vec![("db", Fetches), ("db", Injected)], Why::NotLookedYet),
        (vec![("db", Fetches)], cached(21 + 3_600)),
        (vec![("db", Fetches), ("queue", Injected)], cached(21 + 3_600)),
        (vec![("db", pinned())], beyond()),
        (vec![("db", pinned()), ("db", Suspected)], beyond()),
        (vec![("db", pinned()), ("db", Declared)], beyond()),
        (vec![("db", pinned()), ("db", Injected)], Why::NotLookedYet),
        (vec![("db", Injected), ("queue", pinned())], Why::NotLookedYet),
    ];
    for (references, why) in table {
        let mut tale = with(&orders(), &references);
        tale.policy.ecs_fetching = Staleness::Wait(SignedDuration::from_hours(1));
        assert_eq!(standing(&tale, 30).why, why, "{references:?}");
    }
}

fn cached(until: i64) -> Why {
    Why::CacheLives {
        until: super::world::at(until),
    }
}

fn beyond() -> Why {
    Why::Pinned {
        to: "AWSPREVIOUS".to_owned(),
    }
}

/// Most applications fetch once, when they start. Nothing but a rule that says how long it caches makes one wait.
#[test]
fn c7_who_fetches_by_itself_is_restarted_unless_a_rule_says_how_long_it_caches() {
    use ReferenceKind::{Fetches, Named};
    for id in [orders(), ConsumerId::function("mailer")] {
        for kind in [Fetches, Named] {
            let mut tale = with(&id, &[("db", kind)]);
            assert_eq!(
                standing(&tale, 100_000).why,
                Why::NotLookedYet,
                "never presumed unseen"
            );
            match id {
                ConsumerId::Service { .. } => tale.service(60, &id, service(&[-500])),
                _ => tale.function(60, &id, super::world::function(None)),
            };
            let stale = standing(&tale, 61);
            assert_eq!(stale.stage, Stage::Stale);
            assert!(stale.wants.is_some(), "{stale:?}");
        }
    }
}

#[test]
fn a_rule_replaces_what_discovery_concludes() {
    let wait = |seconds| Staleness::Wait(SignedDuration::from_secs(seconds));
    let mailer = ConsumerId::function("mailer");
    let mut tale = dated(&mailer);
    assert_eq!(standing(&tale, 30).why, Why::NotLookedYet);
    tale.policy.lambda_fetching = wait(60);
    assert_eq!(standing(&tale, 30).why, cached(21 + 60));
    let declared = |id: &ConsumerId, seconds| Declared {
        id: id.clone(),
        staleness: wait(seconds),
    };
    tale.policy.declared = vec![declared(&orders(), 5), declared(&mailer, 120)];
    assert_eq!(standing(&tale, 30).why, cached(21 + 120));
    tale.policy.staleness.insert(mailer, wait(300));
    assert_eq!(standing(&tale, 30).why, cached(21 + 300));
}

#[test]
fn a_cache_has_expired_when_its_time_after_the_margin_is_over() {
    let mut tale = dated(&orders());
    let ttl = Staleness::Wait(SignedDuration::from_secs(60));
    tale.policy.staleness.insert(orders(), ttl);
    assert_eq!(standing(&tale, 80).stage, Stage::Stale);
    let expired = standing(&tale, 81);
    assert_eq!((expired.stage, expired.why), (Stage::Presumed, Why::CacheExpired));
}

/// Second 20, and a margin of one.
#[test]
fn a_task_is_young_when_it_was_created_after_the_margin() {
    for (created, stage) in [(20, Stage::Stale), (21, Stage::Stale), (22, Stage::Fresh)] {
        let mut tale = dated(&orders());
        tale.service(60, &orders(), service(&[created]));
        assert_eq!(standing(&tale, 61).stage, stage, "{created}");
    }
}

/// A task from the middle of an interval within which nobody knows when the promotion was.
#[test]
fn a_promotion_within_ten_seconds_counts_as_watched() {
    for (promoted_by, stage) in [(30, Stage::Stale), (31, Stage::Unknown)] {
        let mut tale = Tale::new();
        tale.uses(&orders(), &["db"])
            .labels(0, "a - z")
            .labels(10, "a b z");
        tale.labels(20, "a b z").labels(32, "b - a");
        tale.log(promoted_by, done(Step::FinishSecret, "b"));
        tale.service(60, &orders(), service(&[25]));
        assert_eq!(standing(&tale, 61).stage, stage, "{promoted_by}");
    }
}
