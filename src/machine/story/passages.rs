//! How a promotion came to its consumers: each comes to the new value once, and what happens to it later is no matter of
//! the rotation any more (another secret, the team's own deployment).

use jiff::{SignedDuration, Timestamp};

use crate::consumers::{Standing, Topic, Why};
use crate::facts::stages::{Reached, StageRun};
use crate::facts::state::{SecretFacts, State};
use crate::model::{ConsumerId, LookKey, RotationKey, Stage, When};

/// When a consumer first came to hold the new value: between the last look that certainly showed the old one and the
/// first that showed it over. A deployment under way does not show who holds what: its own tasks may be young.
pub(crate) fn over_since(runs: &[StageRun]) -> Option<When> {
    done_since(runs, Stage::is_over)
}

fn done_since(runs: &[StageRun], is_done: fn(Stage) -> bool) -> Option<When> {
    let first = runs.iter().position(|run| is_done(run.stage))?;
    Some(between(&runs[..first], runs[first].first))
}

fn between(before: &[StageRun], not_after: Timestamp) -> When {
    let old = before.iter().filter_map(|run| run.old).max();
    old.map_or(When::by(not_after), |old| When::between(old, not_after))
}

/// The consumers of one promotion.
pub(crate) struct Passages<'a> {
    passages: Vec<Passage<'a>>,
    promoted: When,
    /// When this process first saw the version current, where it is.
    seen: Option<Timestamp>,
    /// A consumer that was first looked at so long after all others were done was not there.
    patience: SignedDuration,
    now: Timestamp,
}

struct Passage<'a> {
    runs: &'a [StageRun],
    /// Nothing for one that only the journal knows.
    standing: Option<&'a Standing>,
    /// It cannot be looked at.
    failing: bool,
    caches: bool,
}

impl<'a> Passages<'a> {
    /// By the journal alone: consumers stand where they were last told to be.
    pub(crate) fn told(
        rotation: &RotationKey,
        reached: &'a Reached,
        promoted: When,
        patience: SignedDuration,
    ) -> Self {
        let of_it = reached.iter().filter(|((of, _), _)| of == rotation);
        let passages = of_it.map(|(_, runs)| Passage::told(runs)).collect();
        Self {
            passages,
            promoted,
            seen: None,
            patience,
            now: Timestamp::MAX,
        }
    }

    /// Of the promotion that stands: also by how its consumers stand at the moment. One that is gone counts with what
    /// it came to.
    pub(crate) fn of(
        state: &State,
        facts: &'a SecretFacts,
        (rotation, promoted): (&RotationKey, When),
        consumers: &'a [(ConsumerId, Standing)],
        (patience, now): (SignedDuration, Timestamp),
    ) -> Self {
        let known = consumers.iter().map(|(id, standing)| {
            let runs = facts.reached.get(&(rotation.clone(), id.clone()));
            let runs = runs.map_or(&[][..], Vec::as_slice);
            let failing = state.failing.contains_key(&LookKey::Consumer(id.clone()));
            Passage {
                failing,
                standing: Some(standing),
                ..Passage::told(runs)
            }
            .with_cache()
        });
        let is_gone = |id: &ConsumerId| !consumers.iter().any(|(known, _)| known == id);
        let gone = facts.reached.iter().filter(|((of, id), runs)| {
            of == rotation && is_gone(id) && runs.iter().any(|run| run.stage.is_settled())
        });
        let current = facts.current_seen.as_ref();
        Self {
            passages: known.chain(gone.map(|(_, runs)| Passage::told(runs))).collect(),
            promoted,
            seen: current
                .filter(|(version, _)| *version == rotation.version)
                .map(|(_, at)| *at),
            patience,
            now,
        }
    }

    /// When the last consumer that must be refreshed held the new value; nothing while one may not. One that only caches
    /// is held against its own time to live, and one that was found long after the others were done is no reason to
    /// take back what was said: its own findings speak.
    pub(crate) fn closed(&self) -> Option<When> {
        let mut done = self.begin();
        let passages = self.in_order();
        for passage in passages.into_iter().filter(|passage| !passage.caches) {
            if !self.is_late(passage, done) {
                done.add(passage.done(Stage::is_over, self.promoted)?);
            }
        }
        Some(done.when)
    }

    /// When it was over at the latest, with this: no earlier than the last look that certainly showed an old value. Who was
    /// never seen to hold one may have been over long before.
    pub(crate) fn until(&self, ended: When) -> When {
        let runs = self.passages.iter().flat_map(|passage| passage.runs);
        let old = runs.filter_map(|run| run.old).max();
        When {
            not_before: old
                .max(self.promoted.not_before)
                .map(|bound| bound.min(ended.not_after)),
            ..ended
        }
    }

    /// When nothing was left to do for the first time; nothing while something is. One that is found stale later is.
    pub(crate) fn settled(&self) -> Option<Timestamp> {
        let mut done = self.begin();
        for passage in self.in_order() {
            let settled = passage.done(Stage::is_settled, self.promoted);
            let is_nothing_new = settled.is_some() || !passage.was_old();
            if !(self.is_late(passage, done) && is_nothing_new) {
                done.add(settled?);
            }
        }
        Some(done.when.not_after)
    }

    /// When time alone may next make a consumer that was not looked at yet one that came late.
    pub(crate) fn late_at(&self) -> Option<Timestamp> {
        const JUST_AFTER: SignedDuration = SignedDuration::from_nanos(1);
        let mut passages = self.passages.iter();
        if !passages.any(|passage| passage.is_unlooked() && !passage.failing) {
            return None;
        }
        let stages: [fn(Stage) -> bool; 2] = [Stage::is_over, Stage::is_settled];
        let done = stages.into_iter().flat_map(|is_done| {
            let passages = self.passages.iter();
            passages.filter_map(move |passage| passage.done(is_done, self.promoted))
        });
        let done = done.map(|when| when.not_after);
        let since = done.chain(self.seen).chain([self.promoted.not_after]);
        let late = since.filter_map(|at| at.checked_add(self.patience + JUST_AFTER).ok());
        late.filter(|at| *at > self.now).min()
    }

    /// Until when caches may hold the old value, for all that is known.
    pub(crate) fn caches_until(&self) -> Option<Timestamp> {
        let lives = self.passages.iter().filter_map(|passage| {
            let Why::CacheLives { until } = passage.standing?.why else {
                return None;
            };
            Some(until)
        });
        lives.max()
    }

    /// In the order in which they were first looked at; those that were not come last.
    fn in_order(&self) -> Vec<&Passage<'a>> {
        let mut passages: Vec<_> = self.passages.iter().collect();
        passages.sort_by_key(|passage| passage.first_look().unwrap_or(Timestamp::MAX));
        passages
    }

    fn begin(&self) -> Done {
        Done {
            when: self.promoted,
            consumers: 0,
        }
    }

    /// Whether a consumer came to be known long after those before it were done, and not because nobody watched: a
    /// service that was made later.
    fn is_late(&self, passage: &Passage<'_>, done: Done) -> bool {
        let known = match passage.first_look() {
            Some(first) => first,
            None if passage.is_unlooked() && !passage.failing => self.now,
            None => return false,
        };
        let is_long_after = |at: Timestamp| at.checked_add(self.patience).is_ok_and(|until| known > until);
        match self.seen {
            Some(seen) if known >= seen && !is_long_after(seen) => false,
            Some(seen) if done.consumers == 0 && known < seen => false,
            None if done.consumers == 0 => false,
            Some(_) | None => is_long_after(done.when.not_after),
        }
    }
}

/// Who is done so far, and since when.
#[derive(Clone, Copy)]
struct Done {
    when: When,
    consumers: usize,
}

impl Done {
    fn add(&mut self, when: When) {
        self.when = later(self.when, when);
        self.consumers += 1;
    }
}

impl<'a> Passage<'a> {
    fn told(runs: &'a [StageRun]) -> Self {
        Self {
            runs,
            standing: None,
            failing: false,
            caches: runs.iter().any(|run| Why::tells_of_a_cache(&run.why)),
        }
    }

    fn with_cache(mut self) -> Self {
        let topic = self.standing.map(|standing| standing.why.topic());
        self.caches |= topic == Some(Topic::Cache);
        self
    }

    /// The look just taken is not among the runs yet; one that showed nothing never will be.
    fn first_look(&self) -> Option<Timestamp> {
        let standing = self.standing.filter(|standing| standing.stage != Stage::Unknown);
        let as_of = || standing?.as_of;
        self.runs.first().map(|run| run.first).or_else(as_of)
    }

    fn is_unlooked(&self) -> bool {
        self.standing
            .is_some_and(|standing| standing.why == Why::NotLookedYet)
    }

    fn done(&self, is_done: fn(Stage) -> bool, promoted: When) -> Option<When> {
        let now = || {
            let standing = self.standing.filter(|standing| is_done(standing.stage))?;
            Some(between(self.runs, standing.as_of.unwrap_or(promoted.not_after)))
        };
        done_since(self.runs, is_done).or_else(now)
    }

    fn was_old(&self) -> bool {
        let is_stale = self
            .standing
            .is_some_and(|standing| standing.stage == Stage::Stale);
        is_stale || self.runs.iter().any(|run| run.stage == Stage::Stale)
    }
}

fn later(a: When, b: When) -> When {
    When {
        not_before: a.not_before.max(b.not_before),
        not_after: a.not_after.max(b.not_after),
    }
}
