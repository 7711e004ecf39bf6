//! What the next rotation would do to each consumer, from what is known at rest (G9).

use jiff::SignedDuration;

use super::standings::orders;
use super::world::{Tale, arn, at, consumer, deployment, function, service};
use crate::consumers::Why;
use crate::judge::outlook::{Next, Outlook, outlook};
use crate::model::{
    Alias, ConsumerId, Controller, Declared, EnvironmentSeen, FunctionSeen, LookKey, ReferenceKind, Rollout,
    Scope, ServiceSeen, Staleness,
};
use crate::policy::LambdaMethod;

fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

/// A secret at rest: current when it was first seen, and never rotated since.
fn at_rest() -> Tale {
    let mut tale = Tale::with_lambda();
    tale.labels(0, "b - a");
    tale
}

fn all(tale: &Tale) -> Vec<Outlook> {
    outlook(&tale.state, &arn("db"), &tale.policy, &tale.settings, at(100))
}

fn only(tale: &Tale) -> Next {
    let mut all = all(tale);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).next
}

fn of_service(change: impl FnOnce(&mut ServiceSeen)) -> Next {
    let mut seen = service(&[-900, -800]);
    change(&mut seen);
    let mut tale = at_rest();
    tale.uses(&orders(), &["db"]).service(30, &orders(), seen);
    only(&tale)
}

fn of_function(method: LambdaMethod, change: impl FnOnce(&mut FunctionSeen)) -> Next {
    let mut seen = function(Some(7));
    change(&mut seen);
    let mut tale = at_rest();
    tale.policy.lambda_method = method;
    tale.uses(&mailer(), &["db"]).function(30, &mailer(), seen);
    only(&tale)
}

#[test]
fn g9_what_the_next_rotation_would_do_to_a_service() {
    let by_hand = |name| Next::Person(Why::Controller { name });
    let (minimum, maximum) = (100, 100);
    assert_eq!(of_service(|_| {}), Next::Redeploy);
    assert_eq!(
        of_service(|seen| seen.settings.controller = Controller::CodeDeploy),
        by_hand("CODE_DEPLOY")
    );
    assert_eq!(
        of_service(|seen| seen.settings.controller = Controller::External),
        by_hand("EXTERNAL")
    );
    assert_eq!(
        of_service(|seen| seen.settings.maximum_percent = maximum),
        Next::Person(Why::NoRoom { minimum, maximum })
    );
    assert_eq!(
        of_service(|seen| seen.settings.daemon = true),
        Next::Person(Why::Downtime)
    );
    assert_eq!(
        of_service(|seen| (seen.settings.desired, seen.tasks) = (0, Vec::new())),
        Next::Nothing(Why::NothingRuns)
    );
    assert_eq!(
        of_service(|seen| (seen.tasks_listed, seen.tasks) = (false, Vec::new())),
        Next::Unknown(Why::TasksUnseen)
    );
    let rolls = |seen: &mut ServiceSeen| seen.deployments = vec![deployment("d", 20, Rollout::InProgress)];
    assert_eq!(of_service(rolls), Next::Unknown(Why::OlderDeployment));
}

#[test]
fn g9_what_the_next_rotation_would_do_to_a_function() {
    use LambdaMethod::{ConcurrencyCycle, ConfigUpdate};
    let for_so_long = SignedDuration::from_secs(15);
    assert_eq!(of_function(ConfigUpdate, |_| {}), Next::ConfigUpdate);
    assert_eq!(
        of_function(ConcurrencyCycle, |_| {}),
        Next::SwitchedOff { for_so_long }
    );
    assert_eq!(
        of_function(ConcurrencyCycle, |seen| seen.reserved = Some(0)),
        Next::Nothing(Why::SwitchedOff)
    );
    for method in [ConfigUpdate, ConcurrencyCycle] {
        assert_eq!(
            of_function(method, |seen| seen.provisioned = true),
            Next::Person(Why::Provisioned)
        );
    }
    let (alias, version) = ("live".to_owned(), "3".to_owned());
    let pinned = Alias {
        name: alias.clone(),
        version: version.clone(),
    };
    assert_eq!(
        of_function(ConfigUpdate, |seen| seen.pinned_aliases.push(pinned)),
        Next::Person(Why::AliasPinned { alias, version })
    );
    let why = "AccessDeniedException".to_owned();
    let unreadable = EnvironmentSeen::Unreadable { why: why.clone() };
    assert_eq!(
        of_function(ConfigUpdate, |seen| seen.environment = unreadable),
        Next::Person(Why::EnvironmentUnreadable { why })
    );
}

#[test]
fn g9_what_needs_no_look_and_what_was_not_looked_at() {
    let of = |kind, change: &dyn Fn(&mut Tale)| {
        let mut tale = at_rest();
        tale.found(0, Scope::Declared, vec![consumer(&orders(), &[("db", kind)])]);
        change(&mut tale);
        only(&tale)
    };
    let ttl = SignedDuration::from_mins(20);
    let to = "AWSPREVIOUS".to_owned();
    let cached = |tale: &mut Tale| tale.policy.ecs_fetching = Staleness::Wait(ttl);
    let unseen = Next::Unknown(Why::NotLookedYet);
    assert_eq!(of(ReferenceKind::Injected, &|_| {}), unseen);
    assert_eq!(of(ReferenceKind::Fetches, &cached), Next::Wait { ttl });
    assert_eq!(of(ReferenceKind::Suspected, &|_| {}), Next::Suspected);
    let pinned = ReferenceKind::Pinned { to: to.clone() };
    assert_eq!(of(pinned, &|_| {}), Next::Person(Why::Pinned { to }));
}

#[test]
fn g9_a_declared_consumer_is_waited_for_as_long_as_it_says() {
    let report = ConsumerId::declared("report");
    let ttl = SignedDuration::from_mins(5);
    let mut tale = at_rest();
    tale.policy.declared = vec![Declared {
        id: report.clone(),
        staleness: Staleness::Wait(ttl),
    }];
    tale.found(
        0,
        Scope::Declared,
        vec![consumer(&report, &[("db", ReferenceKind::Declared)])],
    );
    assert_eq!(only(&tale), Next::Wait { ttl });
}

/// What is said at rest is what is wanted once the secret was rotated.
#[test]
fn g9_the_outlook_is_what_the_rotation_then_wants() {
    let mut tale = at_rest();
    tale.uses(&orders(), &["db"]).uses(&mailer(), &["db"]);
    tale.service(30, &orders(), service(&[-900]))
        .function(30, &mailer(), function(None));
    let said: Vec<(ConsumerId, &str)> = all(&tale)
        .into_iter()
        .map(|outlook| (outlook.consumer, outlook.next.word()))
        .collect();
    tale.labels(200, "b c a").labels(210, "c - b");
    tale.service(215, &orders(), service(&[-900]))
        .function(215, &mailer(), function(None));
    let wanted: Vec<(ConsumerId, &str)> = tale
        .latest(216)
        .consumers
        .iter()
        .filter_map(|(id, standing)| Some((id.clone(), standing.wants.as_ref()?)))
        .map(|(id, action)| (id, action.kind().procedure().name()))
        .collect();
    assert_eq!(said, wanted);
    assert_eq!(said.len(), 2);
}

#[test]
fn g9_a_rotation_lambda_is_no_consumer() {
    let mut tale = at_rest();
    tale.uses(&ConsumerId::function("rotate"), &["db"]);
    assert_eq!(all(&tale), []);
}

/// Without a look there is nothing to tell; a secret that was never rotated has no LastRotatedDate.
#[test]
fn g9_services_at_rest_are_looked_at_once() {
    use super::cadence::wait;
    let mut tale = at_rest();
    tale.uses(&orders(), &["db"]);
    let key = LookKey::Consumer(orders());
    assert_eq!(wait(&tale, 1, &key), Some(0));
    tale.service(30, &orders(), service(&[-900]));
    assert_eq!(wait(&tale, 31, &key), None);
}

#[test]
fn each_outlook_has_a_word_and_one_phrase() {
    let ttl = SignedDuration::from_hours(1);
    let all = [
        Next::Redeploy,
        Next::ConfigUpdate,
        Next::SwitchedOff {
            for_so_long: SignedDuration::from_secs(15),
        },
        Next::Wait { ttl },
        Next::ByItself,
        Next::Nothing(Why::Gone),
        Next::Person(Why::SnapStart),
        Next::Suspected,
        Next::Unknown(Why::NotLookedYet),
    ];
    assert_eq!(all.each_ref().map(Next::word), Next::WORDS);
    let cycle = all[2].to_string();
    assert!(cycle.contains("your function is switched off for 15s"), "{cycle}");
    for next in &all {
        let text = next.to_string();
        assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
    }
}
