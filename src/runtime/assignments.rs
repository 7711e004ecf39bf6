//! Which rule each secret of the sweep gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::model::{
    Consumer, Event, Evidence, Look, LookKey, Reference, ReferenceKind, Scope, ScopeSeen, SecretArn,
    SecretSummary,
};

use super::coverage::cover;
use super::parts::Assignment;
use super::questions;
use super::watchdog::Watchdog;

/// The longest time that a deleted secret can be restored.
const RECOVERY_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Watchdog {
    /// Gives each secret of the sweep its rule, and tells the machine of the consumers that rules name.
    pub(super) fn assign(&mut self) {
        let summaries = self
            .state
            .secrets
            .values()
            .filter_map(|facts| facts.summary.as_ref());
        let newest = summaries.clone().map(|(look, _)| look.sent).max();
        let mut assigned = BTreeMap::new();
        let listed = summaries.filter(|(look, _)| Some(look.sent) == newest);
        // A list may go on to name one that is dead, beside the one that was made anew under its name.
        for (_, summary) in listed.filter(|(_, summary)| self.state.successor(&summary.arn).is_none()) {
            if let Some(assignment) = (self.options.rules)(summary) {
                let known = self
                    .assigned
                    .get(&summary.arn)
                    .filter(|known| ***known == assignment);
                assigned.insert(
                    summary.arn.clone(),
                    known.cloned().unwrap_or_else(|| Arc::new(assignment)),
                );
            }
        }
        let kept = self.kept(&assigned, newest);
        assigned.extend(kept);
        for lost in self
            .assigned
            .keys()
            .filter(|secret| !assigned.contains_key(*secret))
        {
            self.judgements.remove(lost);
            self.agenda.forget(lost);
            self.publisher.forget(lost);
        }
        if !assigned.keys().eq(self.assigned.keys()) {
            self.wanted_since = self.parts.clock.now();
        }
        if assigned != self.assigned {
            self.assigned = assigned;
            self.declare();
        }
        self.stale.extend(self.assigned.keys().cloned());
        self.cover(newest);
    }

    /// Which rules get anything of the last list, and which secrets none.
    fn cover(&mut self, newest: Option<Timestamp>) {
        let summaries = self
            .state
            .secrets
            .values()
            .filter_map(|facts| facts.summary.as_ref());
        let listed = summaries.filter(|(look, _)| Some(look.sent) == newest);
        let listed = listed.map(|(_, summary)| summary);
        let watched = |secret: &SecretArn| self.assigned.contains_key(secret);
        let covered = cover(&self.options, listed, watched, self.assigned.len());
        self.publisher.cover(covered);
    }

    /// Consumers are known once each part of discovery was looked at; one that fails is a finding, not a wait.
    pub(super) fn end_search(&mut self) {
        if !self.state.searching {
            return;
        }
        let scopes = questions::scopes(&self.state, &self.assigned, self.options.clusters.as_deref());
        let is_looked_at = |scope: &Scope| {
            let failing = || {
                self.state
                    .failing
                    .contains_key(&LookKey::Discovery(scope.clone()))
            };
            self.state.scopes.contains_key(scope) || failing()
        };
        if !scopes.is_empty() && scopes.iter().all(is_looked_at) {
            self.state.searching = false;
            self.stale.extend(self.assigned.keys().cloned());
        }
    }

    /// Secrets keep their rule where the list has lost them, and where their rotation was switched off: consumers may
    /// be left behind, and a deleted secret must say so. Not one that is gone for good, or has a successor.
    fn kept(
        &self,
        assigned: &BTreeMap<SecretArn, Arc<Assignment>>,
        newest: Option<Timestamp>,
    ) -> Vec<(SecretArn, Arc<Assignment>)> {
        let is_kept = |secret: &SecretArn| {
            let (listed, summary) = self.state.secrets.get(secret)?.summary.as_ref()?;
            let unlisted_for = newest?.duration_since(listed.sent);
            let rotating = SecretSummary {
                rotation_enabled: true,
                ..summary.clone()
            };
            Some(if self.state.successor(secret).is_some() {
                false
            } else if unlisted_for.is_zero() {
                (self.options.rules)(&rotating).is_some()
            } else {
                unlisted_for < RECOVERY_WINDOW && !self.state.is_dead(secret)
            })
        };
        let before = self
            .assigned
            .iter()
            .filter(|(secret, _)| !assigned.contains_key(*secret));
        before
            .filter(|(secret, _)| is_kept(secret).unwrap_or(false))
            .map(|(secret, assignment)| (secret.clone(), Arc::clone(assignment)))
            .collect()
    }

    fn declare(&mut self) {
        let mut consumers: BTreeMap<_, Consumer> = BTreeMap::new();
        for (secret, assignment) in &self.assigned {
            for declared in &assignment.policy.declared {
                let consumer = consumers.entry(declared.id.clone()).or_insert_with(|| Consumer {
                    id: declared.id.clone(),
                    references: Vec::new(),
                    mutable_images: Vec::new(),
                    settings: None,
                });
                consumer.references.push(Reference {
                    secret: secret.clone(),
                    kind: ReferenceKind::Declared,
                });
            }
        }
        let seen = ScopeSeen {
            consumers: consumers.into_values().collect(),
            ..ScopeSeen::default()
        };
        let evidence = Evidence::Scope {
            scope: Scope::Declared,
            seen,
        };
        self.take_in(Event::Seen {
            look: Look::at(self.parts.clock.now()),
            evidence,
        });
    }
}
