//! Whether a version works, and what proves it (design rule 3).

use jiff::Timestamp;

use crate::facts::state::SecretFacts;
use crate::facts::track::{Run, Track};
use crate::model::{LogFact, LogLine, LoginAnswer, Step, VersionId};
use crate::policy::{Settings, Timing};
use crate::story::rotations::{Origin, Rotation};

/// The latest login with a version that says anything about its password: accepted or refused, and when.
pub fn verdict(facts: &SecretFacts, version: &VersionId) -> Option<(bool, Timestamp)> {
    let runs = facts.logins.get(version)?.runs();
    let telling = runs
        .iter()
        .rev()
        .find(|run| run.state.is_accepted() || run.state.is_refused())?;
    Some((telling.state.is_accepted(), telling.last.arrived))
}

/// Why a promoted version is believed to work (design rule 3), strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// It logged in.
    Login(Timestamp),
    /// testSecret logged that it did.
    TestSecret(Timestamp),
    /// It came through AWSPENDING: finishSecret is only invoked after testSecret.
    Protocol,
}

/// Whether the version of a rotation works, as far as the facts tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Works {
    Yes(Proof),
    /// It was refused, and nothing later says otherwise.
    No {
        refused: Timestamp,
    },
    Unproven,
}

pub fn works(rotation: &Rotation, facts: &SecretFacts, settings: &Settings) -> Works {
    if let Some(answered) = rotation.rolled_forward().map(|when| when.not_after) {
        return works_since(facts, &rotation.key.version, answered);
    }
    let told = verdict(facts, &rotation.key.version);
    match told.filter(|(_, at)| counts_from(rotation, &settings.timing).is_none_or(|from| *at >= from)) {
        Some((true, at)) => return Works::Yes(Proof::Login(at)),
        // setSecret was not done yet when it was refused, if testSecret logged in later.
        Some((false, refused))
            if !tested_since(rotation, refused) && !is_outdated(rotation, refused, settings) =>
        {
            return Works::No { refused };
        }
        Some((false, _)) | None => {}
    }
    match (&rotation.tested, rotation.origin) {
        (Some(tested), _) => Works::Yes(Proof::TestSecret(tested.when.not_after)),
        (None, Origin::Rotation) if came_by_protocol(rotation, facts) => Works::Yes(Proof::Protocol),
        (None, _) => Works::Unproven,
    }
}

/// After our own promotion only a login that was sent later tells: the database may have been set back meanwhile.
fn works_since(facts: &SecretFacts, version: &VersionId, answered: Timestamp) -> Works {
    let tells = |run: &&Run<LoginAnswer>| run.state.is_accepted() || run.state.is_refused();
    let runs = facts.logins.get(version).map_or(&[][..], Track::runs);
    let latest = runs.iter().rev().find(tells);
    match latest.filter(|run| run.last.sent >= answered) {
        Some(run) if run.state.is_accepted() => Works::Yes(Proof::Login(run.last.arrived)),
        Some(run) if run.state.is_refused() => Works::No {
            refused: run.last.arrived,
        },
        Some(_) | None => Works::Unproven,
    }
}

fn came_by_protocol(rotation: &Rotation, facts: &SecretFacts) -> bool {
    rotation.promoted.is_some() && !rotation.early && !failed_its_test(rotation, facts)
}

/// testSecret failed and was never told to succeed: whoever moved AWSCURRENT then did not follow the protocol. Where
/// finishSecret logged that it did, later, the service had invoked it, and so testSecret had succeeded: not all functions
/// log that.
fn failed_its_test(rotation: &Rotation, facts: &SecretFacts) -> bool {
    let failures = rotation.failures.iter();
    let of_test = failures.filter(|failure| failure.step == Some(Step::TestSecret));
    let Some(failed) = of_test.map(|failure| failure.at).max() else {
        return false;
    };
    let finishes = |fact: &LogFact| {
        matches!(&fact.line, LogLine::Done { step: Step::FinishSecret, version: Some(version), .. }
            if *version == rotation.key.version)
    };
    !facts.log.iter().any(|fact| fact.at > failed && finishes(fact))
}

/// A refusal from long before the promotion was one of AWSPENDING, before setSecret: logins are repeated more often.
fn is_outdated(rotation: &Rotation, refused: Timestamp, settings: &Settings) -> bool {
    let promoted = rotation.promoted.as_ref().map(|seen| seen.when);
    let began = promoted.map(|when| when.not_before.unwrap_or(when.not_after));
    began.is_some_and(|began| refused + settings.outdated_after() < began)
}

fn tested_since(rotation: &Rotation, refused: Timestamp) -> bool {
    let tested = rotation.tested.as_ref();
    tested.is_some_and(|seen| seen.when.not_after > refused)
}

/// Of a version that was current before, what logins told then says nothing: the database had another password since.
/// That the other one was current is only sure of the look itself, which its lower bound precedes.
fn counts_from(rotation: &Rotation, timing: &Timing) -> Option<Timestamp> {
    let returned = rotation.origin == Origin::Rollback || rotation.key.n > 1;
    let began = rotation.started.as_ref().or(rotation.promoted.as_ref())?.when;
    let look = began.not_before.map(|bound| bound + timing.settle);
    returned.then(|| look.unwrap_or(began.not_after).min(began.not_after))
}
