//! Which looks are taken now.

use std::time::Duration;

use jiff::Timestamp;
use machine::model::LookKey;
use tokio::time::Instant;

use super::questions;
use super::watchdog::{LONGEST_WAIT, LOOKS_AT_ONCE, Watchdog};
use crate::observe;

/// Facts that a failing journal may hold up; past it no more looks are taken.
const BACKLOG_LIMIT: usize = 10_000;

/// Between two questions for the time, by a clock that nobody sets.
const ASK_AGAIN: Duration = Duration::from_secs(5);

impl Watchdog {
    /// Takes the looks that are due.
    pub(super) fn ask(&mut self, now: Timestamp) {
        if self.backlog.len() >= BACKLOG_LIMIT {
            return;
        }
        let room = LOOKS_AT_ONCE.saturating_sub(self.under_way.len());
        for key in self.agenda.take(now, &self.under_way, room) {
            self.look(key, now);
        }
    }

    /// Nothing is due for as long as the machine's clock was set back: an answer of AWS sets it right. Asked until one
    /// comes; after it, whatever the clock says is AWS's time.
    pub(super) fn look_at_the_time(&mut self, now: Timestamp) {
        if now + LONGEST_WAIT >= self.turned {
            self.turned = now;
            return;
        }
        let was_just_asked = self.asked_time.is_some_and(|at| at.elapsed() < ASK_AGAIN);
        if !was_just_asked && !self.under_way.contains(&LookKey::Sweep) {
            self.asked_time = Some(Instant::now());
            self.look(LookKey::Sweep, now);
        }
    }

    fn look(&mut self, key: LookKey, now: Timestamp) {
        let Some(question) = questions::question(self, &key, now) else {
            return;
        };
        self.under_way.insert(key);
        let ports = self.parts.ports.clone();
        self.answers
            .spawn(async move { observe::look(&ports, question).await });
    }
}
