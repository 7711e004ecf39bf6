//! What discovery could not see, and what it finds beside consumers.

use super::at_rest::prod;
use super::findings::kinds;
use super::fleet_findings::told;
use super::standings::orders;
use super::updates::mailer;
use super::world::{Tale, arn, at, consumer};
use crate::findings::{Severity, of_secret};
use crate::model::{
    ConsumerId, Event, Evidence, Look, LookFailure, LookKey, ReferenceKind, Scope, ScopeSeen, StandaloneTask,
    Unread,
};

#[test]
fn f9_what_could_not_be_read_keeps_what_was_known_and_is_named() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").uses(&orders(), &["db"]);
    tale.found(
        1,
        prod(),
        vec![consumer(&orders(), &[("db", ReferenceKind::Injected)])],
    );
    let seen = ScopeSeen {
        unread: vec![Unread {
            consumer: Some(orders()),
            definition: "arn:aws:ecs:eu-west-1:1:task-definition/orders:7".to_owned(),
            why: LookFailure::Timeout,
        }],
        ..ScopeSeen::default()
    };
    tale.see(2, Evidence::Scope { scope: prod(), seen });
    assert_eq!(tale.state.consumers[&orders()].references.len(), 1);
    let found = told(&tale, 3);
    assert_eq!(found[0].kind.name(), "definition-unread");
    assert_eq!(found[0].subject.to_string(), "ecs:prod/orders");
    assert!(
        found[0]
            .remedy
            .contains("--task-definition arn:aws:ecs:eu-west-1:1:task-definition/orders:7")
    );
}

/// Discovery may not read definitions at all: one cause, one finding.
#[test]
fn f9_many_that_cannot_be_read_for_one_cause_are_one_finding() {
    let denied = |n: usize| Unread {
        consumer: Some(ConsumerId::service("prod", format!("web-{n}"))),
        definition: format!("arn:aws:ecs:eu-west-1:1:task-definition/web-{n}:1"),
        why: LookFailure::Denied {
            iam_action: "ecs:DescribeTaskDefinition".to_owned(),
            resource: "*".to_owned(),
        },
    };
    for (count, findings) in [(3, 3), (4, 1), (1_000, 1)] {
        let mut tale = Tale::new();
        let seen = ScopeSeen {
            unread: (0..count).map(denied).collect(),
            ..ScopeSeen::default()
        };
        tale.see(2, Evidence::Scope { scope: prod(), seen });
        let found = told(&tale, 3);
        assert_eq!(found.len(), findings);
        assert_eq!(found[0].remedy, "allow ecs:DescribeTaskDefinition on *");
    }
}

#[test]
fn f9_a_function_whose_environment_cannot_be_read_for_once_stays_a_consumer() {
    let mut tale = Tale::new();
    let of_functions = |consumers, unreadable: &[&str]| Evidence::Scope {
        scope: Scope::Functions,
        seen: ScopeSeen {
            consumers,
            unreadable: unreadable.iter().map(|name| (*name).to_owned()).collect(),
            ..ScopeSeen::default()
        },
    };
    let uses = consumer(&mailer(), &[("db", ReferenceKind::Fetches)]);
    tale.see(1, of_functions(vec![uses.clone()], &[]));
    tale.see(2, of_functions(Vec::new(), &["mailer"]));
    assert_eq!(tale.state.consumers[&mailer()].references, uses.references);
    tale.see(3, of_functions(Vec::new(), &["another"]));
    assert!(!tale.state.consumers.contains_key(&mailer()));
}

fn running(tasks: &[(&str, i64)]) -> Evidence {
    let task = |(name, created): &(&str, i64)| StandaloneTask {
        task: (*name).to_owned(),
        secret: arn("db"),
        created: Some(at(*created)),
    };
    let seen = ScopeSeen {
        standalone: tasks.iter().map(task).collect(),
        ..ScopeSeen::default()
    };
    let scope = Scope::Tasks("prod".to_owned());
    Evidence::Scope { scope, seen }
}

fn standalone(tale: &Tale, second: i64) -> Vec<(Severity, String)> {
    let judgement = tale.judge(second);
    let found = of_secret(&tale.state, &arn("db"), &judgement, &tale.settings, at(second));
    let told = found
        .into_iter()
        .filter(|finding| finding.kind.name() == "standalone-tasks");
    told.map(|finding| (finding.severity, finding.text)).collect()
}

/// Promoted by second 21, and a margin of one.
#[test]
fn c9_only_standalone_tasks_from_before_the_promotion_are_warned_of() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z")
        .see(1, running(&[("t-1", -500), ("t-2", -400)]));
    let [(severity, text)] = &standalone(&tale, 2)[..] else {
        panic!("{:?}", standalone(&tale, 2))
    };
    assert_eq!(*severity, Severity::Info);
    assert!(
        text.starts_with("2 running tasks without a service use it"),
        "{text}"
    );

    tale.labels(10, "a b z").labels(20, "a b z").labels(21, "b - a");
    tale.see(30, running(&[("t-1", -500), ("t-3", 22), ("t-4", 23)]));
    let [(severity, text)] = &standalone(&tale, 31)[..] else {
        panic!("{:?}", standalone(&tale, 31))
    };
    assert_eq!(*severity, Severity::Warning);
    assert!(
        text.starts_with("2 running tasks") && text.ends_with("t-1"),
        "{text}"
    );
    tale.see(40, running(&[("t-4", 23)]));
    assert_eq!(standalone(&tale, 41)[0].0, Severity::Info, "young");
    tale.see(50, running(&[]));
    assert_eq!(standalone(&tale, 51), vec![]);
}

#[test]
fn a_secret_that_nobody_seems_to_use_says_what_cannot_be_seen() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    assert_eq!(kinds(&tale, 1), Vec::<&str>::new(), "nothing was searched yet");
    tale.found(2, prod(), Vec::new())
        .found(2, Scope::Functions, Vec::new());
    assert_eq!(kinds(&tale, 3), ["no-consumers"]);
    tale.uses(&orders(), &["db"]);
    assert_eq!(kinds(&tale, 4), Vec::<&str>::new());
}

/// Nobody knows what stands in the cluster that cannot be searched.
#[test]
fn where_the_search_was_not_whole_nobody_is_said_to_be_missing() {
    let batch = LookKey::Discovery(Scope::Cluster("batch".to_owned()));
    let begun = || {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").found(2, prod(), Vec::new());
        tale
    };
    let mut failing = begun();
    failing.found(2, Scope::Functions, Vec::new());
    failing.event(Event::Unseen {
        look: Look::at(at(3)),
        key: batch,
        failure: LookFailure::Timeout,
    });
    assert_eq!(kinds(&failing, 4), Vec::<&str>::new());
}

/// One function of another team would silence it for every secret: it is told with what was left out.
#[test]
fn a1_functions_that_cannot_be_read_are_told_with_who_seems_unused() {
    let unreadable = |names: &[&str]| Evidence::Scope {
        scope: Scope::Functions,
        seen: ScopeSeen {
            unreadable: names.iter().map(|name| (*name).to_owned()).collect(),
            ..ScopeSeen::default()
        },
    };
    let mut tale = Tale::new();
    tale.labels(0, "a - z").found(2, prod(), Vec::new());
    for (second, names, expected) in [
        (3, &["mailer"][..], "cannot be seen, nor in 1 function whose"),
        (5, &["mailer", "report"][..], "nor in 2 functions whose"),
        (7, &[][..], "as a web function, cannot be seen"),
    ] {
        tale.see(second, unreadable(names));
        let judgement = tale.judge(second + 1);
        let found = of_secret(
            &tale.state,
            &arn("db"),
            &judgement,
            &tale.settings,
            at(second + 1),
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].kind.name(), "no-consumers");
        assert!(found[0].text.contains(expected), "{found:?}");
        let told: Vec<_> = told(&tale, second + 1)
            .iter()
            .map(|one| one.text.contains("no-consumers may be told"))
            .collect();
        assert_eq!(told, vec![true; usize::from(!names.is_empty())]);
    }
}
