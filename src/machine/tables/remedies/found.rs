//! What discovery tells, and what only a person can mend of what it found.

use super::rows::{odd_function, odd_service, told};
use crate::findings::{Finding, of_search, unmatched};
use crate::judge::Judgements;
use crate::judge::outlook::outlook;
use crate::model::{
    Consumer, ConsumerId, Controller, Done, Evidence, FunctionSeen, LookFailure, ManagedStatus, NoEffect,
    Outcome, Protected, RdsDatabase, RdsId, ReferenceKind, Rollout, Scope, ScopeSeen, Staleness,
    StandaloneTask, Unread, Write,
};
use crate::policy::Applications;
use crate::tables::at_rest::{before_the_next, watched};
use crate::tables::rds::managed;
use crate::tables::standings::{attempt, deployed, promoted, redeploy, replaced};
use crate::tables::world::{Tale, arn, at, consumer, deployment, function, labels, service};

/// Services and functions that only a person can refresh.
pub(super) fn beyond() -> Vec<Finding> {
    let mut protected = promoted(&odd_service());
    protected.service(25, &odd_service(), service(&[-500]));
    attempt(
        &mut protected,
        &odd_service(),
        "x",
        redeploy(),
        Some(deployed("d-1")),
        26,
    );
    let rolling = vec![deployment("d-1", 27, Rollout::InProgress)];
    let mut seen = replaced(service(&[-500, 30]), rolling);
    seen.protected = Some(Protected {
        tasks: 1,
        until: None,
    });
    protected.service(2_000, &odd_service(), seen);
    let absent = |id: ConsumerId, evidence| {
        let mut tale = promoted(&id);
        let declared = vec![consumer(&id, &[("db", ReferenceKind::Declared)])];
        tale.found(-4, Scope::Cluster(id.to_string()), Vec::new());
        tale.found(23, Scope::Declared, declared);
        tale.state.consumers.entry(id).or_default().existed = false;
        tale.see(25, evidence);
        told(&tale, "db", 26)
    };
    let (service_gone, function_gone) = (odd_service(), odd_function());
    [
        told(&protected, "db", 2_001),
        absent(
            odd_service(),
            Evidence::Service {
                consumer: service_gone,
                seen: None,
            },
        ),
        absent(
            odd_function(),
            Evidence::Function {
                consumer: function_gone,
                seen: None,
            },
        ),
        of_functions(),
    ]
    .concat()
}

fn of_functions() -> Vec<Finding> {
    let update = || Write::UpdateEnvironment {
        function: "mailer".into(),
        marker: "m".to_owned(),
        revision: "r1".to_owned(),
    };
    let with = |change: fn(&mut FunctionSeen), outcome: Outcome| {
        let mut tale = promoted(&odd_function());
        let mut seen = function(None);
        change(&mut seen);
        tale.function(25, &odd_function(), seen.clone());
        attempt(&mut tale, &odd_function(), "x", update(), Some(outcome), 26);
        tale.function(30, &odd_function(), seen);
        told(&tale, "db", 31)
    };
    let written = || Outcome::Done(Done::Written { began: None });
    let blocked = NoEffect::Rejected {
        why: NoEffect::RUNTIME_BLOCKED.to_owned(),
    };
    [
        with(|seen| seen.managed_instances = true, written()),
        with(|seen| seen.tenants = true, written()),
        with(|seen| seen.durable = true, written()),
        with(|_| {}, Outcome::NoEffect(blocked)),
    ]
    .concat()
}

/// What is told before the next rotation.
pub(super) fn at_rest() -> Vec<Finding> {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels_of("queue", 0, "a - z");
    tale.see(1, searched(cluster_partly_read()));
    let secret = arn("db");
    let outlooks = outlook(&tale.state, &secret, &tale.policy, &tale.settings, at(2));
    let beyond = before_the_next(&tale, &[(secret, outlooks)], &Judgements::new());
    let mut standalone = Tale::new();
    standalone
        .labels(0, "a - z")
        .see(1, searched(task_without_service()));
    let mut whole = Tale::new();
    whole.labels(0, "a - z").see(
        1,
        searched((Scope::Cluster("prod eu".to_owned()), ScopeSeen::default())),
    );
    whole.found(1, Scope::Functions, Vec::new());
    let idle = keys_that_match_nothing(&mut whole);
    [
        beyond,
        idle,
        told(&tale, "db", 2),
        told(&tale, "queue", 2),
        told(&whole, "db", 2),
        told(&standalone, "db", 2),
    ]
    .concat()
}

fn searched((scope, seen): (Scope, ScopeSeen)) -> Evidence {
    Evidence::Scope { scope, seen }
}

/// A service of another deployment controller, and two task definitions that could not be read.
fn cluster_partly_read() -> (Scope, ScopeSeen) {
    let mut settings = service(&[0]).settings;
    settings.controller = Controller::External;
    let orders = Consumer {
        settings: Some(settings),
        ..consumer(&odd_service(), &[("db", ReferenceKind::Injected)])
    };
    let unread = |why| Unread {
        consumer: Some(ConsumerId::service("prod eu", "web")),
        definition: "arn:aws:ecs:eu-west-1:1:task-definition/web:7".to_owned(),
        why,
    };
    let denied = LookFailure::Denied {
        iam_action: "ecs:DescribeTaskDefinition".to_owned(),
        resource: "*".to_owned(),
    };
    let seen = ScopeSeen {
        consumers: vec![orders],
        unread: vec![unread(denied), unread(LookFailure::Timeout)],
        ..ScopeSeen::default()
    };
    (Scope::Cluster("prod eu".to_owned()), seen)
}

fn task_without_service() -> (Scope, ScopeSeen) {
    let task = StandaloneTask {
        task: "task".to_owned(),
        secret: arn("db"),
        created: None,
    };
    let seen = ScopeSeen {
        standalone: vec![task],
        ..ScopeSeen::default()
    };
    (Scope::Tasks("prod eu".to_owned()), seen)
}

fn keys_that_match_nothing(tale: &mut Tale) -> Vec<Finding> {
    tale.policy.staleness.insert(odd_function(), Staleness::Restart);
    let hosts = [("db.example", "db"), ("web.example", "none")];
    let hosts = hosts.map(|(host, name)| (host.to_owned(), name.to_owned()));
    unmatched(
        &tale.state,
        &watched(&tale.policy),
        &hosts.into(),
        &Applications::default(),
    )
}

/// Somebody names a secret that no list has, for it is about to be deleted.
pub(super) fn still_named() -> Vec<Finding> {
    let secret = arn("rds!a b'c");
    let mut tale = Tale::new();
    let mut seen = tale.secret_seen(secret.name(), labels("a - -"));
    seen.deleted = Some(at(0));
    tale.uses(&odd_service(), &[secret.name()]);
    tale.see(1, Evidence::Secret { secret, seen });
    tale.see(2, Evidence::Sweep { secrets: Vec::new() });
    of_search(&tale.state)
}

/// Databases of RDS: an instance, and a cluster whose secret cannot be rotated any more.
pub(super) fn of_rds() -> Vec<Finding> {
    let told_of = |database| {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").rds(1, database);
        told(&tale, "db", 2)
    };
    let instance = RdsDatabase {
        status: "storage-full".into(),
        ..managed(ManagedStatus::Active)
    };
    let cluster = RdsDatabase {
        id: RdsId::cluster("shop"),
        status: "stopped".into(),
        ..managed(ManagedStatus::Impaired)
    };
    [instance, cluster, managed(ManagedStatus::Impaired)]
        .map(told_of)
        .concat()
}
