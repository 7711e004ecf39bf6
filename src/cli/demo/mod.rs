//! `demo`: the real loop on a simulated account, in real time, faster.

mod applications;
mod report;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use machine::model::{Mode, SecretSummary, Staleness};
use machine::policy::LambdaMethod;
use tokio_util::sync::CancellationToken;

use super::wiring;
use crate::http::{self, ServeError, Serving, Shown};
use crate::runtime::{Assignment, Clock, Options, Watchdog};
use crate::sim::ports::{OpenGate, Skew};
use crate::sim::world::Delivery;
use crate::sim::{Scenario, Trial, options};
use crate::telemetry::logs::{self, Format, LogOptions};
use crate::telemetry::{Metrics, MetricsOptions};

/// What happens after the last rotation until the demo ends by itself.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(170);
const VERIFY: SignedDuration = SignedDuration::from_secs(15);
const WATCH: SignedDuration = SignedDuration::from_secs(150);
const CACHE: SignedDuration = SignedDuration::from_secs(60);
const ANNOUNCED: SignedDuration = SignedDuration::from_secs(1);

#[derive(Args)]
pub(super) struct DemoArgs {
    /// Another account, other times: the same seed is the same world, watched or not
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Simulated seconds for each real one
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=60))]
    speed: u32,
    /// Where the HTTP API listens; any free port where this one is taken
    #[arg(long, default_value = "127.0.0.1:9847", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Go on after the table, until interrupted
    #[arg(long)]
    keep_running: bool,
    /// Leave the rotation that fails to people, as `roll_forward = "offer"` does
    #[arg(long)]
    without_roll_forward: bool,
}

/// Runs the demo to its table. Exit code 0.
pub(super) fn run(args: &DemoArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    wiring::runtime()?.block_on(play(args, out))?;
    Ok(0)
}

async fn play(args: &DemoArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let scenario = Scenario::demo(args.seed);
    let trial = Trial::new(scenario.world(), compressed(!args.without_roll_forward))?;
    trial.world().send_events(Delivery::prompt());
    trial.world().measure_promptly();
    let clock = Clock::scaled(scenario.start, args.speed);
    let metrics = Arc::new(Metrics::new(MetricsOptions::default())?);
    let parts = trial.parts(
        clock.clone(),
        &Skew::default(),
        Arc::new(OpenGate),
        metrics.clone(),
    );
    let watchdog = Watchdog::new(parts, trial.options.clone());
    let shown = Shown {
        snapshot: watchdog.snapshots(),
        metrics,
        pulse: watchdog.pulse(),
        clock: clock.clone(),
        limits: http::Limits::default(),
    };
    let snapshots = watchdog.snapshots();
    let stop = CancellationToken::new();
    let serving = serve(args.listen, shown, &stop)?;
    introduce(args, &scenario, serving.address(), out)?;
    log_to_stdout(clock.clone())?;

    let end = scenario.last_rotation() + AFTERWARDS;
    let loop_ended = watchdog.run(stop.clone());
    let played = async {
        tokio::select! {
            () = applications::tell(&trial.world, &clock) => {}
            () = clock.sleep_until(end) => {}
            interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for an interrupt")?,
        }
        let snapshot = snapshots.borrow().clone();
        report::write(&scenario, &trial.world(), &snapshot, clock.now().min(end), out)?;
        if args.keep_running {
            writeln!(out, "\nstill running; interrupt it to end")?;
            tokio::signal::ctrl_c()
                .await
                .context("cannot wait for an interrupt")?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        ended = loop_ended => drop(ended.context("the loop ended")?),
        played = played => played?,
    }
    stop.cancel();
    serving.ended().await?;
    Ok(())
}

/// The default options with the long waits made short, so that a day fits into a minute.
fn compressed(rolls_forward: bool) -> Options {
    let mut compressed = options(Mode::Act, LambdaMethod::ConfigUpdate, true);
    compressed.settings.timing.verify_for = VERIFY;
    compressed.settings.timing.watch_for = WATCH;
    compressed.settings.cadence.announced = ANNOUNCED;
    compressed.settings.events = true;
    let default = compressed.rules.clone();
    compressed.rules = Arc::new(move |summary: &SecretSummary| {
        let mut assignment = Assignment::clone(&*default(summary)?);
        let policy = Arc::make_mut(&mut assignment.policy);
        policy.ecs_fetching = Staleness::Wait(CACHE);
        policy.roll_forward.acts = rolls_forward && summary.arn.name() != "mail/api-key";
        // Nothing to log in to.
        policy.login_test = summary.arn.name() != "mail/api-key";
        if summary.arn.name() == "billing/postgres" {
            policy.lambda_method = LambdaMethod::ConcurrencyCycle;
        }
        // A secret that RDS manages holds user and password alone.
        if summary.arn.name() == "rds!ledger" {
            assignment.login.engine = Some("mysql".to_owned());
            assignment.login.host = Some("ledger.example".to_owned());
        }
        Some(Arc::new(assignment))
    });
    compressed
}

fn serve(listen: SocketAddr, shown: Shown, stop: &CancellationToken) -> anyhow::Result<Serving> {
    let router = http::router(shown);
    match http::serve(listen, router.clone(), stop.clone()) {
        Err(ServeError::Taken { address }) => {
            let any = SocketAddr::new(address.ip(), 0);
            Ok(http::serve(any, router, stop.clone())?)
        }
        served => Ok(served?),
    }
}

fn introduce(
    args: &DemoArgs,
    scenario: &Scenario,
    address: SocketAddr,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let lasts = (scenario.last_rotation() + AFTERWARDS).duration_since(scenario.start);
    writeln!(
        out,
        "HTTP API: http://{address}/v1/status  (also /v1/secrets, /v1/rotations, /v1/findings, /metrics)\n\
         \n\
         This account is simulated: {} secrets, {} ECS services, {} Lambda functions, their databases and applications.\n\
         The loop that watches it is the real one. Seed {}, {} simulated seconds a second: it ends in about {} s.\n\
         Compressed: checks after a rotation {VERIFY:#} (5 m), watching {WATCH:#} (24 h), the cache of `sessions` {CACHE:#},\n\
         looks at a secret whose rotation is announced every {ANNOUNCED:#} (10 s). All else is as by default.\n",
        scenario.secrets.len(),
        scenario.services.len(),
        scenario.functions.len(),
        args.seed,
        args.speed,
        lasts.as_secs() / i64::from(args.speed) + 1,
    )?;
    Ok(())
}

fn log_to_stdout(clock: Clock) -> anyhow::Result<()> {
    let options = LogOptions {
        format: Format::Human,
        filter: None,
    };
    let now = Arc::new(move || -> Timestamp { clock.now() });
    let dispatch = logs::dispatch(&options, std::io::stdout().is_terminal(), std::io::stdout, now)?;
    tracing::dispatcher::set_global_default(dispatch)?;
    Ok(())
}
