//! Many cases of one scenario, some at a time.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use crate::support::standin::Standin;

/// Each case mostly waits.
const AT_ONCE: usize = 4;

/// Runs all cases; each lane has a stand-in of its own. Fails at the end, with all that failed.
pub(super) fn run_all<C: Display + Send>(cases: Vec<C>, run: impl Fn(&Standin, &C) + Sync) {
    let waiting = Mutex::new(cases.into_iter());
    let failed = Mutex::new(Vec::new());
    let lane = || {
        let standin = Standin::start();
        let next = || waiting.lock().expect("no panic").next();
        while let Some(case) = next() {
            let ended = catch_unwind(AssertUnwindSafe(|| run(&standin, &case)));
            if let Err(panic) = ended {
                let text = format!("\n=== {case}\n{}", text_of(&*panic));
                failed.lock().expect("no panic").push(text);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            let started = thread::Builder::new()
                .name("lane".to_owned())
                .spawn_scoped(scope, lane);
            started.expect("a thread");
        }
    });
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.concat());
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let fixed = || panic.downcast_ref::<&str>().copied();
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(fixed).unwrap_or("a panic without words")
}
