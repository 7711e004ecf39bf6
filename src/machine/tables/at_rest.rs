//! What is known before the next rotation, and consumers that are gone or never were.

use std::sync::Arc;

use super::findings::kinds;
use super::reach::Change;
use super::standings::{orders, promoted, standing};
use super::updates::mailer;
use super::world::{Tale, arn, at, consumer, function, service};
use crate::consumers::Why;
use crate::facts::watched::Watched;
use crate::findings::{Finding, Severity, beyond_next, of_consumer};
use crate::judge::Judgements;
use crate::judge::outlook::{Next, Outlook, outlook};
use crate::model::{
    Consumer, ConsumerId, Controller, Evidence, Procedure, Reference, ReferenceKind, Scope, SecretArn,
    ServiceSettings, Stage, Staleness, Subject,
};
use crate::policy::Policy;

fn settings(change: impl FnOnce(&mut ServiceSettings)) -> ServiceSettings {
    let mut settings = service(&[0, 0]).settings;
    change(&mut settings);
    settings
}

/// `orders`, as discovery finds it deployed.
fn deployed(settings: ServiceSettings, secrets: &[&str]) -> Consumer {
    let references: Vec<_> = secrets
        .iter()
        .map(|name| (*name, ReferenceKind::Injected))
        .collect();
    Consumer {
        settings: Some(settings),
        ..consumer(&orders(), &references)
    }
}

pub(super) fn prod() -> Scope {
    Scope::Cluster("prod".to_owned())
}

fn foreseen(tale: &Tale, name: &str) -> Vec<Outlook> {
    outlook(&tale.state, &arn(name), &tale.policy, &tale.settings, at(100))
}

fn next(tale: &Tale) -> Vec<Next> {
    foreseen(tale, "db")
        .into_iter()
        .map(|outlook| outlook.next)
        .collect()
}

/// What is told of these secrets before their next rotation.
fn beyond(tale: &Tale, names: &[&str], second: i64) -> Vec<Finding> {
    let judged = |name: &&str| (arn(name), Arc::new(tale.judge_of(name, second)));
    let judgements: Judgements = names.iter().map(judged).collect();
    let outlooks: Vec<(SecretArn, Vec<Outlook>)> = names
        .iter()
        .map(|name| (arn(name), foreseen(tale, name)))
        .collect();
    before_the_next(tale, &outlooks, &judgements)
}

/// What is told of each consumer before the next rotation of these secrets.
pub(super) fn before_the_next(
    tale: &Tale,
    outlooks: &[(SecretArn, Vec<Outlook>)],
    judgements: &Judgements,
) -> Vec<Finding> {
    let of_consumer = |id: &ConsumerId| {
        let nexts = outlooks.iter().flat_map(|(secret, outlook)| {
            let of_it = outlook.iter().filter(|told| &told.consumer == id);
            of_it.map(move |told| (secret, &told.next))
        });
        beyond_next(id, nexts, judgements)
    };
    tale.state.consumers.keys().filter_map(of_consumer).collect()
}

#[test]
fn f6_how_a_service_is_deployed_tells_what_the_next_rotation_can_do() {
    let (minimum, maximum) = (100, 100);
    let name = "CANARY".to_owned();
    let table: Vec<(ServiceSettings, Next)> = vec![
        (settings(|_| {}), Next::Redeploy),
        (
            settings(|s| s.controller = Controller::CodeDeploy),
            Next::Person(Why::Controller { name: "CODE_DEPLOY" }),
        ),
        (
            settings(|s| s.controller = Controller::External),
            Next::Person(Why::Controller { name: "EXTERNAL" }),
        ),
        (
            settings(|s| s.staged_strategy = Some(name.clone())),
            Next::Person(Why::StagedStrategy { name }),
        ),
        (
            settings(|s| s.maximum_percent = 100),
            Next::Person(Why::NoRoom { minimum, maximum }),
        ),
        (settings(|s| s.daemon = true), Next::Person(Why::Downtime)),
    ];
    for (settings, expected) in table {
        let mut tale = Tale::new();
        tale.labels(0, "a - z");
        tale.found(1, prod(), vec![deployed(settings.clone(), &["db"])]);
        assert_eq!(next(&tale), std::slice::from_ref(&expected), "{settings:?}");
        let found = beyond(&tale, &["db"], 5);
        assert_eq!(found.len(), usize::from(expected != Next::Redeploy), "{found:?}");
    }
}

#[test]
fn f6_what_a_function_is_tells_what_the_next_rotation_can_do() {
    let table: [(Change, Next); 4] = [
        (|_| {}, Next::ConfigUpdate),
        (|f| f.provisioned = true, Next::Person(Why::Provisioned)),
        (
            |f| f.managed_instances = true,
            Next::Person(Why::ManagedInstances),
        ),
        (|f| f.durable = true, in_part(Why::Durable)),
    ];
    for (change, expected) in table {
        let mut tale = Tale::new();
        tale.labels(0, "a - z").uses(&mailer(), &["db"]);
        assert_eq!(next(&tale), [Next::Unknown(Why::NotLookedYet)]);
        let mut seen = function(None);
        change(&mut seen);
        tale.function(2, &mailer(), seen);
        assert_eq!(next(&tale), [expected]);
    }
}

fn in_part(left: Why) -> Next {
    Next::InPart {
        procedure: Procedure::ConfigUpdate,
        left,
    }
}

#[test]
fn c3_what_an_update_does_not_reach_is_known_at_rest() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").uses(&mailer(), &["db"]);
    let mut seen = function(None);
    seen.tenants = true;
    tale.function(2, &mailer(), seen);
    let found = beyond(&tale, &["db"], 5);
    assert_eq!((found.len(), found[0].severity), (1, Severity::Info), "{found:?}");
    assert!(
        found[0].text.contains("config-update, which is not all"),
        "{found:?}"
    );
}

/// It is pinned to an old version of one secret for good, which is told of that one.
#[test]
fn f6_another_reason_after_a_promotion_does_not_hide_this_one() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels_of("queue", 0, "a - z");
    let mut both = deployed(settings(|s| s.controller = Controller::CodeDeploy), &["queue"]);
    both.references.push(Reference {
        secret: arn("db"),
        kind: ReferenceKind::Pinned {
            to: "AWSPREVIOUS".to_owned(),
        },
    });
    tale.found(1, prod(), vec![both]);
    tale.labels(10, "a b z").labels(20, "a b z").labels(21, "b - a");
    let mut seen = service(&[-500]);
    seen.settings.controller = Controller::CodeDeploy;
    tale.service(25, &orders(), seen);
    assert_eq!(standing(&tale, 26).stage, Stage::Beyond);
    let found = beyond(&tale, &["db", "queue"], 26);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].text.contains("rotation of queue"), "{found:?}");
}

#[test]
fn f6_one_finding_for_a_consumer_of_several_secrets_until_a_promotion_has_one_of_its_own() {
    let mut tale = Tale::new();
    tale.labels(0, "a - z").labels_of("queue", 0, "a - z");
    let by_code_deploy = settings(|s| s.controller = Controller::CodeDeploy);
    tale.found(1, prod(), vec![deployed(by_code_deploy, &["db", "queue"])]);
    let found = beyond(&tale, &["db", "queue"], 5);
    let [finding] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(finding.subject, Subject::Consumer(orders()));
    assert_eq!(
        (finding.kind.name(), finding.severity),
        ("beyond-next", Severity::Warning)
    );
    assert!(
        finding.text.contains("db, queue") && finding.text.contains("CODE_DEPLOY"),
        "{finding:?}"
    );

    tale.labels(10, "a b z")
        .labels(20, "a b z")
        .labels(21, "b - a")
        .login(22, "b", true);
    let mut seen = service(&[-500]);
    seen.settings.controller = Controller::CodeDeploy;
    tale.service(25, &orders(), seen);
    assert_eq!(standing(&tale, 26).stage, Stage::Beyond);
    assert_eq!(beyond(&tale, &["db", "queue"], 26), vec![]);
    assert!(kinds(&tale, 26).contains(&"beyond-us"));
}

/// A rule names `orders`, and nothing bears this name.
fn mistyped() -> Tale {
    let mut tale = Tale::new();
    tale.labels(0, "a - z");
    tale.found(
        1,
        Scope::Declared,
        vec![consumer(&orders(), &[("db", ReferenceKind::Declared)])],
    );
    absent(&mut tale, 2);
    tale
}

fn absent(tale: &mut Tale, second: i64) {
    let (consumer, seen) = (orders(), None);
    tale.see(second, Evidence::Service { consumer, seen });
}

fn matching_nothing(tale: &Tale) -> Vec<Finding> {
    let consumers = tale.state.consumers.keys();
    let judgements = Judgements::new();
    let found = consumers.flat_map(|id| of_consumer(&tale.state, id, &judgements));
    found.collect()
}

/// `db` by this rule.
pub(super) fn watched(policy: &Policy) -> Watched {
    Watched::from([(arn("db"), Arc::new(policy.clone()))])
}

/// Whichever of its secrets came first would say nothing of where to look.
#[test]
fn c6_the_rule_that_names_a_consumer_in_vain_is_told() {
    let mut tale = Tale::new();
    tale.policy.rule = "rule 2 (all with rotation on)".into();
    let mut judgements = Judgements::new();
    for (secrets, of_one) in [(&["db"][..], true), (&["db", "queue"][..], false)] {
        let held: Vec<_> = secrets
            .iter()
            .map(|name| (*name, ReferenceKind::Declared))
            .collect();
        for name in secrets {
            tale.labels_of(name, 0, "a - -");
            judgements.insert(&arn(name), &Arc::new(tale.judge_of(name, 1)));
        }
        tale.found(1, Scope::Declared, vec![consumer(&orders(), &held)]);
        absent(&mut tale, 2);
        let found = of_consumer(&tale.state, &orders(), &judgements);
        assert!(
            found[0]
                .text
                .starts_with("rule 2 (all with rotation on) names it"),
            "{found:?}"
        );
        assert_eq!(found[0].secret, of_one.then(|| arn("db")));
    }
}

#[test]
fn c6_a_mistyped_consumer_is_a_finding_and_never_fresh() {
    let mut tale = mistyped();
    let found = matching_nothing(&tale);
    assert_eq!(found[0].kind.name(), "unmatched");
    assert_eq!(found[0].subject.to_string(), "ecs:prod/orders");
    assert!(
        found[0].remedy.contains("aws ecs list-services --cluster prod"),
        "{found:?}"
    );
    tale.labels(10, "a b z").labels(20, "a b z").labels(21, "b - a");
    absent(&mut tale, 25);
    let waiting = Staleness::Wait(jiff::SignedDuration::from_secs(60));
    for staleness in [None, Some(waiting)] {
        tale.policy.staleness = staleness
            .map(|staleness| (orders(), staleness))
            .into_iter()
            .collect();
        let standing = standing(&tale, 90_000);
        assert_eq!((standing.stage, standing.why), (Stage::Beyond, Why::NeverFound));
    }
}

#[test]
fn c6_one_that_was_there_before_is_not_mistyped() {
    let mut tale = mistyped();
    tale.service(3, &orders(), service(&[-500]));
    assert_eq!(matching_nothing(&tale), vec![]);
    absent(&mut tale, 4);
    assert_eq!(matching_nothing(&tale), vec![]);
}

/// It ends what was told of it at once, and counts for nothing any more.
#[test]
fn g12_a_deleted_service_is_no_consumer_any_more() {
    let mut tale = promoted(&orders());
    let mut by_tag = consumer(&orders(), &[("db", ReferenceKind::Injected)]);
    by_tag.mutable_images.push("orders:latest".to_owned());
    tale.found(23, prod(), vec![by_tag.clone()]);
    tale.service(25, &orders(), service(&[-500]));
    let stale = tale.judge(26).reached;
    stale.into_iter().for_each(|fact| drop(tale.state.learn(fact)));
    assert!(kinds(&tale, 26).contains(&"mutable-image"));
    absent(&mut tale, 30);
    let judgement = tale.judge(31);
    assert_eq!(judgement.current().expect("a promotion").consumers, vec![]);
    assert_eq!(foreseen(&tale, "db"), vec![]);
    assert_eq!(
        judgement.reached.len(),
        1,
        "the journal tells that it holds nothing old"
    );
    assert_eq!(kinds(&tale, 31), Vec::<&str>::new());
    tale.found(40, prod(), vec![by_tag]);
    assert_eq!(standing(&tale, 41).why, Why::NotLookedYet, "made again");
}
