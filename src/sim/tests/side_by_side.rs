//! Both values of a secret at a simulated database: it answers as real ones do.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;
use crate::ports::{Comparison, Credentials, LoginTarget};
use crate::runtime::Clock;
use crate::sim::arn;
use crate::sim::ports::{Fault, FaultKind, OpenGate, SimAccount};

const SET: &str = "set";

/// Whom AWSCURRENT's and AWSPENDING's values name, with which password.
type Values<'a> = [(&'a str, &'a str); 2];

/// What is answered for two values, and how many logins were refused.
fn compare(values: Values<'_>, fault: Option<FaultKind>) -> (Comparison, usize) {
    let secret = arn("shop/mysql");
    let mut world = Scenario::one_service(1).world();
    let database = world.secrets.get_mut(&secret).expect("the secret");
    database.accepted = [("app".to_owned(), SET.to_owned())].into();
    let now = world.now();
    let world = Arc::new(Mutex::new(world));
    let faults = fault.map(|kind| Fault {
        operation: "database:login",
        times: 1,
        kind,
        window: None,
    });
    let account = SimAccount::new(world.clone(), Clock::scaled(now, 1), Arc::new(OpenGate))
        .with_faults(Arc::new(Mutex::new(faults.into_iter().collect())));
    let [current, pending] = values.map(|(username, password)| {
        let value =
            json!({"engine": "mysql", "host": secret.as_str(), "username": username, "password": password});
        Credentials(value.to_string().into())
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let login = account.ports().login;
    let target = LoginTarget::default();
    let (_, comparison) = runtime.block_on(login.compare(&target, false, &current, &pending));
    let world = world.lock().expect("no panic");
    let refused = world.secrets[&secret].refused.values().map(Vec::len).sum();
    (comparison, refused)
}

#[test]
fn each_value_is_a_login_of_its_own() {
    let none = "the login with AWSPENDING is not accepted: refused (1045)";
    let both = "the login with AWSCURRENT is not refused: accepted";
    let users = "the two values are of alternating users: they differ in `username`";
    for (values, objection, refused) in [
        ([("app", "old"), ("app", SET)], None, 1),
        ([("app", SET), ("app", "new")], Some(none), 1),
        ([("app", "old"), ("app", "new")], Some(none), 2),
        ([("app", SET), ("app", SET)], Some(both), 0),
        ([("app", "old"), ("app_clone", SET)], Some(users), 0),
    ] {
        let (comparison, found) = compare(values, None);
        assert_eq!(comparison.objection().as_deref(), objection, "{values:?}");
        assert_eq!(found, refused, "{values:?}");
    }
}

#[test]
fn one_fault_keeps_both_values_without_an_answer() {
    let values = [("app", "old"), ("app", SET)];
    for (kind, answer) in [
        (FaultKind::LostBefore, "unreachable: no answer in time"),
        (FaultKind::Throttled, "the database is busy (1040)"),
        (FaultKind::Denied, "the account's state (3118)"),
    ] {
        let (comparison, refused) = compare(values, Some(kind.clone()));
        let Comparison::Tried { current, pending, .. } = comparison else {
            panic!("{comparison:?}")
        };
        let told = [current, pending].map(|answer| answer.to_string());
        assert_eq!(told, [answer, answer], "{kind:?}");
        assert_eq!(refused, 0, "{kind:?}");
    }
    let (slow, refused) = compare(values, Some(FaultKind::Slow(SignedDuration::from_secs(1))));
    assert_eq!((slow.objection(), refused), (None, 1));
}
