//! Many cases of one scenario, some at a time.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use crate::support::standin::Standin;

/// Each case mostly waits.
const AT_ONCE: usize = 6;

/// Runs all cases; each lane has a stand-in of its own. Fails at the end, with the names of those that failed.
pub(super) fn run_all<C: Display + Send>(cases: Vec<C>, run: impl Fn(&Standin, &C) + Sync) {
    let waiting = Mutex::new(cases.into_iter());
    let failed = Mutex::new(Vec::new());
    let lane = || {
        let standin = Standin::start();
        let next = || waiting.lock().expect("no panic").next();
        while let Some(case) = next() {
            let ended = catch_unwind(AssertUnwindSafe(|| run(&standin, &case)));
            if ended.is_err() {
                eprintln!("^ in the case: {case}\n");
                failed.lock().expect("no panic").push(case.to_string());
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            thread::Builder::new()
                .name("lane".to_owned())
                .spawn_scoped(scope, lane)
                .expect("a thread");
        }
    });
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "failed, each shown above: {failed:#?}");
}
