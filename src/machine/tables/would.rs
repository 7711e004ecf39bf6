//! What only the mode keeps from being done is a fact of the rotation (G10).

use std::sync::Arc;

use super::admission::{admission, promoted};
use super::standings::orders;
use super::world::{Tale, arn, at, labels, service};
use crate::facts::state::Would;
use crate::judge::would::would_act;
use crate::judge::{Judgements, Lowered, LoweredBy};
use crate::model::{Evidence, Fact, Mode, Procedure, Step, WouldAct};

fn stale(mode: Mode) -> Tale {
    let mut tale = promoted(&["db"]);
    tale.policy.mode = mode;
    tale.line(18, Step::TestSecret).uses(&orders(), &["db"]);
    tale.service(25, &orders(), service(&[-500]));
    tale
}

fn would(tale: &Tale, second: i64) -> Vec<WouldAct> {
    let judgements = Judgements::from([(arn("db"), Arc::new(tale.judge(second)))]);
    let admission = admission(tale, &["db"], second);
    would_act(&tale.state, &judgements, &admission, at(second))
}

#[test]
fn g10_what_would_have_been_done_is_told_once_for_each_rotation_and_consumer() {
    let mut tale = stale(Mode::Observe);
    let found = would(&tale, 30);
    let [told] = found.as_slice() else {
        panic!("{found:?}")
    };
    let key = (told.rotation.clone(), told.consumer.clone());
    assert_eq!(key, (tale.latest(30).rotation.key, orders()));
    assert_eq!((told.procedure, told.at), (Procedure::Redeploy, at(30)));
    assert!(told.why.contains("hold the old value"), "{}", told.why);
    let fact = Fact::WouldAct(told.clone());
    assert_eq!(tale.state.learn(fact.clone()), std::slice::from_ref(&fact));
    assert_eq!(would(&tale, 40), []);
    assert_eq!(tale.state.learn(fact), [], "no news the second time");
    let known = Would {
        procedure: Procedure::Redeploy,
        at: at(30),
    };
    assert_eq!(tale.state.secrets[&arn("db")].would.get(&key), Some(&known));
}

#[test]
fn g10_what_is_done_or_waits_for_anything_else_would_not_have_been_done() {
    assert_eq!(would(&stale(Mode::Act), 30), []);
    assert_eq!(would(&stale(Mode::Observe), 21), [], "the margin is not over");
    let mut fresh = stale(Mode::Observe);
    fresh.service(50, &orders(), service(&[30]));
    assert_eq!(would(&fresh, 60), []);
}

#[test]
fn g10_what_would_have_been_done_is_remembered_over_a_restart() {
    let mut tale = stale(Mode::Observe);
    for told in would(&tale, 30) {
        let learned = tale.state.learn(Fact::WouldAct(told));
        tale.journal.extend(learned);
    }
    let mut again = tale.restarted();
    again.labels(100, "b - a");
    again
        .uses(&orders(), &["db"])
        .service(110, &orders(), service(&[-500]));
    assert_eq!(would(&again, 120), []);
}

#[test]
fn g9_the_tag_that_lowered_the_mode_is_named_with_what_the_rule_says() {
    let lowered = |mode, tag: Option<&str>| {
        let mut tale = Tale::new();
        tale.policy.mode = mode;
        let mut seen = tale.secret_seen("db", labels("b - a"));
        seen.tags
            .extend(tag.map(|word| ("rotation-watchdog".to_owned(), word.to_owned())));
        let secret = arn("db");
        tale.see(0, Evidence::Secret { secret, seen });
        tale.judge(1).lowered
    };
    let by_tag = Some(Lowered {
        from: Mode::Act,
        by: LoweredBy::Tag,
    });
    assert_eq!(lowered(Mode::Act, Some("observe")), by_tag);
    assert_eq!(lowered(Mode::Act, Some("hold")), by_tag);
    assert_eq!(lowered(Mode::Act, None), None);
    assert_eq!(
        lowered(Mode::Observe, Some("hold")),
        None,
        "there is nothing to lower"
    );
}
