//! Writes under way: each sent once, its answer awaited.

use std::collections::BTreeSet;

use jiff::Timestamp;
use machine::model::{AttemptId, Decision, Event, NoEffect, Outcome};

use super::inbox::Inbox;
use super::parts::Parts;
use crate::remediation;

#[derive(Default)]
pub(super) struct Writes {
    under_way: BTreeSet<AttemptId>,
}

impl Writes {
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    pub(super) fn note(&mut self, event: &Event) {
        if let Event::Ended { attempt, .. } = event {
            self.under_way.remove(attempt);
        }
    }

    /// Sends what was decided, if the decision is durable. Putting back is covered by the first decision (rule 4).
    pub(super) fn dispatch(
        &mut self,
        decisions: Vec<Decision>,
        is_durable: bool,
        (parts, now): (&Parts, Timestamp),
        inbox: &mut Inbox,
    ) {
        for decision in decisions {
            if is_durable || decision.write.restores() {
                self.send(decision, parts, now, inbox);
            } else {
                let why = "the decision could not be journalled".to_owned();
                inbox.put(Event::Ended {
                    attempt: decision.attempt,
                    at: now,
                    outcome: Outcome::NoEffect(NoEffect::NotSent { why }),
                });
            }
        }
    }

    fn send(&mut self, decision: Decision, parts: &Parts, now: Timestamp, inbox: &mut Inbox) {
        let attempt = decision.attempt.clone();
        self.under_way.insert(attempt.clone());
        let budget = parts.clock.real(decision.deadline.duration_since(now));
        let (ports, clock) = (parts.ports.clone(), parts.clock.clone());
        inbox.expect(async move {
            let outcome = remediation::send(&ports, &decision, budget).await;
            Event::Ended {
                attempt,
                at: clock.now(),
                outcome,
            }
        });
    }
}
