//! What is told in numbers: danger windows and recoveries against what was so, counters against what happened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use machine::consumers::Why;
use machine::findings::Kind as Finding;
use machine::judge::RotationView;
use machine::model::{AttemptId, ConsumerId, Fact, RotationKey, SecretArn, Stage, Strategy};
use machine::phase::Phase;
use machine::policy::LambdaMethod;
use machine::rotations::Origin;
use machine::state::StageRun;

use super::{Checks, is_forgotten};
use crate::runtime::{SecretView, Snapshot};
use crate::sim::case::Case;
use crate::sim::life::{End, Life};
use crate::sim::ports::{Crossing, Fault, Side};
use crate::sim::world::{History, Kind, Reads, Task, Touch, World};

/// An answer may be so old (`Timing::settle`), and arrive so much later.
const OLD: SignedDuration = SignedDuration::from_secs(5);
/// A task that runs on for so long is healthy (`Timing::steady`).
const STEADY: SignedDuration = SignedDuration::from_secs(15);
/// A strategy that is unknown is awaited for so long, and a life looks once more.
const AWAITED: SignedDuration = SignedDuration::from_mins(3);
/// What is read or tried later tells otherwise when setSecret was: lines come late, and passwords true (90 s).
const LATE: f64 = 120.0;
/// Numbers are kept as floating point.
const ROUNDING: f64 = 0.001;

/// What the lives have counted, added up.
#[derive(Debug, Default)]
pub struct Counters {
    series: BTreeMap<String, f64>,
    /// A life was killed between a transaction and its counting: that much may be missing.
    lost: bool,
}

impl Counters {
    pub fn add(&mut self, life: &Life) {
        for line in life.counted.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, value)) = line.rsplit_once(' ')
                && let Ok(value) = value.parse::<f64>()
            {
                *self.series.entry(name.to_owned()).or_default() += value;
            }
        }
        let was_durable = |point: &Crossing| point.operation == "journal.commit" && point.side == Side::After;
        let is_unready = matches!(life.end, End::Crashed { .. }) && !life.last.is_ready();
        let is_waiting =
            matches!(life.end, End::Crashed { .. } | End::Drained) && is_strategy_awaited(&life.last);
        self.lost |= is_unready || is_waiting || life.killed_at.as_ref().is_some_and(was_durable);
    }

    /// All series of a metric that have these labels.
    fn sum(&self, metric: &str, labels: &[&str]) -> f64 {
        let name = format!("rotation_watchdog_{metric}");
        let is_of_it = |series: &str| {
            let rest = series.strip_prefix(&name);
            let is_metric = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'));
            is_metric && labels.iter().all(|label| series.contains(label))
        };
        let series = self.series.iter().filter(|(series, _)| is_of_it(series));
        series.map(|(_, value)| value).sum()
    }
}

/// Whether windows wait to be counted until it is known that they are none: two users in turn.
fn is_strategy_awaited(last: &Snapshot) -> bool {
    let unknown = last
        .secrets
        .values()
        .filter(|view| view.judgement.strategy.0 == Strategy::Unknown);
    let promoted = unknown.filter_map(|view| view.judgement.current()?.rotation.promoted.as_ref());
    let mut promoted = promoted.map(|seen| seen.when.not_after);
    promoted.any(|at| last.at < at + AWAITED)
}

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
        let findings = snapshot.all_findings();
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

    /// At the end: what all lives together counted is what happened, each once.
    pub fn counters(
        &mut self,
        case: &Case,
        world: &World,
        last: &Snapshot,
        facts: &[Fact],
        counters: &Counters,
    ) {
        let is_of_the_journal = |fault: &Fault| fault.operation == "journal.commit";
        if is_forgotten(case) || case.faults.iter().any(is_of_the_journal) {
            return;
        }
        for (what, counted, (least, most)) in against(counters, last, facts, world) {
            let is_enough = counters.lost || counted >= least - ROUNDING;
            self.holds("counters-add-up", is_enough && counted <= most + ROUNDING, || {
                format!("{what}: counted {counted}, happened {least} to {most}")
            });
        }
        let of_kind = |outcome| counters.sum("remediations_total", &["kind=\"redeploy\"", outcome]);
        let (done, in_doubt) = (of_kind("outcome=\"done\""), of_kind("outcome=\"in-doubt\""));
        let written = world
            .writes
            .iter()
            .filter(|write| write.operation == "ecs:UpdateService");
        let written = number(written.count());
        let is_as_much = done <= written && (counters.lost || written <= done + in_doubt);
        self.holds("counters-add-up", is_as_much, || {
            format!(
                "{written} redeploys reached the account, {done} were counted as done, {in_doubt} in doubt"
            )
        });
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
fn recovery(runs: &[StageRun]) -> Option<(Timestamp, SignedDuration)> {
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

/// What was counted, and what happened: as the last snapshot, the journal and the rotation Lambdas' logs tell it.
fn against(
    counters: &Counters,
    last: &Snapshot,
    facts: &[Fact],
    world: &World,
) -> Vec<(&'static str, f64, (f64, f64))> {
    let views: Vec<(&SecretView, &RotationView)> = last
        .secrets
        .values()
        .flat_map(|secret| {
            secret
                .judgement
                .rotations
                .iter()
                .map(move |view| (&**secret, view))
        })
        .filter(|(_, view)| view.rotation.origin != Origin::Baseline)
        .collect();
    let count = |is: fn(&RotationView) -> bool| number(views.iter().filter(|(_, view)| is(view)).count());
    let exactly = |count: f64| (count, count);
    let failed = counters.sum("rotations_total", &["result=\"failed\""]);
    // Of what is retried again and again only the first and the last failure are kept.
    let kept: usize = views.iter().map(|(_, view)| view.rotation.failures.len()).sum();
    let recoveries: Vec<SignedDuration> = views
        .iter()
        .flat_map(|(secret, view)| recovered_in(secret, view))
        .collect();
    let seconds: f64 = recoveries.iter().map(SignedDuration::as_secs_f64).sum();
    // That a secret alternates users may come out when its first windows are counted.
    let alternates = |secret: &SecretView| {
        let kind = world.secrets.get(&secret.arn).map(|secret| secret.kind);
        matches!(kind, Some(Kind::AlternatingUsers { .. }))
    };
    let taken_back = views
        .iter()
        .filter(|(secret, view)| alternates(secret) && view.window.is_none())
        .count();
    let late = number(recoveries.len()) * LATE;
    vec![
        (
            "rotations",
            counters.sum("rotations_total", &[]) - failed,
            exactly(count(is_ended)),
        ),
        (
            "failed rotations",
            failed,
            exactly(count(|view| !view.rotation.failures.is_empty())),
        ),
        (
            "failed steps",
            counters.sum("step_failures_total", &[]),
            (number(kept), number(failures(world))),
        ),
        (
            "windows",
            counters.sum("danger_window_seconds_count", &[]),
            (count(is_closed), count(is_closed) + number(taken_back)),
        ),
        (
            "recoveries",
            counters.sum("recovery_seconds_count", &[]),
            exactly(number(recoveries.len())),
        ),
        (
            "recoveries' seconds",
            counters.sum("recovery_seconds_sum", &[]),
            (seconds - late, seconds + late),
        ),
        (
            "writes",
            counters.sum("remediations_total", &[]),
            exactly(number(answered(facts).len())),
        ),
    ]
}

/// Failures that rotation Lambdas logged, each once.
fn failures(world: &World) -> usize {
    let lines = world.logs.iter().flat_map(|(group, lines)| {
        let failed = lines.iter().filter(|line| line.message.starts_with("[ERROR]"));
        failed.map(move |line| (group, line.at))
    });
    lines.collect::<BTreeSet<_>>().len()
}

fn answered(facts: &[Fact]) -> BTreeSet<&AttemptId> {
    let answered = facts.iter().filter_map(|fact| match fact {
        Fact::Ended { attempt, .. } => Some(attempt),
        _ => None,
    });
    answered.collect()
}

fn is_ended(view: &RotationView) -> bool {
    view.rotation.ending.is_some()
        || matches!(view.phase, Phase::Verifying | Phase::Watching | Phase::Settled)
}

fn is_closed(view: &RotationView) -> bool {
    view.rotation.promoted.is_some() && view.window.is_some_and(|window| window.closed.is_some())
}

/// How long after setSecret each of its consumers recovered.
fn recovered_in(secret: &SecretView, view: &RotationView) -> Vec<SignedDuration> {
    let rotation = &view.rotation;
    let since = rotation.exposed.as_ref().or(rotation.promoted.as_ref());
    let since = since.filter(|_| rotation.origin == Origin::Rotation);
    let of_it = secret.reached.iter().filter(|((of, _), _)| *of == rotation.key);
    let looks = of_it.filter_map(|(_, runs)| Some(recovery(runs)?.0));
    let lasted = looks.filter_map(|looked| Some(looked.duration_since(since?.when.not_after)));
    lasted.map(|lasted| lasted.max(SignedDuration::ZERO)).collect()
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// What a person put or moved changes whose value is older.
fn is_moved_by_hand(case: &Case, arn: &SecretArn) -> bool {
    let mut plans = case.scenario.secrets.iter().filter(|plan| plan.arn == *arn);
    plans.any(|plan| {
        let mut touches = plan.touches.iter();
        touches.any(|(_, touch)| !matches!(touch, Touch::Brake(_)))
    })
}
