//! How fast the simulation runs: the real loop, journal and ports on a simulated account. Prints one JSON object.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark takes real time and prints"
)]

use std::time::Instant;

use jiff::SignedDuration;
use machine::model::Mode;
use machine::policy::LambdaMethod;
use rotation_watchdog::sim::{Scenario, Trial, options};

const SEEDS: u64 = 500;

fn main() -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut crossings = 0;
    for seed in 0..SEEDS {
        let scenario = Scenario::one_service(seed);
        let until = scenario.last_rotation() + SignedDuration::from_mins(12);
        let trial = Trial::new(
            scenario.world(),
            options(Mode::Act, LambdaMethod::ConfigUpdate, true),
        )?;
        crossings += trial.live(until, None)?.crossings;
    }
    let seconds = begin.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let result = serde_json::json!({
        "rotations_per_second": SEEDS as f64 / seconds,
        "microseconds_per_crossing": seconds * 1e6 / crossings as f64,
    });
    println!("{result}");
    Ok(())
}
