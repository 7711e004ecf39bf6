//! What users of the simulated applications notice, as log lines.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;
use machine::model::ConsumerId;

use crate::runtime::Clock;
use crate::sim::world::World;

const LOOK: SignedDuration = SignedDuration::from_millis(500);

/// Tells, for ever, which applications begin to fail and which recover.
pub(super) async fn tell(world: &Mutex<World>, clock: &Clock) {
    let mut failing = BTreeSet::new();
    loop {
        let now_failing = failing_in(&mut world.lock().unwrap_or_else(PoisonError::into_inner), clock);
        for consumer in now_failing.difference(&failing) {
            tracing::warn!(%consumer, "APPLICATION FAILS: its logins are refused, or it is switched off");
        }
        for consumer in failing.difference(&now_failing) {
            tracing::info!(%consumer, "APPLICATION RECOVERED");
        }
        failing = now_failing;
        clock.sleep(LOOK).await;
    }
}

fn failing_in(world: &mut World, clock: &Clock) -> BTreeSet<ConsumerId> {
    world.advance(clock.now());
    let open = world.outages.iter().filter(|(_, outage)| outage.is_open());
    open.map(|(consumer, _)| consumer.clone()).collect()
}
