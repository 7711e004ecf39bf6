//! What a person should know of a secret before, between and after its rotations.

use jiff::SignedDuration;

use super::way_out::Fate;
use super::{Kind, List, Severity, commands};
use crate::facts::state::{SecretFacts, State};
use crate::judge::Judgement;
use crate::model::{ConsumerId, ReferenceKind, SecretSeen, Subject, given_by_pin};
use crate::story::baseline;

/// A rotation that is so late is overdue: AWS rotates until the end of that day.
const OVERDUE: SignedDuration = SignedDuration::from_hours(48);

impl List<'_> {
    /// Nothing is said while it is still listed: lists lag, and another may have its name by the next one.
    pub(super) fn gone(&mut self, facts: &SecretFacts, state: &State) {
        if let Some(look) = facts.gone.filter(|_| state.is_dead(self.secret)) {
            let text = format!("the secret no longer exists (seen {:.0})", look.arrived);
            self.add(
                Severity::Warning,
                Kind::SecretGone,
                text,
                "make it again under its name, and give its new ARN to whoever names it by the full one; or remove it from \
                 the rules",
            );
        }
    }

    /// What DescribeSecret says about the secret itself.
    pub(super) fn account(&mut self, facts: &SecretFacts) {
        let Some((look, seen)) = &facts.seen else { return };
        self.brake(seen);
        self.rotation_off(seen);
        if let Some(at) = seen.deleted {
            let text = format!("scheduled for deletion since {at:.0}");
            self.add(
                Severity::Critical,
                Kind::SecretDeleted,
                text,
                commands::restore(self.secret),
            );
        }
        if !seen.replicas.is_empty() {
            let text = format!(
                "replicated to {}: consumers there are not seen",
                seen.replicas.join(", ")
            );
            self.add(
                Severity::Info,
                Kind::Replicated,
                text,
                "run a watchdog in each of these regions",
            );
        }
        let primary = seen.primary_elsewhere(self.secret);
        if let Some(primary) = primary {
            let text = format!("a replica of {primary}, where it is rotated: only its values are seen here");
            let remedy =
                format!("run a watchdog in {primary} too: it sees the rotation's steps and failures");
            self.add(Severity::Info, Kind::Replicated, text, remedy);
        }
        let next = seen
            .next_rotation
            .filter(|_| seen.rotation_enabled && seen.deleted.is_none() && primary.is_none());
        if let Some(next) = next.filter(|next| look.arrived > *next + OVERDUE) {
            let text = format!("rotation was due by {next:.0} and has not happened");
            self.add(
                Severity::Critical,
                Kind::Overdue,
                text,
                "read the rotation Lambda's log for the last failure",
            );
        }
    }

    /// A word that we do not know brakes all the same, but maybe not as its author meant.
    fn brake(&mut self, seen: &SecretSeen) {
        let word = seen.tags.get("rotation-watchdog");
        let Some(word) = word.filter(|word| !["observe", "hold"].contains(&word.as_str())) else {
            return;
        };
        self.add(
            Severity::Warning,
            Kind::UnknownBrake,
            format!(
                "its tag rotation-watchdog says {word:?}: taken for \"observe\"; a tag never raises the mode"
            ),
            "set the tag to observe or hold, or remove it",
        );
    }

    fn rotation_off(&mut self, seen: &SecretSeen) {
        let is_elsewhere = seen.primary_elsewhere(self.secret).is_some();
        if seen.rotation_enabled || seen.owning_service.is_some() || seen.deleted.is_some() || is_elsewhere {
            return;
        }
        if seen.rotation_lambda.is_some() {
            self.add(
                Severity::Warning,
                Kind::RotationOff,
                "its rotation was switched off",
                format!("once its cause is mended: {}", commands::rotate(self.secret)),
            );
        } else {
            self.add(
                Severity::Info,
                Kind::NoRotation,
                "it has no rotation: only values put by hand are seen",
                "set a rotation up, or take it out of the rules",
            );
        }
    }

    /// What discovery already tells of the next redeploy.
    pub(super) fn references(&mut self, state: &State) {
        let users = state.users_of(self.secret);
        let redeployed: Vec<_> = users.filter(|(_, facts)| !facts.is_gone()).collect();
        for (consumer, facts) in redeployed {
            let pins = facts
                .references
                .iter()
                .filter_map(|reference| match &reference.kind {
                    ReferenceKind::Pinned { to } if &reference.secret == self.secret => {
                        Some(format!("{to}: a redeploy gives it {}", given_by_pin(to)))
                    }
                    _ => None,
                });
            let pins: Vec<String> = pins.collect();
            if !pins.is_empty() {
                self.about(
                    Severity::Warning,
                    Kind::Pinned,
                    Subject::Consumer(consumer.clone()),
                    format!("references {}", pins.join("; and ")),
                    "change the reference to AWSCURRENT and deploy",
                );
            }
            if !facts.mutable_images.is_empty() {
                let tags = facts.mutable_images.join(", ");
                self.about(
                    Severity::Info,
                    Kind::MutableImage,
                    Subject::Consumer(consumer.clone()),
                    format!("image by a tag that can move: {tags}; a redeploy may ship other code"),
                    "pin the image by its digest",
                );
            }
        }
    }

    /// Services that a first start finds with tasks from before the last rotation: nobody restarts them (design rule 9).
    pub(super) fn stale_at_the_baseline(&mut self, state: &State, judgement: &Judgement) {
        let Some(rotated) = baseline::last_rotation(state, self.secret, judgement) else {
            return;
        };
        for (id, facts) in baseline::services(state, self.secret) {
            if let (ConsumerId::Service { cluster, name }, Some((stale, tasks))) =
                (id, baseline::stale_tasks(facts, rotated))
            {
                self.about(
                    Severity::Warning,
                    Kind::StaleSinceBefore,
                    Subject::Consumer(id.clone()),
                    format!(
                        "{stale} of {tasks} tasks were created before the last rotation, {rotated:.0}, which nobody \
                         watched: they may hold the old value"
                    ),
                    format!(
                        "if it fails, or before the next rotation: {}",
                        commands::redeploy(cluster, name)
                    ),
                );
            }
        }
    }

    /// AWSPENDING is gone after setSecret: the failure's finding goes with it, the outage does not.
    pub(super) fn left_exposed(&mut self, state: &State, facts: &SecretFacts, judgement: &Judgement) {
        let Some(rotation) = judgement.left_exposed().map(|view| &view.rotation) else {
            return;
        };
        // Another rotation is under way: its end puts things right, or is told.
        let fate = if judgement.open().is_some() {
            Fate::Retried
        } else {
            Fate::GivenUp
        };
        let text = format!(
            "rotation to {} was given up after setSecret: the database may hold its password, and AWSCURRENT the old one",
            rotation.key.version
        );
        let remedy = self.way_out(rotation, fate, judgement.strategy.0, (state, facts));
        self.add(Severity::Critical, Kind::RotationAbandoned, text, remedy);
    }
}
