use std::sync::Arc;

use jiff::Timestamp;
use rotation_watchdog::sim::ports::{OpenGate, SimAccount};
use rotation_watchdog::sim::{Scenario, arn};

use super::*;

/// The outside of a simulated account goes by its clock: a step is played by letting it pass.
struct Simulated {
    account: SimAccount,
    clock: Clock,
    scenario: Scenario,
}

impl Simulated {
    fn new() -> Self {
        let mut scenario = Scenario::one_service(1);
        scenario.function("mailer", &["shop/mysql"], Some(7));
        let world = Arc::new(std::sync::Mutex::new(scenario.world()));
        let clock = Clock::scaled(scenario.start, 1);
        Self {
            account: SimAccount::new(world, clock.clone(), Arc::new(OpenGate)),
            clock,
            scenario,
        }
    }

    /// Just after so many steps of the rotation.
    fn after(&self, steps: usize) -> Timestamp {
        let rotation = &self.scenario.secrets[0].rotations[0];
        let lasted: SignedDuration = rotation.steps[..steps].iter().sum();
        rotation.at + lasted + SignedDuration::from_millis(10)
    }
}

#[async_trait]
impl Stage for Simulated {
    fn ports(&self) -> Ports {
        self.account.ports()
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }

    fn secret(&self) -> SecretArn {
        arn("shop/mysql")
    }

    async fn begin(&self) {
        self.clock.sleep_until(self.after(0)).await;
    }

    async fn create(&self) {
        self.clock.sleep_until(self.after(1)).await;
    }

    async fn set_and_test(&self) {
        self.clock.sleep_until(self.after(3)).await;
    }

    async fn finish(&self) {
        self.clock.sleep_until(self.after(4)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulation_keeps_what_the_ports_promise() {
    hold(&Simulated::new()).await;
}
