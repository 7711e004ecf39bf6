//! What a life of the watchdog before this one told. It stands until this life tells it too, or has looked and does not.

use jiff::{SignedDuration, Timestamp};

use super::Machine;
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
        if !self.state.lives.has_remembered() || !self.has_looked() {
            // What is still to be looked at brings a turn of its own.
            self.memory.wake = None;
            return;
        }
        if self.memory.wake.is_some_and(|at| now < at) {
            return;
        }
        let looked = *self.memory.looked.get_or_insert(now);
        let is_over = now >= looked + AT_MOST;
        let remembered = self.state.lives.remembered();
        let missed = remembered.filter(|id| is_over || self.would_show(id));
        for id in missed.cloned().collect::<Vec<_>>() {
            self.state.lives.miss(&id, now);
        }
        self.memory.wake = self.state.lives.has_remembered().then_some(now + EVERY);
    }

    /// Whether all that the cause of a finding rests on was answered in this life. A look that fails tells nothing.
    fn would_show(&self, id: &FindingId) -> bool {
        let state = &self.state;
        let has_answered = |key: LookKey| state.looked.contains_key(&key);
        match &id.subject {
            Subject::Watchdog(Part::Look(key)) => has_answered(key.clone()),
            Subject::Watchdog(Part::Events) => state.delivery.works,
            Subject::Watchdog(Part::Journal | Part::RollForward) => true,
            Subject::Watchdog(Part::Rules | Part::Rule(_) | Part::DatabaseHost(_)) => self.has_searched(),
            Subject::Secret(secret) if !self.watched.contains_key(secret) => self.has_searched(),
            Subject::Secret(secret) => {
                has_answered(LookKey::Secret(secret.clone()))
                    && self.has_searched()
                    && (!rests_on_the_log(id.kind) || has_answered(LookKey::Log(secret.clone())))
            }
            Subject::Consumer(consumer) => {
                let is_found = state.consumers.contains_key(consumer) && !is_found_by_search(id.kind);
                self.has_searched() && (!is_found || has_answered(LookKey::Consumer(consumer.clone())))
            }
        }
    }

    fn has_searched(&self) -> bool {
        self.scopes()
            .iter()
            .all(|scope| self.state.scopes.contains_key(scope))
    }
}

/// What waits for the rotation function's log before it is told.
fn rests_on_the_log(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LogAbsent
            | Kind::LogUnreadable
            | Kind::ManualPromotion
            | Kind::MayBeStale
            | Kind::UntestedPromotion
    )
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
