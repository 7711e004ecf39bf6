//! Seconds of outage, against the same account with nobody watching.

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Mode};

use super::ending::AWAKE_AFTER;
use super::writes::redeploys;
use super::{Checks, Lived};
use crate::sim::case::Case;
use crate::sim::world::{Kind, SecretPlan, Touch, World};

/// Less than this is no difference.
const ROUNDING: SignedDuration = SignedDuration::from_secs(1);

/// Why an account may be worse off than with nobody watching: rules written down before a seed is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excuse {
    /// A function was switched off on purpose, for the sleep that its method declares.
    Cycle,
    /// A health check that logs in gives tasks time before it replaces them: those that were started just before another
    /// secret rotates are replaced so much later than old ones would be.
    Grace,
    /// The watchdog was down or suspended: what it had switched off stays off, and what it had refreshed can fall behind
    /// what nobody touched (one of two alternating users).
    Away,
    /// An operator stopped the watchdog halfway, by its mode or the brake's tag: from then on, what it had refreshed
    /// holds another of two alternating users than what nobody touched.
    Stopped,
    /// A deployment that was forced never ended, and no circuit breaker took it back: a person must look at it (the
    /// finding `beyond-us`), and the service is as old as that one until then.
    Unhealthy,
    /// A deployment that was forced failed: of a service whose health check replaces tasks that are refused, which were
    /// of the one that failed until ECS gave it up; or its tasks were given a value put by hand meanwhile, which those
    /// before them had been spared.
    Failed,
    /// A value put or moved by hand changed whose turn it is of two alternating users: the rotation after it takes the
    /// password of those that are fresh, and spares those that nobody touched, until they are refreshed again. Or it
    /// came, and works for nobody, while a function was switched off, which begins with it then. Or a person moved
    /// AWSCURRENT to AWSPENDING's version before the rotation did, or back with the database's password: who was given
    /// what is taken away again suffers until the next refresh, and who was left alone does not.
    ByHand,
}

impl Excuse {
    pub fn name(self) -> &'static str {
        match self {
            Self::Cycle => "cycle",
            Self::Grace => "grace of a health check",
            Self::Away => "away",
            Self::Stopped => "stopped by an operator",
            Self::Unhealthy => "never healthy",
            Self::Failed => "failed deployment",
            Self::ByHand => "moved by hand",
        }
    }
}

impl Checks {
    /// No consumer is ever worse off than with nobody watching, but for what is excused.
    pub fn outage(&mut self, case: &Case, world: &World, unwatched: &World, lives: &[Lived]) {
        for id in world.outages.keys() {
            let (with, without) = (suffered(world, id), suffered(unwatched, id));
            let more = with - without - ROUNDING;
            let is_worse = more > SignedDuration::ZERO;
            let excuse = if is_worse {
                excuse(case, world, lives, id, more)
            } else {
                None
            };
            self.excused.extend(excuse);
            self.holds("never-worse-than-nobody", !is_worse || excuse.is_some(), || {
                format!("{id}: {with:#} of outage, {without:#} with nobody watching")
            });
        }
    }
}

fn suffered(world: &World, id: &ConsumerId) -> SignedDuration {
    let outage = world.outages.get(id);
    outage.map_or(SignedDuration::ZERO, |outage| outage.total(world.now()))
}

fn excuse(
    case: &Case,
    world: &World,
    lives: &[Lived],
    id: &ConsumerId,
    more: SignedDuration,
) -> Option<Excuse> {
    let more = more - asleep(world, id);
    if more <= SignedDuration::ZERO {
        return Some(Excuse::Cycle);
    }
    let down: SignedDuration = case.crashes.iter().map(|crash| crash.downtime).sum();
    let paused: SignedDuration = case.pauses.iter().map(|pause| pause.length).sum();
    if more <= down + paused {
        return Some(Excuse::Away);
    }
    let outage_since = |since: Option<Timestamp>| {
        let outage = world.outages.get(id).zip(since);
        outage.map_or(SignedDuration::ZERO, |(outage, since)| {
            outage.after(since, world.now())
        })
    };
    if more <= outage_since(stopped_since(case, world, lives, id)) {
        return Some(Excuse::Stopped);
    }
    let endless = outage_since(never_healthy_since(world, id));
    if more <= endless {
        return Some(Excuse::Unhealthy);
    }
    let after_failure = outage_since(failed_and_moved_since(case, world, id));
    if more <= endless + after_failure + failing_for(world, id) {
        return Some(Excuse::Failed);
    }
    if more <= grace(world, id) {
        return Some(Excuse::Grace);
    }
    (more <= outage_since(moved_by_hand_since(case, world, id))).then_some(Excuse::ByHand)
}

/// How long a function was switched off, each time no longer than it may be.
fn asleep(world: &World, id: &ConsumerId) -> SignedDuration {
    let spells = world
        .functions
        .get(id)
        .map_or(&[][..], |function| &function.asleep);
    let lengths = spells
        .iter()
        .map(|(from, to)| to.unwrap_or(world.now()).duration_since(*from));
    lengths.map(|length| length.min(AWAKE_AFTER)).sum()
}

/// How long a service's health check spares young tasks, for each time that they were started anew for it.
fn grace(world: &World, id: &ConsumerId) -> SignedDuration {
    let service = world.services.get(id);
    let probe = service.and_then(|service| service.plan.probe).unwrap_or_default();
    probe * i32::try_from(redeploys(world, id).len()).unwrap_or(i32::MAX)
}

/// Since when the watchdog may do nothing for a consumer that it could refresh before.
fn stopped_since(case: &Case, world: &World, lives: &[Lived], id: &ConsumerId) -> Option<Timestamp> {
    let observing = lives.iter().filter(|life| life.mode == Mode::Observe);
    let observing = observing
        .map(|life| life.from)
        .filter(|from| *from > case.scenario.start);
    let touches = plans_of(case, world, id).flat_map(|plan| &plan.touches);
    let braked = touches.filter(|(_, touch)| matches!(touch, Touch::Brake(_)));
    observing.chain(braked.map(|(at, _)| *at)).min()
}

/// Since when a service has a forced deployment that cannot end.
fn never_healthy_since(world: &World, id: &ConsumerId) -> Option<Timestamp> {
    let deployments = &world.services.get(id)?.deployments;
    let endless = deployments.iter().find(|one| one.completes == Timestamp::MAX);
    Some(endless?.created)
}

/// Since when a forced deployment has failed of a consumer with a secret that was moved by hand: the tasks after it were
/// given a value that those before it had been spared.
fn failed_and_moved_since(case: &Case, world: &World, id: &ConsumerId) -> Option<Timestamp> {
    let mut touches = plans_of(case, world, id).flat_map(|plan| &plan.touches);
    let failed = world
        .services
        .get(id)?
        .deployments
        .iter()
        .filter_map(|one| one.fails);
    failed.min().filter(|_| touches.any(|(_, touch)| is_move(touch)))
}

/// How long deployments of a service that replaces refused tasks took to fail, together, and the tasks after them to start.
fn failing_for(world: &World, id: &ConsumerId) -> SignedDuration {
    let service = world
        .services
        .get(id)
        .filter(|service| service.plan.probe.is_some());
    let failed = service.into_iter().flat_map(|service| {
        let starting = service.plan.start + service.plan.health;
        let failed = service
            .deployments
            .iter()
            .filter_map(|one| Some((one.created, one.fails?)));
        failed.map(move |(created, fails)| fails.min(world.now()).duration_since(created) + starting)
    });
    failed.sum()
}

/// Since when a secret of a consumer has a value or a label that was put by hand: of two alternating users, or while the
/// consumer was switched off.
fn moved_by_hand_since(case: &Case, world: &World, id: &ConsumerId) -> Option<Timestamp> {
    let function = world.functions.get(id);
    let is_off = |at: Timestamp| function.is_some_and(|function| function.was_asleep(at));
    let moved = plans_of(case, world, id).flat_map(|plan| {
        let alternates = matches!(plan.kind, Kind::AlternatingUsers { .. });
        let by_hand = plan.touches.iter().filter(|(_, touch)| is_move(touch));
        by_hand
            .filter(move |(at, touch)| alternates || is_off(*at) || is_with_the_database(touch))
            .map(|(at, _)| *at)
    });
    moved.min()
}

fn is_move(touch: &Touch) -> bool {
    matches!(touch, Touch::Put { .. } | Touch::Revert | Touch::LabelBack) || is_with_the_database(touch)
}

/// A move by which the label follows the database, or the database the label.
fn is_with_the_database(touch: &Touch) -> bool {
    matches!(touch, Touch::Promote | Touch::RollBack)
}

/// The secrets that a consumer uses, as they were planned.
fn plans_of<'a>(case: &'a Case, world: &'a World, id: &ConsumerId) -> impl Iterator<Item = &'a SecretPlan> {
    let used = world.truth().secrets_of(id);
    case.scenario
        .secrets
        .iter()
        .filter(|plan| used.contains(&plan.arn))
}
