//! RDS: the master user's password is being set, was set, or could not be set (aws-facts: RDS). It tells of secrets of
//! master users alone: nobody else's password goes through RDS.

use jiff::{SignedDuration, Timestamp};

use crate::facts::rds::MasterFacts;
use crate::facts::state::SecretFacts;
use crate::facts::track::began;
use crate::model::{Step, When};
use crate::story::rotations::{Failure, Rotation};
use crate::story::sighting::{Milestone, Sighting, Source};

/// Events of RDS may be dated to the second.
const SECOND: SignedDuration = SignedDuration::from_secs(1);
/// RDS sets a password for minutes: its failure may come so long after the rotation was given up.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// From when to when what RDS shows is of this rotation.
struct Span {
    from: Timestamp,
    to: Option<Timestamp>,
}

impl Span {
    /// Nothing where nobody knows when the rotation began. `next`: when the rotation after it began.
    fn of(rotation: &Rotation, next: Option<Timestamp>) -> Option<Self> {
        let began = rotation.started.as_ref()?.when;
        let promoted = rotation.promoted.as_ref().map(|seen| seen.when.not_after);
        let ended = rotation.ending.as_ref().map(|(_, when)| when.not_after + LATE);
        let to = promoted.or(ended);
        Some(Self {
            from: began.not_before.unwrap_or(began.not_after),
            to: to.into_iter().chain(next).min(),
        })
    }

    fn has(&self, at: Timestamp) -> bool {
        at >= self.from && self.to.is_none_or(|to| at <= to)
    }
}

pub(in crate::story) fn read(rotation: &mut Rotation, facts: &SecretFacts, next: Option<Timestamp>) {
    let (Some(master), Some(mut span)) = (facts.master.as_deref(), Span::of(rotation, next)) else {
        return;
    };
    for reset in master
        .resets
        .iter()
        .filter(|reset| reset.failed && span.has(reset.at))
    {
        let later = rotation.failures.partition_point(|known| known.at <= reset.at);
        rotation.failures.insert(later, failure(reset.at));
    }
    // What RDS was about to set before it failed was not set.
    let failed = master
        .resets
        .iter()
        .rev()
        .find(|reset| reset.failed && span.has(reset.at));
    span.from = failed.map_or(span.from, |reset| reset.at);
    let set = [setting(master, &span), set(master, &span)];
    for when in set.into_iter().flatten() {
        rotation.see(Sighting {
            milestone: Milestone::Exposed,
            when,
            source: Source::Rds,
        });
    }
}

/// A look that shows the password on its way, after one that does not.
fn setting(master: &MasterFacts, span: &Span) -> Option<When> {
    let runs = master.states.runs();
    let is_of_it = |i: &usize| runs[*i].state.resetting && span.has(runs[*i].first.arrived);
    let i = (0..runs.len()).find(is_of_it)?;
    let before = i.checked_sub(1).map(|i| &runs[i]);
    let when = began(before, &runs[i], SignedDuration::ZERO);
    Some(When {
        not_before: when
            .not_before
            .max(Some(span.from))
            .map(|at| at.min(when.not_after)),
        ..when
    })
}

/// "Reset master credentials.": by then it was set.
fn set(master: &MasterFacts, span: &Span) -> Option<When> {
    let mut resets = master.resets.iter();
    let reset = resets.find(|reset| !reset.failed && span.has(reset.at + SECOND))?;
    Some(When::between(span.from, reset.at + SECOND))
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
