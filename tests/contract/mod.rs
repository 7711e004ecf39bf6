//! What the ports promise, held by the simulation and, over real SDK clients, by the stand-in for AWS, by moto as it
//! is, and by an account of AWS where its owner names one (`account`).
//!
//! One suite for all: what the machine was tested with in the simulation is what it meets on the wire.
//! `cargo test --test integration contract -- --show-output` tells each promise by name.

mod account;
mod exceptions;
mod owner;
mod promises;
mod run;
mod simulated;
mod stage;
mod wire;

use run::Run;
use simulated::Simulated;
use stage::Stage;
use wire::Wire;

/// Every promise, or why not.
async fn hold(stage: &dyn Stage) -> Result<String, String> {
    let mut run = Run::on(stage);
    promises::all(&mut run).await;
    run.report()
}

#[expect(clippy::print_stdout, reason = "`--show-output` tells each promise")]
fn tell(report: Result<String, String>) {
    match report {
        Ok(told) => println!("{told}"),
        Err(told) => panic!("{told}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulation_keeps_what_the_ports_promise() {
    tell(hold(&Simulated::new()).await);
}

#[tokio::test]
async fn the_adapters_keep_what_the_ports_promise() {
    tell(hold(&Wire::corrected().await).await);
}

/// Why the stand-in corrects moto: each difference is named, and is one.
#[tokio::test]
async fn moto_differs_from_aws_where_it_is_named() {
    tell(hold(&Wire::plain().await).await);
}
