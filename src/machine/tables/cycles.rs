//! A function's cycle, up to its sleep: what each look means, and when it is begun again.

use super::putting_back::{Row, Written, done, in_doubt, in_vain, mailer, note, seen, sleep, tag, wake};
use super::standings::{attempt, cycle, standing};
use super::world::{Tale, at, function};
use crate::consumers::Why;
use crate::model::{AttemptId, CycleStep, Event, SleepTag, Stage, Write};

fn noted() -> Written {
    (31, note(), done())
}

/// What was written, what a look at second 60 shows, and what that means.
#[test]
fn where_a_cycle_stands() {
    let untagged = || (56, cycle(CycleStep::Untag), done());
    let slept = || (34, sleep(), done());
    let foreign = || SleepTag {
        attempt: AttemptId::new("gone"),
        ..tag()
    };
    let woken = |second| (second, wake(), done());
    let table: [Row<Why>; 12] = [
        (&[], Some(7), None, Why::ConfiguredBefore),
        (&[], Some(0), None, Why::SwitchedOff),
        (&[slept()], Some(0), None, Why::Cycling),
        (&[noted()], Some(7), Some(tag()), Why::ConfiguredBefore),
        (&[noted()], Some(8), Some(tag()), Why::Cycling),
        (&[], Some(7), Some(foreign()), Why::Cycling),
        (
            &[noted(), slept()],
            Some(0),
            Some(tag()),
            Why::Asleep { until: at(50) },
        ),
        (&[noted(), slept()], Some(7), Some(tag()), Why::Cycling),
        (&[noted(), slept(), woken(50)], Some(7), Some(tag()), Why::Cycling),
        (
            &[noted(), slept(), woken(50), untagged()],
            Some(7),
            None,
            Why::Cycled,
        ),
        (
            &[noted(), slept(), woken(49), untagged()],
            Some(7),
            None,
            Why::ConfiguredBefore,
        ),
        (
            &[noted(), slept(), (50, wake(), in_vain()), untagged()],
            Some(7),
            None,
            Why::ConfiguredBefore,
        ),
    ];
    for (writes, reserved, tag, why) in table {
        let found = standing(&seen(writes, 60, reserved, tag.clone()), 61);
        assert_eq!(found.why, why, "{writes:?}: {reserved:?}, {tag:?}");
        assert_eq!(found.wants.is_some(), why == Why::ConfiguredBefore, "{found:?}");
    }
}

/// The restore was decided at second 50 of a clock that had jumped. AWS answered it at 43.
#[test]
fn a_sleep_that_was_long_enough_by_our_clock_alone_does_not_count() {
    let mut tale = seen(&[noted(), (34, sleep(), done())], 36, Some(0), Some(tag()));
    attempt(&mut tale, &mailer(), "early", wake(), None, 50);
    tale.event(Event::Ended {
        attempt: AttemptId::new("early"),
        at: at(43),
        outcome: done().expect("an outcome"),
    });
    attempt(&mut tale, &mailer(), "u", cycle(CycleStep::Untag), done(), 56);
    tale.function(60, &mailer(), function(Some(7)));
    assert_eq!(standing(&tale, 61).why, Why::ConfiguredBefore);
}

#[test]
fn what_keeps_environments_alive_makes_a_cycle_useless() {
    let refused = |change: fn(&mut crate::model::FunctionSeen)| {
        let mut tale = seen(&[], 60, Some(7), None);
        let mut seen = function(Some(7));
        change(&mut seen);
        tale.function(62, &mailer(), seen);
        standing(&tale, 63).why
    };
    assert_eq!(refused(|seen| seen.provisioned = true), Why::Provisioned);
    assert_eq!(
        refused(|seen| seen.managed_instances = true),
        Why::ManagedInstances
    );
}

/// The note is to be obeyed by second 151: fifteen seconds of sleep and ten for the write are needed.
#[test]
fn nobody_is_put_to_sleep_too_late_to_be_woken() {
    let tale = seen(&[noted()], 60, Some(7), Some(tag()));
    assert_eq!(standing(&tale, 125).wants, Some(sleep()));
    assert_eq!(standing(&tale, 126).wants, None);
}

#[test]
fn a_sleep_that_was_refused_is_tried_again_and_one_in_doubt_is_not() {
    let refused = seen(&[noted(), (34, sleep(), in_vain())], 60, Some(7), Some(tag()));
    assert_eq!(standing(&refused, 36).wake, Some(at(37)));
    assert_eq!(standing(&refused, 36).stage, Stage::Refreshing);
    assert_eq!(standing(&refused, 37).wants, Some(sleep()));
    let doubtful = seen(&[noted(), (34, sleep(), in_doubt())], 36, Some(7), Some(tag()));
    assert_eq!(standing(&doubtful, 60).wants, None);
}

fn next_note(tale: &Tale, second: i64) -> Option<AttemptId> {
    match standing(tale, second).wants {
        Some(Write::Cycle {
            step: CycleStep::TagSleep { tag },
            ..
        }) => Some(tag.attempt),
        None => None,
        Some(other) => panic!("{other:?}"),
    }
}

/// Once looks are surely newer than our own writes.
#[test]
fn a_note_that_somebody_removed_is_left_anew_after_fifteen_seconds() {
    let tale = seen(&[noted()], 40, Some(7), None);
    let waiting = standing(&tale, 46);
    assert_eq!((waiting.why, waiting.wake), (Why::Cycling, Some(at(47))));
    let again = next_note(&tale, 47).expect("another note");
    assert_ne!(again, AttemptId::new("note"), "a name of its own");
}

#[test]
fn a_cycle_that_we_called_off_is_begun_again_at_once() {
    let tale = seen(
        &[noted(), (40, cycle(CycleStep::Untag), done())],
        42,
        Some(7),
        None,
    );
    assert!(next_note(&tale, 43).is_some());
    let in_vain = seen(
        &[noted(), (40, cycle(CycleStep::Untag), in_vain())],
        42,
        Some(7),
        None,
    );
    assert_eq!(
        standing(&in_vain, 46).wake,
        Some(at(47)),
        "the note went without us"
    );
}

#[test]
fn after_three_cycles_a_person_is_asked() {
    let mut tale = seen(&[], 30, Some(7), None);
    for (i, second) in [31, 51, 71].into_iter().enumerate() {
        assert!(next_note(&tale, second).is_some(), "cycle {i}");
        let id = format!("note{i}");
        let attempt_id = AttemptId::new(&id);
        let tag = SleepTag {
            attempt: attempt_id,
            ..tag()
        };
        attempt(
            &mut tale,
            &mailer(),
            &id,
            cycle(CycleStep::TagSleep { tag }),
            done(),
            second,
        );
        tale.function(second + 2, &mailer(), function(Some(7)));
    }
    let broken = standing(&tale, 500);
    assert_eq!((broken.stage, broken.why), (Stage::Beyond, Why::CycleBroken));
}
