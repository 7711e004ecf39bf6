//! Labels that seem to go back: believed once they were seen so for some seconds (aws-facts: Reading cheaply).

use jiff::SignedDuration;

use crate::facts::state::SecretFacts;
use crate::facts::track::Run;
use crate::model::{Labels, VersionId};
use crate::policy::Timing;

/// The runs that mean something: labels that seem to go back may be a stale answer until they were
/// seen so for `timing.settle` (aws-facts: Reading cheaply).
pub(crate) fn settled_runs(runs: &[Run<Labels>], timing: &Timing) -> Vec<Run<Labels>> {
    let mut settled: Vec<Run<Labels>> = Vec::new();
    for run in runs {
        if !goes_back(&settled, run) || span(run) >= timing.settle {
            settled.push(run.clone());
        }
    }
    settled
}

/// Whether the latest labels seem to go back and are not yet believed.
pub(crate) fn is_settling(facts: &SecretFacts, timing: &Timing) -> bool {
    let runs = facts.labels.runs();
    let Some((last, earlier)) = runs.split_last() else {
        return false;
    };
    goes_back(&settled_runs(earlier, timing), last) && span(last) < timing.settle
}

/// The version that the secret is on its way to, or may be: also where a single look says that it is not any more.
pub(crate) fn on_its_way_to(facts: &SecretFacts, timing: &Timing) -> Option<VersionId> {
    let latest = &facts.labels.latest()?.state;
    let settling = || {
        is_settling(facts, timing)
            .then(|| latest.current.clone())
            .flatten()
    };
    latest.in_progress().cloned().or_else(settling)
}

pub(crate) fn span(run: &Run<Labels>) -> SignedDuration {
    run.last.arrived.duration_since(run.first.sent)
}

fn goes_back(settled: &[Run<Labels>], run: &Run<Labels>) -> bool {
    let Some((last, earlier)) = settled.split_last() else {
        return false;
    };
    let current_went_back = run.state.current != last.state.current
        && (earlier.iter().any(|old| old.state.current == run.state.current)
            || run.state.current == last.state.previous);
    let pending_vanished = run.state.current == last.state.current
        && last.state.in_progress().is_some()
        && run.state.in_progress().is_none();
    let previous_went_back = run.state.current == last.state.current
        && run.state.previous != last.state.previous
        && earlier.iter().any(|old| old.state.previous == run.state.previous);
    current_went_back || pending_vanished || previous_went_back
}
