//! Logins with AWSPENDING and with AWSCURRENT: what the database takes.

use jiff::Timestamp;

use super::first;
use crate::facts::state::SecretFacts;
use crate::facts::track::Run;
use crate::model::{Labels, LoginAnswer, When};
use crate::policy::Timing;
use crate::story::rotations::Rotation;
use crate::story::sighting::{Milestone, Seen, Sighting, Source};

fn logged_in(when: When) -> Sighting {
    Sighting {
        milestone: Milestone::Exposed,
        when,
        source: Source::Login,
    }
}

/// The new password logs in, so setSecret is done. The old one's first refusal bounds it too.
pub(in crate::story) fn read(rotation: &mut Rotation, facts: &SecretFacts, timing: &Timing) {
    let Some(new) = facts.logins.get(&rotation.key.version) else {
        return;
    };
    let Some(when) = first(new, LoginAnswer::is_accepted, LoginAnswer::is_refused) else {
        return;
    };
    let Some(began) = rotation.started.as_ref().map(|seen| seen.when.not_after) else {
        return;
    };
    // setSecret's line does not mean that the database has the password: ModifyDBInstance comes true later.
    let came_true_later = |seen: &Seen| {
        when.not_before
            .is_some_and(|refused| refused > seen.when.not_after)
    };
    if rotation.exposed.as_ref().is_some_and(came_true_later) {
        rotation.exposed = None;
    }
    rotation.see(logged_in(when));
    let old = rotation.replaced.as_ref().and_then(|old| facts.logins.get(old));
    // A refusal from before the rotation, from when the new password was still refused, from when both had been
    // accepted, or from when a third version was current since the old one was accepted, was another trouble.
    if let Some(refused) =
        old.and_then(|track| first(track, LoginAnswer::is_refused, LoginAnswer::is_accepted))
        && refused
            .not_before
            .is_some_and(|accepted| accepted <= when.not_after && !gave_way_since(rotation, facts, accepted))
        && refused.not_after >= began
        && !gave_way_to_another(rotation, facts, refused.not_after + timing.settle)
        && when.not_before.is_none_or(|not_yet| refused.not_after >= not_yet)
    {
        rotation.see(logged_in(refused));
    }
}

/// Whether another version was current between that moment and the rotation: another password may have been set since.
fn gave_way_since(rotation: &Rotation, facts: &SecretFacts, accepted: Timestamp) -> bool {
    let began = rotation.started.as_ref().map(|seen| seen.when.not_after);
    let mut until = facts
        .labels
        .runs()
        .iter()
        .filter(|run| Some(run.first.sent) <= began);
    until.any(|run| run.state.current != rotation.replaced && run.first.arrived > accepted)
}

/// Whether AWSCURRENT may have moved by then from what the rotation was to replace to a third version: whoever moved it
/// may have changed the password, too.
fn gave_way_to_another(rotation: &Rotation, facts: &SecretFacts, by: Timestamp) -> bool {
    let began = rotation.started.as_ref().map(|seen| seen.when.not_after);
    let leaves = |pair: &&[Run<Labels>]| {
        Some(pair[1].first.arrived) >= began
            && pair[0].state.current == rotation.replaced
            && pair[1].state.current != rotation.replaced
    };
    let left = facts.labels.runs().windows(2).find(leaves);
    left.is_some_and(|pair| {
        pair[1].state.current.as_ref() != Some(&rotation.key.version) && pair[0].last.sent < by
    })
}
