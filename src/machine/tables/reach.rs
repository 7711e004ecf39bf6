//! What an update, a cycle or a redeploy reaches, and what it does not.

use super::staleness::dated;
use super::standings::{
    attempt, attempt_for, cycle, deployed, key, orders, promoted, redeploy, replaced, standing,
};
use super::updates::{mailer, update, written};
use super::world::{Tale, at, deployment, function, service};
use crate::consumers::{Standing, Why};
use crate::judge::outlook::{Next, outlook};
use crate::model::{
    Alias, CycleStep, FunctionSeen, NoEffect, Outcome, Protected, Rollout, SleepTag, Stage, Write,
};
use crate::policy::LambdaMethod;

/// What is odd about a function.
pub(super) type Change = fn(&mut FunctionSeen);

fn changed(change: impl FnOnce(&mut FunctionSeen)) -> FunctionSeen {
    let mut seen = function(None);
    change(&mut seen);
    seen
}

/// A promotion at second 20; the function was seen at second 30.
fn seen_by(method: LambdaMethod, seen: FunctionSeen) -> Standing {
    let mut tale = dated(&mailer());
    tale.policy.lambda_method = method;
    tale.function(30, &mailer(), seen);
    standing(&tale, 31)
}

fn live() -> Vec<Alias> {
    vec![Alias {
        name: "live".to_owned(),
        version: "3".to_owned(),
    }]
}

#[test]
fn c3_managed_instances_are_beyond_either_method() {
    for method in [LambdaMethod::ConfigUpdate, LambdaMethod::ConcurrencyCycle] {
        let standing = seen_by(method, changed(|seen| seen.managed_instances = true));
        assert_eq!(
            (standing.stage, standing.why),
            (Stage::Beyond, Why::ManagedInstances)
        );
    }
}

/// They are updated as others are, and never called presumed.
#[test]
fn c3_tenants_and_durable_executions_are_updated_and_left_to_a_person() {
    let table: [(Change, Why); 2] = [
        (|seen| seen.tenants = true, Why::Tenants),
        (|seen| seen.durable = true, Why::Durable),
    ];
    for (change, why) in table {
        assert!(
            seen_by(LambdaMethod::ConfigUpdate, changed(change))
                .wants
                .is_some()
        );
        let mut tale = dated(&mailer());
        tale.function(30, &mailer(), changed(change));
        attempt(&mut tale, &mailer(), "x", update(), written(), 31);
        tale.function(40, &mailer(), changed(change));
        let after = standing(&tale, 41);
        assert_eq!((after.stage, after.why), (Stage::Beyond, why));
    }
}

/// SnapStart is for published versions: whoever calls $LATEST starts anew after an update.
#[test]
fn c8_snap_start_keeps_only_published_versions() {
    use LambdaMethod::{ConcurrencyCycle, ConfigUpdate};
    let snap_start = |aliases| {
        changed(|seen| {
            seen.snap_start = true;
            seen.pinned_aliases = aliases;
        })
    };
    for method in [ConfigUpdate, ConcurrencyCycle] {
        let standing = seen_by(method, snap_start(Vec::new()));
        assert_eq!(standing.why, Why::ConfiguredBefore);
        assert!(standing.wants.is_some(), "{standing:?}");
    }
    let (alias, version) = ("live".to_owned(), "3".to_owned());
    assert_eq!(
        seen_by(ConfigUpdate, snap_start(live())).why,
        Why::AliasPinned { alias, version }
    );
    assert_eq!(seen_by(ConcurrencyCycle, snap_start(live())).why, Why::SnapStart);
}

#[test]
fn c5_a_runtime_that_may_not_be_updated_is_told_at_the_first_refusal() {
    let mut tale = dated(&mailer());
    tale.function(30, &mailer(), function(None));
    let why = NoEffect::Rejected {
        why: NoEffect::RUNTIME_BLOCKED.to_owned(),
    };
    attempt(
        &mut tale,
        &mailer(),
        "x",
        update(),
        Some(Outcome::NoEffect(why)),
        31,
    );
    let refused = standing(&tale, 32);
    assert_eq!((refused.stage, refused.why), (Stage::Beyond, Why::RuntimeBlocked));
    assert_eq!(
        next(&tale),
        Next::Person(Why::RuntimeBlocked),
        "known before the next rotation"
    );
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    let cycle = standing(&tale, 33);
    assert!(
        matches!(
            cycle.wants,
            Some(Write::Cycle {
                step: CycleStep::TagSleep { .. },
                ..
            })
        ),
        "the other way out: {cycle:?}"
    );
}

fn next(tale: &Tale) -> Next {
    let mut all = outlook(&tale.state, &key().secret, &tale.policy, &tale.settings, at(100));
    all.remove(0).next
}

#[test]
fn c4_scale_in_protection_is_named_as_the_cause() {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500]));
    attempt(&mut tale, &orders(), "x", redeploy(), Some(deployed("d-1")), 26);
    let until = Some(at(90_000));
    let mut seen = replaced(
        service(&[-500, 30]),
        vec![deployment("d-1", 27, Rollout::InProgress)],
    );
    seen.protected = Some(Protected { tasks: 1, until });
    tale.service(60, &orders(), seen.clone());
    let waiting = standing(&tale, 61);
    let protected = Why::Protected { tasks: 1, until };
    assert_eq!(
        (waiting.stage, waiting.why),
        (Stage::Refreshing, protected.clone())
    );
    tale.service(2_000, &orders(), seen);
    let late = standing(&tale, 2_001);
    assert_eq!((late.stage, late.why), (Stage::Beyond, protected));
}

/// A cycle for this rotation: it slept from second 33 to 50 and has no note any more.
fn cycled() -> Tale {
    let mut tale = dated(&mailer());
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    let tag = SleepTag {
        attempt: crate::model::AttemptId::new("tag"),
        former: None,
        deadline: at(150),
    };
    let writes = [
        (30, cycle(CycleStep::TagSleep { tag })),
        (32, cycle(CycleStep::Sleep { former: None })),
        (49, cycle(CycleStep::Restore { former: None })),
        (52, cycle(CycleStep::Untag)),
    ];
    for (second, action) in writes {
        let id = format!("w-{second}");
        attempt_for(&mut tale, vec![key()], &mailer(), &id, action, written(), second);
    }
    tale.function(60, &mailer(), function(None));
    tale
}

#[test]
fn g12_whoever_was_presumed_by_one_method_stays_so_by_the_other() {
    let mut cycled = cycled();
    assert_eq!(standing(&cycled, 61).why, Why::Cycled);
    cycled.policy.lambda_method = LambdaMethod::ConfigUpdate;
    let still = standing(&cycled, 62);
    assert_eq!(
        (still.stage, still.why, still.wants),
        (Stage::Presumed, Why::Cycled, None)
    );

    let mut updated = dated(&mailer());
    attempt(&mut updated, &mailer(), "x", update(), written(), 30);
    let modified = changed(|seen| seen.last_modified = Some(at(31)));
    updated.function(40, &mailer(), modified);
    assert_eq!(standing(&updated, 41).why, Why::ConfigUpdated);
    updated.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    let still = standing(&updated, 42);
    assert_eq!(
        (still.stage, still.why, still.wants),
        (Stage::Presumed, Why::ConfigUpdated, None)
    );
}

/// An update does not reach what an alias calls, and a cycle does.
#[test]
fn g12_a_cycle_reaches_an_alias_before_and_after_an_update() {
    let aliased = |seen: &mut FunctionSeen| seen.pinned_aliases = live();
    let updated = changed(|seen| {
        aliased(seen);
        seen.last_modified = Some(at(28));
    });
    let wanted = seen_by(LambdaMethod::ConcurrencyCycle, updated).wants;
    assert!(
        matches!(
            wanted,
            Some(Write::Cycle {
                step: CycleStep::TagSleep { .. },
                ..
            })
        ),
        "{wanted:?}"
    );

    let mut cycled = cycled();
    cycled.function(62, &mailer(), changed(aliased));
    assert_eq!(standing(&cycled, 63).why, Why::Cycled);
    cycled.policy.lambda_method = LambdaMethod::ConfigUpdate;
    assert_eq!(standing(&cycled, 64).why, Why::Cycled);
}

/// Its own writes may move LastModified: a cycle under way goes on.
#[test]
fn g12_a_cycle_that_was_begun_is_not_ended_by_a_newer_configuration() {
    let mut tale = dated(&mailer());
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    let tag = SleepTag {
        attempt: crate::model::AttemptId::new("tag"),
        former: Some(7),
        deadline: at(150),
    };
    attempt(
        &mut tale,
        &mailer(),
        "tag",
        cycle(CycleStep::TagSleep { tag: tag.clone() }),
        written(),
        30,
    );
    let noted = changed(|seen| {
        (seen.last_modified, seen.reserved) = (Some(at(31)), Some(7));
        seen.sleep_tag = Some(tag);
    });
    tale.function(35, &mailer(), noted);
    assert_eq!(
        standing(&tale, 36).wants,
        Some(cycle(CycleStep::Sleep { former: Some(7) }))
    );
}
