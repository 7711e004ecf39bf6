//! Cases: a scenario with its faults and crashes, generated whole from a seed, then run.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use machine::model::{Mode, Step};
use machine::policy::LambdaMethod;

use super::ports::{Fault, FaultKind};
use super::world::{Kind, Reads, Touch};
use super::{Scenario, Stream};

/// What goes wrong in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Nothing but the rotations' own failures.
    None,
    /// Calls that are refused, throttled or never answered.
    Network,
    /// The watchdog is killed and starts again, on its journal, an older copy, or none.
    Crash,
    /// The journal's disk is full for a while.
    Disk,
    All,
}

impl Profile {
    pub const ALL: [Self; 5] = [Self::None, Self::Network, Self::Crash, Self::Disk, Self::All];

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Network => "network",
            Self::Crash => "crash",
            Self::Disk => "disk",
            Self::All => "all",
        }
    }

    fn has_network(self) -> bool {
        matches!(self, Self::Network | Self::All)
    }

    fn has_crashes(self) -> bool {
        matches!(self, Self::Crash | Self::All)
    }

    fn has_full_disk(self) -> bool {
        matches!(self, Self::Disk | Self::All)
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// What the next life finds where its journal was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    Kept,
    Lost,
    /// A copy from when the life that crashed began.
    Old,
}

/// Kill -9 at a crossing, and a new start some time later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    pub crossing: u64,
    pub downtime: SignedDuration,
    pub disk: Disk,
}

/// One part of a case that can be left out, to find the smallest that still fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Fault(usize),
    Crash(usize),
    Secret(usize),
    Service(usize),
    Function(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(i) => write!(f, "fault.{i}"),
            Self::Crash(i) => write!(f, "crash.{i}"),
            Self::Secret(i) => write!(f, "secret.{i}"),
            Self::Service(i) => write!(f, "service.{i}"),
            Self::Function(i) => write!(f, "function.{i}"),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('.')
            .and_then(|(kind, i)| Some((kind, i.parse().ok()?)));
        match parsed {
            Some(("fault", i)) => Ok(Self::Fault(i)),
            Some(("crash", i)) => Ok(Self::Crash(i)),
            Some(("secret", i)) => Ok(Self::Secret(i)),
            Some(("service", i)) => Ok(Self::Service(i)),
            Some(("function", i)) => Ok(Self::Function(i)),
            _ => Err("fault.N, crash.N, secret.N, service.N or function.N".to_owned()),
        }
    }
}

/// Everything that a seed decides.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub profile: Profile,
    pub scenario: Scenario,
    pub mode: Mode,
    pub method: LambdaMethod,
    pub faults: Vec<Fault>,
    pub crashes: Vec<Crash>,
    /// When the watchdog is first started, after the scenario's start.
    pub first_start: SignedDuration,
    pub left_out: Vec<Part>,
}

/// Faults are over so long before the end, so that everything can settle.
const CALM: SignedDuration = SignedDuration::from_mins(25);

const OPERATIONS: [&str; 13] = [
    "database:login",
    "secretsmanager:ListSecrets",
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:GetSecretValue",
    "logs:FilterLogEvents",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:UpdateService",
    "lambda:ListFunctions",
    "lambda:GetFunction",
    "lambda:UpdateFunctionConfiguration",
    "lambda:PutFunctionConcurrency",
];

impl Case {
    pub fn generate(seed: u64, profile: Profile) -> Self {
        let mut kind = Stream::new(seed, "case");
        let scenario = Scenario::random(seed);
        let last = scenario.last_rotation();
        let mut case = Self {
            seed,
            profile,
            mode: if kind.once_in(16) {
                Mode::Observe
            } else {
                Mode::Act
            },
            method: *kind.pick(&[LambdaMethod::ConfigUpdate, LambdaMethod::ConcurrencyCycle]),
            scenario,
            faults: Vec::new(),
            crashes: Vec::new(),
            first_start: SignedDuration::ZERO,
            left_out: Vec::new(),
        };
        if profile.has_network() {
            case.draw_network(last);
        }
        if profile.has_full_disk() {
            case.draw_full_disk(last);
        }
        if profile.has_crashes() {
            case.draw_crashes();
        }
        case
    }

    /// When everything must have settled, where no crash delays it.
    pub fn end(&self) -> Timestamp {
        self.scenario.last_rotation() + SignedDuration::from_mins(15) + CALM
    }

    /// How long the last life lasts at least.
    pub fn calm() -> SignedDuration {
        CALM
    }

    fn window(&self, stream: &mut Stream, last: Timestamp, longest_ms: i64) -> (Timestamp, Timestamp) {
        let span = last.duration_since(self.scenario.start) + SignedDuration::from_mins(5);
        let from =
            self.scenario.start + stream.millis(0, i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        (from, from + stream.millis(1_000, longest_ms))
    }

    fn draw_network(&mut self, last: Timestamp) {
        let mut stream = Stream::new(self.seed, "network");
        for _ in 0..stream.next() % 6 {
            let operation = *stream.pick(&OPERATIONS);
            let kind = stream
                .pick(&[
                    FaultKind::Throttled,
                    FaultKind::Denied,
                    FaultKind::LostBefore,
                    FaultKind::LostAfter,
                ])
                .clone();
            let times = u32::try_from(stream.next() % 6).unwrap_or(0) + 1;
            let window = Some(self.window(&mut stream, last, 300_000));
            self.faults.push(Fault {
                operation,
                times,
                kind,
                window,
            });
        }
    }

    fn draw_full_disk(&mut self, last: Timestamp) {
        let mut stream = Stream::new(self.seed, "disk");
        let window = Some(self.window(&mut stream, last, 240_000));
        self.faults.push(Fault {
            operation: "journal.commit",
            times: u32::MAX,
            kind: FaultKind::LostBefore,
            window,
        });
    }

    fn draw_crashes(&mut self) {
        let mut stream = Stream::new(self.seed, "crashes");
        if stream.once_in(6) {
            self.first_start = stream.millis(0, 2_400_000);
        }
        for _ in 0..stream.next() % 4 {
            self.crashes.push(Crash {
                crossing: stream.next() % 600 + 1,
                downtime: stream.millis(0, 180_000),
                disk: *stream.pick(&[Disk::Kept, Disk::Kept, Disk::Kept, Disk::Lost, Disk::Old]),
            });
        }
    }

    /// Every part that can be left out.
    pub fn parts(&self) -> Vec<Part> {
        let parts = [
            (0..self.crashes.len()).map(Part::Crash).collect::<Vec<_>>(),
            (0..self.faults.len()).map(Part::Fault).collect(),
            (0..self.scenario.functions.len()).map(Part::Function).collect(),
            (0..self.scenario.services.len()).map(Part::Service).collect(),
            (0..self.scenario.secrets.len()).map(Part::Secret).collect(),
        ];
        parts
            .concat()
            .into_iter()
            .filter(|part| !self.left_out.contains(part))
            .collect()
    }

    /// The same case without these parts. Who uses a secret goes with it.
    #[must_use]
    pub fn without(seed: u64, profile: Profile, left_out: &[Part]) -> Self {
        let mut case = Self::generate(seed, profile);
        let is_kept = |part: Part| !left_out.contains(&part);
        let secrets = case.scenario.secrets.clone();
        let gone: Vec<_> = secrets
            .iter()
            .enumerate()
            .filter(|(i, _)| !is_kept(Part::Secret(*i)))
            .map(|(_, plan)| plan.arn.clone())
            .collect();
        case.faults = kept(case.faults, |i| is_kept(Part::Fault(i)));
        case.crashes = kept(case.crashes, |i| is_kept(Part::Crash(i)));
        case.scenario.secrets = kept(secrets, |i| is_kept(Part::Secret(i)));
        case.scenario.services = kept(case.scenario.services, |i| is_kept(Part::Service(i)));
        case.scenario.functions = kept(case.scenario.functions, |i| is_kept(Part::Function(i)));
        case.scenario
            .services
            .retain(|plan| plan.secrets.iter().all(|arn| !gone.contains(arn)));
        case.scenario
            .functions
            .retain(|plan| plan.secrets.iter().all(|arn| !gone.contains(arn)));
        case.left_out = left_out.to_vec();
        case
    }
}

fn kept<T>(list: Vec<T>, is_kept: impl Fn(usize) -> bool) -> Vec<T> {
    let kept = list.into_iter().enumerate().filter(|(i, _)| is_kept(*i));
    kept.map(|(_, item)| item).collect()
}

impl Scenario {
    /// One to three secrets of any kind, with one or two rotations each, and their consumers.
    pub fn random(seed: u64) -> Self {
        let mut scenario = Self::empty(seed);
        let mut drawn = Stream::new(seed, "account");
        let kinds = [
            Kind::SingleUser { engine: "MySQL" },
            Kind::SingleUser { engine: "PostgreSQL" },
            Kind::AlternatingUsers { engine: "MySQL" },
            Kind::Managed,
        ];
        let names: Vec<String> = (0..=drawn.next() % 3).map(|i| format!("db/{i}")).collect();
        for name in &names {
            let mut rotations = vec![drawn.between(60, 360)];
            if drawn.once_in(2) {
                rotations.push(rotations[0] + drawn.between(300, 1_200));
            }
            scenario.secret(name, *drawn.pick(&kinds), &rotations);
            if drawn.once_in(5) {
                let step = *drawn.pick(&[
                    Step::CreateSecret,
                    Step::SetSecret,
                    Step::TestSecret,
                    Step::FinishSecret,
                ]);
                scenario.fail_last(step, *drawn.pick(&[1, 2, 3, u32::MAX]));
            }
        }
        for i in 0..=drawn.next() % 3 {
            let used = scenario.used(&mut drawn, &names);
            let used: Vec<&str> = used.iter().map(String::as_str).collect();
            let reads = if drawn.once_in(5) {
                Reads::Cached(SignedDuration::from_secs(300))
            } else {
                Reads::Injected
            };
            scenario.service(&format!("service-{i}"), &used, reads);
            if drawn.once_in(8)
                && let Some(plan) = scenario.services.last_mut()
            {
                plan.rolls_back = 1;
            }
        }
        for i in 0..drawn.next() % 3 {
            let name = drawn.pick(&names).clone();
            let reserved = *drawn.pick(&[None, Some(3), Some(7)]);
            scenario.function(&format!("function-{i}"), &[&name], reserved);
        }
        scenario.surprise();
        scenario
    }

    /// What other people do, and what AWS leaves lying about.
    fn surprise(&mut self) {
        let mut drawn = Stream::new(self.seed, "surprises");
        for plan in &mut self.secrets {
            if drawn.once_in(8) {
                let last = plan.rotations.last().map(|rotation| rotation.at);
                plan.manual_puts
                    .extend(last.map(|at| at + drawn.millis(180_000, 600_000)));
            }
            for rotation in &mut plan.rotations {
                if drawn.once_in(6) {
                    rotation.clean_up = SignedDuration::from_hours(2);
                }
            }
        }
        for plan in &mut self.functions {
            let rotations = self
                .secrets
                .iter()
                .filter(|secret| plan.secrets.contains(&secret.arn));
            let rotation = rotations.flat_map(|secret| &secret.rotations).next();
            if let Some(rotation) = rotation.filter(|_| drawn.once_in(3)) {
                let touch = *drawn.pick(&[Touch::Concurrency(5), Touch::Configuration]);
                plan.touches.push((rotation.at + drawn.millis(0, 60_000), touch));
            }
        }
    }

    fn used(&self, drawn: &mut Stream, names: &[String]) -> Vec<String> {
        let mut used = vec![drawn.pick(names).clone(), drawn.pick(names).clone()];
        used.dedup();
        used
    }
}
