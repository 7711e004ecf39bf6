//! What a life of the watchdog before this one told. It stands until this life tells it too, or has looked and does not.

use jiff::{SignedDuration, Timestamp};

use super::Machine;
use crate::facts::state::State;
use crate::findings::{FindingId, Kind};
use crate::model::{LookKey, Part, Subject};

/// What this life may not see for a while is held against what it has seen so often.
const EVERY: SignedDuration = SignedDuration::from_secs(30);
/// After so long nobody waits for a look that is not taken any more.
const AT_MOST: SignedDuration = SignedDuration::from_mins(30);

/// When that is done.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When everything had been looked at once.
    looked: Option<Timestamp>,
    pub(super) wake: Option<Timestamp>,
}

impl Machine {
    /// What is remembered and would be told by now, were its cause still there, begins to end.
    pub(super) fn compare_with_memory(&mut self, now: Timestamp) {
        if !self.state.lives.has_remembered() {
            self.memory.wake = None;
            return;
        }
        if self.memory.wake.is_some_and(|at| now < at) || !self.has_looked() {
            return;
        }
        let looked = *self.memory.looked.get_or_insert(now);
        let is_over = now >= looked + AT_MOST;
        let remembered = self.state.lives.remembered();
        let missed = remembered.filter(|id| is_over || would_show(id, &self.state));
        for id in missed.cloned().collect::<Vec<_>>() {
            self.state.lives.miss(&id, now);
        }
        self.memory.wake = self.state.lives.has_remembered().then_some(now + EVERY);
    }
}

/// Once everything was looked at, most causes show. Some need a look of their own, which a start does not wait for.
fn would_show(id: &FindingId, state: &State) -> bool {
    let has_answered = |key: &LookKey| state.looked.contains_key(key);
    match (&id.subject, id.kind) {
        (Subject::Watchdog(Part::Look(key)), _) => has_answered(key),
        (Subject::Watchdog(Part::Events), _) => state.delivery.works,
        (Subject::Secret(secret), Kind::LogAbsent | Kind::LogUnreadable) => {
            has_answered(&LookKey::Log(secret.clone()))
        }
        (Subject::Consumer(consumer), kind) if !is_found_by_search(kind) => {
            !state.consumers.contains_key(consumer) || has_answered(&LookKey::Consumer(consumer.clone()))
        }
        (Subject::Secret(_) | Subject::Consumer(_) | Subject::Watchdog(_), _) => true,
    }
}

/// What discovery alone tells of a consumer.
fn is_found_by_search(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::BeyondNext
            | Kind::DefinitionUnread
            | Kind::EnvironmentUnreadable
            | Kind::MutableImage
            | Kind::Pinned
            | Kind::SuspectedConsumer
            | Kind::Unmatched
    )
}
