//! The rotations of a secret, read from its facts: what began, how far it came, how it ended.
//!
//! Derived anew each time, so that late evidence changes the story as if it had been in time.

mod unseen;

use jiff::Timestamp;

use crate::facts::state::SecretFacts;
use crate::facts::track::{Run, began};
use crate::model::{Labels, RotationKey, SecretArn, Step, VersionId, When};
use crate::policy::Timing;
use crate::story::milestones::{Neighbours, fill};
pub use crate::story::sighting::{Seen, Source};
use crate::story::stale_labels::settled_runs;

use unseen::Change;

/// How a version came to be current, or is on the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Through AWSPENDING.
    Rotation,
    /// By a person or a tool, without AWSPENDING: no phases.
    Manual,
    /// From the region where the secret is rotated: a replica has neither AWSPENDING nor steps.
    Replicated,
    /// AWSCURRENT moved back to a version that was current before.
    Rollback,
    /// It was current when the secret was first seen.
    Baseline,
}

impl Origin {
    /// Whether a rotation Lambda may have brought it about: its log speaks of nothing else.
    pub(crate) fn has_steps(self) -> bool {
        match self {
            Self::Rotation | Self::Baseline => true,
            Self::Manual | Self::Replicated | Self::Rollback => false,
        }
    }
}

/// How a rotation ended otherwise than by its success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// AWSPENDING went away, or on to another version, and AWSCURRENT did not follow.
    Abandoned,
    /// RotateSecret with RotateImmediately=false: only testSecret ran.
    OnlyTested,
    /// The next promotion took its place.
    Superseded,
    /// AWSCURRENT went back to the version before.
    RolledBack,
}

/// A step that failed, as the rotation Lambda's log or RDS told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub step: Option<Step>,
    pub at: Timestamp,
    pub why: String,
    /// The log, or RDS, itself says which step it was.
    pub named: bool,
    /// The invocation ended with it.
    pub ended: bool,
}

/// One rotation, as far as the facts tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub key: RotationKey,
    pub origin: Origin,
    /// The version that was current before.
    pub replaced: Option<VersionId>,
    pub started: Option<Seen>,
    pub created: Option<Seen>,
    pub exposed: Option<Seen>,
    /// The log tells that setSecret's invocation ended without a failure.
    pub set_ended: bool,
    pub tested: Option<Seen>,
    pub promoted: Option<Seen>,
    pub failures: Vec<Failure>,
    pub ending: Option<(Ending, When)>,
    pub moves: Moves,
    /// AWSCURRENT moved before setSecret was done: nothing that the protocol promises holds.
    pub early: bool,
}

/// How AWSCURRENT came to a version between two looks: what the log may tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// At once: finishSecret's line dates the promotion.
    One,
    /// Over another version: lines that name none may be that one's.
    Several,
    /// At the first look, and the secret has changed since its log.
    Unknown,
}

impl Rotation {
    fn new(
        secret: &SecretArn,
        version: &VersionId,
        n: u32,
        origin: Origin,
        replaced: Option<VersionId>,
    ) -> Self {
        Self {
            key: RotationKey {
                secret: secret.clone(),
                version: version.clone(),
                n,
            },
            origin,
            replaced,
            started: None,
            created: None,
            exposed: None,
            set_ended: false,
            tested: None,
            promoted: None,
            failures: Vec::new(),
            ending: None,
            moves: Moves::One,
            early: false,
        }
    }

    /// Under way: begun, neither promoted nor ended.
    pub fn is_open(&self) -> bool {
        self.promoted.is_none() && self.ending.is_none()
    }

    /// It began no earlier.
    fn began(&self) -> Option<Timestamp> {
        let when = self.started.as_ref().or(self.promoted.as_ref())?.when;
        Some(when.not_before.unwrap_or(when.not_after))
    }

    /// AWSPENDING came to its version between two looks.
    fn is_seen_to_start(&self) -> bool {
        self.started
            .as_ref()
            .is_some_and(|seen| seen.when.not_before.is_some())
    }

    /// Promoted and not replaced since.
    pub fn is_current(&self) -> bool {
        self.promoted.is_some() && self.ending.is_none()
    }

    /// The last time anything of it was seen to move.
    pub fn last_progress(&self) -> Option<Timestamp> {
        let milestones = [
            &self.started,
            &self.created,
            &self.exposed,
            &self.tested,
            &self.promoted,
        ];
        let seen = milestones.into_iter().flatten().map(|seen| seen.when.not_after);
        seen.chain(self.failures.iter().map(|failure| failure.at)).max()
    }

    /// The failure since which no step has succeeded for the first time: a retry repeats what had succeeded before.
    pub fn standing_failure(&self) -> Option<&Failure> {
        let last = self.failures.last()?;
        let steps = [&self.created, &self.exposed, &self.tested, &self.promoted];
        let retried = steps
            .into_iter()
            .flatten()
            .any(|seen| seen.when.not_after > last.at);
        (!retried).then_some(last)
    }
}

/// The rotations of a secret, oldest first.
pub fn rotations(secret: &SecretArn, facts: &SecretFacts, timing: &Timing) -> Vec<Rotation> {
    let runs = settled_runs(facts.labels.runs(), timing);
    let mut story = Story {
        secret,
        facts,
        timing,
        runs: &runs,
        rotations: Vec::new(),
    };
    for (i, run) in runs.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &runs[i]);
        story.take_in(before, run);
    }
    let mut rotations = story.rotations;
    for i in 0..rotations.len() {
        let neighbours = Neighbours {
            after: promotion_before(&rotations, i),
            next: rotations.get(i + 1).and_then(Rotation::began),
        };
        fill(&mut rotations[i], facts, neighbours, timing);
    }
    rotations
}

/// The last promotion before the rotation began. One that is taken up again may stand after a later promotion.
fn promotion_before(rotations: &[Rotation], i: usize) -> Option<Timestamp> {
    let end = |seen: &Option<Seen>| seen.as_ref().map(|seen| seen.when.not_after);
    let began = end(&rotations[i].started).or_else(|| end(&rotations[i].promoted))?;
    let others = rotations.iter().enumerate().filter(|(other, _)| *other != i);
    others
        .filter_map(|(_, other)| end(&other.promoted))
        .filter(|at| *at <= began)
        .max()
}

/// The rotations told so far, while walking the label runs in order.
struct Story<'a> {
    secret: &'a SecretArn,
    facts: &'a SecretFacts,
    timing: &'a Timing,
    runs: &'a [Run<Labels>],
    rotations: Vec<Rotation>,
}

impl Story<'_> {
    fn take_in(&mut self, before: Option<&Run<Labels>>, run: &Run<Labels>) {
        let when = began(before, run, self.timing.settle);
        match (before, &run.state.current) {
            (None, Some(current)) => {
                let rotation = self.promote(current, self.baseline(current, run), None, when);
                if !self.was_finished_last(current, run, when) {
                    self.rotations[rotation].moves = Moves::Unknown;
                }
            }
            (Some(before), Some(current)) if before.state.current.as_ref() != Some(current) => {
                let change = Change::between(before, run);
                let origin = self.origin(change, current);
                let rotation = self.promote(current, origin, before.state.current.clone(), when);
                if !change.is_direct {
                    self.rotations[rotation].moves = Moves::Several;
                }
            }
            (Some(before), Some(current)) => self.there_and_back(before, run, current, when),
            _ => {}
        }
        self.bound_by_rotated_date(run);
        self.follow_pending(before, run, when);
    }

    /// AWSPREVIOUS follows AWSCURRENT by itself: where it moved alone, AWSCURRENT was on that version meanwhile.
    fn there_and_back(&mut self, before: &Run<Labels>, run: &Run<Labels>, current: &VersionId, when: When) {
        let Some(passed) = &run.state.previous else { return };
        if run.state.previous == before.state.previous || passed == current {
            return;
        }
        let change = Change {
            before,
            run,
            is_direct: true,
        };
        let origin = self.origin(change, passed);
        self.promote(passed, origin, Some(current.clone()), when);
        self.promote(current, Origin::Rollback, Some(passed.clone()), when);
    }

    fn origin(&self, change: Change<'_>, current: &VersionId) -> Origin {
        let Change {
            before,
            run,
            is_direct,
        } = change;
        let open = self.open().map(|i| &self.rotations[i]);
        let open = open.filter(|rotation| &rotation.key.version == current);
        let is_pending = |run: &Run<Labels>| run.state.pending.as_ref() == Some(current);
        let through_pending = open.is_some() || is_pending(run);
        let taken_up = match open {
            Some(rotation) => rotation.is_seen_to_start(),
            None => !is_pending(before),
        };
        let was_before = before.state.previous.as_ref() == Some(current) || self.promotions(current) > 0;
        if through_pending && (is_direct && taken_up || self.was_rotated_again(current, change)) {
            Origin::Rotation
        } else if was_before {
            Origin::Rollback
        } else if self.was_rotated(current, change) {
            Origin::Rotation
        } else {
            self.put()
        }
    }

    /// Returns which rotation it is.
    fn promote(
        &mut self,
        version: &VersionId,
        origin: Origin,
        replaced: Option<VersionId>,
        when: When,
    ) -> usize {
        let ending = if origin == Origin::Rollback {
            Ending::RolledBack
        } else {
            Ending::Superseded
        };
        for rotation in self.rotations.iter_mut().filter(|rotation| rotation.is_current()) {
            rotation.ending = Some((ending, when));
        }
        let open = self.open();
        match open {
            Some(i) if &self.rotations[i].key.version == version => {
                self.rotations[i].promoted = Some(Seen::by(when, Source::Labels));
                self.rotations[i].origin = origin;
                i
            }
            _ => {
                self.abandon_open(when);
                let n = self.promotions(version) + 1;
                let mut rotation = Rotation::new(self.secret, version, n, origin, replaced);
                rotation.promoted = Some(Seen::by(when, Source::Labels));
                self.rotations.push(rotation);
                self.rotations.len() - 1
            }
        }
    }

    /// One that is still on its way is taken up again at once.
    fn follow_pending(&mut self, before: Option<&Run<Labels>>, run: &Run<Labels>, when: When) {
        self.abandon_open(when);
        let Some(pending) = run.state.in_progress() else {
            return;
        };
        // Left on what was promoted and gave way since: whether a rotation has taken it up again, labels do not tell.
        let was_there = before.is_some_and(|before| before.state.pending.as_ref() == Some(pending));
        let begun = if was_there { When::by(when.not_after) } else { when };
        self.begin(pending, run.state.current.clone(), begun);
    }

    /// A retry by the service brings the same version back: an attempt within the same rotation.
    fn begin(&mut self, version: &VersionId, current: Option<VersionId>, when: When) {
        let n = self.promotions(version) + 1;
        let known = self
            .rotations
            .iter()
            .position(|r| &r.key.version == version && r.key.n == n);
        match known {
            Some(i) => {
                let mut rotation = self.rotations.remove(i);
                rotation.ending = None;
                self.rotations.push(rotation);
            }
            None => {
                let mut rotation = Rotation::new(self.secret, version, n, Origin::Rotation, current);
                rotation.started = Some(Seen::by(when, Source::Labels));
                self.rotations.push(rotation);
            }
        }
    }

    fn abandon_open(&mut self, when: When) {
        if let Some(i) = self.open() {
            self.rotations[i].ending = Some((Ending::Abandoned, when));
        }
    }

    fn open(&self) -> Option<usize> {
        self.rotations.iter().rposition(Rotation::is_open)
    }

    fn promotions(&self, version: &VersionId) -> u32 {
        let promoted = self
            .rotations
            .iter()
            .filter(|r| &r.key.version == version && r.promoted.is_some());
        u32::try_from(promoted.count()).unwrap_or(u32::MAX)
    }
}
