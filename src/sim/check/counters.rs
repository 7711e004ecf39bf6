//! What all lives together have counted, against what happened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use machine::judge::RotationView;
use machine::model::{AttemptId, Fact, Strategy};
use machine::story::phase::Phase;
use machine::story::rotations::Origin;

use super::numbers::recovery;
use super::{Checks, is_calm};
use crate::runtime::{SecretView, Snapshot};
use crate::sim::case::Case;
use crate::sim::life::{End, Life};
use crate::sim::world::{Kind, World};

/// A strategy that is unknown is awaited for so long, and a life looks once more.
const AWAITED: SignedDuration = SignedDuration::from_mins(3);
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
    pub fn add(&mut self, life: &Life, world: &World) {
        for line in life.counted.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, value)) = line.rsplit_once(' ')
                && let Ok(value) = value.parse::<f64>()
            {
                *self.series.entry(name.to_owned()).or_default() += value;
            }
        }
        let is_unready = matches!(life.end, End::Crashed { .. }) && !life.last.is_ready();
        let is_waiting =
            matches!(life.end, End::Crashed { .. } | End::Drained) && is_strategy_awaited(&life.last, world);
        self.lost |= is_unready || is_waiting || life.uncounted;
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

/// Whether windows wait to be counted until it is known that they are none: two users in turn. A promotion may have been
/// seen after the last snapshot.
fn is_strategy_awaited(last: &Snapshot, world: &World) -> bool {
    let unknown = last
        .secrets
        .values()
        .filter(|view| view.judgement.strategy.0 == Strategy::Unknown);
    let unknown = unknown.filter_map(|view| world.secrets.get(&view.arn));
    let mut promoted = unknown.flat_map(|secret| &secret.promoted);
    promoted.any(|at| last.at < *at + AWAITED)
}

impl Checks {
    /// At the end: what all lives together counted is what happened, each once.
    pub fn counters(
        &mut self,
        case: &Case,
        world: &World,
        last: &Snapshot,
        facts: &[Fact],
        counters: &Counters,
    ) {
        // Nothing is told any more of the rotations of a secret that another one took over from.
        if !is_calm(case) || !world.dead.is_empty() {
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

/// What was counted, and between what and what it happened.
type Against = (&'static str, f64, (f64, f64));
/// A rotation with its secret.
type Of<'a> = (&'a SecretView, &'a RotationView);

/// As the last snapshot, the journal and the rotation Lambdas' logs tell it.
fn against(counters: &Counters, last: &Snapshot, facts: &[Fact], world: &World) -> Vec<Against> {
    let views: Vec<Of<'_>> = last
        .secrets
        .values()
        .flat_map(|secret| {
            let rotations = secret.judgement.rotations.iter();
            rotations.map(move |view| (&**secret, view))
        })
        .filter(|(_, view)| view.rotation.origin != Origin::Baseline)
        .collect();
    let writes = (
        "writes",
        counters.sum("remediations_total", &[]),
        exactly(number(answered(facts).len())),
    );
    let mut against = rotations_against(counters, &views, world);
    against.extend(recoveries_against(counters, &views));
    against.push(writes);
    against
}

fn rotations_against(counters: &Counters, views: &[Of<'_>], world: &World) -> Vec<Against> {
    let count = |is: fn(&RotationView) -> bool| number(views.iter().filter(|(_, view)| is(view)).count());
    let failed = counters.sum("rotations_total", &["result=\"failed\""]);
    // Of what is retried again and again only the first and the last failure are kept.
    let kept: usize = views.iter().map(|(_, view)| view.rotation.failures.len()).sum();
    // That a secret alternates users may come out when its first windows are counted.
    let alternates = |secret: &SecretView| {
        let kind = world.secrets.get(&secret.arn).map(|secret| secret.kind);
        matches!(kind, Some(Kind::AlternatingUsers { .. }))
    };
    let is_taken_back = |(secret, view): &&Of<'_>| alternates(secret) && view.window.is_none();
    let taken_back = number(views.iter().filter(is_taken_back).count());
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
            (count(is_closed), count(is_closed) + taken_back),
        ),
    ]
}

fn recoveries_against(counters: &Counters, views: &[Of<'_>]) -> Vec<Against> {
    let recoveries = views.iter().flat_map(|(secret, view)| recovered_in(secret, view));
    let recoveries: Vec<SignedDuration> = recoveries.collect();
    vec![(
        "recoveries",
        counters.sum("recovery_seconds_count", &[]),
        exactly(number(recoveries.len())),
    )]
}

fn exactly(count: f64) -> (f64, f64) {
    (count, count)
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
