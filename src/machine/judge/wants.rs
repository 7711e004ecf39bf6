//! What is wanted of a secret's consumers, and of the secret itself; or why not yet.

use jiff::Timestamp;

use super::{Judgement, Reason, RotationView, Want};
use crate::admission::trust::{awaits_login, doubtful, withheld};
use crate::facts::state::{SecretFacts, State};
use crate::model::Fact;
use crate::policy::{Policy, Settings};
use crate::procedures::Course;
use crate::procedures::roll_forward::{self, Case, pace};

impl Judgement {
    /// Whether the rotation under way should be finished by us.
    pub(super) fn roll_forward(
        &mut self,
        facts: &SecretFacts,
        log_unread: bool,
        policy: &Policy,
        settings: &Settings,
        now: Timestamp,
    ) {
        let is_kept = |view: &&RotationView| facts.paces.iter().any(|(key, _)| *key == view.rotation.key);
        let rotations = self.rotations.iter().filter(|view| !is_kept(view));
        let paces = rotations.filter_map(|view| {
            let rotation = view.rotation.key.clone();
            pace(&view.rotation).map(|pace| Fact::Paced { rotation, pace })
        });
        let paces: Vec<Fact> = paces.collect();
        self.reached.extend(paces);
        let Some(view) = self.open() else { return };
        let case = Case {
            rotation: &view.rotation,
            facts,
            log_unread,
            mode: self.mode,
            lowered: self.lowered.as_ref(),
            policy,
            settings,
            now,
        };
        let forward = roll_forward::stand(&case);
        match forward.as_ref().map(|forward| &forward.course) {
            Some(Course::Patient { until }) => self.wake_at(Some(*until), now),
            Some(Course::Tried(_, until)) => self.wake_at(*until, now),
            Some(Course::Wanted(_) | Course::Offered | Course::LeftToAPerson(_)) | None => {}
        }
        self.forward = forward.map(Box::new);
    }

    /// Turns the standings of the current promotion into wants, or into the reasons why not.
    pub(super) fn want(
        &mut self,
        state: &State,
        facts: &SecretFacts,
        policy: &Policy,
        settings: &Settings,
        now: Timestamp,
    ) {
        let Some(view) = self.current().cloned() else {
            return;
        };
        let Some(promoted) = view.rotation.promoted.as_ref().map(|seen| seen.when.not_after) else {
            return;
        };
        let not_before = promoted + settings.timing.margin;
        let left_exposed = self.left_exposed().map(|_| Reason::Unproven);
        self.withheld = left_exposed
            .clone()
            .or_else(|| withheld(state, &view, facts, policy, settings, now));
        self.wake_at(self.withheld.as_ref().and_then(Reason::until), now);
        let wanted = view
            .consumers
            .iter()
            .filter_map(|(id, standing)| Some((id, standing, standing.wants.clone()?)));
        for (consumer, standing, write) in wanted {
            let reason = self
                .held
                .then_some(Reason::Held)
                .or_else(|| left_exposed.clone())
                .or_else(|| doubtful(state, &view, consumer, policy, settings, now))
                .or_else(|| (now < not_before).then_some(Reason::Margin { until: not_before }));
            if let Some(reason) = reason {
                self.wake_at(reason.until(), now);
                self.waits.push((consumer.clone(), reason));
                continue;
            }
            self.wants.push(Want {
                secret: view.rotation.key.secret.clone(),
                rotation: view.rotation.key.clone(),
                consumer: consumer.clone(),
                write,
                mode: self.mode,
                not_before,
                database: self.database.clone(),
                awaits_login: awaits_login(state, &view, standing, policy, settings),
            });
        }
    }
}
