//! What events told to look at, and whether events come at all. None of it is kept over a restart: a start looks at
//! everything.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::facts::state::State;
use crate::model::{Hint, HintAbout, HintKind, Look, NamedSecret, SecretArn, Step};
use crate::policy::Timing;

/// The schedule sends a heartbeat every five minutes: without one for so long, events do not come.
pub(crate) const HEARTBEAT_WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// The event of a label that was moved comes so long before the look that shows the move, or after it, or never. What another
/// reader took from the queue comes back within a minute.
const EVENT_WITHIN: SignedDuration = SignedDuration::from_secs(90);
/// AWSPENDING comes so long after a rotation's start, or a call.
const PENDING_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// What events told of one secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// When the last one came: a look from before it is outdated.
    pub came: Option<Timestamp>,
    /// The secret is looked at closely until then.
    pub closely_until: Option<Timestamp>,
    /// When an event last told that AWSCURRENT was moved.
    pub moved: Option<Timestamp>,
    /// When an event last told of a rotation's start, and how long it took.
    pub started: Option<(Timestamp, SignedDuration)>,
    pub failed: Option<FailureHint>,
}

/// RotationFailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureHint {
    pub step: Option<Step>,
    /// The second in which it happened.
    pub at: Option<Timestamp>,
    pub came: Timestamp,
}

impl Hints {
    fn take(&mut self, hint: &Hint, came: Timestamp, timing: &Timing) {
        let came = self.came.max(Some(came)).unwrap_or(came);
        self.came = Some(came);
        let closely = match hint.kind {
            HintKind::RotationStarted => {
                let took = hint.at.map(|at| came.duration_since(at));
                self.started = Some((came, took.unwrap_or(SignedDuration::MAX)));
                PENDING_WITHIN
            }
            HintKind::TestRotation | HintKind::SecretCall => PENDING_WITHIN,
            HintKind::LabelMoved => {
                self.moved = Some(came);
                timing.settle
            }
            HintKind::RotationFailed { step } => {
                let at = hint.at;
                self.failed = Some(FailureHint { step, at, came });
                timing.settle
            }
            HintKind::RotationSucceeded
            | HintKind::RotationAbandoned
            | HintKind::ConsumerCall
            | HintKind::TaskState
            | HintKind::DeploymentState
            | HintKind::DatabaseEvent
            | HintKind::DatabaseCall
            | HintKind::Heartbeat => timing.settle,
        };
        self.closely_until = self.closely_until.max(Some(came + closely));
    }
}

/// Whether events come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    pub heartbeat: Option<Timestamp>,
    /// When it was first waited for.
    began: Option<Timestamp>,
    /// Labels that polling saw moved, and until when their events may come.
    awaited: BTreeMap<SecretArn, Timestamp>,
    /// As it was concluded last.
    pub works: bool,
}

impl Delivery {
    /// A label that was moved, and whose event did not come.
    pub fn missed(&self, now: Timestamp) -> Option<&SecretArn> {
        let mut overdue = self.awaited.iter().filter(|(_, until)| now >= **until);
        overdue.next().map(|(secret, _)| secret)
    }

    /// When a heartbeat is overdue, if none comes until then.
    fn silent_from(&self) -> Option<Timestamp> {
        Some(self.heartbeat.or(self.began)? + HEARTBEAT_WITHIN)
    }

    /// Whether a heartbeat is overdue.
    pub(crate) fn is_silent(&self, now: Timestamp) -> bool {
        self.silent_from().is_some_and(|from| now >= from)
    }

    fn is_working(&self, now: Timestamp) -> bool {
        self.heartbeat.is_some() && !self.is_silent(now) && self.missed(now).is_none()
    }

    /// The last move that polling saw had its event: that is what counts.
    fn forget_missed(&mut self, now: Timestamp) {
        self.awaited.retain(|_, until| now < *until);
    }

    /// When time alone may change whether events come.
    pub(crate) fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let overdue = self.awaited.values().copied();
        overdue.chain(self.silent_from()).filter(|at| *at > now).min()
    }
}

impl State {
    /// The secrets that are known by what an event calls them. Of one name there may be a dead one and a living one.
    pub fn named(&self, named: &NamedSecret) -> Vec<SecretArn> {
        let from = match named {
            NamedSecret::Arn(arn) => arn.clone(),
            NamedSecret::Name(name) => {
                let any = self.secrets.keys().next();
                let home = any.and_then(|secret| secret.as_str().split_once(":secret:"));
                match home {
                    Some((home, _)) => format!("{home}:secret:{name}"),
                    None => return Vec::new(),
                }
            }
        };
        let begin_so = self.begin_with(&from);
        begin_so.filter(|secret| named.names(secret)).cloned().collect()
    }

    pub(crate) fn take_hints(&mut self, look: Look, hints: &[Hint], timing: &Timing) {
        self.touched.any = true;
        for hint in hints {
            match &hint.about {
                HintAbout::Secret(named) => self.take_hint(look, hint, named, timing),
                HintAbout::Consumer(consumer) => {
                    if let Some(facts) = self.consumers.get_mut(consumer) {
                        facts.hinted = facts.hinted.max(Some(look.arrived));
                        self.touch_consumer(consumer);
                    }
                }
                HintAbout::Database(id) => {
                    if self.has_master_secret(id) {
                        self.rds.hinted = self.rds.hinted.max(Some(look.arrived));
                    }
                }
                HintAbout::Delivery => {
                    self.delivery.heartbeat = self.delivery.heartbeat.max(Some(look.arrived));
                }
            }
        }
    }

    fn take_hint(&mut self, look: Look, hint: &Hint, named: &NamedSecret, timing: &Timing) {
        for secret in self.named(named) {
            let Some(facts) = self.secrets.get_mut(&secret) else {
                continue;
            };
            let hints = facts.hints.get_or_insert_default();
            hints.take(hint, look.arrived, timing);
            if hint.kind == HintKind::LabelMoved && self.delivery.awaited.remove(&secret).is_some() {
                self.delivery.forget_missed(look.arrived);
            }
            self.touched.secrets.insert(secret);
        }
    }

    /// A look showed AWSCURRENT on another version than the look before it: its event should come, or have come.
    pub(crate) fn await_event(&mut self, secret: &SecretArn, last: Look, look: Look) {
        let hints = self.secret(secret).and_then(|facts| facts.hints.as_deref());
        let came = hints.and_then(|hints| hints.moved);
        // Of a move while nobody was there the event may be gone.
        let was_there = self.delivery.began.is_some_and(|began| began <= last.sent);
        if came.is_some_and(|came| came + EVENT_WITHIN >= last.sent) {
            self.delivery.forget_missed(look.arrived);
        } else if was_there {
            let until = look.arrived + EVENT_WITHIN;
            self.delivery.awaited.insert(secret.clone(), until);
        }
    }

    /// Concludes whether events come. How often everything is looked at depends on it.
    pub(crate) fn judge_delivery(&mut self, now: Timestamp) {
        self.delivery.began.get_or_insert(now);
        let works = self.delivery.is_working(now);
        if works != self.delivery.works {
            self.delivery.works = works;
            (self.touched.every_secret, self.touched.any) = (true, true);
        }
    }
}
