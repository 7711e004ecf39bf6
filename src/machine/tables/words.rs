//! What people read: each reason is one phrase that names what it is about.

use std::fmt::Display;

use super::standings::{cycle, orders, redeploy};
use super::world::{arn, at, version};
use crate::consumers::Why;
use crate::findings::Severity;
use crate::judge::Reason;
use crate::model::{AttemptId, CycleStep, LookFailure, NoEffect, SleepTag, Step, Write, WriteKind};
use crate::story::phase::Phase;

/// Each thing, and what its text must name.
fn assert_names(table: &[(impl Display, &str)]) {
    for (thing, named) in table {
        let text = thing.to_string();
        assert!(text.contains(named), "{text:?} does not name {named:?}");
        assert!(
            !text.is_empty() && !text.ends_with('.') && !text.contains(['{', '}']),
            "{text:?}"
        );
    }
}

fn why() -> String {
    "x y".to_owned()
}

fn denied() -> NoEffect {
    NoEffect::Denied {
        iam_action: "ecs:UpdateService".to_owned(),
        resource: "orders".to_owned(),
    }
}

#[test]
fn why_a_service_stands_as_it_does() {
    let (running, desired, healthy, stale, tasks) = (1, 2, 1, 1, 2);
    let (minimum, maximum) = (100, 150);
    assert_names(&[
        (Why::NotLookedYet, "since the promotion"),
        (Why::StartedByUs, "by the deployment that answered our call"),
        (Why::CreatedAfter, "created after the promotion"),
        (Why::NothingRuns, "nothing runs"),
        (Why::Gone, "no longer exists"),
        (Why::NeverFound, "may be mistyped"),
        (
            Why::Protected {
                tasks,
                until: Some(at(0)),
            },
            "2 of its old tasks",
        ),
        (Why::TasksUnseen, "could not be listed"),
        (Why::SoleDeploymentAfter, "only deployment"),
        (Why::Starting { running, desired }, "1 of 2 tasks run"),
        (Why::Unhealthy { healthy, tasks }, "1 of 2 tasks are healthy"),
        (Why::HoldsOld { stale, tasks }, "1 of 2 tasks were created before"),
        (Why::MayHoldOld { stale, tasks }, "what they fetched then"),
        (Why::CreatedAround { tasks }, "some of its 2 tasks"),
        (Why::Deploying, "is under way"),
        (Why::OlderDeployment, "is waited for"),
        (Why::RolledBackOnce, "one more try"),
        (Why::RolledBackTwice, "twice"),
        (Why::NotInTime { deadline: at(0) }, "by 2027-01-15T08:00:00Z"),
        (Why::Controller { name: "EXTERNAL" }, "EXTERNAL"),
        (Why::StagedStrategy { name: why() }, "x y"),
        (Why::Downtime, "no rule allows it"),
        (Why::NoRoom { minimum, maximum }, "(100 % to 150 %)"),
    ]);
}

#[test]
fn why_a_function_stands_as_it_does() {
    let (alias, version) = ("live".to_owned(), "3".to_owned());
    assert_names(&[
        (Why::ConfiguredBefore, "older than the promotion"),
        (Why::ConfiguredAround, "may be older"),
        (Why::ConfigUpdated, "by us"),
        (Why::UpdatedByAnother, "by another"),
        (Why::Updating, "under way"),
        (Why::UpdateFailed, "failed"),
        (Why::EnvironmentUnreadable { why: why() }, "(x y)"),
        (Why::EnvironmentFull { bytes: 4_090 }, "4090 of 4096 bytes"),
        (
            Why::AliasPinned { alias, version },
            "alias live points at version 3",
        ),
        (Why::SnapStart, "SnapStart"),
        (Why::Provisioned, "provisioned concurrency"),
        (Why::ManagedInstances, "$LATEST.PUBLISHED"),
        (Why::Tenants, "each tenant"),
        (Why::Durable, "durable executions"),
        (Why::RuntimeBlocked, "its runtime"),
        (Why::SwitchedOff, "0 already"),
        (Why::Asleep { until: at(0) }, "until 2027-01-15T08:00:00Z"),
        (Why::Cycling, "being recycled"),
        (Why::Cycled, "off and on again"),
        (Why::CycleBroken, "changed by another"),
    ]);
}

#[test]
fn why_any_consumer_stands_as_it_does() {
    let (to, until, write) = ("AWSPREVIOUS".to_owned(), at(0), WriteKind::Sleep);
    let denied = Why::NoEffect {
        why: denied(),
        times: 6,
    };
    assert_names(&[
        (Why::Pinned { to }, "AWSPREVIOUS"),
        (Why::OnlyDeclared, "only the configuration names it"),
        (Why::CacheLives { until }, "until 2027-01-15T08:00:00Z"),
        (Why::CacheExpired, "has expired"),
        (Why::UnderWay { write }, "sleep is under way"),
        (Why::InDoubt { write }, "sleep may have happened"),
        (denied, "6 tries changed nothing, last: denied: ecs:UpdateService"),
    ]);
}

#[test]
fn why_something_waits() {
    let (secret, until) = (arn("queue"), at(0));
    let another = Reason::Another {
        secret: secret.clone(),
        reason: Box::new(Reason::Unproven),
    };
    assert_names(&[
        (Reason::Observing, "mode is observe"),
        (Reason::Held, "the secret's tag"),
        (Reason::Margin { until }, "2027-01-15T08:00:00.000Z"),
        (Reason::Proof { until }, "2027-01-15T08:00:00Z"),
        (Reason::Unproven, "nothing proves"),
        (Reason::Refused, "the database refuses"),
        (Reason::First { consumer: orders() }, "ecs:prod/orders goes first"),
        (
            Reason::FirstFailed { consumer: orders() },
            "ecs:prod/orders went first",
        ),
        (
            Reason::Moving {
                secret: secret.clone(),
                version: version("v2"),
            },
            "queue is rotating to v2",
        ),
        (
            Reason::Unseen {
                secret: secret.clone(),
            },
            "queue was not seen",
        ),
        (Reason::Deleted { secret }, "queue is deleted"),
        (
            Reason::Busy {
                write: WriteKind::Sleep,
            },
            "sleep is under way",
        ),
        (Reason::OwnServiceLast, "own service"),
        (another, "secret queue, which it would get too: nothing proves"),
        (Reason::Draining, "shutting down"),
        (Reason::Journal, "journal"),
    ]);
}

#[test]
fn which_limit_something_waits_for() {
    let (until, refusals, secrets) = (at(0), 9, 6);
    let database = "db1".to_owned();
    assert_names(&[
        (Reason::InFlight { limit: 10 }, "10 consumers"),
        (Reason::Wave { database, limit: 3 }, "3 consumers of db1"),
        (
            Reason::Refusals { refusals, until },
            "9 logins of its account were refused of late: none is made until",
        ),
        (
            Reason::HourlyCap { limit: 4, until },
            "4 times within the last hour: the next one may go at 2027-01-15T08:00:00Z",
        ),
        (
            Reason::TooMany { secrets, until },
            "6 secrets want to be rolled forward at once, so none is before 2027-01-15T08:00:00Z",
        ),
    ]);
}

#[test]
fn why_a_look_or_a_write_came_to_nothing() {
    let denied_look = LookFailure::Denied {
        iam_action: "ecs:ListTasks".to_owned(),
        resource: "*".to_owned(),
    };
    assert_names(&[
        (denied_look, "access denied: ecs:ListTasks on *"),
        (LookFailure::Throttled, "throttled"),
        (LookFailure::Timeout, "no answer in time"),
        (LookFailure::Credentials { why: why() }, "credentials: x y"),
        (LookFailure::Unreachable { why: why() }, "unreachable: x y"),
        (LookFailure::NotFound { what: why() }, "not found: x y"),
        (LookFailure::Unexpected { why: why() }, "unexpected answer: x y"),
    ]);
    let (expected, found) = ("1".to_owned(), "2".to_owned());
    assert_names(&[
        (denied(), "denied: ecs:UpdateService on orders"),
        (NoEffect::Throttled, "throttled"),
        (NoEffect::Conflict { expected, found }, "expected 1, found 2"),
        (NoEffect::Rejected { why: why() }, "rejected: x y"),
        (NoEffect::NotSent { why: why() }, "not sent: x y"),
    ]);
}

#[test]
fn severities_steps_and_phases_have_names() {
    assert_names(&[
        (Severity::Info, "info"),
        (Severity::Warning, "warning"),
        (Severity::Critical, "critical"),
    ]);
    assert_names(&[
        (Step::CreateSecret, "createSecret"),
        (Step::SetSecret, "setSecret"),
        (Step::TestSecret, "testSecret"),
        (Step::FinishSecret, "finishSecret"),
    ]);
    let failed = |step| Phase::Failed { step };
    assert_names(&[
        (Phase::Propagating, "propagating"),
        (failed(None), "failed"),
        (failed(Some(Step::SetSecret)), "failed in setSecret"),
    ]);
    assert_eq!(
        failed(Some(Step::SetSecret)).name(),
        "failed",
        "one name for metrics"
    );
}

#[test]
fn each_kind_of_write_has_a_word_of_its_own() {
    let tag = SleepTag {
        attempt: AttemptId::new("x"),
        former: None,
        deadline: at(0),
    };
    let update = Write::UpdateEnvironment {
        function: "mailer".into(),
        marker: "m".to_owned(),
        revision: "r".to_owned(),
    };
    let table = [
        (redeploy(), false),
        (update, false),
        (cycle(CycleStep::TagSleep { tag }), false),
        (cycle(CycleStep::Sleep { former: None }), false),
        (cycle(CycleStep::Restore { former: None }), true),
        (cycle(CycleStep::Untag), true),
    ];
    for ((write, restores), kind) in table.iter().zip(WriteKind::ALL) {
        assert_eq!((write.kind(), write.restores()), (kind, *restores));
    }
}
