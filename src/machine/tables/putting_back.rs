//! What was switched off is put back: in time, at once where it may not sleep any more, and after any crash.

use std::sync::Arc;

use super::standings::{attempt, key, promoted};
use super::world::{Tale, arn, at, function, labels};
use crate::fleet::{Admission, Situation, admit};
use crate::judge::Judgements;
use crate::model::{Action, AttemptId, ConsumerId, Decision, Done, Evidence, Mode, Outcome, SleepTag};
use crate::policy::LambdaMethod;

fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

fn done() -> Option<Outcome> {
    Some(Outcome::Done(Done::Written { deployment: None }))
}

fn tag() -> SleepTag {
    SleepTag {
        attempt: AttemptId::new("note"),
        former: Some(7),
        deadline: at(151),
    }
}

/// A function that we noted and switched off: asleep since second 35, to be woken at 50.
fn asleep() -> Tale {
    let mut tale = promoted(&mailer());
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    attempt(
        &mut tale,
        &mailer(),
        "note",
        Action::TagSleep { tag: tag() },
        done(),
        31,
    );
    attempt(
        &mut tale,
        &mailer(),
        "sleep",
        Action::Sleep { former: Some(7) },
        done(),
        34,
    );
    let mut seen = function(Some(0));
    seen.sleep_tag = Some(tag());
    tale.function(36, &mailer(), seen);
    tale
}

fn admission(tale: &Tale, second: i64, draining: bool) -> Admission {
    let judgements: Judgements = [(arn("db"), Arc::new(tale.judge(second)))].into();
    let situation = Situation {
        now: at(second),
        draining,
        journal: true,
    };
    admit(&tale.state, &judgements, &tale.settings, situation)
}

fn decided(tale: &Tale, second: i64) -> Option<Decision> {
    admission(tale, second, false).start.into_iter().next()
}

#[test]
fn a_function_sleeps_its_time_and_is_looked_at_until_then() {
    let tale = asleep();
    let sleeping = admission(&tale, 49, false);
    assert_eq!(sleeping.start, vec![]);
    assert_eq!(sleeping.wake, Some(at(51)), "two seconds on");
    assert_eq!(tale.judge(49).wake, Some(at(50)));
    assert_eq!(tale.judge(50).wake, None, "its look will come");
    let decision = decided(&tale, 50).expect("a restore");
    assert_eq!(decision.action, Action::Restore { former: Some(7) });
    assert_eq!(
        decision.rotations,
        [key()],
        "for the sake of what it was switched off for"
    );
    assert_eq!((decision.at, decision.deadline), (at(50), at(60)));
}

/// A drain, the mode observe, and a hold: nothing may stay switched off meanwhile.
#[test]
fn a_function_that_may_not_sleep_any_more_is_woken_at_once() {
    assert_eq!(admission(&asleep(), 40, true).start.len(), 1, "shutting down");
    let mut observing = asleep();
    observing.policy.mode = Mode::Observe;
    assert_eq!(admission(&observing, 40, false).start.len(), 1);
    let mut held = asleep();
    let mut seen = held.secret_seen("db", labels("b - a"));
    seen.tags
        .insert("rotation-watchdog".to_owned(), "hold".to_owned());
    let secret = arn("db");
    held.see(37, Evidence::Secret { secret, seen });
    assert_eq!(admission(&held, 40, false).start.len(), 1);
    assert_eq!(admission(&asleep(), 40, false).start, vec![]);
}

#[test]
fn a_restore_serves_the_rotations_of_the_last_write_that_served_any() {
    let mut tale = asleep();
    let untag = Action::Untag;
    super::standings::attempt_for(&mut tale, vec![], &mailer(), "u", untag, done(), 44);
    let mut seen = function(Some(0));
    seen.sleep_tag = Some(tag());
    tale.function(46, &mailer(), seen);
    assert_eq!(decided(&tale, 50).expect("a restore").rotations, [key()]);
}

/// The note on the function is found again by the name of the attempt that left it.
#[test]
fn a_note_names_its_own_attempt() {
    let mut tale = promoted(&mailer());
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    tale.function(30, &mailer(), function(Some(7)));
    let decision = decided(&tale, 31).expect("a note");
    let Action::TagSleep { tag } = decision.action else {
        panic!("{:?}", decision.action)
    };
    assert_eq!(tag.attempt, decision.attempt);
    assert_eq!((tag.former, tag.deadline), (Some(7), at(31 + 120)));
}
