//! The simulated account. Its outside goes by its clock: a step of the rotation is played by letting it pass.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use machine::model::{ConsumerId, SecretArn};
use rotation_watchdog::ports::Ports;
use rotation_watchdog::runtime::Clock;
use rotation_watchdog::sim::ports::{Fault, FaultKind, Faults, OpenGate, SimAccount};
use rotation_watchdog::sim::world::{
    Account, Fate, FunctionPlan, Kind, LogLine, Reach, Reads, SecretPlan, ServicePlan, Touch, World,
};
use rotation_watchdog::sim::{Scenario, arn};

use super::owner::stream_of;
use super::stage::{Names, Place, RESERVED, Rare, Stage, Trouble, Wanted};

const CLUSTER: &str = "prod";
/// From the rotation's begin to the value that is put by hand: before the service takes AWSPENDING away.
const BY_HAND: SignedDuration = SignedDuration::from_secs(60);

pub(super) struct Simulated {
    account: SimAccount,
    world: Arc<Mutex<World>>,
    faults: Faults,
    clock: Clock,
    scenario: Scenario,
}

impl Simulated {
    pub(super) fn new() -> Self {
        let mut scenario = Scenario::one_service(1);
        scenario.function("mailer", &["shop/mysql"], Some(RESERVED));
        let begins = scenario.last_rotation();
        let put = Touch::Put { told: false };
        scenario.secrets[0].touches.push((begins + BY_HAND, put));
        let world = Arc::new(Mutex::new(scenario.world()));
        let (clock, faults) = (Clock::scaled(scenario.start, 1), Faults::default());
        let account = SimAccount::new(world.clone(), clock.clone(), Arc::new(OpenGate));
        Self {
            account: account.with_faults(faults.clone()),
            world,
            faults,
            clock,
            scenario,
        }
    }

    /// Just after so many steps of the rotation.
    async fn after(&self, steps: usize) {
        let rotation = &self.scenario.secrets[0].rotations[0];
        let lasted: SignedDuration = rotation.steps[..steps].iter().sum();
        let moment = rotation.at + lasted + SignedDuration::from_millis(10);
        self.clock.sleep_until(moment).await;
    }

    /// The world as it is at this moment.
    fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().expect("no panic");
        world.advance(self.clock.now());
        world
    }

    fn fail(&self, operation: &'static str, trouble: Trouble) {
        let kind = match trouble {
            Trouble::Denied => FaultKind::Denied,
            Trouble::Throttled => FaultKind::Throttled,
            Trouble::LostBefore => FaultKind::LostBefore,
            Trouble::LostAfter => FaultKind::LostAfter,
        };
        let fault = Fault {
            operation,
            times: 1,
            kind,
            window: None,
        };
        self.faults.lock().expect("no panic").push(fault);
    }
}

fn service(wanted: &Wanted) -> ServicePlan {
    ServicePlan {
        id: ConsumerId::service(CLUSTER, &wanted.name),
        secrets: vec![arn("shop/mysql")],
        account: Account::First,
        reads: Reads::Injected,
        desired: wanted.desired,
        start: SignedDuration::from_secs(2),
        health: SignedDuration::from_secs(3),
        drain: SignedDuration::ZERO,
        image: "app@sha256:0000".to_owned(),
        fates: Vec::from_iter(wanted.fails_once.then_some(Fate::BrokenOff)),
        touches: Vec::new(),
        created: None,
        pool: SignedDuration::ZERO,
        retries: false,
        probe: None,
    }
}

fn function(name: &str) -> FunctionPlan {
    FunctionPlan {
        name: name.to_owned(),
        secrets: Vec::new(),
        reserved: None,
        reach: Reach::Latest,
        touches: Vec::new(),
        unreadable: None,
    }
}

#[async_trait]
impl Stage for Simulated {
    fn place(&self) -> Place {
        Place::Simulation
    }

    fn ports(&self) -> Ports {
        self.account.ports()
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }

    fn names(&self) -> Names {
        Names {
            secret: arn("shop/mysql"),
            secret_name: "shop/mysql".to_owned(),
            cluster: CLUSTER.to_owned(),
            service: "orders".to_owned(),
            function: "mailer".to_owned(),
            log_group: "contract".to_owned(),
            nobody: "nobody".to_owned(),
        }
    }

    fn patience(&self) -> SignedDuration {
        SignedDuration::from_mins(1)
    }

    async fn begin_rotation(&self) {
        self.after(0).await;
    }

    async fn create_secret_step(&self) {
        self.after(1).await;
    }

    async fn set_and_test_steps(&self) {
        self.after(3).await;
    }

    async fn finish_secret_step(&self) {
        self.after(4).await;
    }

    async fn put_by_hand(&self) {
        let (planned, _) = self.scenario.secrets[0].touches[0];
        self.clock.sleep_until(planned).await;
    }

    async fn add_secrets(&self, count: usize) -> Vec<SecretArn> {
        let arns: Vec<_> = (0..count).map(|n| arn(&format!("page/{n}"))).collect();
        for arn in &arns {
            let plan = SecretPlan::new(arn.clone(), Kind::ApiKey, Vec::new());
            self.world().add_secret(plan);
        }
        arns
    }

    async fn add_functions(&self, count: usize) -> Vec<String> {
        let names: Vec<_> = (0..count).map(|n| format!("page-{n}")).collect();
        for name in &names {
            self.world().add_function(function(name));
        }
        names
    }

    async fn add_services(&self, wanted: &[Wanted]) {
        for wanted in wanted {
            self.world().add_service(service(wanted));
        }
    }

    async fn delete_service(&self, name: &str) {
        let mut world = self.world();
        let now = world.now();
        let service = world.services.get_mut(&ConsumerId::service(CLUSTER, name));
        service.expect("the service").deleted = Some(now);
    }

    async fn run_task(&self) {
        unreachable!("every simulated task is a service's")
    }

    async fn add_unreadable_function(&self) -> String {
        let mut hidden = function("hidden");
        hidden.unreadable = Some((Timestamp::MIN, Timestamp::MAX));
        self.world().add_function(hidden);
        "hidden".to_owned()
    }

    async fn add_rare(&self, rare: Rare) -> String {
        unreachable!("the simulation has no {rare:?}")
    }

    async fn log(&self, lines: &[(Timestamp, String)]) {
        let lines = lines.iter().map(|(at, message)| LogLine {
            at: *at,
            visible: *at,
            stream: "one".to_owned(),
            message: message.clone(),
        });
        let group = self.names().log_group;
        self.world().logs.entry(group).or_default().extend(lines);
    }

    async fn log_together(&self, functions: &[&str]) -> String {
        let now = self.clock.now();
        let lines = functions.iter().map(|function| LogLine {
            at: now,
            visible: now,
            stream: stream_of(function),
            message: (*function).to_owned(),
        });
        self.world()
            .logs
            .entry("together".to_owned())
            .or_default()
            .extend(lines);
        "together".to_owned()
    }

    async fn add_infrequent_log_group(&self) -> String {
        unreachable!("simulated groups have no class")
    }

    async fn fail_next_read(&self, operation: &'static str, trouble: Trouble) {
        self.fail(operation, trouble);
    }

    async fn fail_next_write(&self, operation: &'static str, trouble: Trouble) {
        self.fail(operation, trouble);
    }
}
