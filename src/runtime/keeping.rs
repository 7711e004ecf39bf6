//! Keeping what was learned and decided: one transaction a turn, tried again while the journal cannot be written.

use jiff::{SignedDuration, Timestamp};

use super::watchdog::{RunError, Watchdog};
use crate::store::WriteError;

/// Between tries to write a journal that failed.
const JOURNAL_RETRY: SignedDuration = SignedDuration::from_secs(2);
/// Old records are dropped so often.
pub(super) const PRUNE_EVERY: SignedDuration = SignedDuration::from_hours(6);

impl Watchdog {
    /// One durable transaction for all that this turn learned and decided.
    pub(super) async fn commit(&mut self, now: Timestamp) -> Result<(), RunError> {
        if self.backlog.is_empty() {
            self.tally.write(&self.parts.metrics);
            return Ok(());
        }
        self.tally.hold(&self.parts.metrics);
        if self.journal_retry.is_some_and(|at| now < at) {
            return Ok(());
        }
        match self.parts.journal.commit(self.backlog.clone(), now).await {
            Ok(()) => {
                if self.journal_retry.take().is_some() {
                    tracing::info!("the journal can be written again");
                    self.fleet_stale = true;
                    self.publisher.touch_fleet();
                }
                self.backlog.clear();
                self.tally.write(&self.parts.metrics);
            }
            Err(WriteError::Ended) => return Err(RunError::JournalEnded),
            Err(error) => self.journal_failed(&error, now),
        }
        Ok(())
    }

    fn journal_failed(&mut self, error: &WriteError, now: Timestamp) {
        if self.journal_retry.is_none() {
            tracing::error!(%error, "the journal cannot be written: nothing is decided until it can");
        }
        self.journal_retry = Some(now + JOURNAL_RETRY);
        self.fleet_stale = true;
        self.publisher.touch_fleet();
    }

    pub(super) async fn prune(&mut self, now: Timestamp) {
        if now < self.next_prune {
            return;
        }
        self.next_prune = now + PRUNE_EVERY;
        match self.parts.journal.prune(now - self.options.retention).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "dropped records past their retention"),
            Err(error) => tracing::warn!(%error, "old records could not be dropped"),
        }
    }
}
