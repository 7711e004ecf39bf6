//! What the order of the steps implies: each is its own invocation, made after the one before it succeeded
//! (aws-facts: The rotation Lambda's log).

use jiff::{SignedDuration, Timestamp};

use super::logged;
use crate::facts::state::SecretFacts;
use crate::model::{Step, When};
use crate::story::rotations::{Ending, Rotation};
use crate::story::sighting::{Milestone, Seen, Source};

/// Lines are told by the Lambda's clock, promotions by Secrets Manager's.
const CLOCKS: SignedDuration = SignedDuration::from_secs(1);
/// The test of RotateImmediately=false is over at once, and the service takes AWSPENDING away after it.
const TEST: SignedDuration = SignedDuration::from_mins(1);

/// A step that failed had been invoked, so the steps before it were done, whether or not their lines were recognised.
/// That testSecret passed is not concluded: it would count as a proof, and it may test nothing.
pub(super) fn steps_before_a_failure(rotation: &mut Rotation, put: Option<Timestamp>) {
    if matches!(rotation.ending, Some((Ending::OnlyTested, _))) {
        return;
    }
    let first = |after: Step| {
        let later = rotation
            .failures
            .iter()
            .filter(|failure| failure.step > Some(after));
        later.map(|failure| failure.at).min()
    };
    let (created, set) = (first(Step::CreateSecret), first(Step::SetSecret));
    if let Some(at) = created {
        let set = rotation
            .exposed
            .as_ref()
            .filter(|seen| seen.sources.contains(&Source::Log));
        let at = set.map_or(at, |seen| seen.when.not_after.min(at));
        let when = rotation.done_by(Step::CreateSecret, at, put);
        rotation.see(logged(Milestone::Created, when));
    }
    if let Some(at) = set {
        let when = rotation.done_by(Step::SetSecret, at, put);
        rotation.see(logged(Milestone::Exposed, when));
    }
}

/// RotateSecret with RotateImmediately=false makes AWSPENDING, runs testSecret alone, and takes it away, also where
/// testSecret failed: no other step was done.
pub(super) fn name_test_runs(rotation: &mut Rotation, put: Option<Timestamp>) {
    let failed_at = rotation.failures.last().map(|failure| failure.at);
    let mut failures = rotation.failures.iter();
    let only_failed_its_test = failures.all(|failure| failure.step == Some(Step::TestSecret));
    if let Some((ending @ Ending::Abandoned, when)) = &mut rotation.ending
        && rotation.exposed.is_none()
        && match failed_at {
            None => rotation.tested.is_some(),
            Some(at) => put.is_none() && only_failed_its_test && when.not_after <= at + TEST,
        }
    {
        *ending = Ending::OnlyTested;
    }
}

/// finishSecret's line comes with the promotion, and after testSecret's. Where labels seem to have moved before, the date
/// that bounded them was of another change: they had moved by that line, or when they were seen.
pub(super) fn promoted_before_its_lines(
    rotation: &mut Rotation,
    facts: &SecretFacts,
    finished: Option<Timestamp>,
) {
    let tested = rotation.tested.as_ref().map(|seen| seen.when.not_after);
    let Some(promoted) = &mut rotation.promoted else {
        return;
    };
    let bound = promoted.when.not_after;
    let looks = facts.dates.runs().iter().map(|run| run.first.arrived);
    let Some(looked) = looks.filter(|at| *at >= bound).min() else {
        return;
    };
    let is_later = |line: &Timestamp| bound + CLOCKS < *line && *line <= looked;
    let by_a_line = finished.filter(is_later);
    if let Some(not_after) = by_a_line.or_else(|| tested.filter(is_later).map(|_| looked)) {
        promoted.when = When {
            not_after,
            ..promoted.when
        };
    }
}

/// Whether the function promoted the version before it had set its password: by its lines, which came later.
pub(super) fn is_early(rotation: &Rotation, put: Option<Timestamp>) -> bool {
    let logged = |seen: &Option<Seen>| {
        let seen = seen.as_ref().filter(|seen| seen.sources.contains(&Source::Log))?;
        Some(seen.when.not_after)
    };
    let promoted = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
    let set = logged(&rotation.exposed)
        .or_else(|| logged(&rotation.tested))
        .or(put);
    promoted
        .zip(set)
        .is_some_and(|(promoted, set)| set > promoted + CLOCKS)
}
