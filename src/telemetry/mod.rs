//! Logs and metrics.

pub mod logs;
mod metrics;
mod reading;
pub mod words;

pub use metrics::{Metrics, MetricsOptions, RotationResult};
pub use reading::{Reading, SecretReading};

/// The program's version, as everything that shows one shows it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The git commit it was built from, where the build set `ROTATION_WATCHDOG_COMMIT`.
pub const COMMIT: &str = match option_env!("ROTATION_WATCHDOG_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
