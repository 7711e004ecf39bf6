//! Rolling forward: AWSCURRENT is moved to AWSPENDING's version, where the database has that version's password already
//! and nobody finishes the rotation.
//!
//! ```text
//! setSecret ran:     the database accepts AWSPENDING's password and refuses AWSCURRENT's
//! finishSecret never: everybody is still given AWSCURRENT's, and fails
//! ```
//!
//! It is wanted where our logins say both, setSecret is known to have ended well, and the rotation is over or does not move
//! any more. Its one write is guarded by labels and by both logins, asked anew; it is a compare-and-swap. It works where
//! labels show it. Consumers are refreshed only after another login. It is undone by moving the label back, which is left
//! to people.

mod obstacle;

use jiff::{SignedDuration, Timestamp};

pub use obstacle::Obstacle;

use super::Effect;
use super::retry::{Retry, retry};
use crate::consumers::Why;
use crate::facts::attempts::Attempts;
use crate::facts::state::SecretFacts;
use crate::facts::track::{Run, Track};
use crate::model::{
    Done, Guard, Labels, LoginAnswer, Mode, NoEffect, Outcome, Pace, Promotable, RotationKey, SecretArn,
    SecretSeen, Step, VersionId, When, Write, WriteKind,
};
use crate::policy::mode::Lowered;
use crate::policy::{Policy, Settings};
use crate::story::rotations::{Origin, Rotation, Source};

/// For people: what is wanted, and what the whole procedure is.
pub(super) const WANTED: &str = "AWSCURRENT to AWSPENDING's version, whose password the database has already";
pub(super) const WHOLE: &str = WANTED;

const KIND: WriteKind = WriteKind::Promote;
/// Where no rotation of the secret was seen whole.
const USUAL_PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// A rotation that moves is left alone for at least so long.
pub(crate) const LEAST_PATIENCE: SignedDuration = SignedDuration::from_secs(10);
/// So many times the longest gap that a good rotation took.
const PATIENCE: i32 = 3;
/// So many rotations patience is learned from, of each secret.
pub const PACES: usize = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A rotation whose password only the database has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    pub rotation: RotationKey,
    /// What AWSCURRENT is on.
    pub from: VersionId,
    /// When both logins said so first.
    pub since: Timestamp,
    pub course: Course,
}

impl Forward {
    /// Whether it is done without a person, sooner or later.
    pub(crate) fn acts(&self) -> bool {
        match self.course {
            Course::Offered | Course::LeftToAPerson(_) => false,
            Course::Patient { .. } | Course::Tried(..) | Course::Wanted(_) => true,
        }
    }
}

impl Rotation {
    /// When our own write promoted it, from its sending to its answer.
    pub fn rolled_forward(&self) -> Option<When> {
        let promoted = self.promoted.as_ref()?;
        let by_us = promoted.sources.contains(&Source::Watchdog);
        by_us.then_some(promoted.when)
    }
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// The rule leaves it to people.
    Offered,
    /// This keeps it from being done; only a person can promote.
    LeftToAPerson(Obstacle),
    /// The rotation may still go on by itself, until then.
    Patient {
        until: Timestamp,
    },
    /// A write is under way, in doubt, or was in vain a moment ago.
    Tried(Why, Option<Timestamp>),
    Wanted(Write),
}

/// What a rotation under way is judged by.
pub(crate) struct Case<'a> {
    pub(crate) rotation: &'a Rotation,
    pub(crate) facts: &'a SecretFacts,
    /// The rotation Lambda's log cannot be read.
    pub(crate) log_unread: bool,
    pub(crate) mode: Mode,
    pub(crate) lowered: Option<&'a Lowered>,
    pub(crate) policy: &'a Policy,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

/// Nothing where our logins do not both say that AWSPENDING should be promoted.
pub(crate) fn stand(case: &Case<'_>) -> Option<Forward> {
    let Case {
        rotation, facts, now, ..
    } = *case;
    let from = facts.current()?.clone();
    let since = ahead_since(rotation, facts, &from)?;
    let attempts = &facts.attempts;
    let tries = attempts.tries(&rotation.key, KIND);
    let course = match tries.last().and_then(|last| last.outcome.as_ref()) {
        Some((_, Outcome::NoEffect(NoEffect::Unfit { why }))) => {
            Course::LeftToAPerson(Obstacle::Unfit(why.clone()))
        }
        _ => match retry(attempts, &tries, now) {
            Retry::Now => case.course(&from),
            Retry::Wait { why, until } => Course::Tried(why, until),
            Retry::GiveUp(Why::NoEffect { why, .. }) => Course::LeftToAPerson(Obstacle::InVain(why)),
            // Labels that show it are to come.
            Retry::Went { .. } | Retry::GiveUp(_) => Course::Tried(Why::UnderWay { write: KIND }, None),
        },
    };
    Some(Forward {
        rotation: rotation.key.clone(),
        from,
        since,
        course,
    })
}

impl Case<'_> {
    fn course(&self, from: &VersionId) -> Course {
        if let Some(obstacle) = self.obstacle(from) {
            return Course::LeftToAPerson(obstacle);
        }
        if !self.policy.roll_forward.acts {
            return Course::Offered;
        }
        let until = self.patient_until();
        if self.now < until {
            return Course::Patient { until };
        }
        Course::Wanted(Write::Promote {
            secret: self.rotation.key.secret.clone(),
            version: self.rotation.key.version.clone(),
            from: from.clone(),
        })
    }

    fn obstacle(&self, from: &VersionId) -> Option<Obstacle> {
        let key = &self.rotation.key;
        let seen = self.facts.seen.as_ref().map(|(_, seen)| seen);
        if let Some(why) = seen.and_then(|seen| seen.belongs_to_another(&key.secret)) {
            return Some(Obstacle::AnothersSecret(why));
        }
        let is = |holds: fn(&SecretSeen) -> bool| seen.is_some_and(|seen| holds(seen));
        let a_day = self.settings.limits.roll_forward.a_day;
        let checks = [
            (is(|seen| seen.deleted.is_some()), Obstacle::Deleted),
            (is(|seen| !seen.rotation_enabled), Obstacle::RotationOff),
            (was_current(key, self.facts), Obstacle::WasCurrent),
            (is_labelled(key, self.facts), Obstacle::Labelled),
            (self.was_seen_under_way(), Obstacle::SeenUnderWay),
            (self.labels_moved(from), Obstacle::LabelsMoved),
            (!self.is_set(), Obstacle::SetUnknown),
            (self.is_braked(), Obstacle::Braked),
            (self.mode != Mode::Act, Obstacle::Observing),
            (
                done_since(&self.facts.attempts, self.now - DAY) >= a_day,
                Obstacle::TooOften { limit: a_day },
            ),
        ];
        let mut standing = checks.into_iter().filter(|(stands, _)| *stands);
        standing.next().map(|(_, obstacle)| obstacle)
    }

    fn is_braked(&self) -> bool {
        let seen = self.facts.seen.as_ref();
        seen.is_some_and(|(_, seen)| seen.brake().is_some())
            || self.lowered.is_some() && self.mode != Mode::Act
    }

    fn was_seen_under_way(&self) -> bool {
        let started = self.rotation.started.as_ref();
        started.is_none_or(|seen| seen.when.not_before.is_none())
    }

    /// Whether AWSCURRENT or AWSPREVIOUS moved, or AWSPENDING was on a third version, since the rotation began.
    fn labels_moved(&self, from: &VersionId) -> bool {
        let Some(began) = self.rotation.started.as_ref().map(|seen| seen.when.not_after) else {
            return true;
        };
        let runs = self.facts.labels.runs();
        let own = |run: &&Run<Labels>| run.last.arrived >= began;
        let pending = Some(&self.rotation.key.version);
        let mut since = runs.iter().filter(own);
        let before = since.clone().next().map(|run| run.state.previous.clone());
        since.any(|run| {
            let Labels {
                current,
                pending: on,
                previous,
            } = &run.state;
            current.as_ref() != Some(from)
                || on.is_some() && on.as_ref() != pending
                || Some(previous) != before.as_ref()
        })
    }

    /// Whether setSecret ended well: the log tells of its invocation's end, or of a step after it, which is invoked only
    /// then (aws-facts: The rotation Lambda's log).
    fn is_set(&self) -> bool {
        let mut failures = self.rotation.failures.iter();
        self.policy.roll_forward.one_account
            || self.rotation.set_ended
            || self.rotation.tested.is_some()
            || failures.any(|failure| failure.named && is_after_set(failure.step))
    }

    /// At once where the invocation that should have gone on has ended; else as long as good rotations take, and more.
    fn patient_until(&self) -> Timestamp {
        let failure = self.rotation.standing_failure();
        if let Some(failure) =
            failure.filter(|failure| failure.ended && failure.named && is_after_set(failure.step))
        {
            return failure.at;
        }
        if let Some(told) = self.failure_told_by_event() {
            return told;
        }
        let moved = self.rotation.last_progress().unwrap_or(self.now);
        // A function that has logged an error and goes on may be about to set the database back.
        let goes_on = failure.is_some_and(|failure| !failure.ended);
        moved
            + if goes_on {
                self.patience().max(USUAL_PATIENCE)
            } else {
                self.patience()
            }
    }

    /// When an event told that the rotation failed after setSecret. It counts only where the log cannot be read, which
    /// would tell better.
    fn failure_told_by_event(&self) -> Option<Timestamp> {
        let hints = self.facts.hints.as_ref().filter(|_| self.log_unread)?;
        let failed = hints.failed.filter(|failed| is_after_set(failed.step))?;
        let set = self.rotation.exposed.as_ref()?.when.not_after;
        // A second of the future is nobody's.
        let at = failed.at.filter(|at| *at <= failed.came)?;
        (at > set).then_some(failed.came)
    }

    fn patience(&self) -> SignedDuration {
        let longest = self.facts.paces.iter().map(|(_, pace)| pace.took).max();
        let patience = longest.map_or(USUAL_PATIENCE, |longest| longest * PATIENCE);
        patience.clamp(
            LEAST_PATIENCE,
            self.settings.timing.stalled_after.max(LEAST_PATIENCE),
        )
    }
}

/// Whether it is a step that is invoked only once setSecret has ended well.
fn is_after_set(step: Option<Step>) -> bool {
    matches!(step, Some(Step::TestSecret | Step::FinishSecret))
}

/// How long a rotation that ended by itself took from setSecret to finishSecret, by when each was seen to be done.
pub(crate) fn pace(rotation: &Rotation) -> Option<Pace> {
    let (exposed, promoted) = (rotation.exposed.as_ref()?, rotation.promoted.as_ref()?);
    let by_itself = rotation.origin == Origin::Rotation
        && rotation.failures.is_empty()
        && !promoted.sources.contains(&Source::Watchdog);
    let (from, at) = (exposed.when.not_after, promoted.when.not_after);
    let took = at.duration_since(from);
    (by_itself && from <= at).then_some(Pace { took, at })
}

/// When both logins began to say that the database has AWSPENDING's password alone, after the rotation began.
fn ahead_since(rotation: &Rotation, facts: &SecretFacts, from: &VersionId) -> Option<Timestamp> {
    let began = rotation.started.as_ref()?.when.not_after;
    let since = |version: &VersionId, is: fn(&LoginAnswer) -> bool| {
        let at = said_since(facts.logins.get(version)?, is)?;
        (at.1 >= began).then_some(at.0)
    };
    let accepted = since(&rotation.key.version, LoginAnswer::is_accepted)?;
    let refused = since(from, LoginAnswer::is_refused)?;
    Some(accepted.max(refused))
}

/// Since when, and when last, a version's logins say so, if the last that tells anything of the password does.
fn said_since(track: &Track<LoginAnswer>, is: fn(&LoginAnswer) -> bool) -> Option<(Timestamp, Timestamp)> {
    let tells = |run: &&Run<LoginAnswer>| run.state.is_accepted() || run.state.is_refused();
    let mut telling = track.runs().iter().rev().filter(tells);
    let last = telling.next().filter(|run| is(&run.state))?;
    let same = telling.take_while(|run| is(&run.state)).last();
    Some((same.unwrap_or(last).first.arrived, last.last.arrived))
}

fn was_current(key: &RotationKey, facts: &SecretFacts) -> bool {
    let mut runs = facts.labels.runs().iter();
    key.n > 1 || runs.any(|run| run.state.current.as_ref() == Some(&key.version))
}

fn is_labelled(key: &RotationKey, facts: &SecretFacts) -> bool {
    let latest = facts.labels.latest().map(|run| &run.state);
    let is_previous = latest.is_some_and(|labels| labels.previous.as_ref() == Some(&key.version));
    let seen = facts.seen.as_ref();
    is_previous || seen.is_some_and(|(_, seen)| seen.labelled.contains(&key.version))
}

/// How many promotions of ours went through since then.
pub(crate) fn done_since(attempts: &Attempts, since: Timestamp) -> usize {
    let ours = attempts
        .iter()
        .filter(|attempt| attempt.decision.write.kind() == KIND);
    ours.filter(|attempt| attempt.written().is_some_and(|at| at >= since))
        .count()
}

/// When our promotion of a version was sent and answered, if it went through.
pub(crate) fn promoted_by_us(attempts: &Attempts, rotation: &RotationKey) -> Option<(Timestamp, Timestamp)> {
    let tries = attempts.tries(rotation, KIND).into_iter().rev();
    let mut went = tries.filter_map(|attempt| Some((attempt.decision.at, attempt.written()?)));
    went.next()
}

/// When the last promotion of a version that went through was answered.
pub(crate) fn answered_for(attempts: &Attempts, promoted: &VersionId) -> Option<Timestamp> {
    let mut latest = attempts.iter().rev();
    latest.find_map(|attempt| match &attempt.decision.write {
        Write::Promote { version, .. } if version == promoted => attempt.written(),
        _ => None,
    })
}

/// When guards of promotions logged in with AWSCURRENT, which is refused where all is as it was decided: at most once each.
pub(crate) fn asked_at(attempts: &Attempts) -> Vec<Timestamp> {
    let ours = attempts
        .iter()
        .filter(|attempt| attempt.decision.write.kind() == KIND);
    ours.map(|attempt| attempt.decision.at).collect()
}

pub(super) fn guards(secret: &SecretArn, version: &VersionId, from: &VersionId) -> Vec<Guard> {
    vec![
        Guard::Promotable {
            secret: secret.clone(),
            expects: Promotable {
                current: from.clone(),
                pending: version.clone(),
            },
        },
        Guard::Logins {
            secret: secret.clone(),
            current: from.clone(),
            pending: version.clone(),
        },
    ]
}

/// Whether the latest look at the labels shows the version promoted.
pub(super) fn effect(facts: &SecretFacts, version: &VersionId, decided: Timestamp) -> Option<Effect> {
    let run = facts.labels.latest().filter(|run| run.last.sent >= decided)?;
    let is_shown = run.state.current.as_ref() == Some(version);
    Some((run.last, is_shown.then_some(Done::Written { began: None })))
}

pub(super) fn text(version: &VersionId, from: &VersionId) -> String {
    format!("AWSCURRENT from {from} to {version}, whose password the database has already")
}
