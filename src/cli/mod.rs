//! The command line: a file for each subcommand, wiring everything.

mod ago;
mod applications;
mod check_config;
mod check_events;
mod client;
mod consumers;
mod databases;
mod demo;
mod explain;
mod filter;
mod findings;
mod health;
mod listing;
mod pick;
mod replay;
mod rotations;
mod run;
mod simulate;
mod status;
mod story;
mod table;
mod unwatched;
mod width;
mod wiring;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use self::filter::Filter;
use self::listing::Listing;
use self::width::Width;

/// Where the commands that ask a running watchdog find its API, if they are not told.
const DEFAULT_URL: &str = "http://127.0.0.1:9847";
/// Exit codes beside 0, 1 (failed) and 2 (bad configuration or usage).
const MUST_ACT: u8 = 3;
const NOT_READY: u8 = 4;
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")");

/// Watches the rotation of AWS Secrets Manager secrets, refreshes exactly the consumers that still hold the old
/// value, at the right moment, once, and proves that they recovered.
#[derive(Parser)]
#[command(name = "rotation-watchdog", version = VERSION, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the real loop on a simulated account: needs no AWS account, ends by itself in under a minute
    Demo(demo::DemoArgs),
    /// Run the real loop on thousands of simulated accounts with faults and crashes, and check what must hold
    Simulate(simulate::SimulateArgs),
    /// Run the daemon. SIGTERM drains it; a second signal ends it at once
    #[command(after_help = run::HELP)]
    Run {
        /// The configuration file; config/watchdog.toml documents every key
        #[arg(long, value_name = "FILE", env = "ROTATION_WATCHDOG_CONFIG")]
        config: PathBuf,
    },
    /// Check a configuration: all problems at once, with place and remedy. Exit code 2 where there are any
    CheckConfig {
        #[arg(env = "ROTATION_WATCHDOG_CONFIG")]
        file: PathBuf,
        /// Print the effective configuration with the origin of each value
        #[arg(long)]
        show: bool,
        /// Say which rule the secret of this name gets
        #[arg(long, value_name = "NAME")]
        secret: Option<String>,
    },
    /// Say whether events come: print the command that sends one, wait for it, and say what is missing
    #[command(after_help = check_events::HELP)]
    CheckEvents {
        /// The configuration file; events.queue_url names the queue
        #[arg(long, value_name = "FILE", env = "ROTATION_WATCHDOG_CONFIG")]
        config: PathBuf,
        /// Where a running watchdog listens: http.listen of its configuration
        #[arg(long, default_value = DEFAULT_URL, env = "ROTATION_WATCHDOG_URL")]
        url: String,
        /// How long to wait for the event
        #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
        wait: u64,
    },
    /// Ask a running watchdog whether it is ready; exit code 0 or 1, for a container's health check
    Health {
        /// Where it listens: http.listen of its configuration
        #[arg(long, default_value = DEFAULT_URL, env = "ROTATION_WATCHDOG_URL")]
        url: String,
        /// Only whether the loop turns
        #[arg(long)]
        live: bool,
    },
    /// Show what a running watchdog knows, as a table. Its exit code tells whether somebody must act
    #[command(after_help = status::HELP)]
    Status {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        asking: Asking,
    },
    /// List the secrets that a running watchdog sees and no rule takes
    Unwatched {
        #[command(flatten)]
        asking: Asking,
    },
    /// Ask a running watchdog about one secret: its rotation, what proves it, each consumer and why, what was done
    #[command(after_help = explain::HELP)]
    Explain {
        /// Its name, its ARN, or the beginning of its name
        secret: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Ask a running watchdog who uses which secret, and how
    Consumers {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        asking: Asking,
    },
    /// Ask a running watchdog how RDS says that its databases stand, and which secrets belong to them
    Databases {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        asking: Asking,
    },
    /// Ask a running watchdog for applications and databases in numbers, while a rotation of theirs is watched
    Applications {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        asking: Asking,
    },
    /// Ask a running watchdog which rotations it knows, the latest first
    Rotations {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        asking: Asking,
    },
    /// Ask a running watchdog what a person should know, the gravest first, with remedies
    Findings {
        #[command(flatten)]
        filter: Filter,
        /// What is over instead: the last thousand that ended, the last one first
        #[arg(long)]
        ended: bool,
        #[command(flatten)]
        asking: Asking,
    },
    /// Read a journal and tell what was seen, decided and why, offline
    #[command(after_help = replay::HELP)]
    Replay(replay::ReplayArgs),
}

#[derive(Args)]
struct Asking {
    /// Where it listens: http.listen of its configuration
    #[arg(long, default_value = DEFAULT_URL, env = "ROTATION_WATCHDOG_URL")]
    url: String,
    /// The API's own JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// Runs the command and gives its exit code: 0 fine, 1 failed, 2 bad configuration or usage, 3 somebody must act, 4 not
/// ready.
pub fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    // Not locked: the demo's log lines go to it as well.
    let mut out = anstream::stdout();
    match dispatch(cli.command, &mut out) {
        Ok(code) => ExitCode::from(code),
        // Who reads no more, as `| head`, knows why.
        Err(error) if is_closed_pipe(&error) => ExitCode::FAILURE,
        Err(error) => {
            let _ = out.flush();
            let _ = writeln!(anstream::stderr(), "rotation-watchdog: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

fn dispatch(command: Command, out: &mut dyn Write) -> anyhow::Result<u8> {
    let width = Width::of_stdout();
    match command {
        Command::Demo(args) => demo::run(&args, out),
        Command::Simulate(args) => simulate::run(&args, out),
        Command::Run { config } => run::run(&config),
        Command::CheckConfig { file, show, secret } => check_config::run(&file, show, secret.as_deref(), out),
        Command::CheckEvents { config, url, wait } => {
            let wait = Duration::from_secs(wait);
            check_events::run(&check_events::Check { config, url, wait }, out)
        }
        Command::Health { url, live } => health::run(&url, live, out),
        Command::Unwatched { asking } => unwatched::run(&asking.url, asking.json, out),
        Command::Explain { secret, asking } => explain::run(&asking.url, &secret, asking.json, width, out),
        Command::Status { filter, asking } => {
            status::run(&Listing::new(&asking.url, &filter, asking.json, width), out)
        }
        Command::Consumers { filter, asking } => {
            consumers::run(&Listing::new(&asking.url, &filter, asking.json, width), out)
        }
        Command::Databases { filter, asking } => {
            databases::run(&Listing::new(&asking.url, &filter, asking.json, width), out)
        }
        Command::Applications { filter, asking } => {
            applications::run(&Listing::new(&asking.url, &filter, asking.json, width), out)
        }
        Command::Rotations { filter, asking } => {
            rotations::run(&Listing::new(&asking.url, &filter, asking.json, width), out)
        }
        Command::Findings {
            filter,
            ended,
            asking,
        } => findings::run(
            &Listing::new(&asking.url, &filter, asking.json, width),
            ended,
            out,
        ),
        Command::Replay(args) => replay::run(&args, width, out),
    }
}
