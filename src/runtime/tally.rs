//! What is counted once, however often the process starts again: how rotations ended, their danger windows, failed steps,
//! recoveries, and what became of writes (docs/numbers.md).
//!
//! Each is counted by the life that makes it durable, after its transaction: what the journal told at the start was
//! counted by a life before. A kill between a transaction and its counting loses that count, and none comes twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use machine::consumers::Why;
use machine::facts::stages::{Reached, StageRun};
use machine::facts::state::State;
use machine::judge::{Judgement, RotationView, judge};
use machine::model::{
    ConsumerId, Event, Outcome, Procedure, RotationKey, SecretArn, Stage, Strategy, WriteKind,
};
use machine::policy::{Policy, Settings};
use machine::story::danger_window::DangerWindow;
use machine::story::rotations::{Ending, Origin};
use machine::words;

use crate::telemetry::{Metrics, RotationResult};

/// What this life has counted, or found over at its start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    secrets: BTreeMap<SecretArn, Counted>,
    /// Found, but not yet durable.
    found: Vec<Count>,
}

/// More than a full disk lets come together in days; what is beyond it is counted at once.
const FOUND_LIMIT: usize = 4_096;

#[derive(Debug)]
enum Count {
    Rotation(RotationResult),
    Window(SignedDuration),
    StepFailed(&'static str),
    Recovered {
        method: &'static str,
        strategy: &'static str,
        lasted: SignedDuration,
    },
    Remediation {
        kind: WriteKind,
        outcome: Outcome,
        lasted: SignedDuration,
    },
    Would(Procedure),
}

#[derive(Debug, Default)]
struct Counted {
    ended: BTreeSet<RotationKey>,
    /// Those among them that nobody was seen to use: a life that was killed may not have come to look.
    alone: BTreeSet<RotationKey>,
    failed: BTreeSet<RotationKey>,
    windows: BTreeSet<RotationKey>,
    recovered: BTreeSet<(RotationKey, ConsumerId)>,
    last_failure: BTreeMap<RotationKey, Timestamp>,
}

impl Tally {
    /// What the journal tells at the start is counted already.
    pub(super) fn remember(&mut self, state: &State, settings: &Settings, now: Timestamp) {
        for (secret, facts) in &state.secrets {
            let judgement = judge(state, secret, &Policy::default(), settings, now);
            let counted = Counted::told(&judgement, &facts.reached, settings);
            self.secrets.insert(secret.clone(), counted);
        }
    }

    /// What became of a write. `state`: before the event is merged.
    pub(super) fn note(&mut self, event: &Event, state: &State) {
        let Event::Ended { attempt, at, outcome } = event else {
            return;
        };
        if let Some(known) = state.attempt(attempt) {
            self.found.push(Count::Remediation {
                kind: known.decision.write.kind(),
                outcome: outcome.clone(),
                lasted: at.duration_since(known.decision.at),
            });
        }
    }

    /// What only the mode keeps from being done.
    pub(super) fn would(&mut self, procedure: Procedure) {
        self.found.push(Count::Would(procedure));
    }

    /// Finds what came to its end since the last judgement.
    pub(super) fn count(
        &mut self,
        secret: &SecretArn,
        judgement: &Judgement,
        state: &State,
        settings: &Settings,
        now: Timestamp,
    ) {
        let Some(facts) = state.secret(secret) else {
            return;
        };
        let counted = self.secrets.entry(secret.clone()).or_default();
        counted.forget_unknown(judgement);
        let is_told = judgement.strategy.0 != Strategy::Unknown;
        for view in &judgement.rotations {
            self.found.extend(counted.find(view, &facts.reached));
            if is_closed(view, &facts.reached, settings) && (is_told || has_told(view, now)) {
                self.found.extend(counted.window(view));
            }
            let strategy = words::strategy(judgement.strategy.0);
            for (consumer, lasted) in counted.recoveries(view, &facts.reached) {
                let method = method(state, &view.rotation.key, consumer);
                self.found.push(Count::Recovered {
                    method,
                    strategy,
                    lasted,
                });
            }
        }
    }

    /// Everything that was found is durable.
    pub(super) fn write(&mut self, metrics: &Metrics) {
        for count in self.found.drain(..) {
            count.write(metrics);
        }
    }

    /// What was found is not durable yet, and there must not be more and more of it.
    pub(super) fn hold(&mut self, metrics: &Metrics) {
        let excess = self.found.len().saturating_sub(FOUND_LIMIT);
        for count in self.found.drain(..excess) {
            count.write(metrics);
        }
    }
}

impl Count {
    fn write(self, metrics: &Metrics) {
        match self {
            Self::Rotation(result) => metrics.rotation_ended(result),
            Self::Window(lasted) => metrics.danger_window(lasted.as_secs_f64()),
            Self::StepFailed(step) => metrics.step_failed(step),
            Self::Recovered {
                method,
                strategy,
                lasted,
            } => metrics.recovered(method, strategy, lasted.as_secs_f64()),
            Self::Remediation {
                kind,
                outcome,
                lasted,
            } => metrics.remediation_ended(kind, &outcome, lasted.as_secs_f64()),
            Self::Would(method) => metrics.would_remediate(method),
        }
    }
}

impl Counted {
    fn told(judgement: &Judgement, reached: &Reached, settings: &Settings) -> Self {
        let mut counted = Self::default();
        for view in &judgement.rotations {
            let key = &view.rotation.key;
            let is_alone = view.rotation.is_current() && runs_of(reached, key).next().is_none();
            if view.rotation.ending.is_some() || view.rotation.is_current() && is_settled(reached, key) {
                counted.ended.insert(key.clone());
            }
            if is_alone {
                counted.alone.insert(key.clone());
            }
            if view.window.is_some() && is_closed(view, reached, settings) {
                counted.windows.insert(key.clone());
            }
            counted.fails(view);
            counted.recoveries(view, reached);
        }
        counted
    }

    fn forget_unknown(&mut self, judgement: &Judgement) {
        let known = |key: &RotationKey| judgement.rotations.iter().any(|view| view.rotation.key == *key);
        for keys in [
            &mut self.ended,
            &mut self.alone,
            &mut self.failed,
            &mut self.windows,
        ] {
            keys.retain(known);
        }
        self.recovered.retain(|(key, _)| known(key));
        self.last_failure.retain(|key, _| known(key));
    }

    fn find(&mut self, view: &RotationView, reached: &Reached) -> Vec<Count> {
        let key = &view.rotation.key;
        if self.alone.contains(key) && was_left(reached, key) {
            // Somebody used it, and was not refreshed: the life before had not come so far.
            self.alone.remove(key);
            self.ended.remove(key);
            self.windows.remove(key);
        }
        let mut found = self.fails(view);
        if let Some(result) = result(view, reached)
            && self.ended.insert(key.clone())
        {
            found.push(Count::Rotation(result));
        }
        found
    }

    fn window(&mut self, view: &RotationView) -> Option<Count> {
        let lasted = view.window?.seen_for()?;
        let is_new = self.windows.insert(view.rotation.key.clone());
        is_new.then_some(Count::Window(lasted))
    }

    /// The steps that failed since they were last noted; and the rotation, once.
    fn fails(&mut self, view: &RotationView) -> Vec<Count> {
        let (key, failures) = (&view.rotation.key, &view.rotation.failures);
        let Some(last) = failures.iter().map(|failure| failure.at).max() else {
            return Vec::new();
        };
        let before = self.last_failure.insert(key.clone(), last);
        let new = failures
            .iter()
            .filter(|failure| before.is_none_or(|before| failure.at > before));
        let mut found: Vec<Count> = new
            .map(|failure| Count::StepFailed(failure.step.map_or("unknown", |step| step.name())))
            .collect();
        if view.rotation.origin != Origin::Baseline && self.failed.insert(key.clone()) {
            found.push(Count::Rotation(RotationResult::Failed));
        }
        found
    }

    /// The consumers that came to the new value since they were last asked about, each after how long. Who was fresh at
    /// the first look had nothing to recover from.
    fn recoveries<'a>(
        &mut self,
        view: &RotationView,
        reached: &'a Reached,
    ) -> Vec<(&'a ConsumerId, SignedDuration)> {
        let Some(since) = set_by(view) else {
            return Vec::new();
        };
        let of_it = reached.iter().filter(|((of, _), _)| *of == view.rotation.key);
        let recovered = of_it.filter_map(|((key, consumer), runs)| {
            let at = recovered_at(runs)?;
            let is_new = self.recovered.insert((key.clone(), consumer.clone()));
            is_new.then(|| (consumer, at.duration_since(since).max(SignedDuration::ZERO)))
        });
        recovered.collect()
    }
}

/// setSecret's not-after; without a sign of it the promotion's.
fn set_by(view: &RotationView) -> Option<Timestamp> {
    let rotation = &view.rotation;
    let seen = rotation.exposed.as_ref().or(rotation.promoted.as_ref())?;
    (rotation.origin == Origin::Rotation).then_some(seen.when.not_after)
}

/// The first look that showed a consumer fresh or presumed that had been seen otherwise. Nobody looks at a cache.
fn recovered_at(runs: &[StageRun]) -> Option<Timestamp> {
    let first = runs.iter().position(|run| run.stage.is_over())?;
    let is_seen = first > 0 && !Why::tells_of_a_cache(&runs[first].why);
    is_seen.then(|| runs[first].first)
}

fn runs_of<'a>(reached: &'a Reached, key: &'a RotationKey) -> impl Iterator<Item = &'a Vec<StageRun>> {
    let of_it = reached.iter().filter(move |((of, _), _)| of == key);
    of_it.map(|(_, runs)| runs)
}

/// Whether the journal has seen each consumer of it fresh, presumed or beyond once.
fn is_settled(reached: &Reached, key: &RotationKey) -> bool {
    let is_done = |run: &StageRun| run.stage.is_settled();
    runs_of(reached, key).all(|runs| runs.iter().any(is_done))
}

/// Whether somebody who used it was seen with an old value. Who only starts may be newer than the promotion.
fn was_left(reached: &Reached, key: &RotationKey) -> bool {
    runs_of(reached, key).any(|runs| runs.first().is_some_and(|run| run.stage == Stage::Stale))
}

/// Whether its window is closed by what the journal keeps, too. One without a promotion is not counted.
fn is_closed(view: &RotationView, reached: &Reached, settings: &Settings) -> bool {
    let is_told = runs_of(reached, &view.rotation.key).next().is_some();
    let told = DangerWindow::told(view, reached, &settings.timing);
    let is_alone = view.rotation.is_current() && !is_told;
    view.rotation.promoted.is_some() && (is_alone || told.is_some_and(|window| window.closed.is_some()))
}

/// Until then a line or a login may still tell that the secret has two users in turn, and no window.
const TOLD_LATE: SignedDuration = SignedDuration::from_secs(60);

fn has_told(view: &RotationView, now: Timestamp) -> bool {
    let promoted = view.rotation.promoted.as_ref();
    promoted.is_some_and(|seen| now >= seen.when.not_after + TOLD_LATE)
}

/// How a rotation ended; nothing while it goes on, and for what was no rotation to us.
fn result(view: &RotationView, reached: &Reached) -> Option<RotationResult> {
    if view.rotation.origin == Origin::Baseline {
        return None;
    }
    let is_left_behind = || {
        view.consumers
            .iter()
            .any(|(_, standing)| standing.stage == Stage::Beyond)
    };
    match (view.rotation.ending, view.phase) {
        (Some((Ending::Abandoned, _)), _) => Some(RotationResult::Abandoned),
        (Some((Ending::OnlyTested, _)), _) => Some(RotationResult::OnlyTested),
        (Some((Ending::RolledBack, _)), _) => Some(RotationResult::RolledBack),
        (Some((Ending::Superseded, _)), _) => Some(RotationResult::Superseded),
        (None, phase) if !phase.is_through() || !is_settled(reached, &view.rotation.key) => None,
        (None, _) if is_left_behind() => Some(RotationResult::LeftBehind),
        (None, _) => Some(RotationResult::Completed),
    }
}

/// What we did first for a consumer; `another` where it was refreshed without us.
fn method(state: &State, rotation: &RotationKey, consumer: &ConsumerId) -> &'static str {
    let facts = state.consumers.get(consumer);
    let first = facts.and_then(|facts| facts.attempts.serving(rotation).next());
    first.map_or("another", |attempt| {
        attempt.decision.write.kind().procedure().name()
    })
}
