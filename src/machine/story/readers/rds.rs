//! RDS: the master user's password was set, or could not be set (aws-facts: RDS). It tells of secrets of
//! master users alone: nobody else's password goes through RDS.
//!
//! An example: looks at 10:00:00 and 10:00:05 show `available`, one at 10:00:10 shows `resetting-master-credentials`, one
//! at 10:00:15 shows `available` again, and an event says "Reset master credentials." at 10:00:12.3. The password came true
//! between 10:00:00 (a look may show what was five seconds ago) and 10:00:13.3 (events may be dated to the second).

use jiff::{SignedDuration, Timestamp};

use crate::facts::rds::MasterFacts;
use crate::facts::state::SecretFacts;
use crate::facts::track::began;
use crate::model::{Reset, Step, When};
use crate::policy::Timing;
use crate::story::milestones::Neighbours;
use crate::story::rotations::{Failure, Rotation};
use crate::story::sighting::{Milestone, Sighting, Source};

/// Events of RDS may be dated to the second.
const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// RDS sets a password for minutes: its failure may come so long after the rotation was given up.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// From when to when what RDS shows is of this rotation.
struct Span {
    from: Timestamp,
    /// By when the rotation had begun.
    began: Timestamp,
    to: Option<Timestamp>,
}

/// RDS showed a password on its way into the database, until it was there.
struct Setting {
    /// When it came true.
    when: When,
    /// It was not there yet at a look that was sent then.
    not_yet: Timestamp,
}

impl Span {
    /// Nothing where nobody knows when the rotation began. `next`: when the rotation after it began.
    fn of(rotation: &Rotation, master: &MasterFacts, next: Option<Timestamp>) -> Option<Self> {
        let promoted = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        let ended = rotation.ending.as_ref().map(|(_, when)| when.not_after + LATE);
        let to = promoted.or(ended);
        Some(Self {
            from: earliest(rotation, master)?,
            began: rotation.started.as_ref()?.when.not_after,
            to: to.into_iter().chain(next).min(),
        })
    }

    fn has(&self, at: Timestamp) -> bool {
        at >= self.from && self.to.is_none_or(|to| at <= to)
    }
}

/// What RDS did before a version had its value was another's: a person may change the password, and rotate the secret
/// right after that. The password of a secret that RDS keeps is nobody else's to change.
fn earliest(rotation: &Rotation, master: &MasterFacts) -> Option<Timestamp> {
    let began = rotation.started.as_ref()?.when;
    let created = rotation.created.as_ref().and_then(|seen| seen.when.not_before);
    let is_certain = created.is_some() || is_kept(master);
    let earliest = created.max(began.not_before).filter(|_| is_certain);
    Some(earliest.unwrap_or(began.not_after))
}

pub(in crate::story) fn read(
    rotation: &mut Rotation,
    facts: &SecretFacts,
    Neighbours { after, next }: Neighbours,
    timing: &Timing,
) {
    let Some(master) = facts.master.as_deref() else {
        return;
    };
    let Some(mut span) = Span::of(rotation, master, next) else {
        return;
    };
    let failed = |reset: &&Reset| reset.failed && span.has(reset.at);
    for reset in master.resets.iter().filter(failed) {
        let later = rotation.failures.partition_point(|known| known.at <= reset.at);
        rotation.failures.insert(later, failure(reset.at));
    }
    // What RDS was about to set before it failed was not set.
    let failed = master.resets.iter().rev().find(failed);
    span.from = failed.map_or(span.from, |reset| reset.at);
    let setting = setting(master, &span, next, timing.settle);
    if let Some(setting) = &setting {
        correct(rotation, setting);
    }
    if let Some(when) = setting
        .map(|setting| setting.when)
        .or_else(|| set(master, &span, after))
    {
        let when = before_its_promotion(when, rotation, master);
        rotation.see(Sighting {
            milestone: Milestone::Exposed,
            when,
            source: Source::Rds,
        });
    }
}

/// RDS moves AWSCURRENT of the secrets that it keeps after it has set the password.
fn before_its_promotion(when: When, rotation: &Rotation, master: &MasterFacts) -> When {
    let promoted = rotation.promoted.as_ref().map(|seen| seen.when);
    match promoted.filter(|_| is_kept(master)) {
        Some(promoted) => when.no_later_than(promoted.not_after),
        None => when,
    }
}

fn is_kept(master: &MasterFacts) -> bool {
    master.states.runs().iter().any(|run| run.state.managed.is_some())
}

/// A function says that it has set the password when RDS has taken its order: ModifyDBInstance comes true later.
fn correct(rotation: &mut Rotation, setting: &Setting) {
    if let Some(seen) = &mut rotation.exposed
        && seen.when.not_after < setting.not_yet
    {
        seen.when.not_after = setting.when.not_after;
    }
}

/// Looks that show the password on its way, and then its event or a look that does not. While it is on its way the
/// database takes the old one, and AWSPENDING holds everybody back. It may come true after the promotion, where nothing
/// tested it. Nothing where an event tells that it was set before. `lag`: a look may show what was so long ago.
fn setting(
    master: &MasterFacts,
    span: &Span,
    next: Option<Timestamp>,
    lag: SignedDuration,
) -> Option<Setting> {
    let runs = master.states.runs();
    let is_of_it = |i: &usize| runs[*i].state.resetting && span.has(runs[*i].first.arrived);
    let i = (0..runs.len()).find(is_of_it)?;
    let (before, run) = (i.checked_sub(1).map(|i| &runs[i]), &runs[i]);
    let told = told_by(master).find(|at| *at >= span.from);
    if told.is_some_and(|at| at < run.first.sent) {
        return None;
    }
    // RDS may call its secret otherwise while it is still at it.
    let after = runs[i..].iter().position(|run| !run.state.resetting);
    let shown = after.map(|after| runs[i + after].first.arrived);
    let not_yet = runs[i..].iter().take_while(|run| run.state.resetting).last()?;
    let over = shown.into_iter().chain(told).min();
    let not_after = over.filter(|over| next.is_none_or(|next| *over <= next))?;
    let not_before = began(before, run, lag)
        .not_before
        .map_or(span.from, |at| at.max(span.from));
    Some(Setting {
        when: When::between(not_before, not_after),
        not_yet: not_after.min(not_yet.last.sent - lag),
    })
}

/// "Reset master credentials.": by then it was set. What was there before the rotation was seen to have begun may have been
/// of a rotation that nobody saw: it counts where nothing came later, and the last of it. `after`: the promotion before it.
/// Where that one was seen no earlier than this rotation, a single event is that one's: this rotation's may still come.
fn set(master: &MasterFacts, span: &Span, after: Option<Timestamp>) -> Option<When> {
    let of_it = told_by(master).filter(|at| span.has(*at));
    let (doubtful, sure): (Vec<Timestamp>, Vec<Timestamp>) = of_it.partition(|at| *at <= span.began);
    let is_of_another = |at: &Timestamp| doubtful.len() == 1 && after.is_some_and(|after| *at <= after);
    let last = doubtful.last().filter(|at| !is_of_another(at));
    let at = *sure.first().or(last)?;
    Some(When::between(span.from.min(at - SECOND), at))
}

/// By when passwords were set, as events tell.
fn told_by(master: &MasterFacts) -> impl Iterator<Item = Timestamp> {
    let successes = master.resets.iter().filter(|reset| !reset.failed);
    successes.map(|reset| reset.at + SECOND)
}

fn failure(at: Timestamp) -> Failure {
    Failure {
        step: Some(Step::SetSecret),
        at,
        why: "RDS could not set the master user's password".to_owned(),
        named: true,
        ended: false,
    }
}
