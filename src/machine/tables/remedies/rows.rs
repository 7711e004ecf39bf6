//! What brings each kind of finding about, with names that a shell would trip over.

use super::super::fleet_findings::found_in;
use super::super::login_findings::tested;
use super::super::logs::{rotating, trouble};
use super::super::rules::coverage;
use super::super::standings::{attempt, promoted, redeploy};
use super::super::world::{Tale, arn, at, consumer, function, labels, service, version};
use super::found;
use crate::admission::Admission;
use crate::facts::state::State;
use crate::findings::{Finding, of_events, of_rules, of_secret};
use crate::judge::Reason;
use crate::model::{
    Alias, AttemptId, ConsumerId, Controller, CycleStep, EnvironmentSeen, Event, Evidence, FunctionSeen,
    LogReach, LoginAnswer, Look, LookFailure, LookKey, NoEffect, Outcome, ReferenceKind, Scope, ScopeSeen,
    SecretSeen, ServiceSeen, SleepTag, Step, UpdateStatus,
};
use crate::policy::Settings;
use crate::tables::standings::cycle;

pub(super) fn odd_service() -> ConsumerId {
    ConsumerId::service("prod eu", "or'ders")
}

pub(super) fn odd_function() -> ConsumerId {
    ConsumerId::function("$mail er")
}

pub(super) fn told(tale: &Tale, name: &str, second: i64) -> Vec<Finding> {
    let judgement = tale.judge_of(name, second);
    let mut found = of_secret(&tale.state, &arn(name), &judgement, &tale.settings, at(second));
    found.extend(found_in(&tale.state, &Admission::default(), second));
    found
}

/// A queue that has no heartbeat.
fn of_a_silent_queue() -> Vec<Finding> {
    let mut state = State::default();
    state.judge_delivery(at(0));
    let settings = Settings {
        events: true,
        ..Settings::default()
    };
    of_events(&state.delivery, &settings, at(3_600))
        .into_iter()
        .collect()
}

/// What DescribeSecret says of a secret at rest.
fn of_secrets_at_rest() -> Vec<Finding> {
    let odd = |change: fn(&mut SecretSeen)| {
        let mut tale = Tale::new();
        let name = "rds!a b'c";
        let mut seen = tale.secret_seen(name, labels("a - z"));
        change(&mut seen);
        let secret = arn(name);
        tale.see(0, Evidence::Secret { secret, seen });
        told(&tale, name, 1)
    };
    let gone = || {
        let mut tale = Tale::new();
        tale.labels(0, "a - z");
        tale.see(10, Evidence::SecretGone { secret: arn("db") });
        told(&tale, "db", 11)
    };
    [
        odd(|seen| drop(seen.tags.insert("rotation-watchdog".to_owned(), "off".to_owned()))),
        odd(|seen| seen.rotation_enabled = false),
        odd(|seen| {
            seen.rotation_enabled = false;
            seen.rotation_lambda = Some("arn:aws:lambda:eu-west-1:1:function:rotate".to_owned());
        }),
        odd(|seen| seen.deleted = Some(at(-10))),
        odd(|seen| seen.replicas.push("us-east-1".to_owned())),
        odd(|seen| seen.next_rotation = Some(at(-200_000))),
        gone(),
    ]
    .concat()
}

fn of_rotations() -> Vec<Finding> {
    let name = "rds!a b'c";
    let mut stalled = Tale::new();
    stalled.labels_of(name, 0, "a - z").labels_of(name, 10, "a b z");
    let failed = |logins: &[(&str, bool)]| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").labels(10, "a b z");
        tale.line(12, Step::SetSecret).failure(14, Step::TestSecret);
        for (id, accepted) in logins {
            tale.login(20, id, *accepted);
        }
        told(&tale, "db", 30)
    };
    let mut abandoned = Tale::new();
    abandoned
        .labels(0, "a - z")
        .labels(10, "a b z")
        .line(13, Step::SetSecret)
        .failure(15, Step::TestSecret)
        .labels(100, "a - z")
        .labels(106, "a - z");
    let mut long = Tale::new();
    long.labels(0, "a - z")
        .labels(10, "a b z")
        .line(13, Step::SetSecret)
        .labels(148, "a b z")
        .labels(149, "b - a")
        .login(150, "b", true);
    [
        told(&stalled, name, 4_000),
        failed(&[]),
        failed(&[("b", true), ("a", false)]),
        failed(&[("b", false), ("a", false)]),
        failed(&[("a", true)]),
        told(&abandoned, "db", 110),
        told(&long, "db", 151),
    ]
    .concat()
}

fn of_promotions() -> Vec<Finding> {
    let name = "rds!a b'c";
    let put = || {
        let mut tale = Tale::new();
        tale.labels_of(name, 0, "a - z").labels_of(name, 20, "b - a");
        tale
    };
    let mut dead = put();
    dead.login_of(name, 25, "b", false);
    let mut back = Tale::new();
    back.labels_of(name, 0, "a - z")
        .labels_of(name, 10, "b - a")
        .labels_of(name, 20, "a - b")
        .labels_of(name, 30, "a - b");
    let mut untested = Tale::new();
    untested.labels(0, "a - z").labels(10, "a b z");
    untested.failure(14, Step::TestSecret).labels(30, "b - a");
    [
        told(&put(), name, 25),
        told(&dead, name, 26),
        told(&back, name, 31),
        told(&untested, "db", 31),
    ]
    .concat()
}

fn of_services() -> Vec<Finding> {
    let with = |change: fn(&mut ServiceSeen)| {
        let mut tale = promoted(&odd_service());
        let mut seen = service(&[-500]);
        change(&mut seen);
        tale.service(25, &odd_service(), seen);
        told(&tale, "db", 26)
    };
    let unlisted = |seen: &mut ServiceSeen| {
        seen.tasks.clear();
        seen.tasks_listed = false;
    };
    let in_vain = |why: NoEffect| {
        let mut tale = promoted(&odd_service());
        tale.service(25, &odd_service(), service(&[-500]));
        for i in 0..6 {
            let (id, outcome) = (format!("x{i}"), Some(Outcome::NoEffect(why.clone())));
            attempt(&mut tale, &odd_service(), &id, redeploy(), outcome, 30 + i);
        }
        told(&tale, "db", 37)
    };
    let denied = NoEffect::Denied {
        iam_action: "ecs:UpdateService".to_owned(),
        resource: "orders".to_owned(),
    };
    [
        with(|seen| seen.settings.controller = Controller::CodeDeploy),
        with(|seen| seen.settings.controller = Controller::External),
        with(|seen| (seen.settings.minimum_percent, seen.settings.maximum_percent) = (100, 100)),
        with(|seen| (seen.settings.minimum_percent, seen.settings.maximum_percent) = (0, 100)),
        with(|seen| seen.settings.staged_strategy = Some("BLUE_GREEN".to_owned())),
        with(unlisted),
        in_vain(NoEffect::Throttled),
        in_vain(denied),
        of_services_at_rest(),
    ]
    .concat()
}

fn of_services_at_rest() -> Vec<Finding> {
    let mut old = Tale::new();
    old.last_rotated = Some(at(-100_000));
    old.uses(&odd_service(), &["db"]).labels(0, "b - a");
    old.service(2, &odd_service(), service(&[-200_000, -50_000]));
    let mut around = Tale::new();
    (around.last_rotated, around.last_changed) = (Some(at(0)), Some(at(4)));
    around.uses(&odd_service(), &["db"]).labels(300, "b - a");
    around.service(302, &odd_service(), service(&[-20]));
    let mut pinned = Tale::new();
    pinned.labels(0, "a - z");
    let kind = ReferenceKind::Pinned {
        to: "AWSPREVIOUS".to_owned(),
    };
    let mut orders = consumer(&odd_service(), &[("db", kind)]);
    orders.mutable_images.push("orders:latest".to_owned());
    pinned.found(1, Scope::Cluster("prod eu".to_owned()), vec![orders]);
    [
        told(&old, "db", 3),
        told(&around, "db", 305),
        told(&pinned, "db", 2),
    ]
    .concat()
}

fn of_functions() -> Vec<Finding> {
    let with = |change: fn(&mut FunctionSeen)| {
        let mut tale = promoted(&odd_function());
        let mut seen = function(None);
        change(&mut seen);
        tale.function(25, &odd_function(), seen);
        told(&tale, "db", 26)
    };
    let asleep = |reserved, former, action| {
        let mut tale = promoted(&odd_function());
        let mut seen = function(reserved);
        seen.sleep_tag = Some(SleepTag {
            attempt: AttemptId::new("gone"),
            former,
            deadline: at(500),
        });
        tale.function(30, &odd_function(), seen);
        let throttled = Some(Outcome::NoEffect(NoEffect::Throttled));
        attempt(&mut tale, &odd_function(), "r", action, throttled, 31);
        told(&tale, "db", 33)
    };
    [
        with(|seen| seen.snap_start = true),
        with(|seen| seen.provisioned = true),
        with(|seen| seen.update = UpdateStatus::Failed),
        with(|seen| {
            let (name, version) = ("li ve".to_owned(), "3".to_owned());
            seen.pinned_aliases.push(Alias { name, version });
        }),
        with(|seen| {
            seen.environment = EnvironmentSeen::Unreadable {
                why: "kms".to_owned(),
            }
        }),
        asleep(Some(0), Some(7), cycle(CycleStep::Restore { former: Some(7) })),
        asleep(Some(0), None, cycle(CycleStep::Restore { former: None })),
        asleep(Some(7), Some(7), cycle(CycleStep::Untag)),
    ]
    .concat()
}

/// Neither described nor listed.
fn without_queue() -> Tale {
    let mut tale = Tale::new();
    tale.see(0, Evidence::SecretGone { secret: arn("queue") });
    tale
}

fn of_waits() -> Vec<Finding> {
    let secret = arn("rds!a b'c");
    let moving = || Reason::Another {
        secret: arn("queue"),
        reason: Box::new(Reason::Refused),
    };
    let first = Reason::FirstFailed {
        consumer: odd_function(),
    };
    let reasons = [
        Reason::Observing,
        Reason::Held,
        first,
        Reason::HourlyCap {
            limit: 3,
            until: at(3_600),
        },
        moving(),
        Reason::Deleted { secret: arn("queue") },
    ];
    let consumers = [odd_service(), odd_function(), ConsumerId::declared("report")];
    let mut found = Vec::new();
    for reason in reasons {
        for consumer in &consumers {
            let mut admission = Admission::default();
            admission
                .waits
                .insert((secret.clone(), consumer.clone()), reason.clone());
            found.extend(found_in(&without_queue().state, &admission, 0));
        }
    }
    found
}

/// What cannot be looked at, or is only guessed.
fn of_the_fleet() -> Vec<Finding> {
    let mut tale = Tale::new();
    let suspected = [("db", ReferenceKind::Suspected)];
    let seen = ScopeSeen {
        consumers: vec![consumer(&odd_function(), &suspected)],
        unreadable: vec!["reporter".to_owned()],
        ..ScopeSeen::default()
    };
    let scope = Scope::Functions;
    tale.see(1, Evidence::Scope { scope, seen });
    let failures = [
        LookFailure::Denied {
            iam_action: "ecs:ListTasks".to_owned(),
            resource: "*".to_owned(),
        },
        LookFailure::Credentials { why: "x".to_owned() },
        LookFailure::Throttled,
        LookFailure::Timeout,
    ];
    for (i, failure) in failures.into_iter().enumerate() {
        for _ in 0..3 {
            tale.event(Event::Unseen {
                look: Look::at(at(1)),
                key: LookKey::Login(arn("db"), version(&i.to_string())),
                failure: failure.clone(),
            });
        }
    }
    found_in(&tale.state, &Admission::default(), 2)
}

/// Login tests that cannot work, say more than that the password works, or have no answer.
fn of_logins() -> Vec<Finding> {
    let answers = [
        LoginAnswer::Unusable {
            why: "`host` is missing: set login.host in its rule".to_owned(),
        },
        LoginAnswer::Admitted {
            but: "there is no such database (3D000)".to_owned(),
        },
        LoginAnswer::Tls {
            why: "UnknownIssuer".to_owned(),
        },
        LoginAnswer::Unreachable {
            why: "timeout".to_owned(),
        },
    ];
    let an_hour_later = |answer| told(&tested(answer), "db", 3_600);
    answers.into_iter().flat_map(an_hour_later).collect()
}

/// A rotation's log that is not there, refuses to be read, or is longer than what is read at once.
fn of_logs() -> Vec<Finding> {
    let why = "InvalidOperationException".to_owned();
    let reaches = [
        LogReach::Absent,
        LogReach::Refused { why },
        LogReach::Cut { until: at(11) },
    ];
    let with = |reach| {
        let mut tale = rotating();
        tale.see(12, trouble(reach));
        told(&tale, "db", 60)
    };
    reaches.into_iter().flat_map(with).collect()
}

/// Rules that get nothing, where nothing is listed and where something is.
fn of_the_rules() -> Vec<Finding> {
    let rules = [("rule 1 (prefix \"shp/\")", 0, 0)];
    [of_rules(&coverage(0, &rules)), of_rules(&coverage(7, &rules))].concat()
}

pub(super) fn everything() -> Vec<Finding> {
    [
        crate::tables::rolled_forward::told(),
        of_secrets_at_rest(),
        of_rotations(),
        found::of_rds(),
        of_promotions(),
        super::super::histories::with_odd_names(),
        of_services(),
        of_functions(),
        of_waits(),
        of_the_fleet(),
        of_logins(),
        of_logs(),
        of_the_rules(),
        of_a_silent_queue(),
        found::beyond(),
        found::at_rest(),
        found::still_named(),
        crate::tables::numbers_told::unmeasured(),
    ]
    .concat()
}
