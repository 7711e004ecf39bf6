//! Which lines of the log belong to a rotation: most of them name no version.

use jiff::{SignedDuration, Timestamp};

use crate::facts::state::SecretFacts;
use crate::facts::track::Run;
use crate::model::{Labels, LogFact, LogLine, Step, When};
use crate::policy::Timing;
use crate::story::rotations::{Moves, Rotation};

/// A log line reaches us late, and its rotation may be over by then.
const LOG_SLACK: SignedDuration = SignedDuration::from_secs(10);
/// RotateSecret returns before the first look shows AWSPENDING; its first step may have logged already.
const START_SLACK: SignedDuration = SignedDuration::from_mins(10);

/// Looks at a rotation under way are no farther apart, but for a gap in which nobody watched.
const GAP: SignedDuration = SignedDuration::from_secs(60);

/// The lines that belong to a rotation: those that name its version, and those that name none, by their time.
pub(super) fn lines_of(
    rotation: &Rotation,
    facts: &SecretFacts,
    after: Option<Timestamp>,
    put: Option<Timestamp>,
    timing: &Timing,
) -> Vec<LogFact> {
    let after = after.max(finish_before(rotation, facts));
    let from = first_line(rotation, facts, put).max(after.map(|at| at + SignedDuration::from_millis(1)));
    // One that ended in a gap may have been followed by another there, whose lines name no version either.
    let ended = |when: When| match when.not_before.map(|bound| bound + timing.settle) {
        Some(look) if when.not_after.duration_since(look) > GAP => look,
        _ => when.not_after,
    };
    let to = [
        rotation.promoted.as_ref().map(|seen| seen.when.not_after),
        rotation.ending.as_ref().map(|(_, when)| ended(*when)),
    ];
    let to = to.into_iter().flatten().min().map(|at| at + LOG_SLACK);
    let next = next_put(rotation, facts, put);
    let in_time =
        |fact: &&LogFact| from.is_none_or(|from| fact.at >= from) && to.is_none_or(|to| fact.at <= to);
    // What was done before its value was put is another's, and so is what comes after the next value.
    let is_ours = |at: Timestamp| put.is_none_or(|put| at >= put) && next.is_none_or(|next| at < next);
    // Of a rotation that began nobody knows when, they may be the one's before it.
    let is_alone = from.is_some() && rotation.moves != Moves::Several;
    let names_it = |fact: &&LogFact| match &fact.line {
        LogLine::Done {
            version: Some(version),
            ..
        } => *version == rotation.key.version,
        LogLine::Done { version: None, .. } | LogLine::SetEnded => is_alone && is_ours(fact.at),
        LogLine::Failed { step, .. } => {
            // createSecret may fail before it puts the value.
            let is_before = matches!(step, None | Some(Step::CreateSecret));
            is_alone && (is_ours(fact.at) || is_before && next.is_none_or(|next| fact.at < next))
        }
    };
    facts
        .log
        .iter()
        .filter(in_time)
        .filter(names_it)
        .cloned()
        .collect()
}

/// From when on the log may speak of a rotation. `put`: when createSecret put its value, where that was logged.
fn first_line(rotation: &Rotation, facts: &SecretFacts, put: Option<Timestamp>) -> Option<Timestamp> {
    match rotation.started.as_ref().map(|seen| seen.when) {
        Some(When {
            not_before: Some(bound),
            not_after,
        }) => {
            // Until it was seen, nameless lines may be retries of the rotation before, which goes on after a promotion.
            let may_be_retried =
                || failed_within(facts, bound, not_after) || follows_another_pending(rotation, facts);
            let is_told = put.is_some() || !may_be_retried();
            Some(if is_told { bound } else { not_after })
        }
        Some(When { not_after, .. }) => {
            let before = facts.rotated().filter(|rotated| *rotated <= not_after);
            Some(not_after - START_SLACK).max(before.max())
        }
        None => {
            let promoted = rotation.promoted.as_ref();
            put.or_else(|| promoted.and_then(|seen| seen.when.not_before))
        }
    }
}

/// Whether a step failed between these moments, or a little earlier: it is tried again.
fn failed_within(facts: &SecretFacts, from: Timestamp, to: Timestamp) -> bool {
    let failures = facts
        .log
        .iter()
        .filter(|fact| matches!(fact.line, LogLine::Failed { .. }));
    failures
        .map(|fact| fact.at)
        .any(|at| at > from - START_SLACK && at <= to)
}

/// Whether AWSPENDING went from another version to its own: Secrets Manager had not done with that one.
fn follows_another_pending(rotation: &Rotation, facts: &SecretFacts) -> bool {
    let is_its = |run: &Run<Labels>| run.state.pending.as_ref() == Some(&rotation.key.version);
    let mut pairs = facts.labels.runs().windows(2);
    pairs.any(|pair| !is_its(&pair[0]) && is_its(&pair[1]) && pair[0].state.pending.is_some())
}

/// createSecret's line with the version: written when the value is made, once. A retry's line names none.
pub(super) fn created_line(rotation: &Rotation, facts: &SecretFacts) -> Option<Timestamp> {
    let created = facts.log.iter().find(|fact| {
        matches!(&fact.line, LogLine::Done { step: Step::CreateSecret, version: Some(version), .. }
            if *version == rotation.key.version)
    });
    created.map(|fact| fact.at)
}

/// When finishSecret promoted the version before, where its line tells: the lines before it are not this rotation's.
/// What names no version of the secret says nothing about other lines.
fn finish_before(rotation: &Rotation, facts: &SecretFacts) -> Option<Timestamp> {
    let began = rotation.promoted.as_ref().or(rotation.started.as_ref())?;
    let known = facts.versions();
    let others = facts.log.iter().filter(|fact| {
        matches!(&fact.line, LogLine::Done { step: Step::FinishSecret, version: Some(version), .. }
            if *version != rotation.key.version && known.contains(version))
    });
    others
        .map(|fact| fact.at)
        .filter(|at| *at <= began.when.not_after)
        .max()
}

/// When createSecret put the value of the rotation after this one.
fn next_put(rotation: &Rotation, facts: &SecretFacts, put: Option<Timestamp>) -> Option<Timestamp> {
    let begun = rotation.started.as_ref().map(|seen| seen.when.not_after);
    let promoted = || rotation.promoted.as_ref()?.when.not_before;
    let after = put.or(begun).or_else(promoted)?;
    let known = facts.versions();
    let others = facts.log.iter().filter(|fact| {
        matches!(&fact.line, LogLine::Done { step: Step::CreateSecret, version: Some(version), .. }
            if *version != rotation.key.version && known.contains(version))
    });
    others.map(|fact| fact.at).filter(|at| *at > after).min()
}
