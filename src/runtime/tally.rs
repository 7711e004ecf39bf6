//! What is counted once for each rotation: how it ended, its danger window, its failed steps, how long recovery took.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use machine::judge::{Judgement, RotationView};
use machine::model::{Action, ConsumerId, RotationKey, SecretArn, Stage};
use machine::phase::Phase;
use machine::rotations::{Ending, Origin};
use machine::state::{Reached, State};
use machine::window::DangerWindow;

use crate::telemetry::{Metrics, RotationResult};

/// What this process has counted, or found over at its start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    secrets: BTreeMap<SecretArn, Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    ended: BTreeSet<RotationKey>,
    windows: BTreeSet<RotationKey>,
    last_failure: BTreeMap<RotationKey, Timestamp>,
}

impl Tally {
    pub(super) fn forget(&mut self, secret: &SecretArn) {
        self.secrets.remove(secret);
    }

    /// Counts what came to its end since the last judgement. What was over at the first one was counted by the process
    /// before, or by none.
    pub(super) fn count(
        &mut self,
        secret: &SecretArn,
        judgement: &Judgement,
        state: &State,
        metrics: &Metrics,
        now: Timestamp,
    ) {
        let nothing = Reached::new();
        let reached = state.secrets.get(secret).map_or(&nothing, |facts| &facts.reached);
        match self.secrets.get_mut(secret) {
            Some(counted) => counted.count(judgement, reached, metrics, now),
            None => {
                let before = Counted::before(judgement, reached);
                self.secrets.insert(secret.clone(), before);
            }
        }
    }
}

impl Counted {
    fn before(judgement: &Judgement, reached: &Reached) -> Self {
        let mut counted = Self::default();
        for view in &judgement.rotations {
            let key = &view.rotation.key;
            if result(view).is_some() || was_over(view, reached) {
                counted.ended.insert(key.clone());
                counted.windows.insert(key.clone());
            }
            counted.note_failures(view);
        }
        counted
    }

    fn count(&mut self, judgement: &Judgement, reached: &Reached, metrics: &Metrics, now: Timestamp) {
        let known = |key: &RotationKey| judgement.rotations.iter().any(|view| view.rotation.key == *key);
        self.ended.retain(known);
        self.windows.retain(known);
        self.last_failure.retain(|key, _| known(key));
        for view in &judgement.rotations {
            let key = &view.rotation.key;
            for step in self.note_failures(view) {
                metrics.step_failed(step);
            }
            if let Some(result) = result(view)
                && self.ended.insert(key.clone())
            {
                metrics.rotation_ended(result);
            }
            if self.windows.contains(key) {
                continue;
            }
            let window = DangerWindow::of(view, reached).filter(|window| window.closed.is_some());
            if let Some(window) = window {
                self.windows.insert(key.clone());
                metrics.danger_window(window.at_least(now).as_secs_f64());
            }
        }
    }

    /// The steps that failed since they were last noted.
    fn note_failures(&mut self, view: &RotationView) -> Vec<&'static str> {
        let failures = &view.rotation.failures;
        let Some(last) = failures.iter().map(|failure| failure.at).max() else {
            return Vec::new();
        };
        let before = self.last_failure.insert(view.rotation.key.clone(), last);
        let new = failures
            .iter()
            .filter(|failure| before.is_none_or(|before| failure.at > before));
        new.map(|failure| failure.step.map_or("unknown", |step| step.name()))
            .collect()
    }
}

/// How a rotation ended; nothing while it goes on, and for what was no rotation to us.
fn result(view: &RotationView) -> Option<RotationResult> {
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
        (None, Phase::Verifying | Phase::Watching | Phase::Settled) if is_left_behind() => {
            Some(RotationResult::LeftBehind)
        }
        (None, Phase::Verifying | Phase::Watching | Phase::Settled) => Some(RotationResult::Completed),
        (None, _) => None,
    }
}

/// Whether the journal already had every consumer of it fresh, presumed or beyond.
fn was_over(view: &RotationView, reached: &Reached) -> bool {
    let key = &view.rotation.key;
    let mut last = reached
        .iter()
        .filter(|((of, _), _)| of == key)
        .filter_map(|(_, runs)| runs.last())
        .peekable();
    last.peek().is_some()
        && last.all(|run| matches!(run.stage, Stage::Fresh | Stage::Presumed | Stage::Beyond))
}

/// Counts how long a consumer took from the first decision for it until it was seen fresh or presumed.
pub(super) fn count_recovery(view: &RotationView, consumer: &ConsumerId, state: &State, metrics: &Metrics) {
    let key = &view.rotation.key;
    let recovered = || {
        let facts = state.secrets.get(&key.secret)?;
        let runs = facts.reached.get(&(key.clone(), consumer.clone()))?;
        // With one look only it has just come there: a later sight of the same is no recovery.
        let run = runs.last().filter(|run| run.first == run.last)?;
        let first = state.consumers.get(consumer)?.attempts_for(key).next()?;
        Some((
            first.decision.action.clone(),
            run.first.duration_since(first.decision.at),
        ))
    };
    if let Some((action, lasted)) = recovered() {
        metrics.recovered(method(&action), lasted.as_secs_f64().max(0.0));
    }
}

fn method(action: &Action) -> &'static str {
    match action {
        Action::Redeploy { .. } => "redeploy",
        Action::UpdateEnvironment { .. } => "config-update",
        Action::TagSleep { .. } | Action::Sleep { .. } | Action::Restore { .. } | Action::Untag => {
            "concurrency-cycle"
        }
    }
}
