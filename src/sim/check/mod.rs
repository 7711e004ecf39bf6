//! What must hold of an account and of what the watchdog says about it, in terms of what really happened.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Fact, Mode, Stage, When};
use machine::rotations::{Origin, Rotation, Seen};

use super::case::{Case, Disk};
use super::world::{PASSWORD_MARKER, World, Write, Wrong};
use crate::runtime::Snapshot;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Redeploys of a service within an hour (`Limits::redeploys_per_service_and_hour`).
const CAP: usize = 3;
/// Promotions older than this when a journal begins are its baseline (design rule 9), and LastRotatedDate's own delay.
const BASELINE: SignedDuration = SignedDuration::from_mins(16);
/// What was seen is true for so long.
const OUTDATED: SignedDuration = SignedDuration::from_mins(1);

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Stable, so that a smaller case can be seen to break the same.
    pub rule: &'static str,
    /// Truth against belief.
    pub text: String,
}

/// Collects what is broken, and counts what was asked.
#[derive(Debug, Default)]
pub struct Checks {
    pub broken: Vec<Broken>,
    pub made: u64,
}

impl Checks {
    fn holds(&mut self, rule: &'static str, holds: bool, text: impl FnOnce() -> String) {
        self.made += 1;
        if !holds && !self.broken.iter().any(|broken| broken.rule == rule) {
            self.broken.push(Broken { rule, text: text() });
        }
    }

    /// After each snapshot: whoever is called fresh holds the value it is called fresh for, or a newer one.
    pub fn snapshot(&mut self, snapshot: &Snapshot, world: &World) {
        self.dead_values_are_dead(snapshot, world);
        for view in snapshot.secrets.values() {
            let Some(current) = view.judgement.current() else {
                continue;
            };
            let Some(secret) = world.secrets.get(&view.arn) else {
                continue;
            };
            let version = &current.rotation.key.version;
            let fresh = current
                .consumers
                .iter()
                .filter(|(_, standing)| standing.stage == Stage::Fresh);
            for (id, _) in fresh {
                let Some(service) = world.services.get(id) else {
                    continue;
                };
                let held = service
                    .wanted_tasks(world.now())
                    .filter_map(|task| task.holds.get(&view.arn));
                let old = held.into_iter().find(|held| secret.is_newer(version, held));
                self.holds("fresh-is-fresh", old.is_none(), || {
                    format!(
                        "{id} is called fresh for {version}, a task of it holds {old:?} at {}",
                        world.now()
                    )
                });
            }
        }
    }

    /// Each write to the account.
    pub fn writes(&mut self, case: &Case, world: &World) {
        self.holds(
            "observe-writes-nothing",
            case.mode == Mode::Act || world.writes.is_empty(),
            || format!("in mode observe: {:?}", world.writes),
        );
        for write in &world.writes {
            for wrong in &write.wrong {
                let rule = match wrong {
                    Wrong::Moving(_) => "no-restart-between-set-and-finish",
                    Wrong::Dead(_) => "no-restart-onto-a-dead-password",
                    Wrong::Needless => "no-restart-of-the-fresh",
                };
                self.holds(rule, false, || format!("{write:?}"));
            }
            self.made += 3;
        }
        for (id, service) in &world.services {
            let secrets = service
                .plan
                .secrets
                .iter()
                .filter_map(|arn| world.secrets.get(arn));
            let promoted: Vec<Timestamp> = secrets.flat_map(|secret| secret.promoted.clone()).collect();
            let rolled_back = service.deployments.iter().filter(|d| d.fails.is_some()).count();
            let of_service = redeploys(world, id);
            for (n, write) in of_service.iter().enumerate() {
                let allowed = promoted.iter().filter(|at| **at <= write.at).count() + rolled_back;
                self.holds("one-restart-for-a-rotation", n < allowed, || {
                    format!(
                        "restart {} of {id} at {}, after {allowed} promotions and rollbacks",
                        n + 1,
                        write.at
                    )
                });
                let hour = of_service[..n]
                    .iter()
                    .filter(|other| other.at > write.at - HOUR)
                    .count();
                self.holds("no-more-than-the-cap", hour < CAP || is_forgotten(case), || {
                    format!("restart {} of {id} within an hour, at {}", hour + 1, write.at)
                });
            }
        }
    }

    /// Of a journal that began empty at `since`: nobody was restarted for a promotion that is its baseline.
    pub fn baseline(&mut self, world: &World, since: Timestamp) {
        for (id, service) in &world.services {
            let secrets = service
                .plan
                .secrets
                .iter()
                .filter_map(|arn| world.secrets.get(arn));
            let promoted: Vec<Timestamp> = secrets.flat_map(|secret| secret.promoted.clone()).collect();
            for write in redeploys(world, id).into_iter().filter(|write| write.at >= since) {
                let last = promoted.iter().filter(|at| **at <= write.at).max();
                let is_recent = last.is_some_and(|at| *at >= since - BASELINE);
                self.holds("a-first-start-restarts-nobody", is_recent, || {
                    format!("{write:?}, promoted {last:?}, the journal began {since}")
                });
            }
        }
    }

    /// Whoever is told that AWSCURRENT is refused can see it refused.
    fn dead_values_are_dead(&mut self, snapshot: &Snapshot, world: &World) {
        let findings = snapshot.all_findings();
        let dead = findings.iter().filter(|finding| finding.kind == "dead-value");
        for secret in dead.filter_map(|finding| world.secrets.get(finding.secret.as_ref()?)) {
            let current = secret.labels.current.as_ref();
            let works = current.is_some_and(|current| secret.accepts(current));
            let moved = secret.promoted.iter().chain(&secret.exposed).max();
            let is_outdated = moved.is_some_and(|at| world.now() < *at + OUTDATED);
            self.holds("a-dead-value-is-dead", !works || is_outdated, || {
                format!("{} logs in at {}, and is called dead", secret.name(), world.now())
            });
        }
    }

    /// Each restart has a decision in the journal from before it. Asked before a journal is lost.
    pub fn decided(&mut self, facts: &[Fact], world: &World, since: Timestamp) {
        for id in world.services.keys() {
            let decisions = facts.iter().filter(|fact| match fact {
                Fact::Decided(decision) => decision.consumer == *id && decision.action.kind() == "redeploy",
                _ => false,
            });
            let writes = redeploys(world, id).into_iter().filter(|write| write.at >= since);
            let (decisions, writes) = (decisions.count(), writes.count());
            self.holds("decided-before-written", decisions >= writes, || {
                format!("{writes} restarts of {id}, {decisions} decisions in the journal")
            });
        }
    }

    /// At the end, when nothing has gone wrong for a while.
    pub fn end(&mut self, case: &Case, world: &World, last: &Snapshot, unwatched: &World) {
        self.holds("ready-at-the-end", last.is_ready(), || {
            format!("missing: {:?}", last.missing)
        });
        for plan in &case.scenario.functions {
            let function = &world.functions[&ConsumerId::function(&plan.name)];
            let as_it_was = function.reserved == function.wanted && function.tags.is_empty();
            self.holds("concurrency-as-it-was", as_it_was, || {
                format!(
                    "{}: {:?} with tags {:?}, was {:?}",
                    plan.name, function.reserved, function.tags, function.wanted
                )
            });
        }
        self.stale_are_named(case, world, last);
        self.intervals(world, last);
        self.outage(case, world, unwatched);
    }

    fn stale_are_named(&mut self, case: &Case, world: &World, last: &Snapshot) {
        // Rule 9: with an empty journal nobody knows which functions are older than a promotion.
        let forgotten = is_forgotten(case);
        let findings = last.all_findings();
        let consumers = world
            .services
            .iter()
            .map(|(id, service)| (id, &service.plan.secrets));
        let functions = world
            .functions
            .iter()
            .map(|(id, function)| (id, &function.secrets));
        for (id, secrets) in consumers.chain(functions) {
            if !world.is_stale(id) || (forgotten && matches!(id, ConsumerId::Function { .. })) {
                self.made += 1;
                continue;
            }
            let being_refreshed = last.secrets.values().any(|view| {
                let current = view.judgement.current();
                let mut consumers = current.into_iter().flat_map(|view| &view.consumers);
                consumers.any(|(of, standing)| of == id && standing.stage == Stage::Refreshing)
            });
            let named = being_refreshed
                || findings.iter().any(|finding| {
                    finding.subject == id.to_string()
                        || finding.secret.as_ref().is_some_and(|arn| secrets.contains(arn))
                });
            self.holds("stale-are-named", named, || {
                format!("{id} is stale at {}; findings: {findings:#?}", world.now())
            });
        }
    }

    /// No interval excludes what really happened.
    fn intervals(&mut self, world: &World, last: &Snapshot) {
        for view in last.secrets.values() {
            let Some(secret) = world.secrets.get(&view.arn) else {
                continue;
            };
            for rotation in view.judgement.rotations.iter().map(|view| &view.rotation) {
                let Some(truth) = secret.history.get(&rotation.key.version) else {
                    continue;
                };
                if rotation.origin == Origin::Baseline {
                    continue;
                }
                let n = usize::try_from(rotation.key.n).unwrap_or(1).saturating_sub(1);
                let one = |at: Option<Timestamp>| at.into_iter().collect::<Vec<_>>();
                self.contains(rotation, "started", &rotation.started, &one(truth.started));
                self.contains(rotation, "created", &rotation.created, &one(truth.created));
                self.contains(rotation, "exposed", &rotation.exposed, &one(truth.exposed));
                self.contains(rotation, "tested", &rotation.tested, &truth.tested);
                self.contains(
                    rotation,
                    "promoted",
                    &rotation.promoted,
                    &one(truth.promoted.get(n).copied()),
                );
            }
        }
    }

    fn contains(&mut self, rotation: &Rotation, what: &str, seen: &Option<Seen>, truth: &[Timestamp]) {
        let Some(seen) = seen else { return };
        let within =
            |When {
                 not_before,
                 not_after,
             }: When,
             at: Timestamp| { not_before.is_none_or(|bound| at >= bound) && at <= not_after };
        let holds = truth.iter().any(|at| within(seen.when, *at));
        self.holds("intervals-contain-the-truth", holds, || {
            format!(
                "{}: {what} was {truth:?}, told as {:?} by {:?}",
                rotation.key.version, seen.when, seen.sources
            )
        });
    }

    /// Never worse than nobody, but for the time that functions were switched off on purpose.
    fn outage(&mut self, case: &Case, world: &World, unwatched: &World) {
        let mut cost: BTreeMap<&str, SignedDuration> = BTreeMap::new();
        for write in world
            .writes
            .iter()
            .filter(|write| write.operation == "lambda:TagResource")
        {
            // Until it is put back, also by the next life.
            let downtime: SignedDuration = case.crashes.iter().map(|crash| crash.downtime).sum();
            *cost.entry(&write.subject).or_default() += SignedDuration::from_mins(3) + downtime;
        }
        let allowed: f64 = cost.values().map(|cost| cost.as_secs_f64()).sum();
        let (with, without) = (world.outage_seconds(), unwatched.outage_seconds());
        self.holds("never-worse-than-nobody", with <= without + allowed + 1.0, || {
            format!("{with:.0} s of outage, {without:.0} s with nobody watching, {allowed:.0} s allowed for cycles")
        });
    }

    /// No password anywhere.
    pub fn secrecy(&mut self, log: &str, facts: &[Fact], last: &Snapshot) {
        for (place, text) in [
            ("log", log.to_owned()),
            ("journal", format!("{facts:?}")),
            ("snapshot", format!("{last:?}")),
        ] {
            self.holds("no-password-anywhere", !text.contains(PASSWORD_MARKER), || {
                format!("in the {place}")
            });
        }
    }
}

/// Whether a life began without the journal of the time before it.
fn is_forgotten(case: &Case) -> bool {
    let mut crashes = case.crashes.iter();
    !case.first_start.is_zero() || crashes.any(|crash| crash.disk != Disk::Kept)
}

fn redeploys<'a>(world: &'a World, id: &ConsumerId) -> Vec<&'a Write> {
    let subject = id.to_string();
    let writes = world.writes.iter();
    writes
        .filter(|write| write.operation == "ecs:UpdateService" && write.subject == subject)
        .collect()
}
