//! What a person is told of looks that fail.

use super::fleet_findings::{sole, told};
use super::standings::orders;
use super::world::{Tale, arn, at, version};
use crate::findings::Severity;
use crate::model::{Event, Look, LookFailure, LookKey, Scope};

fn fail(tale: &mut Tale, key: &LookKey, failure: &LookFailure, times: usize) {
    for _ in 0..times {
        tale.event(Event::Unseen {
            look: Look::at(at(0)),
            key: key.clone(),
            failure: failure.clone(),
        });
    }
}

fn denied() -> LookFailure {
    LookFailure::Denied {
        iam_action: "secretsmanager:DescribeSecret".to_owned(),
        resource: "*".to_owned(),
    }
}

/// A failure, how often it must come before it is told, and what the remedy says.
#[test]
fn how_long_a_look_may_fail_and_what_helps() {
    let why = || "x".to_owned();
    let table = [
        (denied(), 1, "allow secretsmanager:DescribeSecret on *"),
        (
            LookFailure::Credentials { why: why() },
            1,
            "renew the credentials",
        ),
        (LookFailure::Throttled, 3, "raise the cadence's intervals"),
        (LookFailure::Timeout, 3, "it is tried again by itself"),
        (
            LookFailure::Unreachable { why: why() },
            3,
            "it is tried again by itself",
        ),
    ];
    for (failure, times, remedy) in table {
        let mut tale = Tale::new();
        fail(&mut tale, &LookKey::Secret(arn("db")), &failure, times - 1);
        assert_eq!(told(&tale, 1), vec![], "{failure}");
        fail(&mut tale, &LookKey::Secret(arn("db")), &failure, 1);
        let finding = sole(&told(&tale, 1));
        assert_eq!(
            (finding.kind.name(), finding.severity),
            ("unseen", Severity::Warning)
        );
        assert!(finding.remedy.starts_with(remedy), "{finding:?}");
    }
}

#[test]
fn without_the_list_of_secrets_nothing_is_seen_at_all() {
    let mut tale = Tale::new();
    fail(&mut tale, &LookKey::Sweep, &denied(), 1);
    assert_eq!(sole(&told(&tale, 1)).severity, Severity::Critical);
}

#[test]
fn a_look_that_nobody_repeats_is_told_for_two_hours() {
    let mut tale = Tale::new();
    fail(&mut tale, &LookKey::Secret(arn("db")), &LookFailure::Timeout, 3);
    assert_eq!(told(&tale, 7_200).len(), 1);
    assert_eq!(told(&tale, 7_201).len(), 0);
}

#[test]
fn a_failing_look_is_named_in_words() {
    let db = || arn("db");
    let cluster = || "prod".to_owned();
    let table = [
        (LookKey::Sweep, "list of secrets", false),
        (LookKey::Secret(db()), "labels of db", true),
        (LookKey::Versions(db()), "versions of db", true),
        (LookKey::Log(db()), "rotation log of db", true),
        (LookKey::Login(db(), version("a")), "login test of db", true),
        (LookKey::Consumer(orders()), "ecs:prod/orders", false),
        (LookKey::Discovery(Scope::Clusters), "list of clusters", false),
        (
            LookKey::Discovery(Scope::Cluster(cluster())),
            "services of cluster prod",
            false,
        ),
        (
            LookKey::Discovery(Scope::Tasks(cluster())),
            "standalone tasks of cluster prod",
            false,
        ),
        (LookKey::Discovery(Scope::Functions), "Lambda functions", false),
        (LookKey::Discovery(Scope::Declared), "declared consumers", false),
    ];
    for (key, subject, of_the_secret) in table {
        let mut tale = Tale::new();
        fail(&mut tale, &key, &denied(), 1);
        let finding = sole(&told(&tale, 1));
        assert_eq!(finding.subject.to_string(), subject);
        assert_eq!(finding.secret, of_the_secret.then(db), "{key:?}");
    }
}

/// The configuration names a cluster that is not there; one task's ARN means nothing by the next deployment.
#[test]
fn f8_what_helps_goes_by_what_was_looked_at() {
    let no_cluster = || LookFailure::NotFound {
        what: "ClusterNotFoundException: Cluster not found.".to_owned(),
    };
    let tasks = |resource: &str| LookFailure::Denied {
        iam_action: "ecs:DescribeTasks".to_owned(),
        resource: resource.to_owned(),
    };
    let cluster = Scope::Cluster("prdo".to_owned());
    let table = [
        (
            LookKey::Discovery(cluster),
            no_cluster(),
            "there is no cluster prdo: correct discovery.clusters",
        ),
        (
            LookKey::Discovery(Scope::Tasks("prdo".to_owned())),
            no_cluster(),
            "there is no cluster prdo: correct discovery.clusters",
        ),
        (
            LookKey::Consumer(orders()),
            tasks("arn:aws:ecs:eu-west-1:1:task/prod/0a1b"),
            "allow ecs:DescribeTasks on arn:aws:ecs:eu-west-1:1:task/prod/*",
        ),
        (
            LookKey::Consumer(orders()),
            tasks("*"),
            "allow ecs:DescribeTasks on *",
        ),
    ];
    for (key, failure, remedy) in table {
        let mut tale = Tale::new();
        fail(&mut tale, &key, &failure, 3);
        let finding = sole(&told(&tale, 1));
        assert!(finding.remedy.starts_with(remedy), "{finding:?}");
    }
}
