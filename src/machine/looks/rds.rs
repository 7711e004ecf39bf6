//! When to ask RDS: seldom at rest, and closely while the password of a master user may be on its way. One look serves all
//! secrets of the account.

use jiff::SignedDuration;

use super::Plan;
use crate::facts::state::SecretFacts;
use crate::judge::{Judgement, Judgements};
use crate::model::{LookKey, ManagedStatus, RdsPart, SecretArn};
use crate::story::rotations::Origin;

/// RDS sets a password within minutes of being asked, and tells of it then.
const SET_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// RDS allows few calls a second, to everybody in the account together.
const LISTS_APART: SignedDuration = SignedDuration::from_secs(1);

impl Plan<'_> {
    pub(super) fn rds(&mut self, judgements: &Judgements) {
        let is_followed = judgements
            .rotating()
            .any(|(secret, judgement)| self.is_followed(secret, judgement));
        for part in RdsPart::LISTS {
            let key = LookKey::Rds(part);
            let interval = if is_followed {
                self.cadence().rds
            } else {
                self.cadence().discovery
            };
            self.every(key.clone(), interval);
            self.hinted_of_rds(key);
        }
        let events = LookKey::Rds(RdsPart::Events);
        if is_followed {
            self.every(events.clone(), self.cadence().rds);
        } else if self.state.failing.contains_key(&events) {
            // Else nobody would see that the right was given.
            self.every(events.clone(), self.cadence().discovery);
        }
        self.hinted_of_rds(events);
    }

    /// What an event told of a database, no sooner than lists of a whole account may be asked for.
    fn hinted_of_rds(&mut self, key: LookKey) {
        let last = self.last(&key).map(|look| look.sent);
        let hinted = self.state.rds.hinted;
        if hinted.is_some() && last < hinted {
            let earliest = last.map_or(self.now, |last| last + LISTS_APART);
            self.at(key, earliest.max(self.now));
        }
    }

    /// RDS rotates the secret, or sets the master user's password: AWSPENDING is there, or soon is.
    pub(super) fn is_set_by_rds(&self, facts: &SecretFacts) -> bool {
        let master = facts.master.as_deref().and_then(|master| master.states.latest());
        master.is_some_and(|run| {
            let is_set = run.state.resetting || run.state.managed == Some(ManagedStatus::Rotating);
            is_set && self.now < run.first.arrived + SET_WITHIN
        })
    }

    /// A rotation of a master user's secret is under way, or ended just now.
    fn is_followed(&self, secret: &SecretArn, judgement: &Judgement) -> bool {
        let is_master = || self.state.rds_of(secret).is_some_and(|link| link.is_master);
        let ended = |judgement: &Judgement| {
            let rotation = &judgement.latest()?.rotation;
            let promoted = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
            let ended = rotation.ending.as_ref().map(|(_, when)| when.not_after);
            promoted
                .max(ended)
                .filter(|_| rotation.origin == Origin::Rotation)
        };
        let is_under_way = judgement.open().is_some() && !self.lies_still(judgement);
        let is_fresh = || ended(judgement).is_some_and(|at| self.now < at + SET_WITHIN);
        (is_under_way || is_fresh()) && is_master()
    }
}
