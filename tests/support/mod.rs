//! What the tests stand on: real databases, the stand-in for AWS, the built program.

pub(crate) mod daemon;
pub(crate) mod exchange;
pub(crate) mod http;
pub(crate) mod proxy;
pub(crate) mod servers;
pub(crate) mod standin;

use std::time::{Duration, Instant};

/// What takes seconds takes minutes where the machine does much else.
const PATIENCE: Duration = Duration::from_secs(180);

/// Looks again and again until there is something; fails with what was waited for, and with `state`.
#[expect(clippy::disallowed_methods, reason = "other processes take real time")]
pub(crate) fn wait_until<T>(
    what: &str,
    mut look: impl FnMut() -> Option<T>,
    state: impl FnOnce() -> String,
) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain: {what}\n{}", state());
        std::thread::sleep(Duration::from_millis(20));
    }
}
