//! Promotions that nobody is restarted for.

use super::{Kind, List, Severity, commands};
use crate::consumers::Standing;
use crate::facts::state::{SecretFacts, State};
use crate::judge::RotationView;
use crate::model::{ConsumerId, LookKey, Subject};
use crate::story::phase::Phase;
use crate::story::proof::{Works, verdict};
use crate::story::rotations::Origin;

/// MySQL's 1045 is one answer to both.
const REFUSED: &str = "first see that the account may log in from the watchdog's host, and without a client certificate: \
                       MySQL and MariaDB refuse it in the same words if not. If it may, set the database's password to \
                       AWSCURRENT's value, or move AWSCURRENT back to AWSPREVIOUS";

impl List<'_> {
    /// Whether the promoted version is worth restarting anybody for.
    pub(super) fn worth(&mut self, state: &State, view: &RotationView, next: Option<&RotationView>) {
        let at_first_look = view.rotation.origin == Origin::Baseline;
        if view.phase == Phase::Settled && !(at_first_look && matches!(view.works, Works::No { .. })) {
            return;
        }
        if next.is_some_and(|next| takes_over(next, view)) {
            return;
        }
        let facts = state.secret(self.secret);
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
                self.add(Severity::Critical, Kind::DeadValue, text, REFUSED);
            }
            // The login that proves it is asked for; what keeps it from an answer is told by itself.
            (Works::Unproven, _) if view.rotation.rolled_forward().is_some() => {}
            (Works::Unproven, Origin::Manual) if self.log_may_tell(state) => {}
            (Works::Unproven, Origin::Manual) => {
                // At the first look only its dates tell, and they tell of tags and clean-up as well.
                let text = if view.rotation.replaced.is_some() {
                    "the value was replaced outside a rotation, and no login proves that it works: nobody is restarted"
                } else {
                    "the secret was changed after its last rotation, maybe its value, and no login proves that it works: nobody is restarted"
                };
                let remedy = format!("{}, or restart the consumers by hand", self.prove_it());
                self.add(Severity::Warning, Kind::ManualPromotion, text, remedy);
            }
            (Works::Unproven, Origin::Replicated) => self.replicated_promotion(facts),
            (Works::Unproven, Origin::Rotation) if view.rotation.early => {
                self.add(Severity::Critical, Kind::UntestedPromotion, "AWSCURRENT moved before setSecret was done, and no login proves that the version works: nobody is restarted", "log in with AWSCURRENT by hand; if it works restart the consumers, else set the database's password to its value; in the rotation Lambda let createSecret put the value with VersionStages=['AWSPENDING'] alone");
            }
            (Works::Unproven, Origin::Rotation) => {
                self.add(Severity::Critical, Kind::UntestedPromotion, "AWSCURRENT moved though testSecret had failed, and no login proves that the version works: nobody is restarted", "log in with AWSCURRENT by hand; if it works restart the consumers, else set the database's password to its value");
            }
            (Works::Unproven, Origin::Rollback) => {
                self.add(Severity::Warning, Kind::Rollback, "AWSCURRENT moved back to an earlier version, and no login proves that it works: nobody is restarted", format!("check that the database has the same password; {}, or restart the consumers by hand", self.prove_it()));
            }
            _ => {}
        }
    }

    /// The rotation ran where its steps cannot be seen from here, or somebody put the value there.
    fn replicated_promotion(&mut self, facts: Option<&SecretFacts>) {
        let seen = facts.and_then(|facts| facts.seen.as_ref());
        let primary = seen.and_then(|(_, seen)| seen.primary_elsewhere(self.secret));
        let Some(primary) = primary else { return };
        let text = format!(
            "a value arrived from {primary}, where the secret is rotated: whether a rotation tested it cannot be seen \
             here, and no login proves that it works: nobody is restarted"
        );
        let remedy = format!(
            "{}; or see whether it was rotated, \
             `aws secretsmanager describe-secret --region {} --secret-id {} --query LastRotatedDate`, and \
             restart the consumers by hand",
            self.prove_it(),
            commands::quoted(primary),
            commands::quoted(self.secret.in_region(primary).as_str())
        );
        self.add(Severity::Warning, Kind::ReplicatedPromotion, text, remedy);
    }

    /// The rotation's log was not read yet, and nothing says that it cannot be.
    fn log_may_tell(&self, state: &State) -> bool {
        let key = LookKey::Log(self.secret.clone());
        let facts = state.secret(self.secret);
        let has_log = facts.and_then(SecretFacts::rotation_lambda).is_some();
        has_log && !state.looked.contains_key(&key) && !state.failing.contains_key(&key)
    }

    /// Told once the rotation's log was read, or cannot be: it may say when the promotion was.
    pub(super) fn created_around(&mut self, state: &State, consumer: &ConsumerId, standing: &Standing) {
        if !standing.why.is_ambiguous() || self.log_may_tell(state) {
            return;
        }
        let remedy = format!("if it fails: {}", commands::refresh(consumer));
        let (subject, text) = (Subject::Consumer(consumer.clone()), standing.why.to_string());
        self.about(Severity::Warning, Kind::MayBeStale, subject, text, remedy);
    }
}

/// AWSCURRENT is refused since the next rotation has set its own password: that one's finding tells of any trouble.
fn takes_over(next: &RotationView, current: &RotationView) -> bool {
    let Works::No { refused } = current.works else {
        return false;
    };
    let began = next.rotation.started.as_ref().map(|seen| seen.when);
    began.is_some_and(|began| refused >= began.not_before.unwrap_or(began.not_after))
}
