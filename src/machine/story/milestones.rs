//! The steps of a rotation, each as the interval that versions, logs and logins narrow it to.

mod implied;
mod lines;

use jiff::{SignedDuration, Timestamp};

use self::lines::{created_line, lines_of};
use crate::facts::state::SecretFacts;
use crate::facts::track::{Run, Track};
use crate::model::{Labels, LogFact, LogLine, LoginAnswer, Step, VersionId, When};
use crate::policy::{Settings, Timing};
use crate::procedures::promoted_by_us;
use crate::story::rotations::{Failure, Moves, Origin, Rotation, Seen, Source};

/// Fills in what versions, logs and logins tell of a rotation. `after` is the promotion before it.
pub(crate) fn fill(rotation: &mut Rotation, facts: &SecretFacts, after: Option<Timestamp>, timing: &Timing) {
    fill_created(rotation, facts, timing);
    if rotation.origin.has_steps() {
        let put = created_line(rotation, facts);
        let lines = lines_of(rotation, facts, after, put, timing);
        let finished = lines.iter().filter(|fact| rotation.is_finished_by(&fact.line));
        let finished = finished.map(|fact| fact.at).min();
        for fact in lines {
            take_line(rotation, fact, put);
        }
        implied::name_test_runs(rotation, put);
        implied::steps_before_a_failure(rotation, put);
        implied::promoted_before_its_lines(rotation, facts, finished);
        rotation.early = implied::is_early(rotation, put);
    }
    fill_exposed_by_login(rotation, facts, timing);
    fill_promoted_by_us(rotation, facts);
}

/// Our own write is a sighting of the promotion. What the function does from then on fails because AWSCURRENT has moved
/// already, which is no failure.
fn fill_promoted_by_us(rotation: &mut Rotation, facts: &SecretFacts) {
    let Some((sent, answered)) = promoted_by_us(&facts.attempts, &rotation.key) else {
        return;
    };
    if rotation.promoted.is_some() {
        Seen::also(
            &mut rotation.promoted,
            When::between(sent, answered),
            Source::Watchdog,
        );
        rotation.failures.retain(|failure| failure.at < sent);
    }
}

fn fill_created(rotation: &mut Rotation, facts: &SecretFacts, timing: &Timing) {
    let Some(track) = facts.valued.get(&rotation.key.version) else {
        return;
    };
    if let Some(when) = first(track, |present| *present, |present| !*present) {
        let when = When {
            // Lists of versions are eventually consistent too.
            not_before: when.not_before.map(|bound| bound - timing.settle),
            ..when
        };
        Seen::also(&mut rotation.created, when, Source::Versions);
    }
}

fn take_line(rotation: &mut Rotation, fact: LogFact, put: Option<Timestamp>) {
    match fact.line {
        LogLine::Done { step, version, .. } => {
            let when = rotation.done_by(step, fact.at, put);
            match step {
                Step::CreateSecret => Seen::also(&mut rotation.created, when, Source::Log),
                Step::SetSecret => Seen::also(&mut rotation.exposed, when, Source::Log),
                Step::TestSecret => Seen::also(&mut rotation.tested, when, Source::Log),
                Step::FinishSecret if rotation.is_dated_by(fact.at, version.as_ref()) => {
                    Seen::also(&mut rotation.promoted, when, Source::Log);
                }
                Step::FinishSecret => {}
            }
        }
        LogLine::SetEnded => rotation.set_ended = true,
        LogLine::Failed { step, why, ended } => {
            let named = step.is_some();
            let step = step.or_else(|| rotation.step_under_way());
            // The runtime repeats a step's error line: one failure.
            let repeated = rotation.failures.last_mut().filter(|last| {
                last.step == step && fact.at.duration_since(last.at) < SignedDuration::from_secs(2)
            });
            match repeated {
                Some(last) => last.ended |= ended,
                None => rotation.failures.push(Failure {
                    step,
                    at: fact.at,
                    why,
                    named,
                    ended,
                }),
            }
        }
    }
}

impl Rotation {
    fn is_finished_by(&self, line: &LogLine) -> bool {
        matches!(line, LogLine::Done { step: Step::FinishSecret, version: Some(version), .. }
            if *version == self.key.version)
    }

    /// Whether finishSecret's line tells when it was promoted. Too early a promotion would make stale tasks fresh: the
    /// line must name the version, and not be of a time in which labels showed another.
    fn is_dated_by(&self, line: Timestamp, version: Option<&VersionId>) -> bool {
        let is_of_now = |seen: &Seen| seen.when.not_before.is_none_or(|bound| line >= bound);
        self.promoted.as_ref().is_some_and(is_of_now) && self.moves == Moves::One && version.is_some()
    }

    /// A step's effect lies between the line of the step before and its own line.
    fn done_by(&self, step: Step, line: Timestamp, put: Option<Timestamp>) -> When {
        let not_before = self.last_line_before(step, put);
        not_before.map_or(When::by(line), |bound| When::between(bound, line))
    }

    /// Where lines of earlier attempts may be missing, only `put` is known to come before every setSecret.
    fn last_line_before(&self, step: Step, put: Option<Timestamp>) -> Option<Timestamp> {
        let lower = |seen: &Option<Seen>| seen.as_ref().and_then(|seen| seen.when.not_before);
        let line = |seen: &Option<Seen>| {
            let logged = seen.as_ref().filter(|seen| seen.sources.contains(&Source::Log));
            logged.map(|seen| seen.when.not_after)
        };
        let (earlier, line) = match step {
            Step::CreateSecret => (&None, None),
            Step::SetSecret => (&self.created, put),
            Step::TestSecret => (&self.exposed, line(&self.exposed)),
            Step::FinishSecret => (&self.tested, line(&self.tested)),
        };
        line.or_else(|| lower(earlier)).or_else(|| lower(&self.started))
    }

    /// The step after the last one that is known to have succeeded.
    fn step_under_way(&self) -> Option<Step> {
        Some(match (&self.created, &self.exposed, &self.tested) {
            (_, _, Some(_)) => Step::FinishSecret,
            (_, Some(_), None) => Step::TestSecret,
            (Some(_), None, None) => Step::SetSecret,
            (None, None, None) => Step::CreateSecret,
        })
    }
}

/// The new password logs in, so setSecret is done. The old one's first refusal bounds it too.
fn fill_exposed_by_login(rotation: &mut Rotation, facts: &SecretFacts, timing: &Timing) {
    let Some(new) = facts.logins.get(&rotation.key.version) else {
        return;
    };
    let Some(when) = first(new, is_accepted, is_refused) else {
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
    Seen::also(&mut rotation.exposed, when, Source::Login);
    let old = rotation.replaced.as_ref().and_then(|old| facts.logins.get(old));
    // A refusal from before the rotation, from when the new password was still refused, from when both had been
    // accepted, or from when a third version was current since the old one was accepted, was another trouble.
    if let Some(refused) = old.and_then(|track| first(track, is_refused, is_accepted))
        && refused
            .not_before
            .is_some_and(|accepted| accepted <= when.not_after && !gave_way_since(rotation, facts, accepted))
        && refused.not_after >= began
        && !gave_way_to_another(rotation, facts, refused.not_after + timing.settle)
        && when.not_before.is_none_or(|not_yet| refused.not_after >= not_yet)
    {
        Seen::also(&mut rotation.exposed, refused, Source::Login);
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

/// When a track first came to a state: after the last look before it with the opposite one.
fn first<T: Clone + Eq>(
    track: &Track<T>,
    is: impl Fn(&T) -> bool,
    is_opposite: impl Fn(&T) -> bool,
) -> Option<When> {
    let i = track.runs().iter().position(|run| is(&run.state))?;
    let opposite = track.runs()[..i].iter().rev().find(|run| is_opposite(&run.state));
    let not_after = track.runs()[i].first.arrived;
    Some(opposite.map_or(When::by(not_after), |run| When::between(run.last.sent, not_after)))
}

pub(crate) fn is_accepted(answer: &LoginAnswer) -> bool {
    matches!(answer, LoginAnswer::Accepted | LoginAnswer::Admitted { .. })
}

pub(crate) fn is_refused(answer: &LoginAnswer) -> bool {
    matches!(answer, LoginAnswer::Refused { .. })
}

/// The latest login with a version that says anything about its password: accepted or refused, and when.
pub fn verdict(facts: &SecretFacts, version: &VersionId) -> Option<(bool, Timestamp)> {
    let runs = facts.logins.get(version)?.runs();
    let telling = runs
        .iter()
        .rev()
        .find(|run| is_accepted(&run.state) || is_refused(&run.state))?;
    Some((is_accepted(&telling.state), telling.last.arrived))
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
    let tells = |run: &&Run<LoginAnswer>| is_accepted(&run.state) || is_refused(&run.state);
    let runs = facts.logins.get(version).map_or(&[][..], Track::runs);
    let latest = runs.iter().rev().find(tells);
    match latest.filter(|run| run.last.sent >= answered) {
        Some(run) if is_accepted(&run.state) => Works::Yes(Proof::Login(run.last.arrived)),
        Some(run) if is_refused(&run.state) => Works::No {
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
