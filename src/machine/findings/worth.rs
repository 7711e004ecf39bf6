//! Promotions that nobody is restarted for.

use super::{List, Severity};
use crate::judge::RotationView;
use crate::milestones::{Works, verdict};
use crate::phase::Phase;
use crate::rotations::Origin;
use crate::state::State;

impl List<'_> {
    /// Whether the promoted version is worth restarting anybody for.
    pub(super) fn worth(&mut self, state: &State, view: &RotationView) {
        if view.rotation.origin == Origin::Baseline || view.phase == Phase::Settled {
            return;
        }
        let facts = state.secrets.get(self.secret);
        let old_works = view
            .rotation
            .replaced
            .as_ref()
            .zip(facts)
            .and_then(|(old, facts)| verdict(facts, old));
        match (view.works, view.rotation.origin) {
            (Works::No { .. }, _) => {
                let old = if old_works.is_some_and(|(accepted, _)| accepted) {
                    "; the version before still logs in"
                } else {
                    ""
                };
                let text = format!(
                    "AWSCURRENT {} is refused by the database{old}. Nobody is restarted onto it",
                    view.rotation.key.version
                );
                self.add(Severity::Critical, "dead-value", text, "set the database's password to AWSCURRENT's value, or move AWSCURRENT back to AWSPREVIOUS");
            }
            (Works::Unproven, Origin::Manual) => {
                self.add(Severity::Warning, "manual-promotion", "the value was replaced outside a rotation, and no login proves that it works: nobody is restarted", "switch the login test on for this secret, or restart the consumers by hand");
            }
            (Works::Unproven, Origin::Rotation) => {
                self.add(Severity::Critical, "untested-promotion", "AWSCURRENT moved though testSecret had failed, and no login proves that the version works: nobody is restarted", "log in with AWSCURRENT by hand; if it works restart the consumers, else set the database's password to its value");
            }
            (Works::Unproven, Origin::Rollback) => {
                self.add(Severity::Warning, "rollback", "AWSCURRENT moved back to an earlier version, and no login proves that it works: nobody is restarted", "check that the database has the same password; switch the login test on, or restart the consumers by hand");
            }
            _ => {}
        }
    }
}
