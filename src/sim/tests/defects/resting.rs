//! What should come to rest, and does not: consumers, rotations, logins, the loop itself.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::facts::merge::merge;
use machine::facts::state::State;
use machine::judge::judge;
use machine::model::finding::FindingNews;
use machine::model::{Event, Evidence, Fact, LoginAnswer, LookKey};

use super::caught_by;
use super::deciding::{judging, merging, seen};
use crate::runtime::Parts;
use crate::sim::case::Profile;
use crate::store::{JournalPort, Loaded, ReadError, WriteError};

#[test]
fn wants_that_are_forgotten() {
    caught_by("every-consumer-is-settled", Profile::None, |parts| {
        judging(parts, |state, secret, policy, settings, now| {
            let mut judgement = judge(state, secret, policy, settings, now);
            judgement.wants.clear();
            judgement
        })
    });
}

/// Labels of a promotion, which are not taken in.
fn is_promoted(event: &Event) -> bool {
    matches!(event, Event::Seen { evidence: Evidence::Secret { seen, .. }, .. }
        if seen.labels.pending.is_none() || seen.labels.pending == seen.labels.current)
}

#[test]
fn a_rotation_that_lies_still_unnoticed() {
    caught_by("every-rotation-ends", Profile::None, |parts| {
        let parts = merging(parts, |state, event, timing| {
            let is_open = |state: &State| state.secrets.values().any(|facts| facts.is_pending());
            if is_promoted(&event) && is_open(state) {
                Vec::new()
            } else {
                merge(state, event, timing)
            }
        });
        judging(parts, |state, secret, policy, settings, now| {
            let mut settings = settings.clone();
            settings.timing.stalled_after = SignedDuration::from_hours(1_000);
            judge(state, secret, policy, &settings, now)
        })
    });
}

/// Asked again as soon as what answered nothing.
fn unanswered(evidence: Evidence) -> Evidence {
    match evidence {
        Evidence::Login {
            secret,
            version,
            answer: LoginAnswer::Refused { code },
            database,
        } => Evidence::Login {
            secret,
            version,
            answer: LoginAnswer::Unreachable { why: code },
            database,
        },
        other => other,
    }
}

#[test]
fn a_refusal_that_is_asked_again_at_once() {
    caught_by("no-account-locked", Profile::None, |parts| {
        merging(parts, |state, event, timing| {
            merge(state, seen(event, unanswered), timing)
        })
    });
}

#[test]
fn a_list_of_secrets_that_is_not_taken_in() {
    caught_by("ready-at-the-end", Profile::None, |parts| {
        merging(parts, |state, event, timing| match event {
            Event::Seen {
                evidence: Evidence::Sweep { .. },
                ..
            } => Vec::new(),
            other => merge(state, other, timing),
        })
    });
}

/// Takes in as much as `takes` says, reads back as much of that as `keeps` says, and ends when `ends` says so.
struct Leaky {
    journal: Arc<dyn JournalPort>,
    takes: fn(&Fact) -> bool,
    keeps: fn(&Fact) -> bool,
    ends: bool,
}

impl Leaky {
    /// Leaks nothing.
    fn tight(journal: Arc<dyn JournalPort>) -> Self {
        Self {
            journal,
            takes: |_| true,
            keeps: |_| true,
            ends: false,
        }
    }
}

/// Parts whose journal leaks.
fn leaking(mut parts: Parts, leak: fn(Leaky) -> Leaky) -> Parts {
    parts.journal = Arc::new(leak(Leaky::tight(parts.journal)));
    parts
}

#[async_trait]
impl JournalPort for Leaky {
    async fn load(&self) -> Result<Loaded, ReadError> {
        let mut loaded = self.journal.load().await?;
        loaded.facts.retain(self.keeps);
        Ok(loaded)
    }

    async fn commit(&self, mut facts: Vec<Fact>, at: Timestamp) -> Result<(), WriteError> {
        facts.retain(self.takes);
        if self.ends && facts.iter().any(|fact| matches!(fact, Fact::Decided(_))) {
            return Err(WriteError::Ended);
        }
        self.journal.commit(facts, at).await
    }

    async fn prune(&self, keep_since: Timestamp) -> Result<u64, WriteError> {
        self.journal.prune(keep_since).await
    }

    fn bytes(&self) -> u64 {
        self.journal.bytes()
    }
}

#[test]
fn forgetting_over_a_restart_what_was_done() {
    caught_by("a-restart-does-nothing", Profile::None, |parts| {
        leaking(parts, |journal| Leaky {
            keeps: |fact| !matches!(fact, Fact::Decided(_) | Fact::Ended { .. }),
            ..journal
        })
    });
}

#[test]
fn a_journal_that_ends() {
    caught_by("the-loop-goes-on", Profile::None, |parts| {
        leaking(parts, |journal| Leaky {
            ends: true,
            ..journal
        })
    });
}

#[test]
fn forgetting_over_a_restart_what_was_told() {
    caught_by("a-restart-tells-nobody-twice", Profile::None, |parts| {
        leaking(parts, |journal| Leaky {
            keeps: |fact| !matches!(fact, Fact::Finding(_)),
            ..journal
        })
    });
}

#[test]
fn a_finding_that_ends_and_stays_in_the_journal() {
    caught_by("findings-are-remembered", Profile::None, |parts| {
        leaking(parts, |journal| Leaky {
            takes: |fact| !matches!(fact, Fact::Finding(told) if told.news == FindingNews::Ended),
            ..journal
        })
    });
}

#[test]
fn consumers_that_are_not_kept() {
    caught_by("phases-are-remembered", Profile::None, |parts| {
        leaking(parts, |journal| Leaky {
            takes: |fact| !matches!(fact, Fact::Reached { .. }),
            ..journal
        })
    });
}

#[test]
fn lines_of_a_log_that_are_not_kept() {
    caught_by("rotations-are-remembered", Profile::None, |parts| {
        leaking(parts, |journal| Leaky {
            takes: |fact| !matches!(fact, Fact::Log { .. }),
            ..journal
        })
    });
}

#[test]
fn an_answer_that_is_not_taken_in() {
    caught_by("nothing-in-doubt", Profile::None, |parts| {
        merging(parts, |state, event, timing| match event {
            Event::Ended { .. } => Vec::new(),
            other => merge(state, other, timing),
        })
    });
}

#[test]
fn looks_forgotten_with_each_list() {
    caught_by("idle-at-the-end", Profile::None, |parts| {
        merging(parts, |state, event, timing| {
            let is_list = matches!(
                &event,
                Event::Seen {
                    evidence: Evidence::Sweep { .. },
                    ..
                }
            );
            let facts = merge(state, event, timing);
            if is_list {
                state.looked.retain(|key, _| *key == LookKey::Sweep);
            }
            facts
        })
    });
}
