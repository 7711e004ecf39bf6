//! What is told in numbers: danger windows and recoveries against what was so, counters against what happened.

use jiff::{SignedDuration, Timestamp};
use machine::consumers::Why;
use machine::facts::stages::StageRun;
use machine::findings::Kind as Finding;
use machine::judge::RotationView;
use machine::model::{ConsumerId, RotationKey, SecretArn, Stage, Strategy};
use machine::policy::LambdaMethod;

use super::{Checks, is_calm};
use crate::runtime::{SecretView, Snapshot};
use crate::sim::case::Case;
use crate::sim::world::{History, Kind, Reads, Task, Touch, World};

/// An answer may be so old (`Timing::settle`), and arrive so much later.
const OLD: SignedDuration = SignedDuration::from_secs(5);
/// A task that runs on for so long is healthy (`Timing::steady`).
const STEADY: SignedDuration = SignedDuration::from_secs(15);
/// One rotation as it is told, with its secret as it is.
#[derive(Clone, Copy)]
struct Told<'a> {
    secret: &'a SecretView,
    rotation: &'a RotationView,
    history: &'a History,
    /// When AWSCURRENT moved on from it, if it did.
    next: Option<Timestamp>,
}

impl Checks {
    /// Of each snapshot: nobody is told of a window where the old password goes on working.
    pub(super) fn open_windows(&mut self, snapshot: &Snapshot, world: &World) {
        let findings = snapshot.open_findings();
        let open = findings
            .iter()
            .filter(|finding| finding.kind == Finding::DangerWindowOpen);
        for view in open.filter_map(|finding| snapshot.secrets.get(finding.secret.as_ref()?)) {
            let Some(secret) = world.secrets.get(&view.arn) else {
                continue;
            };
            let alternates = matches!(secret.kind, Kind::AlternatingUsers { .. });
            let is_known = view.judgement.strategy.0 != Strategy::Unknown;
            self.holds("open-windows-are-open", !(alternates && is_known), || {
                format!("{} alternates users", view.name)
            });
        }
    }

    /// At the end of each life: closed windows and recoveries, against what was so.
    pub fn numbers(&mut self, case: &Case, world: &World, last: &Snapshot) {
        if !is_calm(case) {
            return;
        }
        for view in last
            .secrets
            .values()
            .filter(|view| !is_moved_by_hand(case, &view.arn))
        {
            let Some(secret) = world.secrets.get(&view.arn) else {
                continue;
            };
            for rotation in &view.judgement.rotations {
                let history = secret.history.get(&rotation.rotation.key.version);
                let Some((history, [promoted])) = history.map(|of| (of, of.promoted.as_slice())) else {
                    continue;
                };
                let told = Told {
                    secret: view,
                    rotation,
                    history,
                    next: secret.promoted.iter().find(|at| *at > promoted).copied(),
                };
                self.window(world, last.at, told);
                self.recoveries(case, world, told);
            }
        }
    }

    fn window(&mut self, world: &World, now: Timestamp, told: Told<'_>) {
        let Some((window, closed)) = told.rotation.window.zip(told.closed(world)) else {
            return;
        };
        let (least, most) = (window.at_least(now), window.at_most(now));
        let is_within = |opened: &Timestamp| {
            let truth = closed.duration_since(*opened).max(SignedDuration::ZERO);
            least <= truth && most.is_none_or(|most| truth <= most)
        };
        let opened = told.opened();
        self.holds("windows-contain-the-truth", opened.iter().any(is_within), || {
            let version = &told.rotation.rotation.key.version;
            format!(
                "{version}: opened {opened:?}, closed {closed}, told as {window:?}, {least:#} to {most:?}"
            )
        });
    }

    fn recoveries(&mut self, case: &Case, world: &World, told: Told<'_>) {
        let Some(set) = told.rotation.rotation.exposed.as_ref().map(|seen| seen.when) else {
            return;
        };
        let width = set.not_before.map(|bound| set.not_after.duration_since(bound));
        let opened = told.opened();
        for (id, runs) in told.runs() {
            let Some((looked, gap)) = recovery(runs) else {
                continue;
            };
            let key = &told.rotation.rotation.key;
            let Some(recovered) = recovered(case, world, id, key, looked) else {
                continue;
            };
            let counted = looked.duration_since(set.not_after).max(SignedDuration::ZERO);
            let is_near = |opened: &Timestamp| {
                let truth = recovered.duration_since(*opened).max(SignedDuration::ZERO);
                counted <= truth + gap + OLD && width.is_none_or(|width| counted + width >= truth)
            };
            self.holds("recovery-within-two-looks", opened.iter().any(is_near), || {
                format!(
                    "{id} recovered at {recovered} from {opened:?}, counted as {counted:#} from {set:?} to {looked}; looks \
                     {gap:#} apart"
                )
            });
        }
    }
}

impl<'a> Told<'a> {
    /// When the database took its password, or the rotation Lambda said so.
    fn opened(self) -> Vec<Timestamp> {
        [self.history.exposed.clone(), self.history.set.clone()].concat()
    }

    /// The stages that its consumers came to.
    fn runs(self) -> impl Iterator<Item = (&'a ConsumerId, &'a [StageRun])> {
        let key = &self.rotation.rotation.key;
        let of_it = self.secret.reached.iter().filter(move |((of, _), _)| of == key);
        of_it.map(|((_, id), runs)| (id, runs.as_slice()))
    }

    /// When the last consumer that was known when it closed held an old value last. Nothing where it is open, and where
    /// somebody went away unseen.
    fn closed(self, world: &World) -> Option<Timestamp> {
        let key = &self.rotation.rotation.key;
        let closed = self.rotation.window?.closed?;
        let promoted = *self.history.promoted.first()?;
        let is_gone = |id: &ConsumerId| !self.rotation.consumers.iter().any(|(known, _)| known == id);
        let mut runs = self.runs();
        if runs.any(|(id, runs)| {
            self.next.is_none() && is_gone(id) && !runs.iter().any(|run| is_over(run.stage))
        }) {
            return None;
        }
        let known = self
            .runs()
            .filter(|(_, runs)| runs.first().is_some_and(|run| run.first <= closed.not_after));
        let held = known.filter_map(|(id, _)| world.truth().held_old_until(id, &key.secret, &key.version));
        let last = held.max().map_or(promoted, |held| held.max(promoted));
        Some(self.next.map_or(last, |next| last.min(next)))
    }
}

fn is_over(stage: Stage) -> bool {
    matches!(stage, Stage::Fresh | Stage::Presumed)
}

/// The first look that showed a consumer fresh or presumed, and how long after the one before it, which did not.
pub(super) fn recovery(runs: &[StageRun]) -> Option<(Timestamp, SignedDuration)> {
    let first = runs.iter().position(|run| is_over(run.stage))?;
    let before = runs.get(first.checked_sub(1)?)?;
    if Why::tells_of_a_cache(&runs[first].why) {
        return None;
    }
    Some((runs[first].first, runs[first].first.duration_since(before.last)))
}

/// When a consumer that nobody else touched had recovered, last before a look. Nothing where only the watchdog's rules
/// say what that means.
fn recovered(
    case: &Case,
    world: &World,
    id: &ConsumerId,
    key: &RotationKey,
    looked: Timestamp,
) -> Option<Timestamp> {
    let mut functions = case.scenario.functions.iter();
    let untouched = functions.find(|plan| ConsumerId::function(&plan.name) == *id);
    let untouched = untouched.filter(|plan| plan.touches.is_empty() && plan.unreadable.is_none());
    if untouched.is_some() {
        return match case.method {
            LambdaMethod::ConfigUpdate => world.truth().held_old_until(id, &key.secret, &key.version),
            // The cycle is over when the note is taken off.
            LambdaMethod::ConcurrencyCycle => {
                let subject = id.to_string();
                let mut writes = world.writes.iter().rev();
                let last = writes.find(|write| {
                    write.operation == "lambda:UntagResource"
                        && write.subject == subject
                        && write.at <= looked
                });
                last.map(|write| write.at)
            }
        };
    }
    let service = world.services.get(id)?;
    let plan = &service.plan;
    let is_calm =
        plan.touches.is_empty() && plan.fates.is_empty() && plan.created.is_none() && plan.probe.is_none();
    if !is_calm || plan.reads != Reads::Injected {
        return None;
    }
    let secret = world.secrets.get(&key.secret)?;
    let is_well = |task: &Task, at: Timestamp| {
        let is_old = task
            .holds
            .get(&key.secret)
            .is_some_and(|held| secret.is_newer(&key.version, held));
        !is_old && (at >= task.healthy && !task.unhealthy || at >= task.running + STEADY)
    };
    let is_recovered = |at: Timestamp| {
        let mut tasks = service.wanted_tasks(at).peekable();
        tasks.peek().is_some() && tasks.all(|task| is_well(task, at))
    };
    let moments = service.tasks.iter().flat_map(|task| {
        let steady = task.running.checked_add(STEADY).unwrap_or(Timestamp::MAX);
        [Some(task.created), Some(task.healthy), Some(steady), task.stopped]
    });
    let mut moments: Vec<Timestamp> = moments.flatten().filter(|at| *at <= looked).collect();
    moments.sort_unstable();
    let last_ill = moments.iter().rposition(|at| !is_recovered(*at));
    let since = last_ill.map_or(0, |i| i + 1);
    moments.get(since).copied()
}

/// What a person put or moved changes whose value is older.
fn is_moved_by_hand(case: &Case, arn: &SecretArn) -> bool {
    let mut plans = case.scenario.secrets.iter().filter(|plan| plan.arn == *arn);
    plans.any(|plan| {
        let mut touches = plan.touches.iter();
        touches.any(|(_, touch)| !matches!(touch, Touch::Brake(_)))
    })
}
