//! A rotation that failed or stalled on its way, and AWSPENDING that lies in the way of the next one.

use super::roll_forward::course;
use super::way_out::Fate;
use super::{Kind, List, Severity, commands};
use crate::facts::state::{SecretFacts, State};
use crate::judge::{Judgement, RotationView};
use crate::model::VersionId;
use crate::story::phase::Phase;

impl List<'_> {
    pub(super) fn open_rotation(
        &mut self,
        view: &RotationView,
        judgement: &Judgement,
        (state, facts): (&State, &SecretFacts),
    ) {
        let version = &view.rotation.key.version;
        let strategy = judgement.strategy.0;
        match view.phase {
            Phase::Failed { step } => {
                let step = step.map_or("an unknown step".to_owned(), |step| step.to_string());
                let last = view.rotation.failures.last();
                let why = last.map_or_else(String::new, |failure| format!(": {}", failure.why));
                let forward = course(judgement).unwrap_or_default();
                let text = format!("rotation to {version} failed in {step}{why}{forward}");
                let fate = if is_off(facts) {
                    Fate::LiesStill
                } else {
                    Fate::Retried
                };
                let remedy = self.way_out(&view.rotation, fate, strategy, (state, facts));
                self.add(Severity::Critical, Kind::RotationFailed, text, remedy);
            }
            Phase::Stalled if is_passed_over(view, facts) => {
                let value = has_value(view.rotation.created.is_some());
                self.left_behind(version, "AWSCURRENT was moved past it by hand", value);
            }
            Phase::Stalled => {
                let value = has_value(view.rotation.created.is_some());
                let off = if is_off(facts) {
                    "; rotation is switched off, so nobody goes on with it"
                } else {
                    ""
                };
                let forward = course(judgement).unwrap_or_default();
                let text =
                    format!("rotation to {version} makes no progress; AWSPENDING {value}{off}{forward}");
                let remedy = self.way_out(&view.rotation, Fate::LiesStill, strategy, (state, facts));
                self.add(Severity::Critical, Kind::RotationStalled, text, remedy);
            }
            Phase::Creating | Phase::Created | Phase::Exposed | Phase::Tested => {}
            Phase::Propagating | Phase::Verifying | Phase::Watching | Phase::Settled => {}
            Phase::Superseded | Phase::Abandoned | Phase::RolledBack => {}
        }
    }

    /// AWSPENDING on AWSPREVIOUS, or on a version that was promoted before: no rotation works on it, and AWS takes it for
    /// one under way all the same (aws-facts: Staging labels).
    pub(super) fn pending_left(&mut self, facts: &SecretFacts, judgement: &Judgement) {
        let Some(labels) = facts.labels.latest().map(|run| &run.state) else {
            return;
        };
        let Some(pending) = labels.pending.as_ref() else {
            return;
        };
        if judgement.open().is_some() || labels.current.as_ref() == Some(pending) {
            return;
        }
        // It was current before, so it has one.
        self.left_behind(pending, "it was AWSCURRENT before", "has a value");
    }

    fn left_behind(&mut self, version: &VersionId, why: &str, value: &str) {
        let text = format!(
            "AWSPENDING was left on {version}: {why}. It {value}. Secrets Manager takes it for a rotation that is not \
             complete, and refuses the next one, or tries that one again"
        );
        let remedy = format!(
            "take AWSPENDING away from it, so that the next rotation makes a version of its own: {}",
            commands::drop_pending(self.secret, version)
        );
        self.add(Severity::Warning, Kind::PendingLeft, text, remedy);
    }
}

fn has_value(created: bool) -> &'static str {
    if created { "has a value" } else { "has no value" }
}

/// CancelRotateSecret stops a rotation where it is, and leaves its labels.
fn is_off(facts: &SecretFacts) -> bool {
    facts
        .seen
        .as_ref()
        .is_some_and(|(_, seen)| !seen.rotation_enabled)
}

/// A value was put by hand while the rotation was under way, and it had not set its password: it is in the way alone.
fn is_passed_over(view: &RotationView, facts: &SecretFacts) -> bool {
    let rotation = &view.rotation;
    let is_moved = rotation.replaced.is_some() && rotation.replaced.as_ref() != facts.current();
    is_moved && rotation.exposed.is_none()
}
