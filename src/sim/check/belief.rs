//! What the watchdog says, against what is so.

use jiff::{SignedDuration, Timestamp};
use machine::findings::Kind;
use machine::model::{LoginAnswer, Stage, When};
use machine::story::rotations::{Origin, Rotation, Seen};

use super::Checks;
use crate::runtime::Snapshot;
use crate::sim::world::World;

/// Labels are looked at again within so long.
const UNSEEN: SignedDuration = SignedDuration::from_secs(10);

impl Checks {
    /// After each snapshot: whoever is called fresh holds the value it is called fresh for, or a newer one.
    pub fn snapshot(&mut self, snapshot: &Snapshot, world: &World) {
        self.dead_values_are_dead(snapshot, world);
        self.open_windows(snapshot, world);
        self.intervals(snapshot, world);
        self.measured(snapshot, world);
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
            for (id, standing) in fresh {
                let Some(service) = world.services.get(id) else {
                    continue;
                };
                // What was started later than the look is told by the next.
                let held = service
                    .wanted_tasks(world.now())
                    .filter(|task| standing.as_of.is_none_or(|look| task.created <= look))
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

    /// Whoever is told that AWSCURRENT is refused can see it refused.
    fn dead_values_are_dead(&mut self, snapshot: &Snapshot, world: &World) {
        let findings = snapshot.open_findings();
        let dead = findings.iter().filter(|finding| finding.kind == Kind::DeadValue);
        for view in dead.filter_map(|finding| snapshot.secrets.get(finding.secret.as_ref()?)) {
            let version = view.judgement.current().map(|view| &view.rotation.key.version);
            let (Some(version), Some(secret)) = (version, world.secrets.get(&view.arn)) else {
                continue;
            };
            let mut runs = view
                .logins
                .get(version)
                .into_iter()
                .flat_map(|track| track.runs())
                .rev();
            let refused = runs.find(|run| matches!(run.state, LoginAnswer::Refused { .. }));
            let refused = refused.and_then(|run| secret.refused_from(version, run.last.sent));
            // What the database took since it refused could not be told by that.
            let exposed = secret
                .history
                .get(version)
                .and_then(|history| history.exposed.last());
            let changed = secret.exposed.last().max(exposed);
            let is_outdated = changed
                .zip(refused)
                .is_some_and(|(changed, refused)| refused <= *changed);
            self.holds(
                "a-dead-value-is-dead",
                !world.works(&view.arn, version) || is_outdated,
                || format!("{version} logs in since {changed:?}, and is called dead; it was refused at {refused:?}"),
            );
        }
    }

    /// No interval excludes what really happened; asked of what is told otherwise than before.
    fn intervals(&mut self, snapshot: &Snapshot, world: &World) {
        for view in snapshot.secrets.values() {
            let Some(secret) = world.secrets.get(&view.arn) else {
                continue;
            };
            // Whoever moved AWSCURRENT just now may have changed the password of the version before: labels tell so later.
            let moved = secret.promoted.last();
            if moved.is_some_and(|at| world.now() < *at + UNSEEN) {
                continue;
            }
            let judgement = view.judgement.clone();
            let before = self.told.insert(view.arn.clone(), judgement);
            let before = before.as_ref().map_or(&[][..], |judgement| &judgement.rotations);
            let now = view.judgement.rotations.iter().enumerate();
            let news = now.filter(|(i, view)| before.get(*i).is_none_or(|old| old.rotation != view.rotation));
            for rotation in news.map(|(_, view)| &view.rotation) {
                let Some(truth) = secret.history.get(&rotation.key.version) else {
                    continue;
                };
                if rotation.origin == Origin::Baseline {
                    continue;
                }
                let one = |at: Option<Timestamp>| at.into_iter().collect::<Vec<_>>();
                self.contains(rotation, "started", &rotation.started, &one(truth.started));
                self.contains(rotation, "created", &rotation.created, &one(truth.created));
                // Where the password comes true later, the end of setSecret is what the log tells.
                let mut exposed = [truth.exposed.clone(), truth.set.clone()].concat();
                let mut tested = truth.tested.clone();
                // Their lines name no version.
                let version = &rotation.key.version;
                if world.truth().may_be_taken_for_another(&view.arn, version) {
                    let others = secret.history.values();
                    exposed.extend(others.clone().flat_map(|other| &other.set));
                    tested.extend(others.flat_map(|other| &other.tested));
                }
                self.contains(rotation, "exposed", &rotation.exposed, &exposed);
                self.contains(rotation, "tested", &rotation.tested, &tested);
                // With another journal LastRotatedDate dates it: the end of the rotation, whoever moved the label.
                let mut promoted = truth.promoted.clone();
                promoted.extend(world.truth().ended_after_a_move(&view.arn, version));
                self.contains(rotation, "promoted", &rotation.promoted, &promoted);
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
}
