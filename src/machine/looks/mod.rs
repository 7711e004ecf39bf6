//! When to look at what: seldom at rest, closely from the moment AWSPENDING shows.

mod consumers;
mod events;
pub(crate) mod lockout;
mod logins;
mod numbers;
mod rds;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::admission::Admission;
use crate::consumers::Standing;
use crate::facts::state::{Failing, SecretFacts, State};
use crate::judge::{Judgement, Judgements, Reason, RotationView, since};
use crate::model::{ConsumerId, LogReach, LogTrouble, Look, LookKey, Scope, SecretArn, Stage};
use crate::policy::{Cadence, Policy, Settings};
use crate::procedures::Forward;
use crate::story::baseline;
use crate::story::phase::Phase;
use crate::story::rotations::Origin;
use crate::story::stale_labels::is_settling;

use events::{IDLE_BESIDE_EVENTS, SWEEP_BESIDE_EVENTS};

/// A look and when it is due.
pub type Agenda = BTreeMap<LookKey, Timestamp>;

/// Lines of the last step reach the log group some seconds after the promotion.
const LATE_LINES: SignedDuration = SignedDuration::from_secs(60);
/// A schedule by days has a window to the end of that UTC day (aws-facts: Reading cheaply).
const WINDOW_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What is due for one secret and its consumers.
pub fn secret_looks(
    state: &State,
    secret: &SecretArn,
    judgement: &Judgement,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Agenda {
    let empty = SecretFacts::default();
    let facts = state.secret(secret).unwrap_or(&empty);
    let mut plan = Plan {
        state,
        settings,
        now,
        agenda: Agenda::new(),
    };
    plan.secret(secret, facts, judgement);
    if let Some(view) = judgement.open() {
        plan.versions(secret, facts, view);
    }
    plan.log(secret, facts, judgement);
    plan.hinted(secret, facts, judgement);
    if policy.login_test {
        plan.logins(secret, facts, judgement, policy);
    }
    plan.consumers(facts, judgement);
    plan.baseline(secret, judgement);
    plan.numbers(secret, judgement);
    plan.agenda
}

/// What is due for one consumer, whatever its secrets do.
pub fn consumer_looks(state: &State, consumer: &ConsumerId, settings: &Settings, now: Timestamp) -> Agenda {
    let mut plan = Plan {
        state,
        settings,
        now,
        agenda: Agenda::new(),
    };
    if let Some(facts) = state.consumers.get(consumer) {
        plan.between_rotations(consumer, facts);
    }
    plan.agenda
}

/// What is due for the fleet as a whole: the sweep, discovery, and logins that are all that is waited for.
///
/// `wanted_since`: when the set of secrets to find consumers of last changed. A discovery from before it knows less.
pub fn fleet_looks(
    state: &State,
    judgements: &Judgements,
    admission: &Admission,
    scopes: &BTreeSet<Scope>,
    wanted_since: Timestamp,
    settings: &Settings,
    now: Timestamp,
) -> Agenda {
    let mut plan = Plan {
        state,
        settings,
        now,
        agenda: Agenda::new(),
    };
    let sweep = plan.by_events(settings.cadence.sweep, SWEEP_BESIDE_EVENTS);
    plan.every(LookKey::Sweep, sweep);
    let since = wanted_since.max(judgements.last_began().unwrap_or(wanted_since));
    for scope in scopes {
        plan.search(scope, since);
    }
    if settings.rds && !scopes.is_empty() {
        plan.rds(judgements);
    }
    for want in judgements.moving().flat_map(|(_, judgement)| &judgement.wants) {
        let waits = admission.waits.get(&(want.secret.clone(), want.consumer.clone()));
        if want.awaits_login.is_some() && matches!(waits, Some(Reason::Proof { .. })) {
            let version = want.rotation.version.clone();
            plan.at(LookKey::Login(want.secret.clone(), version), now);
        }
    }
    plan.agenda
}

/// What has lasted long will last: how it ends is seen late by a twentieth of the time that it took, at most.
fn patient(lasting: SignedDuration, closest: SignedDuration, seldomest: SignedDuration) -> SignedDuration {
    (lasting / 20).min(seldomest).max(closest)
}

struct Plan<'a> {
    state: &'a State,
    settings: &'a Settings,
    now: Timestamp,
    agenda: Agenda,
}

impl Plan<'_> {
    fn cadence(&self) -> &Cadence {
        &self.settings.cadence
    }

    fn last(&self, key: &LookKey) -> Option<&Look> {
        self.state.looked.get(key)
    }

    /// Due `interval` after the last answer; at once where there was none.
    fn every(&mut self, key: LookKey, interval: SignedDuration) {
        let due = self.last(&key).map_or(self.now, |look| look.sent + interval);
        self.at(key, due);
    }

    /// Due once.
    fn once(&mut self, key: LookKey) {
        if self.last(&key).is_none() {
            self.at(key, self.now);
        }
    }

    /// Due once after the promotion.
    fn once_since(&mut self, key: LookKey, view: &RotationView) {
        let promoted = view.rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        if self.last(&key).map(|look| look.sent) < promoted {
            self.at(key, self.now);
        }
    }

    fn at(&mut self, key: LookKey, due: Timestamp) {
        let again = self.state.failing.get(&key).map(|failing| self.again(failing));
        let due = self.within_budget(&key, due).max(again.unwrap_or(due));
        let known = self.agenda.entry(key).or_insert(due);
        *known = due.min(*known);
    }

    fn again(&self, failing: &Failing) -> Timestamp {
        let doublings = failing.times.saturating_sub(1).min(16);
        failing.last + (self.cadence().failure * (1_i32 << doublings)).min(self.cadence().failure_backoff)
    }

    /// One part of discovery. `since`: what was seen before knows less than is wanted now.
    fn search(&mut self, scope: &Scope, since: Timestamp) {
        let key = LookKey::Discovery(scope.clone());
        let known = self.state.scopes.get(scope);
        let is_whole = known.is_none_or(|(_, seen)| seen.unread.is_empty());
        let discovery = self.cadence().discovery;
        if self.last(&key).is_some_and(|look| look.sent < since) {
            self.at(key, self.now);
        } else if is_whole {
            self.every(key, discovery);
        } else {
            // What could not be read of it is tried again as a look that failed is.
            self.every(key, discovery.min(self.cadence().failure_backoff));
        }
    }

    fn secret(&mut self, secret: &SecretArn, facts: &SecretFacts, judgement: &Judgement) {
        let key = LookKey::Secret(secret.clone());
        let mut interval = self.secret_interval(facts, judgement);
        if self.is_unlisted(facts) {
            interval = interval.min(self.cadence().sweep);
        }
        let differs =
            facts
                .summary
                .as_ref()
                .zip(facts.labels.latest())
                .is_some_and(|((look, summary), run)| {
                    // The sweep may be old: it only tells that there is something to look at.
                    summary.labels != run.state && run.last.sent < look.sent
                });
        // Of two that are listed under one name one is dead: which, a look tells.
        if self.state.has_living_namesake(secret) {
            interval = interval.min(self.cadence().announced);
        }
        if differs || self.is_label_missed(secret) {
            self.at(key, self.now);
            return;
        }
        // When its window opens it is looked at more closely, whatever was planned before.
        if let Some(opens) = self.window_opens(facts).filter(|opens| *opens > self.now) {
            self.at(key.clone(), opens);
        }
        self.every(key, interval);
    }

    /// The last sweep left it out: deleted, most likely.
    fn is_unlisted(&self, facts: &SecretFacts) -> bool {
        let listed = facts.summary.as_ref().map(|(look, _)| look.sent);
        let swept = self.last(&LookKey::Sweep).map(|look| look.sent);
        listed.zip(swept).is_some_and(|(listed, swept)| listed < swept)
    }

    fn secret_interval(&self, facts: &SecretFacts, judgement: &Judgement) -> SignedDuration {
        let cadence = self.cadence();
        if is_settling(facts, &self.settings.timing)
            || judgement.forward.as_deref().is_some_and(Forward::acts)
        {
            return cadence.active;
        }
        if self.is_set_by_rds(facts) {
            return cadence.active;
        }
        match judgement.latest().map(|view| view.phase) {
            Some(Phase::Failed { .. }) if self.lies_still(judgement) => cadence.announced,
            Some(
                Phase::Creating | Phase::Created | Phase::Exposed | Phase::Tested | Phase::Failed { .. },
            ) => cadence.active,
            Some(Phase::Propagating | Phase::Verifying | Phase::Stalled) => cadence.announced,
            Some(
                Phase::Watching | Phase::Settled | Phase::Superseded | Phase::Abandoned | Phase::RolledBack,
            )
            | None => {
                if self.is_announced(facts) && !self.is_told_of_starts(facts, judgement) {
                    cadence.announced
                } else {
                    self.by_events(cadence.idle, IDLE_BESIDE_EVENTS)
                }
            }
        }
    }

    /// The rotation under way has not moved for as long as a stalled one: it may lie so for weeks.
    fn lies_still(&self, judgement: &Judgement) -> bool {
        let moved = judgement.open().and_then(|view| view.rotation.last_progress());
        moved.is_some_and(|at| self.now >= at + self.settings.timing.stalled_after)
    }

    fn is_announced(&self, facts: &SecretFacts) -> bool {
        let next = facts.next_rotation();
        let opens = self.window_opens(facts);
        opens.is_some_and(|opens| self.now >= opens)
            && next.is_some_and(|next| self.now <= next + WINDOW_AFTER)
    }

    fn window_opens(&self, facts: &SecretFacts) -> Option<Timestamp> {
        Some(facts.next_rotation()? - self.cadence().announced_window)
    }

    fn versions(&mut self, secret: &SecretArn, facts: &SecretFacts, view: &RotationView) {
        let valued = facts
            .valued
            .get(&view.rotation.key.version)
            .and_then(|track| track.latest());
        if valued.is_some_and(|run| run.state) {
            return;
        }
        let interval = if view.phase.has_stopped() {
            self.cadence().announced
        } else {
            self.cadence().versions
        };
        self.every(LookKey::Versions(secret.clone()), interval);
    }

    fn log(&mut self, secret: &SecretArn, facts: &SecretFacts, judgement: &Judgement) {
        if facts.rotation_lambda().is_none() {
            return;
        }
        let key = LookKey::Log(secret.clone());
        match judgement.latest() {
            Some(view) if view.rotation.is_open() => {
                // What refuses to be read does so for good.
                let refuses = |trouble: &LogTrouble| matches!(trouble.reach, LogReach::Refused { .. });
                let is_in_vain = facts.log_trouble.as_ref().is_some_and(refuses);
                let interval = if self.lies_still(judgement) || is_in_vain {
                    self.cadence().announced
                } else {
                    self.cadence().log
                };
                self.every(key, interval);
            }
            Some(view) if view.rotation.origin == Origin::Rotation => {
                // Late lines still narrow the intervals; and a failure's line may come after AWSPENDING is gone.
                let ended = view.rotation.ending.as_ref().map(|(_, when)| when.not_after);
                let end = ended.or(view.rotation.promoted.as_ref().map(|seen| seen.when.not_after));
                if end.is_some_and(|end| self.now < end + LATE_LINES) {
                    self.every(key, self.cadence().log);
                } else {
                    // Nobody watched it: only its log tells when the promotion was.
                    self.once_since(key, view);
                }
            }
            // Whether it was a rotation that ran unseen, its log tells.
            Some(view) if view.rotation.origin == Origin::Manual => self.once_since(key, view),
            _ => {}
        }
    }

    fn consumers(&mut self, facts: &SecretFacts, judgement: &Judgement) {
        let Some(view) = judgement.current() else { return };
        for (consumer, standing) in &view.consumers {
            let key = LookKey::Consumer(consumer.clone());
            if matches!(consumer, ConsumerId::Declared { .. } | ConsumerId::Proxy { .. }) {
                continue;
            }
            self.hinted_of_consumer(consumer, standing.stage);
            let lasting = self.lasting(facts, view, consumer, standing);
            match self.consumer_interval(view, standing, lasting) {
                Some(interval) => self.every(key, interval),
                None => self.once(key),
            }
        }
    }

    /// Each service once, so that it is known what the next rotation would do to it; one that is stale again, so that
    /// the finding about it ends.
    fn baseline(&mut self, secret: &SecretArn, judgement: &Judgement) {
        if judgement
            .current()
            .is_some_and(|view| view.rotation.origin == Origin::Baseline)
        {
            let services = self.state.consumers_of(secret);
            let services = services.filter(|(id, _)| matches!(id, ConsumerId::Service { .. }));
            services.for_each(|(id, _)| self.once(LookKey::Consumer(id.clone())));
        }
        let Some(rotated) = baseline::last_rotation(self.state, secret, judgement) else {
            return;
        };
        for (consumer, facts) in baseline::services(self.state, secret) {
            let key = LookKey::Consumer(consumer.clone());
            match baseline::stale_tasks(facts, rotated) {
                Some(_) => self.every(key, self.cadence().discovery),
                None => self.once(key),
            }
        }
    }

    /// How long the consumer has been at its stage; since the promotion where that was not noted.
    fn lasting(
        &self,
        facts: &SecretFacts,
        view: &RotationView,
        consumer: &ConsumerId,
        standing: &Standing,
    ) -> SignedDuration {
        let promoted = view.rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        let since = since(facts, &view.rotation.key, consumer, standing).or(promoted);
        since.map_or(SignedDuration::ZERO, |since| self.now.duration_since(since))
    }

    fn consumer_interval(
        &self,
        view: &RotationView,
        standing: &Standing,
        lasting: SignedDuration,
    ) -> Option<SignedDuration> {
        let cadence = self.cadence();
        if standing.why.topic().meaning().needs_no_look {
            return None;
        }
        if standing.why.is_ambiguous() {
            return Some(cadence.consumer_watch);
        }
        match (view.phase, standing.stage) {
            (Phase::Settled, _) => None,
            (_, Stage::Unknown | Stage::Refreshing) => {
                Some(patient(lasting, cadence.consumer, cadence.consumer_watch))
            }
            (_, Stage::Stale) => {
                let closest = cadence.consumer.max(SignedDuration::from_secs(1));
                Some(patient(lasting, closest, cadence.consumer_watch))
            }
            (Phase::Verifying, _) => Some(cadence.consumer * 5),
            (_, Stage::Presumed | Stage::Fresh | Stage::Beyond) => Some(cadence.consumer_watch),
        }
    }
}
