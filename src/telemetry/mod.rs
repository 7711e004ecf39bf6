//! Logs and metrics.

pub mod logs;
mod metrics;
mod reading;

pub use metrics::{Metrics, MetricsOptions, RotationResult};
pub use reading::{FindingReading, Reading, SecretReading, Series};

/// The program's version, as everything that shows one shows it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The git commit it was built from.
pub const COMMIT: &str = env!("BUILD_COMMIT");
