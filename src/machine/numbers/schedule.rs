//! What is measured, and when. Each metric that is asked for is paid for, not each point: so numbers are asked for only from
//! a rotation's start to the end of its watch, and the seldomer the longer ago its danger is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::series::Taken;
use crate::facts::state::State;
use crate::judge::{Judgement, RotationView};
use crate::model::{ConsumerId, Measured, SecretArn};
use crate::policy::Settings;
use crate::story::phase::Phase;
use crate::story::rotations::Origin;

/// Points are of whole minutes.
const CLOSELY: SignedDuration = SignedDuration::from_mins(1);
/// So long after the danger window closed, or after the promotion where there was none.
const CLOSELY_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Then so often, to the end of the first hour.
const LESS_CLOSELY: SignedDuration = SignedDuration::from_mins(5);
/// So many of one secret are measured, in the order of their names: each costs.
const MOST_APPLICATIONS: usize = 100;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is measured for a secret now, each since its rotation began; nothing where it is at rest.
pub(crate) fn wanted(
    state: &State,
    secret: &SecretArn,
    judgement: &Judgement,
    settings: &Settings,
) -> BTreeMap<Measured, Timestamp> {
    match measured_for(judgement) {
        Some((_, since)) if settings.numbers => measured_of(state, secret, settings)
            .map(|measured| (measured, since))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// The rotation for which a secret's applications are measured, and since when.
fn measured_for(judgement: &Judgement) -> Option<(&RotationView, Timestamp)> {
    let view = judgement.latest()?;
    let is_watched = match view.phase {
        Phase::Propagating | Phase::Verifying | Phase::Watching => true,
        Phase::Creating
        | Phase::Created
        | Phase::Exposed
        | Phase::Tested
        | Phase::Stalled
        | Phase::Failed { .. } => view.rotation.is_open(),
        Phase::Settled | Phase::Superseded | Phase::Abandoned | Phase::RolledBack => false,
    };
    if !is_watched || view.rotation.origin == Origin::Baseline {
        return None;
    }
    let began = view
        .rotation
        .started
        .as_ref()
        .or(view.rotation.promoted.as_ref())?;
    Some((view, began.when.not_after))
}

/// The applications and the database of a secret.
fn measured_of<'a>(
    state: &'a State,
    secret: &'a SecretArn,
    settings: &'a Settings,
) -> impl Iterator<Item = Measured> + 'a {
    let users = state.users_of(secret).filter_map(move |(id, _)| match id {
        ConsumerId::Service { .. } | ConsumerId::Function { .. } => Some(settings.applications.of(id)),
        // Nothing measures them, unless they belong to a group.
        ConsumerId::Proxy { .. } | ConsumerId::Declared { .. } => settings.applications.group_of(id),
    });
    let applications: BTreeSet<_> = users.collect();
    let applications = applications.into_iter().take(MOST_APPLICATIONS);
    let applications = applications.map(Measured::Application);
    let database = state
        .rds_of(secret)
        .map(|link| Measured::Database(link.database.id.clone()));
    applications.chain(database)
}

/// How often something is asked for at this moment for a secret. Whoever fails is not left alone for an hour.
pub(crate) fn asked_every(judgement: &Judgement, taken: &Taken, now: Timestamp) -> Option<SignedDuration> {
    let (view, began) = measured_for(judgement)?;
    let interval = interval(view, began, now);
    Some(if taken.failed {
        interval.min(LESS_CLOSELY)
    } else {
        interval
    })
}

/// A window that nobody closes, as in `observe`, would cost as much in a day as a year of rotations: so each interval
/// becomes longer with the rotation's age in any case.
fn interval(view: &RotationView, began: Timestamp, now: Timestamp) -> SignedDuration {
    let promoted = view.rotation.promoted.as_ref().map(|seen| seen.when.not_after);
    let over = promoted.and_then(|promoted| match view.window {
        Some(window) => Some(window.closed?.not_after.max(promoted)),
        None => Some(promoted),
    });
    let is_dangerous = over.is_none_or(|over| now < over + CLOSELY_FOR);
    match now.duration_since(promoted.unwrap_or(began)) {
        age if age < HOUR && is_dangerous => CLOSELY,
        age if age < HOUR => LESS_CLOSELY,
        age if age < DAY && is_dangerous => LESS_CLOSELY,
        _ => HOUR,
    }
}
