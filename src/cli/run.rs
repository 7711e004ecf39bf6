//! `run`: the daemon, wired from top to bottom.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::Timestamp;
use machine::turn::Decide;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{MUST_ACT, wiring};
use crate::aws::Aws;
use crate::config::{Config, environment};
use crate::database::Databases;
use crate::http::{self, Serving, Shown};
use crate::runtime::{Clock, Drained, Parts, Watchdog};
use crate::store::{Sqlite, Threaded};
use crate::telemetry::{self, Metrics};

pub(super) const HELP: &str = "\
Exit code 0 after a drain; 3 where the drain's deadline passed with something left, such as a function that is still \
switched off: the log names it, with the command that puts it back, and so does the next start; 1 where a part failed or a \
second signal came; 2 for a configuration with problems.";

/// Runs until a signal. Exit code 2 for a configuration with problems; an error for a part that failed.
pub(super) fn run(file: &Path) -> anyhow::Result<u8> {
    let config = match Config::load(file, environment()) {
        Ok(config) => config,
        Err(problems) => {
            writeln!(anstream::stderr(), "{problems}; nothing was started")?;
            return Ok(2);
        }
    };
    wiring::runtime()?.block_on(live(&config))
}

async fn live(config: &Config) -> anyhow::Result<u8> {
    let mut signals = Signals::new()?;
    survive_full_files()?;
    #[expect(clippy::disallowed_methods, reason = "what the clock is made from")]
    let local: telemetry::logs::Now = Arc::new(Timestamp::now);
    telemetry::logs::init(&wiring::logs(&config.telemetry), local.clone())?;
    let metrics = Arc::new(Metrics::new(wiring::metrics(&config.telemetry))?);
    // What other processes may hold comes first: a start in vain asks AWS nothing.
    let path = wiring::journal(config);
    let journal = Sqlite::open(&path)?;
    if journal.is_new() {
        tracing::warn!(
            journal = %path.display(),
            "there was no journal, so a new one is begun: right at a first start; else store.path, or the folder that a \
             relative one is taken from, is not what it was"
        );
    } else if journal.was_empty() {
        tracing::warn!(
            journal = %path.display(),
            "the journal was there and holds nothing, so it is as good as new: right where the process before ended at \
             once; else it came without its -wal, or the one beside it is none of its own"
        );
    }
    let journal = Threaded::start(journal).context("cannot start the journal's thread")?;
    let counting = metrics.clone();
    let observer =
        Arc::new(move |service, operation, outcome| counting.aws_call(service, operation, outcome));
    let options = wiring::aws(&config.aws);
    let connecting = Aws::connect(&options, observer, local);
    let aws = tokio::select! {
        connected = connecting => connected?,
        () = signals.stop() => return Ok(0),
    };
    let aws_clock = aws.clock().clone();
    let now = Arc::new(move || aws_clock.now());
    let identities = wiring::identities()?;
    let login = Arc::new(Databases::new(
        wiring::database(&config.login),
        identities,
        now.clone(),
    )?);
    let mut ports = aws.ports(login);
    ports.events = config.events.queue_url.as_deref().map(|url| aws.queue(url));
    let parts = Parts {
        ports,
        journal: Arc::new(journal),
        decide: Decide::default(),
        clock: Clock::wall(now),
        metrics,
    };
    supervise(config, parts, aws.region(), signals).await
}

/// The loop and the listener. Whichever ends first without being asked ends the process, by name.
async fn supervise(config: &Config, parts: Parts, region: &str, mut signals: Signals) -> anyhow::Result<u8> {
    let stop_http = CancellationToken::new();
    let stop_loop = CancellationToken::new();
    let (clock, metrics) = (parts.clock.clone(), parts.metrics.clone());
    let watchdog = Watchdog::new(parts, wiring::options(config, region));
    let shown = Shown {
        snapshot: watchdog.snapshots(),
        metrics,
        pulse: watchdog.pulse(),
        clock,
        limits: wiring::http_limits(&config.http),
    };
    let serving = http::serve(config.http.listen, http::router(shown), stop_http.clone())?;
    announce(config, &serving, region);

    let mut turning = std::pin::pin!(watchdog.run(stop_loop.clone()));
    let mut answering = std::pin::pin!(serving.ended());
    tokio::select! {
        ended = &mut turning => {
            ended.context("the loop ended")?;
            bail!("the loop ended without being asked");
        }
        ended = &mut answering => {
            ended.context("the HTTP server ended")?;
            bail!("the HTTP server ended without being asked");
        }
        () = signals.stop() => stop_loop.cancel(),
    }
    let drained = tokio::select! {
        drained = turning => drained.context("the loop ended while draining")?,
        () = signals.stop() => {
            tracing::warn!("a second signal: ended at once; the next start goes on from the journal");
            return Ok(1);
        }
    };
    // Until here it told that it drains.
    stop_http.cancel();
    answering.await?;
    Ok(match drained {
        Drained::Whole => {
            tracing::info!("drained");
            0
        }
        Drained::InPart => MUST_ACT,
    })
}

fn announce(config: &Config, serving: &Serving, region: &str) {
    tracing::info!(
        version = telemetry::VERSION,
        commit = telemetry::COMMIT,
        region,
        http = %serving.address(),
        journal = %wiring::journal(config).display(),
        rules = config.rules.rules.len(),
        at_most = machine::words::mode(config.settings.limits.at_most),
        "watching"
    );
    for warning in config.warnings.lines() {
        tracing::warn!("configuration: {warning}");
    }
}

/// A file at the process's size limit is an error of that write, like a full disk: what sleeps must still be put back.
/// SIGXFSZ would end the process instead; once listened to, it never does (tokio: `signal`).
fn survive_full_files() -> anyhow::Result<()> {
    const SIGXFSZ: i32 = 25;
    let listening = signal(SignalKind::from_raw(SIGXFSZ)).context("cannot take SIGXFSZ")?;
    drop(listening);
    Ok(())
}

/// SIGTERM and SIGINT alike.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
