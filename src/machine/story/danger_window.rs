//! The danger window: the time in which the database takes only a new password, and somebody may hold the old one.
//!
//! It opens with setSecret. It closes for good when AWSCURRENT has moved and every consumer that must be refreshed has come
//! to be fresh or presumed once; a redeploy later, for whatever reason, does not open it again. Where the old password
//! still works there is none: with alternating users it dies with the next rotation, and a consumer that holds it is
//! stale, not locked out. A consumer that only caches is held against its own time to live (`caches_until`).

use jiff::{SignedDuration, Timestamp};

use crate::facts::stages::Reached;
use crate::facts::state::{SecretFacts, State};
use crate::facts::track::{Run, Track, began};
use crate::judge::{Judgement, RotationView};
use crate::model::{LoginAnswer, Strategy, When};
use crate::policy::Timing;
use crate::story::passages::Passages;
use crate::story::rotations::{Ending, Origin, Rotation};

/// When it opened and closed, each as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DangerWindow {
    pub opened: When,
    /// Nothing while a consumer that must be refreshed may hold the old value.
    pub closed: Option<When>,
    /// Until when consumers that only cache may hold it, beside the window.
    pub caches_until: Option<Timestamp>,
}

impl DangerWindow {
    /// The window of one of a secret's rotations. `clock`: how long after all others were done a consumer that is first
    /// looked at is a new one, and the time.
    pub(crate) fn of(
        judgement: &Judgement,
        i: usize,
        state: &State,
        facts: &SecretFacts,
        clock: (SignedDuration, Timestamp),
    ) -> Option<Self> {
        let view = &judgement.rotations[i];
        let rotation = &view.rotation;
        if is_spared(rotation, judgement.strategy.0, facts) {
            return None;
        }
        let Some(promoted) = rotation.promoted.as_ref().map(|seen| seen.when) else {
            let later = judgement.rotations[i + 1..].iter().map(|view| &view.rotation);
            return Self::unpromoted(rotation, facts, later);
        };
        let passages = if rotation.is_current() {
            Passages::of(state, facts, (&rotation.key, promoted), &view.consumers, clock)
        } else {
            Passages::told(&rotation.key, &facts.reached, promoted, clock.0)
        };
        let window = Self::promoted(rotation, promoted, &passages);
        let ended = rotation.ending.map(|(_, when)| when);
        // Of somebody who was not looked at in time nobody knows.
        let ended = ended.filter(|ended| ended.not_after <= promoted.not_after + clock.0);
        Some(
            match ended.filter(|_| is_anybody_unseen(rotation, state, facts)) {
                Some(ended) => Self {
                    closed: Some(passages.until(ended)),
                    ..window
                },
                None => window,
            },
        )
    }

    /// The same by what the journal keeps, without a look: consumers stand where they were last told to be. Nothing
    /// for a promotion that stands and of which no consumer is told.
    pub fn told(view: &RotationView, reached: &Reached, timing: &Timing) -> Option<Self> {
        let (window, rotation) = (view.window?, &view.rotation);
        let Some(promoted) = rotation.promoted.as_ref().filter(|_| rotation.is_current()) else {
            return Some(window);
        };
        let is_told = reached.keys().any(|(of, _)| *of == rotation.key);
        let passages = Passages::told(&rotation.key, reached, promoted.when, timing.verify_for);
        is_told.then(|| Self::promoted(rotation, promoted.when, &passages))
    }

    fn promoted(rotation: &Rotation, promoted: When, passages: &Passages<'_>) -> Self {
        // setSecret lies between the start and the promotion, even where no source told of it.
        let unseen = When {
            not_before: rotation.started.as_ref().and_then(|seen| seen.when.not_before),
            ..promoted
        };
        let closed = passages.closed();
        Self {
            opened: rotation.exposed.as_ref().map_or(unseen, |seen| seen.when),
            closed: match rotation.ending {
                None => closed,
                // The next promotion took it over at the latest.
                Some((_, when)) => {
                    Some(closed.map_or_else(|| passages.until(when), |seen| earlier(seen, when)))
                }
            },
            caches_until: passages.caches_until(),
        }
    }

    /// Of a rotation under way, or one that was given up: then the database may have its password, and consumers are
    /// given another, until a login or the next promotion tells otherwise.
    fn unpromoted<'a>(
        rotation: &Rotation,
        facts: &SecretFacts,
        mut later: impl Iterator<Item = &'a Rotation>,
    ) -> Option<Self> {
        let opened = opened(rotation, facts)?;
        let closed = match rotation.ending {
            None => mended(facts, opened),
            Some((Ending::OnlyTested, _)) => return None,
            Some((Ending::Abandoned | Ending::Superseded | Ending::RolledBack, ended)) => {
                let promoted = later.find_map(|later| later.promoted.as_ref());
                let taken_over = promoted.map(|seen| taken_over(seen.when, ended));
                taken_over.or_else(|| mended(facts, opened))
            }
        };
        Some(Self {
            opened,
            closed,
            caches_until: None,
        })
    }

    /// It certainly lasted so long; while it is open, so long since setSecret was seen.
    pub fn at_least(&self, now: Timestamp) -> SignedDuration {
        let until = self
            .closed
            .map_or(now, |when| when.not_before.unwrap_or(self.opened.not_after));
        until
            .duration_since(self.opened.not_after)
            .max(SignedDuration::ZERO)
    }

    /// It lasted no longer; nothing where its beginning has no lower bound.
    pub fn at_most(&self, now: Timestamp) -> Option<SignedDuration> {
        let until = self.closed.map_or(now, |when| when.not_after);
        let opened = self.opened.not_before?;
        Some(until.duration_since(opened).max(SignedDuration::ZERO))
    }

    /// From setSecret's not-after to the look that showed it closed: one number between the two, for statistics.
    pub fn seen_for(&self) -> Option<SignedDuration> {
        let lasted = self.closed?.not_after.duration_since(self.opened.not_after);
        Some(lasted.max(SignedDuration::ZERO))
    }
}

impl Judgement {
    /// The window that matters most: the one that is open for longest, else the latest rotation's. The next rotation may
    /// have begun while consumers of the one before are left.
    pub fn window(&self) -> Option<DangerWindow> {
        let windows = self.rotations.iter().filter_map(|view| view.window);
        let open = windows.filter(|window| window.closed.is_none());
        open.min_by_key(|window| window.opened.not_after)
            .or_else(|| self.latest()?.window)
    }
}

fn is_anybody_unseen(rotation: &Rotation, state: &State, facts: &SecretFacts) -> bool {
    let secret = &rotation.key.secret;
    let mut users = state.users_of(secret);
    users.any(|(id, _)| !facts.reached.contains_key(&(rotation.key.clone(), id.clone())))
}

/// Whether no consumer can be locked out: no rotation, or one that leaves the old password as it is.
fn is_spared(rotation: &Rotation, strategy: Strategy, facts: &SecretFacts) -> bool {
    rotation.origin != Origin::Rotation || strategy.keeps_the_old() || both_log_in(rotation, facts)
}

/// Both passwords log in at the same time: alternating users, or a database that keeps two for one user.
pub(crate) fn both_log_in(rotation: &Rotation, facts: &SecretFacts) -> bool {
    let (Some(new), Some(old)) = (
        facts.logins.get(&rotation.key.version),
        rotation.replaced.as_ref(),
    ) else {
        return false;
    };
    let accepted = new.runs().iter().find(|run| run.state.is_accepted());
    let since = accepted.map(|run| run.first.arrived);
    let known = facts.logins.get(old).and_then(Track::latest);
    since
        .zip(known)
        .is_some_and(|(since, run)| run.state.is_accepted() && run.last.sent >= since)
}

/// When the database took the new password, as far as any source tells: also that AWSCURRENT is refused since the
/// rotation began, where no log can be read.
fn opened(rotation: &Rotation, facts: &SecretFacts) -> Option<When> {
    let told = rotation.exposed.as_ref().map(|seen| seen.when);
    told.or_else(|| refused_since(rotation, facts))
}

fn refused_since(rotation: &Rotation, facts: &SecretFacts) -> Option<When> {
    let began_at = rotation.started.as_ref()?.when.not_after;
    let old = rotation.replaced.as_ref()?;
    let telling_old = telling(facts.logins.get(old)?);
    let (last, before) = telling_old.split_last()?;
    let new = facts.logins.get(&rotation.key.version).map(telling);
    // Where both are refused, somebody else has changed the password; and what AWSCURRENT has left is no matter.
    let is_another = new.is_some_and(|runs| runs.last().is_some_and(|run| run.state.is_refused()));
    let is_new = last.state.is_refused() && last.first.sent >= began_at;
    let is_its = is_new && !is_another && facts.current() == Some(old);
    is_its.then(|| began(before.last().copied(), last, SignedDuration::ZERO))
}

/// AWSCURRENT logs in after all, whatever it is on.
fn mended(facts: &SecretFacts, opened: When) -> Option<When> {
    let track = facts.logins.get(facts.current()?)?;
    let last = telling(track).pop().filter(|run| run.state.is_accepted())?;
    let looks = [last.first.arrived, last.last.arrived];
    looks.into_iter().find(|at| *at > opened.not_after).map(When::by)
}

/// The next promotion, after a rotation that was given up. Where nobody looked between the two, it may have been
/// promoted itself.
fn taken_over(promoted: When, ended: When) -> When {
    let is_between = promoted.not_before.is_some_and(|bound| bound >= ended.not_after);
    let not_before = if is_between {
        promoted.not_before
    } else {
        ended.not_before
    };
    When {
        not_before,
        ..promoted
    }
}

/// What says anything about the password.
fn telling(track: &Track<LoginAnswer>) -> Vec<&Run<LoginAnswer>> {
    let runs = track.runs().iter();
    runs.filter(|run| run.state.is_accepted() || run.state.is_refused())
        .collect()
}

fn earlier(a: When, b: When) -> When {
    if a.not_after <= b.not_after { a } else { b }
}
