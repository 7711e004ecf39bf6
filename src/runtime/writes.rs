//! Writes under way: each sent once, its answer awaited.

use std::collections::BTreeSet;

use jiff::Timestamp;
use machine::model::{AttemptId, Decision, Event, NoEffect, Outcome, Target};

use super::inbox::Inbox;
use super::looks::Asking;
use crate::remediation::{self, LoginAs};

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
        asking: &Asking<'_>,
        inbox: &mut Inbox,
    ) {
        for decision in decisions {
            if !is_durable && !decision.write.restores() {
                inbox.put(not_sent(
                    decision,
                    asking.now,
                    "the decision could not be journalled",
                ));
                continue;
            }
            match login_of(&decision, asking) {
                Some(login) => self.send(decision, login, asking, inbox),
                None => inbox.put(not_sent(
                    decision,
                    asking.now,
                    "another rule would take the secret now",
                )),
            }
        }
    }

    fn send(&mut self, decision: Decision, login: LoginAs, asking: &Asking<'_>, inbox: &mut Inbox) {
        let attempt = decision.attempt.clone();
        self.under_way.insert(attempt.clone());
        let parts = asking.parts;
        let budget = parts.clock.real(decision.deadline.duration_since(asking.now));
        let (ports, clock) = (parts.ports.clone(), parts.clock.clone());
        inbox.expect(async move {
            let outcome = remediation::send(&ports, &decision, &login, budget).await;
            Event::Ended {
                attempt,
                at: clock.now(),
                outcome,
            }
        });
    }
}

/// As whom the guards log in: only those of a write to a secret do.
fn login_of(decision: &Decision, asking: &Asking<'_>) -> Option<LoginAs> {
    match decision.target() {
        Target::Secret(secret) => asking.login_as(&secret),
        Target::Consumer(_) => Some(LoginAs::default()),
    }
}

fn not_sent(decision: Decision, now: Timestamp, why: &str) -> Event {
    Event::Ended {
        attempt: decision.attempt,
        at: now,
        outcome: Outcome::NoEffect(NoEffect::NotSent { why: why.to_owned() }),
    }
}
