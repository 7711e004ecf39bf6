//! What a simulation tells while it runs: each failure at once, and how far it is.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::SignedDuration;
use tokio::time::Instant;

use super::report::per_second;
use crate::sim::case::Case;
use crate::sim::check::Broken;

const LOOK_EVERY: Duration = Duration::from_millis(200);
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What a worker says to whoever watches.
pub(super) enum News {
    /// A rule does not hold for a seed: the line that says so. The smallest case that fails alike may take its time.
    Failed(String),
    /// A seed is over with, failed or not.
    Done,
}

impl News {
    pub(super) fn failed(case: &Case, broken: &Broken) -> Self {
        let (seed, profile) = (case.seed, case.profile.name());
        Self::Failed(format!("seed {seed}, faults {profile}, failed: {}", broken.rule))
    }
}

/// How far it is.
pub(super) struct Progress {
    all: u64,
    done: u64,
    failed: u64,
    begun: Instant,
    /// Hidden where nobody can see a bar.
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(all: u64, begun: Instant) -> Self {
        // The story of one seed is printed where a bar would be.
        let target = if all > 1 && std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{bar:30} {msg}");
        let bar = ProgressBar::with_draw_target(Some(all), target);
        Self {
            all,
            done: 0,
            failed: 0,
            begun,
            bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())),
        }
    }

    /// Until every worker has ended. Where there is no bar, a line every minute says the same.
    pub(super) fn watch(mut self, news: &Receiver<News>) -> std::io::Result<()> {
        let mut tell_next = TELL_EVERY;
        loop {
            match news.recv_timeout(LOOK_EVERY) {
                Ok(news) => self.take(news)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let elapsed = self.begun.elapsed();
            self.bar.set_position(self.done);
            self.bar.set_message(self.line(elapsed));
            if self.bar.is_hidden() && elapsed >= tell_next {
                tell_next = elapsed + TELL_EVERY;
                writeln!(anstream::stderr(), "{}", self.line(elapsed))?;
            }
        }
        self.bar.finish_and_clear();
        Ok(())
    }

    fn take(&mut self, news: News) -> std::io::Result<()> {
        match news {
            News::Done => self.done += 1,
            News::Failed(line) => {
                self.failed += 1;
                self.bar.suspend(|| writeln!(anstream::stderr(), "{line}"))?;
            }
        }
        Ok(())
    }

    fn line(&self, elapsed: Duration) -> String {
        let Self {
            all, done, failed, ..
        } = self;
        format!(
            "{done} of {all} seeds, {}{}, {failed} failed",
            rate(*done, elapsed),
            left(*done, *all, elapsed).map_or_else(String::new, |left| format!(", {left:#} left"))
        )
    }
}

/// Rounded; what is slow, less so.
fn rate(done: u64, elapsed: Duration) -> String {
    let rate = per_second(done, elapsed);
    if rate < 9.5 {
        format!("{rate:.1} seeds/s")
    } else {
        format!("{rate:.0} seeds/s")
    }
}

/// In whole seconds; none before the first is done, nor for longer than anybody waits.
#[expect(clippy::cast_precision_loss, reason = "a time for people")]
fn left(done: u64, all: u64, elapsed: Duration) -> Option<SignedDuration> {
    let each = elapsed.as_secs_f64() / done as f64;
    let left = Duration::try_from_secs_f64(each * (all - done) as f64).ok()?;
    Some(SignedDuration::from_secs(i64::try_from(left.as_secs()).ok()?))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::sim::case::Profile;

    fn at(done: u64, all: u64, failed: u64, seconds: u64) -> String {
        let progress = Progress {
            done,
            failed,
            ..Progress::new(all, Instant::now())
        };
        progress.line(Duration::from_secs(seconds))
    }

    #[test]
    fn a_line_has_a_rate_with_its_unit_the_time_left_and_the_failures() {
        for (done, all, failed, seconds, expected) in [
            (0, 1_000, 0, 0, "0 of 1000 seeds, 0.0 seeds/s, 0 failed"),
            (
                1_203,
                6_000,
                2,
                60,
                "1203 of 6000 seeds, 20 seeds/s, 3m 59s left, 2 failed",
            ),
            (7, 9, 0, 70, "7 of 9 seeds, 0.1 seeds/s, 20s left, 0 failed"),
            (9, 9, 1, 3, "9 of 9 seeds, 3.0 seeds/s, 0s left, 1 failed"),
            (
                1,
                u64::MAX,
                0,
                3_600,
                "1 of 18446744073709551615 seeds, 0.0 seeds/s, 0 failed",
            ),
        ] {
            assert_eq!(at(done, all, failed, seconds), expected);
        }
    }

    #[test]
    fn a_failure_is_a_line_with_seed_profile_and_rule() {
        let broken = Broken {
            rule: "fresh-is-fresh",
            text: "more than a line holds".to_owned(),
        };
        let News::Failed(line) = News::failed(&Case::generate(7, Profile::Crash), &broken) else {
            panic!("no failure");
        };
        assert_eq!(line, "seed 7, faults crash, failed: fresh-is-fresh");
        let mut progress = Progress::new(2, Instant::now());
        progress.take(News::Failed(line)).expect("written");
        assert_eq!((progress.failed, progress.done), (1, 0));
    }

    #[test]
    fn it_watches_until_the_last_worker_has_ended() {
        let (worker, news) = mpsc::sync_channel(2);
        std::thread::scope(|scope| {
            let watching = scope.spawn(move || Progress::new(2, Instant::now()).watch(&news));
            worker.send(News::Done).expect("somebody watches");
            worker.send(News::Done).expect("somebody watches");
            assert!(!watching.is_finished());
            drop(worker);
            watching.join().expect("no panic").expect("written");
        });
    }
}
