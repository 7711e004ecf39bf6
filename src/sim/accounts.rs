//! Random accounts: who uses what, and everything that happens to it beside the watchdog, whole from a seed.

use jiff::{SignedDuration, Timestamp};
use machine::model::Step;

use super::world::{
    Failing, Fate, FunctionPlan, FunctionTouch, Kind, Reach, Reads, RotationPlan, SecretPlan, ServicePlan,
    ServiceTouch, Touch, Trouble, TroubleKind,
};
use super::{Scenario, Stream};

const STEPS: [Step; 4] = [
    Step::CreateSecret,
    Step::SetSecret,
    Step::TestSecret,
    Step::FinishSecret,
];
const KINDS: [Kind; 4] = [
    Kind::SingleUser { engine: "MySQL" },
    Kind::SingleUser { engine: "PostgreSQL" },
    Kind::AlternatingUsers { engine: "MySQL" },
    Kind::Managed,
];

impl Scenario {
    /// One to three secrets of any kind, each with one or two rotations and one more that nothing disturbs: only it
    /// shows whether consumers were left with a value that had no future. Then their consumers.
    pub fn random(seed: u64) -> Self {
        let mut scenario = Self::empty(seed);
        let mut drawn = Stream::new(seed, "account");
        let names: Vec<String> = (0..=drawn.next() % 3).map(|i| format!("db/{i}")).collect();
        for name in &names {
            let rotations = scenario.times(&mut drawn);
            scenario.secret(name, *drawn.pick(&KINDS), &rotations);
            if drawn.once_in(5) {
                scenario.fail_last(*drawn.pick(&STEPS), *drawn.pick(&[1, 2, 3, u32::MAX]));
            }
        }
        for i in 0..=drawn.next() % 3 {
            let used = used(&mut drawn, &names);
            let used: Vec<&str> = used.iter().map(String::as_str).collect();
            let reads = if drawn.once_in(5) {
                Reads::Cached(SignedDuration::from_secs(300))
            } else {
                Reads::Injected
            };
            scenario.service(&format!("service-{i}"), &used, reads);
        }
        for i in 0..drawn.next() % 3 {
            let name = drawn.pick(&names).clone();
            let reserved = *drawn.pick(&[None, Some(3), Some(7)]);
            scenario.function(&format!("function-{i}"), &[&name], reserved);
        }
        scenario.disturb();
        scenario.rotate_once_more(&names);
        scenario
    }

    /// Often two secrets rotate within seconds.
    fn times(&self, drawn: &mut Stream) -> Vec<i64> {
        let first = self.secrets.first().and_then(|plan| plan.rotations.first());
        let together = first.filter(|_| drawn.once_in(3));
        let begin = match together {
            Some(other) => other.at.duration_since(self.start).as_secs(),
            None => drawn.between(60, 360),
        };
        let mut times = vec![begin];
        if drawn.once_in(2) {
            times.push(begin + drawn.between(300, 1_200));
        }
        times
    }

    fn rotate_once_more(&mut self, names: &[String]) {
        let last = self.last_rotation().duration_since(self.start).as_secs();
        for (i, name) in names.iter().enumerate() {
            let mut drawn = Stream::new(self.seed, &format!("{name}/once more"));
            let rotation = self.rotation(name, self.secrets[i].kind, last + drawn.between(900, 1_000));
            self.secrets[i].rotations.push(rotation);
        }
    }

    /// What other people do, what fails, and what AWS leaves lying about.
    fn disturb(&mut self) {
        let span = Span {
            from: self.start,
            to: self.last_rotation() + SignedDuration::from_mins(10),
        };
        let seed = self.seed;
        for plan in &mut self.secrets {
            disturb_secret(plan, span, seed);
            recreate(plan, span, seed);
            for (n, rotation) in plan.rotations.iter_mut().enumerate() {
                let name = format!("{}/rotation/{n}", plan.arn.name());
                disturb_rotation(rotation, plan.kind, &mut Stream::new(seed, &name));
            }
        }
        for plan in &mut self.services {
            disturb_service(plan, span, seed);
        }
        for plan in &mut self.functions {
            disturb_function(plan, span, seed);
        }
        let mut drawn = Stream::new(seed, "account's floor");
        if drawn.once_in(6) {
            self.account_full.push(span.window(&mut drawn, 180_000));
        }
    }
}

fn used(drawn: &mut Stream, names: &[String]) -> Vec<String> {
    let mut used = vec![drawn.pick(names).clone(), drawn.pick(names).clone()];
    used.dedup();
    used
}

/// The time in which things happen.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    fn moment(self, drawn: &mut Stream) -> Timestamp {
        let length = self.to.duration_since(self.from).as_millis();
        self.from + drawn.millis(0, i64::try_from(length).unwrap_or(i64::MAX))
    }

    fn window(self, drawn: &mut Stream, longest_ms: i64) -> (Timestamp, Timestamp) {
        let from = self.moment(drawn);
        (from, from + drawn.millis(1_000, longest_ms))
    }
}

fn disturb_secret(plan: &mut SecretPlan, span: Span, seed: u64) {
    let mut drawn = Stream::new(seed, &format!("{}/disturbed", plan.arn.name()));
    plan.read_lag = drawn.millis(0, 900);
    plan.shares_log = Stream::new(seed, &format!("{}/log", plan.arn.name())).once_in(4);
    if drawn.once_in(2) {
        plan.list_lag = drawn.millis(0, 300_000);
    }
    if drawn.once_in(4) {
        let touch = *drawn.pick(&[
            Touch::Put { told: false },
            Touch::Put { told: true },
            Touch::Revert,
            Touch::LabelBack,
            Touch::Cancel,
            Touch::TestRotation,
        ]);
        plan.touches.push((span.moment(&mut drawn), touch));
    }
    if drawn.once_in(8) {
        let word = *drawn.pick(&["observe", "hold"]);
        let (from, to) = span.window(&mut drawn, 600_000);
        plan.touches.push((from, Touch::Brake(Some(word))));
        plan.touches.push((to, Touch::Brake(None)));
    }
    if drawn.once_in(6) {
        let kind = *drawn.pick(&[TroubleKind::Full, TroubleKind::Silent, TroubleKind::Locked]);
        let (from, to) = span.window(&mut drawn, 300_000);
        plan.troubles.push(Trouble { from, to, kind });
    }
}

/// Made again under its name, whichever of the two ARNs comes first.
fn recreate(plan: &mut SecretPlan, span: Span, seed: u64) {
    let mut drawn = Stream::new(seed, &format!("{}/recreated", plan.arn.name()));
    if drawn.once_in(8) {
        let random = *drawn.pick(&["AAAAAA", "zzzzzz"]);
        plan.touches
            .push((span.moment(&mut drawn), Touch::Recreate(random)));
    }
}

fn disturb_rotation(plan: &mut RotationPlan, kind: Kind, drawn: &mut Stream) {
    if drawn.once_in(6) {
        plan.clean_up = SignedDuration::from_hours(2);
    }
    if let Some(failing) = &mut plan.fails {
        failing.after_effect = drawn.once_in(2);
    } else if drawn.once_in(8) {
        plan.fails = Some(Failing {
            step: *drawn.pick(&STEPS),
            times: 1,
            after_effect: drawn.once_in(2),
        });
    }
    if matches!(kind, Kind::SingleUser { .. }) && drawn.once_in(8) {
        plan.comes_true_after = drawn.millis(2_000, 90_000);
        plan.weak_test = drawn.once_in(2);
    }
    if drawn.once_in(8) {
        plan.log.lost.push(*drawn.pick(&STEPS));
    }
    plan.log.repeated = drawn.once_in(8);
    if drawn.once_in(8) {
        plan.log.delay = drawn.millis(5_000, 45_000);
    }
    plan.log.benign = drawn.once_in(4);
    plan.log.cut = drawn.once_in(8);
}

fn disturb_service(plan: &mut ServicePlan, span: Span, seed: u64) {
    let mut drawn = Stream::new(seed, &format!("{}/disturbed", plan.id));
    let seconds = *drawn.pick(&[0, 5, 60, 300]);
    plan.drain = SignedDuration::from_secs(seconds);
    if drawn.once_in(5) {
        plan.fates
            .push(*drawn.pick(&[Fate::BrokenOff, Fate::Alarmed, Fate::NeverHealthy]));
    }
    if drawn.once_in(5) {
        let touch = *drawn.pick(&[
            ServiceTouch::Redeploy,
            ServiceTouch::Redeploy,
            ServiceTouch::Scale(0),
            ServiceTouch::Scale(1),
            ServiceTouch::Scale(5),
            ServiceTouch::Delete,
        ]);
        plan.touches.push((span.moment(&mut drawn), touch));
    }
    if drawn.once_in(10) {
        plan.created = Some(span.moment(&mut drawn));
    }
    if drawn.once_in(3) {
        plan.pool = drawn.millis(0, 120_000);
    }
    plan.retries = plan.reads != Reads::Injected && drawn.once_in(2);
}

fn disturb_function(plan: &mut FunctionPlan, span: Span, seed: u64) {
    let mut drawn = Stream::new(seed, &format!("{}/disturbed", plan.name));
    if drawn.once_in(6) {
        plan.reach = *drawn.pick(&[Reach::Alias, Reach::Provisioned]);
    }
    if drawn.once_in(3) {
        let touch = *drawn.pick(&[
            FunctionTouch::Concurrency(5),
            FunctionTouch::Configuration,
            FunctionTouch::Delete,
        ]);
        plan.touches.push((span.moment(&mut drawn), touch));
    }
    if drawn.once_in(8) {
        plan.unreadable = Some(span.window(&mut drawn, 600_000));
    }
}
