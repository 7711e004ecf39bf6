//! Promotions by the watchdog, against whose password the database really had.

use jiff::{SignedDuration, Timestamp};
use machine::model::VersionId;

use super::Checks;
use crate::sim::case::Case;
use crate::sim::world::{Account, Move, Mover, Secret, World};

/// A guard's answer may be so old when its write takes effect (`Timing::write_deadline`).
const GUARDED: SignedDuration = SignedDuration::from_secs(10);
/// A secret that the database is ahead of is promoted by then, if nothing stands in the way: `Timing::stalled_after`, the
/// longest patience, with looks and tries.
const PATIENCE: SignedDuration = SignedDuration::from_mins(40);

impl Checks {
    /// Each promotion by the watchdog, and those that it should have made.
    pub fn promotions(&mut self, case: &Case, world: &World) {
        let again = &world.promoted_again;
        self.holds("promotes-once", again.is_empty(), || format!("{again:?}"));
        for secret in world.secrets.values() {
            let moves = world.truth().moves(&secret.arn);
            for (n, one) in moves.iter().enumerate() {
                if one.by == Mover::Watchdog {
                    self.promotion(case, world, secret, (&moves[..n], one));
                }
            }
            if case.rolls_forward() && !case.is_disturbed() {
                self.should_have_been_promoted(case, world, secret);
            }
        }
    }

    fn promotion(&mut self, case: &Case, world: &World, secret: &Secret, (before, one): (&[Move], &Move)) {
        let told = || format!("{}: {one:?}, after {before:?}", secret.name());
        self.holds("promotes-only-where-it-may", case.rolls_forward(), told);
        let ahead = one
            .from
            .as_ref()
            .is_some_and(|from| was_ahead(world, secret, &one.to, from, one.at));
        self.holds("promotes-only-what-is-ahead", ahead, told);
        let was_current = before
            .iter()
            .any(|earlier| earlier.to == one.to || earlier.from.as_ref() == Some(&one.to));
        self.holds("undoes-nobodys-rollback", !was_current, told);
        let is_set = case.one_account || world.truth().was_set_by(&secret.arn, &one.to, one.at);
        self.holds("leaves-no-account-behind", is_set, told);
        let is_braked = |at: Timestamp| secret.as_of(at).tags.contains_key("rotation-watchdog");
        let braked = is_braked(one.at) && is_braked(one.at - secret.read_lag - GUARDED);
        self.holds("promotes-nothing-braked", !braked, told);
    }

    /// At the end: the database has had the password of AWSPENDING alone for long, setSecret ended well, nobody else was at
    /// work, and the rotation began under our eyes.
    fn should_have_been_promoted(&mut self, case: &Case, world: &World, secret: &Secret) {
        let labels = &secret.labels;
        let (Some(current), Some(pending)) = (&labels.current, labels.in_progress()) else {
            return;
        };
        let now = world.now();
        let truth = world.truth();
        let since = truth.accepted_since(&secret.arn, pending, Account::First, now);
        let is_long = since.is_some_and(|since| now >= since + PATIENCE) && !secret.accepts(current);
        let is_set = case.one_account || truth.was_set_by(&secret.arn, pending, now);
        let moves = truth.moves(&secret.arn);
        let mut moved = moves.iter();
        let was_current = moved.any(|one| one.to == *pending || one.from.as_ref() == Some(pending));
        let started = secret.history.get(pending).and_then(|history| history.started);
        let is_seen = started.is_some_and(|at| at > case.scenario.start + SignedDuration::from_mins(1));
        let is_ours = secret.rotation_enabled
            && secret.kind.engine().is_some()
            && secret.deleted(now).is_none()
            && !secret.tags.contains_key("rotation-watchdog")
            && moves.iter().filter(|one| one.by == Mover::Person).count() == 0
            && secret.troubles.is_empty();
        let ours = moves.iter().filter(|one| one.by == Mover::Watchdog);
        let is_rare = ours.count() < 3;
        let should = is_long && is_set && is_seen && is_ours && is_rare && !was_current;
        self.holds("rolls-forward-where-it-can", !should, || {
            format!(
                "{}: {pending} is accepted alone since {since:?}, and AWSCURRENT is on {current}",
                secret.name()
            )
        });
    }
}

/// Whether the database accepted the one and refused the other at some moment in which the guard may have asked: the
/// passwords change at moments, so that the borders tell.
fn was_ahead(world: &World, secret: &Secret, to: &VersionId, from: &VersionId, at: Timestamp) -> bool {
    let truth = world.truth();
    let accepts = |version, moment| {
        truth
            .accepted_since(&secret.arn, version, Account::First, moment)
            .is_some()
    };
    let is_ahead = |moment: &Timestamp| accepts(to, *moment) && !accepts(from, *moment);
    let steps = 0..=100;
    let mut moments = steps.map(|n| at - GUARDED * n / 100);
    moments.any(|moment| is_ahead(&moment))
}
