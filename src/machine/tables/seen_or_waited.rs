//! Nothing is fresh or presumed without having been seen since the promotion, or waited for as long as it caches.

use jiff::SignedDuration;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::standings::{attempt, cycle, deployed, orders, redeploy};
use super::world::{Tale, at, deployment, function, service};
use crate::consumers::{Standing, Why};
use crate::model::{
    ConsumerId, Controller, CycleStep, Done, Evidence, FunctionSeen, NoEffect, Outcome, Protected,
    ReferenceKind, Rollout, Scope, ServiceSeen, SleepTag, Stage, Staleness, UpdateStatus, Write,
};
use crate::policy::LambdaMethod;

/// When AWSCURRENT moved, and the margin was over.
const PROMOTED: i64 = 21;

/// What a look showed, and when.
#[derive(Clone, Debug)]
struct Looked<T> {
    second: i64,
    seen: Option<T>,
}

fn looked<T: std::fmt::Debug + Clone>(
    seen: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<Looked<T>>> {
    let one = (0_i64..200, option::weighted(0.8, seen)).prop_map(|(second, seen)| Looked { second, seen });
    prop::collection::vec(one, 0..4)
}

fn services() -> impl Strategy<Value = ServiceSeen> {
    let tasks = prop::collection::vec(-500_i64..200, 0..4);
    let deployed = (
        -500_i64..200,
        select(vec![Rollout::InProgress, Rollout::Completed, Rollout::Failed]),
    );
    (
        tasks,
        deployed,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        0_u32..3,
    )
        .prop_map(
            |(tasks, (created, rollout), listed, protected, foreign, desired)| {
                let mut seen = service(&tasks);
                seen.deployments = vec![deployment("d-1", created, rollout)];
                seen.tasks_listed = listed;
                if !listed {
                    seen.tasks.clear();
                }
                seen.settings.desired = desired;
                if protected {
                    seen.protected = Some(Protected {
                        tasks: 1,
                        until: None,
                    });
                }
                if foreign {
                    seen.settings.controller = Controller::External;
                }
                seen
            },
        )
}

fn functions() -> impl Strategy<Value = FunctionSeen> {
    let update = select(vec![
        UpdateStatus::Successful,
        UpdateStatus::InProgress,
        UpdateStatus::Failed,
    ]);
    let flags = prop::collection::vec(any::<bool>(), 6);
    let reserved = select(vec![None, Some(0), Some(7)]);
    (-500_i64..200, update, flags, reserved).prop_map(|(modified, update, flags, reserved)| {
        let mut seen = function(reserved);
        seen.last_modified = Some(at(modified));
        seen.update = update;
        seen.provisioned = flags[0];
        seen.snap_start = flags[1];
        seen.managed_instances = flags[2];
        (seen.tenants, seen.durable) = (flags[3], flags[4]);
        seen.sleep_tag = flags[5].then(|| SleepTag {
            attempt: crate::model::AttemptId::new("tag"),
            former: None,
            deadline: at(500),
        });
        seen
    })
}

fn writes(actions: Vec<Write>) -> impl Strategy<Value = Vec<(i64, Write, Option<Outcome>)>> {
    let outcomes = vec![
        None,
        Some(deployed("d-1")),
        Some(Outcome::Done(Done::AlreadySo)),
        Some(Outcome::NoEffect(NoEffect::Throttled)),
        Some(Outcome::InDoubt {
            why: "cut".to_owned(),
        }),
    ];
    prop::collection::vec((22_i64..200, select(actions), select(outcomes)), 0..3)
}

fn told(id: &ConsumerId, kind: &ReferenceKind) -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .labels(10, "a b z")
        .labels(20, "a b z")
        .labels(PROMOTED, "b - a");
    let found = super::world::consumer(id, &[("db", kind.clone())]);
    let scope = match kind {
        ReferenceKind::Declared => Scope::Declared,
        _ => Scope::of(id),
    };
    tale.found(5, scope, vec![found]);
    tale
}

fn kinds() -> impl Strategy<Value = ReferenceKind> {
    select(vec![
        ReferenceKind::Injected,
        ReferenceKind::Fetches,
        ReferenceKind::Named,
        ReferenceKind::Declared,
    ])
}

/// Fresh or presumed only by a look that was sent after the promotion, or by a time that a rule gives and that is over.
fn assert_earned(
    standing: &Standing,
    looks: &[i64],
    waits: Option<i64>,
    now: i64,
) -> Result<(), TestCaseError> {
    if !matches!(standing.stage, Stage::Fresh | Stage::Presumed) {
        return Ok(());
    }
    let last = looks.iter().max();
    let seen = last.is_some_and(|second| *second >= PROMOTED);
    let waited = waits.is_some_and(|ttl| now >= PROMOTED + ttl);
    let earned = match standing.why {
        Why::CacheExpired => waited,
        _ => seen && waits.is_none(),
    };
    prop_assert!(
        earned,
        "{:?} at {} after looks at {:?}, waits {:?}",
        standing,
        now,
        looks,
        waits
    );
    Ok(())
}

fn standing_of(tale: &Tale, now: i64) -> Option<Standing> {
    let view = tale.latest(now);
    view.consumers.first().map(|(_, standing)| standing.clone())
}

proptest! {
    #[test]
    fn a_service_is_fresh_or_presumed_only_where_it_was_seen_or_waited_for(
        kind in kinds(), looks in looked(services()), writes in writes(vec![redeploy()]),
        waits in option::of(0_i64..200), now in 22_i64..2_000,
    ) {
        let mut tale = told(&orders(), &kind);
        for look in &looks {
            let seen = look.seen.clone();
            tale.see(look.second, Evidence::Service { consumer: orders(), seen });
        }
        for (nth, (second, action, outcome)) in writes.into_iter().enumerate() {
            attempt(&mut tale, &orders(), &format!("w-{nth}"), action, outcome, second);
        }
        if let Some(ttl) = waits {
            tale.policy.staleness.insert(orders(), Staleness::Wait(SignedDuration::from_secs(ttl)));
        }
        if let Some(standing) = standing_of(&tale, now) {
            let looks: Vec<_> = looks.iter().map(|look| look.second).collect();
            assert_earned(&standing, &looks, waits, now)?;
        }
    }

    #[test]
    fn a_function_is_fresh_or_presumed_only_where_it_was_seen_or_waited_for(
        kind in kinds(), looks in looked(functions()), cycles in any::<bool>(),
        writes in writes(vec![
            Write::UpdateEnvironment { function: "mailer".into(), marker: "m".to_owned(), revision: "r1".to_owned() },
            cycle(CycleStep::Sleep { former: None }),
            cycle(CycleStep::Restore { former: None }),
        ]),
        waits in option::of(0_i64..200), now in 22_i64..2_000,
    ) {
        let mailer = ConsumerId::function("mailer");
        let mut tale = told(&mailer, &kind);
        if cycles {
            tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
        }
        for look in &looks {
            let seen = look.seen.clone();
            tale.see(look.second, Evidence::Function { consumer: mailer.clone(), seen });
        }
        for (nth, (second, action, outcome)) in writes.into_iter().enumerate() {
            attempt(&mut tale, &mailer, &format!("w-{nth}"), action, outcome, second);
        }
        if let Some(ttl) = waits {
            tale.policy.lambda_fetching = Staleness::Wait(SignedDuration::from_secs(ttl));
        }
        if let Some(standing) = standing_of(&tale, now) {
            let looks: Vec<_> = looks.iter().map(|look| look.second).collect();
            assert_earned(&standing, &looks, waits, now)?;
        }
    }
}
