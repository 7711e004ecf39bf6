//! The rotation Lambda's log (aws-facts: The rotation Lambda's log). A line's lower bound is the line of the step before, so
//! this reader merges as it goes.

mod implied;
mod lines;

use jiff::{SignedDuration, Timestamp};

use self::lines::{created_line, lines_of};
use crate::facts::state::SecretFacts;
use crate::model::{LogFact, LogLine, Step, VersionId, When};
use crate::policy::Timing;
use crate::story::rotations::{Failure, Moves, Rotation};
use crate::story::sighting::{Milestone, Seen, Sighting, Source};

/// `after` is the promotion before this rotation.
pub(in crate::story) fn read(
    rotation: &mut Rotation,
    facts: &SecretFacts,
    after: Option<Timestamp>,
    timing: &Timing,
) {
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

fn logged(milestone: Milestone, when: When) -> Sighting {
    Sighting {
        milestone,
        when,
        source: Source::Log,
    }
}

fn take_line(rotation: &mut Rotation, fact: LogFact, put: Option<Timestamp>) {
    match fact.line {
        LogLine::Done { step, version, .. } => {
            let when = rotation.done_by(step, fact.at, put);
            match step {
                Step::CreateSecret => rotation.see(logged(Milestone::Created, when)),
                Step::SetSecret => rotation.see(logged(Milestone::Exposed, when)),
                Step::TestSecret => rotation.see(logged(Milestone::Tested, when)),
                Step::FinishSecret if rotation.is_dated_by(fact.at, version.as_ref()) => {
                    rotation.see(logged(Milestone::Promoted, when));
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
