//! Cases: an account with everything that goes wrong, generated whole from a seed, then run.

mod events;
mod failures;
mod faults;
mod moments;
mod part;
mod profile;

use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, Mode};
use machine::policy::{LambdaMethod, Policy, RollForward};

pub use part::Part;
pub use profile::Profile;

use super::life::{How, Pause, Place};
use super::ports::{Fault, Jump};
use super::world::{Arrival, Delivery};
use super::{Scenario, Stream, options_of, policy};
use crate::runtime::Options;

/// What the next life finds where its journal was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    Kept,
    Lost,
    /// A copy that is so old; empty where no life had begun then.
    Old(SignedDuration),
}

/// The end of a life at a crossing, and another start some time later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    pub at: Place,
    pub how: How,
    pub downtime: SignedDuration,
    pub disk: Disk,
    /// Somebody changed the configuration meanwhile.
    pub mode: Option<Mode>,
}

/// Everything that a seed decides.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub profile: Profile,
    pub scenario: Scenario,
    pub mode: Mode,
    pub method: LambdaMethod,
    pub login_test: bool,
    /// The rule says `roll_forward = "act"`, and maybe that there is one account.
    pub roll_forward: bool,
    pub one_account: bool,
    /// The service the watchdog itself runs in.
    pub own_service: Option<ConsumerId>,
    /// How events come; nothing where there is no queue.
    pub events: Option<Delivery>,
    pub faults: Vec<Fault>,
    pub crashes: Vec<Crash>,
    /// When the process of the last life is suspended.
    pub pauses: Vec<Pause>,
    /// When the clock of the machine jumps.
    pub jumps: Vec<Jump>,
    /// When the watchdog is first started, after the scenario's start.
    pub first_start: SignedDuration,
    pub left_out: Vec<Part>,
}

/// Faults are over so long before the end, so that everything can settle: what the hourly cap holds back, too.
const CALM: SignedDuration = SignedDuration::from_mins(80);

impl Case {
    pub fn generate(seed: u64, profile: Profile) -> Self {
        let mut kind = Stream::new(seed, "case");
        let mut case = Self {
            seed,
            profile,
            mode: if kind.once_in(16) {
                Mode::Observe
            } else {
                Mode::Act
            },
            method: *kind.pick(&[LambdaMethod::ConfigUpdate, LambdaMethod::ConcurrencyCycle]),
            login_test: true,
            roll_forward: false,
            one_account: false,
            own_service: None,
            events: None,
            scenario: Scenario::random(seed),
            faults: Vec::new(),
            crashes: Vec::new(),
            pauses: Vec::new(),
            jumps: Vec::new(),
            first_start: SignedDuration::ZERO,
            left_out: Vec::new(),
        };
        match profile {
            Profile::Moments => case.aim(),
            Profile::Failures => case.draw_failures(),
            Profile::None
            | Profile::Network
            | Profile::Crash
            | Profile::Disk
            | Profile::Clock
            | Profile::All => case.draw_faults(),
        }
        // Every fourth: the others are looked at as without a queue.
        if seed % 4 == 3 {
            case.events = Some(events::draw(seed, case.scenario.start));
        }
        if profile == Profile::None {
            case.own_service = case.draw_own_service();
        }
        case
    }

    fn draw_own_service(&self) -> Option<ConsumerId> {
        let mut drawn = Stream::new(self.seed, "own service");
        let plan = drawn.pick(&self.scenario.services);
        drawn.once_in(2).then(|| plan.id.clone())
    }

    /// How the watchdog is configured, in a mode.
    pub fn options(&self, mode: Mode) -> Options {
        let mut options = options_of(Policy {
            roll_forward: RollForward {
                acts: self.roll_forward && self.login_test,
                one_account: self.one_account,
                by_rule_host: false,
            },
            ..policy(mode, self.method, self.login_test)
        });
        options.settings.limits.own_service.clone_from(&self.own_service);
        options.settings.events = self.events.is_some();
        options
    }

    /// Whether failed rotations may be finished by the watchdog.
    pub fn rolls_forward(&self) -> bool {
        self.roll_forward && self.login_test && self.mode == Mode::Act
    }

    /// When everything must have settled, where nothing delays it.
    pub fn end(&self) -> Timestamp {
        self.scenario.last_retry() + CALM
    }

    /// How long the last life lasts at least.
    pub fn calm() -> SignedDuration {
        CALM
    }

    /// Whether anything goes wrong with the watchdog's own calls, disk, clock and process.
    pub fn is_disturbed(&self) -> bool {
        self.is_away() || !self.faults.is_empty() || !self.jumps.is_empty()
    }

    /// Whether nobody watches for a while.
    pub fn is_away(&self) -> bool {
        !self.crashes.is_empty() || !self.pauses.is_empty()
    }

    /// What a seed decides beside the account, a line each.
    pub fn told(&self) -> Vec<String> {
        let mut told = vec![format!(
            "seed {}, faults {}: mode {:?}, Lambda by {:?}, login tests {}, first start after {:#}",
            self.seed,
            self.profile.name(),
            self.mode,
            self.method,
            if self.login_test { "on" } else { "off" },
            self.first_start
        )];
        if self.rolls_forward() {
            let one = if self.one_account { ", one account" } else { "" };
            told.push(format!("failed rotations are rolled forward{one}"));
        }
        told.extend(
            self.own_service
                .iter()
                .map(|own| format!("the watchdog runs in {own}")),
        );
        let told_of = |events: &Delivery| {
            let Delivery {
                trail,
                arrivals,
                ends,
                foreign,
            } = events;
            let lost = arrivals
                .iter()
                .filter(|arrival| **arrival == Arrival::Lost)
                .count();
            format!(
                "events come: {lost} of {} are lost, a trail {trail}, the rules are disabled {ends:?}, foreign messages each \
                 minute {foreign}",
                arrivals.len()
            )
        };
        told.extend(self.events.iter().map(told_of));
        told.extend(self.faults.iter().map(|fault| format!("{fault:?}")));
        told.extend(self.crashes.iter().map(|crash| format!("{crash:?}")));
        told.extend(self.pauses.iter().map(|pause| format!("{pause:?}")));
        told.extend(self.jumps.iter().map(|jump| format!("{jump:?}")));
        told
    }

    /// The line to paste that runs it again and prints its story.
    pub fn command(&self) -> String {
        let (profile, seed) = (self.profile.name(), self.seed);
        let mut line = format!("rotation-watchdog simulate --trace --faults {profile} --seed {seed}");
        if !self.left_out.is_empty() {
            let parts: Vec<String> = self.left_out.iter().map(Part::to_string).collect();
            line += &format!(" --without {}", parts.join(","));
        }
        line
    }

    /// Every part that can be left out, the greatest first.
    pub fn parts(&self) -> Vec<Part> {
        let Scenario {
            secrets,
            services,
            functions,
            ..
        } = &self.scenario;
        let entities = secrets.len() + services.len() + functions.len();
        let parts = [
            (0..self.crashes.len()).map(Part::Crash).collect::<Vec<_>>(),
            (0..self.faults.len()).map(Part::Fault).collect(),
            (0..self.pauses.len()).map(Part::Pause).collect(),
            (0..self.jumps.len()).map(Part::Jump).collect(),
            (0..functions.len()).map(Part::Function).collect(),
            (0..services.len()).map(Part::Service).collect(),
            (0..secrets.len()).map(Part::Secret).collect(),
            (0..=entities).map(Part::Disturbance).collect(),
        ];
        parts.concat()
    }

    /// The same case without these parts. Who uses a secret goes with it.
    #[must_use]
    pub fn without(seed: u64, profile: Profile, left_out: &[Part]) -> Self {
        let mut case = Self::generate(seed, profile);
        let is_kept = |part: Part| !left_out.contains(&part);
        case.scenario.calm(|i| !is_kept(Part::Disturbance(i)));
        case.scenario.keep(is_kept);
        keep(&mut case.faults, |i| is_kept(Part::Fault(i)));
        keep(&mut case.crashes, |i| is_kept(Part::Crash(i)));
        keep(&mut case.pauses, |i| is_kept(Part::Pause(i)));
        keep(&mut case.jumps, |i| is_kept(Part::Jump(i)));
        case.left_out = left_out.to_vec();
        case
    }
}

impl Scenario {
    /// Takes away what disturbs the i-th of secrets, services and functions, in this order; and the account's floor.
    fn calm(&mut self, is_calm: impl Fn(usize) -> bool) {
        let mut places = 0..;
        for plan in self
            .secrets
            .iter_mut()
            .zip(&mut places)
            .filter(|(_, i)| is_calm(*i))
        {
            plan.0.calm();
        }
        for plan in self
            .services
            .iter_mut()
            .zip(&mut places)
            .filter(|(_, i)| is_calm(*i))
        {
            plan.0.calm();
        }
        for plan in self
            .functions
            .iter_mut()
            .zip(&mut places)
            .filter(|(_, i)| is_calm(*i))
        {
            plan.0.calm();
        }
        if places.next().is_some_and(is_calm) {
            self.account_full.clear();
        }
    }

    fn keep(&mut self, is_kept: impl Fn(Part) -> bool) {
        let secrets = self.secrets.clone();
        keep(&mut self.secrets, |i| is_kept(Part::Secret(i)));
        keep(&mut self.services, |i| is_kept(Part::Service(i)));
        keep(&mut self.functions, |i| is_kept(Part::Function(i)));
        for gone in secrets
            .iter()
            .filter(|plan| !self.secrets.iter().any(|kept| kept.arn == plan.arn))
        {
            self.services.retain(|plan| !plan.secrets.contains(&gone.arn));
            self.functions.retain(|plan| !plan.secrets.contains(&gone.arn));
        }
    }
}

fn keep<T>(list: &mut Vec<T>, is_kept: impl Fn(usize) -> bool) {
    let mut places = 0..;
    list.retain(|_| places.next().is_some_and(&is_kept));
}
