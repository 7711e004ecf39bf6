//! The stages that consumers came to: remembered, and dated by what brought them.

use super::standings::{attempt, orders, promoted, redeploy};
use super::world::{Tale, at, service};
use crate::model::{Evidence, Fact, Scope, ScopeSeen, Stage};
use crate::story::phase::Phase;

/// A rotation whose one consumer was seen stale.
fn stale() -> Tale {
    let mut tale = promoted(&orders());
    tale.service(25, &orders(), service(&[-500]));
    for fact in tale.judge(26).reached {
        let learned = tale.state.learn(fact);
        tale.journal.extend(learned);
    }
    tale
}

/// What the journal says of consumers holds until discovery has come to them again.
#[test]
fn after_a_restart_nobody_is_forgotten_before_discovery() {
    let mut later = stale().restarted();
    assert_eq!(later.latest(100).phase, Phase::Propagating);
    let day = 24 * 3600;
    assert_eq!(
        later.latest(day + 100).phase,
        Phase::Settled,
        "nobody asks any more"
    );
    let seen = ScopeSeen::default();
    let scope = Scope::of(&orders());
    later.see(101, Evidence::Scope { scope, seen });
    assert_eq!(
        later.latest(102).phase,
        Phase::Verifying,
        "discovery found it gone"
    );
}

/// A stage that no look has changed began with the decision, or at the deadline.
#[test]
fn a_decision_dates_the_stage_that_it_brings() {
    let mut tale = stale();
    attempt(&mut tale, &orders(), "a", redeploy(), None, 30);
    let reached = tale.judge(31).reached;
    let [
        Fact::Reached {
            stage,
            at: since,
            why,
            ..
        },
    ] = reached.as_slice()
    else {
        panic!("{reached:?}")
    };
    assert_eq!((*stage, *since), (Stage::Refreshing, at(31)));
    assert_eq!(why, "redeploy is under way");
}
