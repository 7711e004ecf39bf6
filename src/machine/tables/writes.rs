//! Writes in a story: what was decided for whom, and what came of it.

use super::standings::{key, orders};
use super::world::{Tale, at};
use crate::model::{AttemptId, ConsumerId, CycleStep, Decision, Done, Event, Outcome, RotationKey, Write};

pub(super) fn attempt(
    tale: &mut Tale,
    consumer: &ConsumerId,
    id: &str,
    write: Write,
    outcome: Option<Outcome>,
    second: i64,
) {
    attempt_for(tale, vec![key()], consumer, id, write, outcome, second);
}

pub(super) fn attempt_for(
    tale: &mut Tale,
    rotations: Vec<RotationKey>,
    consumer: &ConsumerId,
    id: &str,
    write: Write,
    outcome: Option<Outcome>,
    second: i64,
) {
    let decision = Decision {
        attempt: AttemptId::new(id),
        write: of(consumer, write),
        guards: Vec::new(),
        serves: rotations,
        at: at(second),
        deadline: at(second + 10),
    };
    tale.event(Event::Decided(decision));
    if let Some(outcome) = outcome {
        tale.event(Event::Ended {
            attempt: AttemptId::new(id),
            at: at(second + 1),
            outcome,
        });
    }
}

/// The write, for this consumer.
fn of(consumer: &ConsumerId, mut write: Write) -> Write {
    match (&mut write, consumer) {
        (
            Write::Redeploy { cluster, service, .. },
            ConsumerId::Service {
                cluster: of,
                name: named,
            },
        ) => (*cluster, *service) = (of.clone(), named.clone()),
        (
            Write::UpdateEnvironment { function, .. } | Write::Cycle { function, .. },
            ConsumerId::Function { name },
        ) => function.clone_from(name),
        (write, consumer) => panic!("{write:?} does not fit {consumer}"),
    }
    write
}

/// Whom it refreshes.
pub(super) fn consumer_of(decision: &Decision) -> ConsumerId {
    decision.target().consumer().expect("a consumer").clone()
}

pub(super) fn redeploy_of(consumer: &ConsumerId, fresh_after: i64) -> Write {
    let write = Write::Redeploy {
        cluster: "prod".into(),
        service: "orders".into(),
        fresh_after: at(fresh_after),
    };
    of(consumer, write)
}

pub(super) fn cycle(step: CycleStep) -> Write {
    Write::Cycle {
        function: "mailer".into(),
        step,
    }
}

pub(super) fn redeploy() -> Write {
    redeploy_of(&orders(), 22)
}

pub(super) fn deployed(id: &str) -> Outcome {
    Outcome::Done(Done::Written {
        began: Some(id.to_owned()),
    })
}
