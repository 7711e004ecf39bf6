//! Looks: what is due, and what is under way.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use machine::Machine;
use machine::model::{Event, LookKey, SecretArn, VersionId};
use machine::turn::{Asked, Asker};
use tokio::time::Instant;

use super::agenda::Agenda;
use super::inbox::Inbox;
use super::parts::{Options, Parts};
use super::questions;
use super::watchdog::LONGEST_WAIT;
use crate::observe::{self, Wanted};

/// Looks under way at once.
const LOOKS_AT_ONCE: usize = 32;
/// Between two questions for the time, by a clock that nobody sets.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What the looks of a life are asked with.
pub(super) struct Asking<'a> {
    pub(super) machine: &'a Machine,
    pub(super) parts: &'a Parts,
    pub(super) options: &'a Options,
    pub(super) now: Timestamp,
    /// The same for all parts of discovery that are due together.
    pub(super) wanted: OnceCell<Arc<Wanted>>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(machine: &'a Machine, parts: &'a Parts, options: &'a Options, now: Timestamp) -> Self {
        Self {
            machine,
            parts,
            options,
            now,
            wanted: OnceCell::new(),
        }
    }
}

pub(super) struct Looks {
    agenda: Agenda,
    under_way: BTreeSet<LookKey>,
    /// When the loop turned last, and when it asked AWS for the time.
    turned: Timestamp,
    asked_time: Option<Instant>,
}

impl Looks {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            agenda: Agenda::default(),
            under_way: BTreeSet::new(),
            turned: now,
            asked_time: None,
        }
    }

    /// What each of these asks for from now on.
    pub(super) fn plan(&mut self, asked: Vec<(Asker, Asked)>) {
        for (asker, looks) in asked {
            self.agenda.set(&asker, looks);
        }
    }

    /// Nothing is looked at any more but what is asked for from now on.
    pub(super) fn clear(&mut self) {
        self.agenda.clear();
    }

    /// A look is not under way any more. After a list whatever the clock says is AWS's time.
    pub(super) fn note(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::Seen { evidence, .. } => {
                let key = evidence.key();
                if key == LookKey::Sweep {
                    self.turned = now;
                }
                self.under_way.remove(&key);
            }
            Event::Unseen { key, .. } => {
                self.under_way.remove(key);
            }
            Event::Decided(_) | Event::Ended { .. } => {}
        }
    }

    /// When the next look can be taken.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let has_room = self.under_way.len() < LOOKS_AT_ONCE;
        self.agenda.next(&self.under_way).filter(|_| has_room)
    }

    /// Takes the looks that are due.
    pub(super) fn take(&mut self, asking: &Asking<'_>, inbox: &mut Inbox) {
        let room = LOOKS_AT_ONCE.saturating_sub(self.under_way.len());
        for key in self.agenda.take(asking.now, &self.under_way, room) {
            self.look(key, asking, inbox);
        }
    }

    /// Nothing is due for as long as the machine's clock was set back: an answer of AWS sets it right. Asked until one
    /// comes.
    pub(super) fn look_at_the_time(&mut self, asking: &Asking<'_>, inbox: &mut Inbox) {
        if asking.now + LONGEST_WAIT >= self.turned {
            self.turned = asking.now;
            return;
        }
        let was_just_asked = self.asked_time.is_some_and(|at| at.elapsed() < ASK_AGAIN);
        if !was_just_asked && !self.under_way.contains(&LookKey::Sweep) {
            self.asked_time = Some(Instant::now());
            self.look(LookKey::Sweep, asking, inbox);
        }
    }

    fn look(&mut self, key: LookKey, asking: &Asking<'_>, inbox: &mut Inbox) {
        if let LookKey::Login(secret, version) = &key
            && !self.has_room(asking, secret, version)
        {
            return;
        }
        let Some(question) = questions::question(asking, &key) else {
            return;
        };
        self.under_way.insert(key);
        let ports = asking.parts.ports.clone();
        inbox.expect(async move { observe::look(&ports, question).await });
    }

    /// Whether the lock-out budget has room for one more login beside those under way. One that has to wait is asked for
    /// anew by the answer to those: it is of the same account.
    fn has_room(&self, asking: &Asking<'_>, secret: &SecretArn, version: &VersionId) -> bool {
        let logins = self.under_way.iter().filter_map(|key| match key {
            LookKey::Login(secret, version) => Some((secret, version)),
            LookKey::Sweep
            | LookKey::Secret(_)
            | LookKey::Versions(_)
            | LookKey::Log(_)
            | LookKey::Consumer(_)
            | LookKey::Discovery(_)
            | LookKey::Events
            | LookKey::Rds(_)
            | LookKey::Numbers(_) => None,
        });
        let (state, settings) = (asking.machine.state(), &asking.options.settings);
        state.may_log_in((secret, version), logins, settings, asking.now)
    }
}
