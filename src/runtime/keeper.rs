//! The keeper of the journal: one transaction a turn, tried again while the journal cannot be written.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::model::Fact;

use super::watchdog::RunError;
use crate::store::{JournalPort, WriteError};

/// Between tries to write a journal that failed.
const RETRY: SignedDuration = SignedDuration::from_secs(2);
/// Old records are dropped so often.
const PRUNE_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// Facts that a failing journal may hold up; past it no more looks are taken.
const BACKLOG_LIMIT: usize = 10_000;

pub(super) struct Keeper {
    journal: Arc<dyn JournalPort>,
    retention: SignedDuration,
    /// Learned, but not yet durable.
    backlog: Vec<Fact>,
    retry: Option<Timestamp>,
    next_prune: Timestamp,
}

impl Keeper {
    pub(super) fn new(journal: Arc<dyn JournalPort>, retention: SignedDuration, now: Timestamp) -> Self {
        Self {
            journal,
            retention,
            backlog: Vec::new(),
            retry: None,
            next_prune: now + PRUNE_EVERY,
        }
    }

    /// The journal can be written, as far as is known.
    pub(super) fn is_well(&self) -> bool {
        self.retry.is_none()
    }

    /// Everything learned is durable.
    pub(super) fn has_all(&self) -> bool {
        self.backlog.is_empty()
    }

    pub(super) fn held_up(&self) -> usize {
        self.backlog.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.backlog.len() >= BACKLOG_LIMIT
    }

    pub(super) fn bytes(&self) -> u64 {
        self.journal.bytes()
    }

    /// When the journal is tried again.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.retry
    }

    /// One durable transaction for all that this turn learned and decided. Whether there is nothing left to keep.
    pub(super) async fn keep(&mut self, facts: Vec<Fact>, now: Timestamp) -> Result<bool, RunError> {
        self.backlog.extend(facts);
        if self.backlog.is_empty() {
            return Ok(true);
        }
        if self.retry.is_some_and(|at| now < at) {
            return Ok(false);
        }
        match self.journal.commit(self.backlog.clone(), now).await {
            Ok(()) => {
                if self.retry.take().is_some() {
                    tracing::info!("the journal can be written again");
                }
                self.backlog.clear();
                Ok(true)
            }
            Err(WriteError::Ended) => Err(RunError::JournalEnded),
            Err(error) => {
                if self.retry.is_none() {
                    tracing::error!(%error, "the journal cannot be written: nothing is decided until it can");
                }
                self.retry = Some(now + RETRY);
                Ok(false)
            }
        }
    }

    pub(super) async fn prune(&mut self, now: Timestamp) {
        if now < self.next_prune {
            return;
        }
        self.next_prune = now + PRUNE_EVERY;
        match self.journal.prune(now - self.retention).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "dropped records past their retention"),
            Err(error) => tracing::warn!(%error, "old records could not be dropped"),
        }
    }
}
