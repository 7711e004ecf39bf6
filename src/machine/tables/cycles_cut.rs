//! Concurrency cycles that are called off, and how often one is begun.

use super::standings::{attempt, cycle, promoted, standing};
use super::world::{Tale, at, function};
use crate::consumers::Why;
use crate::model::{AttemptId, ConsumerId, CycleStep, Done, NoEffect, Outcome, SleepTag, Stage, Write};
use crate::policy::LambdaMethod;

fn mailer() -> ConsumerId {
    ConsumerId::function("mailer")
}

/// Notes sent for one rotation, each with this outcome; none of them was ever seen on the function.
fn notes(outcomes: &[Outcome]) -> Tale {
    let mut tale = promoted(&mailer());
    tale.policy.lambda_method = LambdaMethod::ConcurrencyCycle;
    for (n, outcome) in (0..).zip(outcomes) {
        let id = format!("note-{n}");
        let tag = SleepTag {
            attempt: AttemptId::new(&id),
            former: Some(7),
            deadline: at(500),
        };
        let action = cycle(CycleStep::TagSleep { tag });
        attempt(&mut tale, &mailer(), &id, action, Some(outcome.clone()), 30 + n);
    }
    tale.function(300, &mailer(), function(Some(7)));
    tale
}

/// What was never sent begins no cycle: a note that is missing after some such tries is written again.
#[test]
fn only_cycles_that_began_count_against_their_number() {
    let done = || Outcome::Done(Done::Written { began: None });
    let not_sent = || {
        Outcome::NoEffect(NoEffect::NotSent {
            why: "the precheck failed".to_owned(),
        })
    };
    let table = [
        ("one", vec![done()], true),
        (
            "one after tries in vain",
            vec![not_sent(), not_sent(), not_sent(), done()],
            true,
        ),
        ("three", vec![done(), done(), done()], false),
    ];
    for (what, outcomes, again) in table {
        let standing = standing(&notes(&outcomes), 301);
        assert_eq!(
            matches!(
                standing.wants,
                Some(Write::Cycle {
                    step: CycleStep::TagSleep { .. },
                    ..
                })
            ),
            again,
            "{what}: {standing:?}"
        );
        let broken = (Stage::Beyond, Why::CycleBroken);
        assert_eq!((standing.stage, standing.why) == broken, !again, "{what}");
    }
}
