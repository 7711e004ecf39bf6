//! What was switched off is put back: in time, at once where it may not sleep any more, and after any crash.

use std::sync::Arc;

use super::staleness::dated;
use super::standings::{attempt, attempt_for, cycle, key};
use super::world::{Tale, arn, at, function, labels};
use crate::admission::{Admission, Situation, admit};
use crate::judge::Judgements;
use crate::model::{
    AttemptId, ConsumerId, CycleStep, Decision, Done, Evidence, Mode, NoEffect, Outcome, SleepTag, Write,
};
use crate::policy::LambdaMethod;
use crate::procedures::{Left, left_by_us, restore};

pub(super) fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

/// Our note: concurrency 7 before, to be put back by second 151.
pub(super) fn tag() -> SleepTag {
    SleepTag {
        attempt: AttemptId::new("note"),
        former: Some(7),
        deadline: at(151),
    }
}

pub(super) fn note() -> Write {
    cycle(CycleStep::TagSleep { tag: tag() })
}

pub(super) fn sleep() -> Write {
    cycle(CycleStep::Sleep { former: Some(7) })
}

pub(super) fn wake() -> Write {
    cycle(CycleStep::Restore { former: Some(7) })
}

pub(super) fn done() -> Option<Outcome> {
    Some(Outcome::Done(Done::Written { began: None }))
}

pub(super) fn in_vain() -> Option<Outcome> {
    Some(Outcome::NoEffect(NoEffect::Throttled))
}

pub(super) fn in_doubt() -> Option<Outcome> {
    Some(Outcome::InDoubt {
        why: "cut".to_owned(),
    })
}

/// Writes, each answered a second after its decision.
pub(super) type Written = (i64, Write, Option<Outcome>);

/// What was written, the concurrency and the note that a look then shows, and what follows.
pub(super) type Row<'a, T> = (&'a [Written], Option<u32>, Option<SleepTag>, T);

/// A function with that concurrency, and a note or none, as a look at that second shows it after those writes.
pub(super) fn seen(writes: &[Written], second: i64, reserved: Option<u32>, tag: Option<SleepTag>) -> Tale {
    let mut tale = dated(&mailer());
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    for (i, (at, action, outcome)) in writes.iter().enumerate() {
        let id = match action {
            Write::Cycle {
                step: CycleStep::TagSleep { tag },
                ..
            } => tag.attempt.to_string(),
            _ => format!("x{i}"),
        };
        attempt(&mut tale, &mailer(), &id, action.clone(), outcome.clone(), *at);
    }
    let mut seen = function(reserved);
    seen.sleep_tag = tag;
    tale.function(second, &mailer(), seen);
    tale
}

/// A function that we noted and switched off: asleep since second 35, to be woken at 50.
fn asleep() -> Tale {
    seen(
        &[(31, note(), done()), (34, sleep(), done())],
        36,
        Some(0),
        Some(tag()),
    )
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
    assert_eq!(decision.write, cycle(CycleStep::Restore { former: Some(7) }));
    assert_eq!(
        decision.serves,
        [key()],
        "for the sake of what it was switched off for"
    );
    assert_eq!((decision.at, decision.deadline), (at(50), at(60)));
}

/// A write that was not sent may bear the time of a clock that was ahead: it does not put the restore off.
#[test]
fn what_had_no_effect_later_puts_no_restore_off() {
    let writes = [
        (31, note(), done()),
        (34, sleep(), done()),
        (200, note(), in_vain()),
    ];
    let tale = seen(&writes, 51, Some(0), Some(tag()));
    assert_eq!(decided(&tale, 52).expect("a restore").write, wake());
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
    attempt_for(
        &mut tale,
        vec![],
        &mailer(),
        "u",
        cycle(CycleStep::Untag),
        done(),
        34,
    );
    assert_eq!(decided(&tale, 50).expect("a restore").serves, [key()]);
}

/// The note on the function is found again by the name of the attempt that left it, however many rotations it serves.
#[test]
fn a_note_names_its_own_attempt() {
    let mut tale = seen(&[], 30, Some(7), None);
    tale.uses(&mailer(), &["db", "queue"]);
    for (second, text) in [(0, "a - z"), (10, "a b z"), (20, "b - a")] {
        tale.labels_of("queue", second, text);
    }
    tale.login_of("queue", 22, "b", true);
    let judged = |name: &str| (arn(name), Arc::new(tale.judge_of(name, 31)));
    let judgements: Judgements = ["db", "queue"].map(judged).into();
    let situation = Situation {
        now: at(31),
        draining: false,
        journal: true,
    };
    let start = admit(&tale.state, &judgements, &tale.settings, situation).start;
    let [decision] = start.as_slice() else {
        panic!("{start:?}")
    };
    let Some(CycleStep::TagSleep { tag }) = decision.write.cycle_step() else {
        panic!("{decision:?}")
    };
    assert_eq!(decision.serves.len(), 2);
    assert_eq!(tag.attempt, decision.attempt);
    assert_eq!((tag.former, tag.deadline), (Some(7), at(31 + 120)));
}

/// What ends the sleep at a second, early or in time.
fn ends(tale: &Tale, second: i64, early: bool) -> Option<Write> {
    let facts = &tale.state.consumers[&mailer()];
    restore(facts, &tale.settings.timing, at(second), early).map(cycle)
}

#[test]
fn a_sleep_ends_after_its_time_or_at_the_notes_deadline() {
    assert_eq!(ends(&asleep(), 49, false), None);
    assert_eq!(ends(&asleep(), 50, false), Some(wake()));
    assert_eq!(ends(&asleep(), 49, true), Some(wake()));
    let short = || SleepTag {
        deadline: at(45),
        ..tag()
    };
    let writes = [
        (31, cycle(CycleStep::TagSleep { tag: short() }), done()),
        (34, sleep(), done()),
    ];
    let tale = seen(&writes, 36, Some(0), Some(short()));
    assert_eq!(ends(&tale, 44, false), None);
    assert_eq!(ends(&tale, 45, false), Some(wake()));
    let lost = seen(&[], 36, Some(0), Some(tag()));
    assert_eq!(
        ends(&lost, 37, false),
        Some(wake()),
        "nobody knows since when it sleeps"
    );
}

/// What was written, what a look at second 40 shows, and what is due at second 41.
#[test]
fn a_note_is_taken_away_once_the_function_is_as_it_was() {
    let noted = || (31, note(), done());
    let foreign = || SleepTag {
        attempt: AttemptId::new("gone"),
        ..tag()
    };
    let always_off = || SleepTag {
        former: Some(0),
        ..tag()
    };
    let table: [Row<Option<Write>>; 9] = [
        (&[noted()], Some(7), Some(tag()), None),
        (&[noted()], Some(8), Some(tag()), Some(cycle(CycleStep::Untag))),
        (
            &[noted()],
            Some(7),
            Some(foreign()),
            Some(cycle(CycleStep::Untag)),
        ),
        (
            &[noted(), (34, sleep(), done())],
            Some(7),
            Some(tag()),
            Some(cycle(CycleStep::Untag)),
        ),
        (&[noted(), (34, sleep(), in_doubt())], Some(7), Some(tag()), None),
        (&[noted(), (34, sleep(), in_vain())], Some(7), Some(tag()), None),
        (&[], Some(0), Some(always_off()), Some(cycle(CycleStep::Untag))),
        (&[], Some(7), None, None),
        (&[], Some(0), None, None),
    ];
    for (writes, reserved, tag, due) in table {
        let tale = seen(writes, 40, reserved, tag.clone());
        assert_eq!(ends(&tale, 41, false), due, "{writes:?}: {reserved:?}, {tag:?}");
    }
}

#[test]
fn a_note_that_is_not_used_any_more_is_taken_away() {
    let tale = seen(&[(31, note(), done())], 40, Some(7), Some(tag()));
    assert_eq!(
        ends(&tale, 41, true),
        Some(cycle(CycleStep::Untag)),
        "draining, or observing"
    );
    assert_eq!(ends(&tale, 125, false), None, "there is time to sleep and wake");
    assert_eq!(ends(&tale, 126, false), Some(cycle(CycleStep::Untag)));
}

/// Somebody removed the note of a function that we switched off.
#[test]
fn without_the_note_the_journal_knows_what_to_put_back() {
    let table: [(&[Written], Option<Write>); 6] = [
        (&[(34, sleep(), done())], Some(wake())),
        (&[(34, sleep(), in_vain())], None),
        (&[(34, sleep(), done()), (36, wake(), done())], None),
        (&[(32, sleep(), done()), (33, wake(), in_vain())], Some(wake())),
        (
            &[(31, sleep(), done()), (33, wake(), done()), (36, sleep(), done())],
            Some(wake()),
        ),
        (
            &[(34, sleep(), done()), (36, cycle(CycleStep::Untag), done())],
            Some(wake()),
        ),
    ];
    for (writes, due) in table {
        let tale = seen(writes, 40, Some(0), None);
        assert_eq!(ends(&tale, 41, false), due, "{writes:?}");
    }
}

#[test]
fn nothing_is_put_back_on_what_was_seen_before_the_last_write() {
    let slept = |look: i64| {
        let writes = [(31, note(), done()), (34, sleep(), done())];
        ends(&seen(&writes, look, Some(0), Some(tag())), 60, false)
    };
    assert_eq!(slept(34), None);
    assert_eq!(slept(35), Some(wake()));
    let sending = [(31, note(), done()), (34, sleep(), done()), (37, wake(), None)];
    let tale = seen(&sending, 40, Some(0), Some(tag()));
    assert_eq!(ends(&tale, 60, false), None, "it is being put back");
}

#[test]
fn a_restore_in_vain_is_repeated_a_little_slower_each_time() {
    let slept = [(31, note(), done()), (34, sleep(), done())];
    let one = [&slept[..], &[(50, wake(), in_vain())]].concat();
    let tale = seen(&one, 52, Some(0), Some(tag()));
    assert_eq!(ends(&tale, 52, false), None);
    assert_eq!(ends(&tale, 53, false), Some(wake()));
    let two = [&one[..], &[(53, wake(), in_vain())]].concat();
    let tale = seen(&two, 55, Some(0), Some(tag()));
    assert_eq!(ends(&tale, 57, false), None);
    assert_eq!(ends(&tale, 58, false), Some(wake()));
    let after_a_sleep = [
        (31, note(), done()),
        (34, sleep(), in_vain()),
        (50, wake(), in_vain()),
    ];
    let tale = seen(&after_a_sleep, 52, Some(0), Some(tag()));
    assert_eq!(
        ends(&tale, 53, false),
        Some(wake()),
        "a sleep in vain is another matter"
    );
}

/// Somebody deleted it while it slept, and the restore found none.
#[test]
fn a_function_that_is_gone_is_neither_put_back_nor_told() {
    let mut tale = seen(
        &[
            (31, note(), done()),
            (34, sleep(), done()),
            (50, wake(), in_vain()),
        ],
        36,
        Some(0),
        Some(tag()),
    );
    let is_open = |tale: &Tale| crate::procedures::open_sleep(&tale.state.consumers[&mailer()]).is_some();
    assert!(is_open(&tale));
    let consumer = mailer();
    tale.see(60, Evidence::Function { consumer, seen: None });
    assert!(!is_open(&tale));
    assert_eq!(ends(&tale, 200, true), None);
    assert_eq!(admission(&tale, 200, true).start, vec![]);
    tale.function(70, &mailer(), function(Some(0)));
    assert!(is_open(&tale), "a look may have been wrong");
}

/// What a drain that ends too early leaves for a person, by what was written and what a look then shows.
#[test]
fn f7_what_is_left_on_a_function_names_what_it_was_before() {
    let (noted, slept) = ((31, note(), done()), (34, sleep(), done()));
    let asleep = Some(Left::Asleep { former: Some(7) });
    let table: [Row<'_, Option<Left>>; 7] = [
        (&[], Some(7), None, None),
        (&[], Some(0), None, None),
        (&[], Some(0), Some(tag()), asleep),
        (
            std::slice::from_ref(&noted),
            Some(7),
            Some(tag()),
            Some(Left::Note),
        ),
        (&[noted.clone(), slept.clone()], Some(0), Some(tag()), asleep),
        (&[noted.clone(), slept.clone()], Some(0), None, asleep),
        (
            &[noted.clone(), slept, (50, wake(), done())],
            Some(7),
            Some(tag()),
            Some(Left::Note),
        ),
    ];
    for (writes, reserved, note, expected) in table {
        let tale = seen(writes, 60, reserved, note);
        let left = left_by_us(&tale.state.consumers[&mailer()]);
        assert_eq!(left, expected, "{writes:?}");
    }
}
