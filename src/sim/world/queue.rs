//! The queue of events: what EventBridge sends, late, lost, repeated and out of order (aws-facts: Events).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::SecretArn;
use serde_json::{Value, json};

use super::World;

/// A message that was received comes again after so long, unless it is deleted.
const HIDDEN: SignedDuration = SignedDuration::from_mins(1);
/// The schedule.
const HEARTBEAT: SignedDuration = SignedDuration::from_mins(5);
/// The most that one call receives.
const BATCH: usize = 10;

/// How events come in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// There is a trail with logging: starts of rotations are told.
    pub trail: bool,
    /// What becomes of one event after the other, from the beginning again at the end.
    pub arrivals: Vec<Arrival>,
    /// The rules are disabled at this moment.
    pub ends: Option<Timestamp>,
    /// Messages of others each minute, forged ones about a watched secret among them.
    pub foreign: u32,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Lost,
    /// It comes after so long, and maybe once more, after so long again.
    Comes {
        after: SignedDuration,
        again: Option<SignedDuration>,
    },
}

impl Delivery {
    /// Each event comes a third of a second after what it tells of.
    pub fn prompt() -> Self {
        Self {
            trail: true,
            arrivals: vec![Arrival::Comes {
                after: SignedDuration::from_millis(300),
                again: None,
            }],
            ends: None,
            foreign: 0,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Queue {
    delivery: Delivery,
    /// Events that were sent.
    sent: usize,
    /// Moves of AWSCURRENT, and starts of rotations, that were told.
    told: BTreeMap<SecretArn, (usize, Timestamp)>,
    beats: Timestamp,
    floods: Timestamp,
    /// By when it can be received, and by a number of its own.
    messages: BTreeMap<(Timestamp, u64), String>,
    /// Messages that were received, by their number.
    hidden: BTreeMap<u64, (Timestamp, String)>,
    numbers: u64,
}

impl Queue {
    fn new(delivery: Delivery, now: Timestamp) -> Self {
        Self {
            delivery,
            sent: 0,
            told: BTreeMap::new(),
            beats: now,
            floods: now,
            messages: BTreeMap::new(),
            hidden: BTreeMap::new(),
            numbers: 0,
        }
    }

    fn is_fed(&self, at: Timestamp) -> bool {
        self.delivery.ends.is_none_or(|ends| at < ends)
    }

    fn put(&mut self, at: Timestamp, body: String) {
        self.numbers += 1;
        self.messages.insert((at, self.numbers), body);
    }

    fn send(&mut self, at: Timestamp, event: &Value) {
        let arrivals = &self.delivery.arrivals;
        let arrival = arrivals.get(self.sent).copied();
        self.sent = (self.sent + 1) % arrivals.len().max(1);
        if let Some(Arrival::Comes { after, again }) = arrival.filter(|_| self.is_fed(at)) {
            self.put(at + after, event.to_string());
            if let Some(again) = again {
                self.put(at + after + again, event.to_string());
            }
        }
    }

    fn beat(&mut self, now: Timestamp) {
        while self.beats <= now {
            let at = self.beats;
            if self.is_fed(at) {
                self.put(at, heartbeat(at).to_string());
            }
            self.beats = at + HEARTBEAT;
        }
    }

    fn flood(&mut self, now: Timestamp, any: Option<&SecretArn>) {
        while self.floods <= now {
            let at = self.floods;
            for n in 0..self.delivery.foreign {
                // Nobody can tell a forged one apart: it makes looks due, and no more.
                let forged = any.filter(|_| n.is_multiple_of(3));
                let body = forged.map_or_else(
                    || "nobody's".to_owned(),
                    |secret| label_moved(secret, at).to_string(),
                );
                self.put(at, body);
            }
            self.floods = at + SignedDuration::from_mins(1);
        }
    }

    fn receive(&mut self, now: Timestamp) -> Vec<(u64, String)> {
        let back: Vec<u64> = self
            .hidden
            .iter()
            .filter(|(_, (until, _))| *until <= now)
            .map(|(n, _)| *n)
            .collect();
        for number in back {
            if let Some((until, body)) = self.hidden.remove(&number) {
                self.messages.insert((until, number), body);
            }
        }
        let mut received = Vec::new();
        while received.len() < BATCH
            && let Some(entry) = self.messages.first_entry().filter(|entry| entry.key().0 <= now)
        {
            let ((_, number), body) = entry.remove_entry();
            self.hidden.insert(number, (now + HIDDEN, body.clone()));
            received.push((number, body));
        }
        received
    }
}

impl World {
    /// Events come to a queue from now on.
    pub fn send_events(&mut self, delivery: Delivery) {
        let mut queue = Queue::new(delivery, self.now);
        for (arn, secret) in &self.secrets {
            queue.told.insert(arn.clone(), (secret.moves.len(), self.now));
        }
        self.queue = Some(queue);
    }

    /// Whether somebody sends events that nothing is behind: each makes looks due.
    pub fn is_flooded(&self) -> bool {
        self.queue
            .as_ref()
            .is_some_and(|queue| queue.delivery.foreign > 0)
    }

    pub fn has_queue(&self) -> bool {
        self.queue.is_some()
    }

    /// Up to ten messages that can be received now, each with its number.
    pub fn receive(&mut self) -> Vec<(u64, String)> {
        let now = self.now;
        let Some(mut queue) = self.queue.take() else {
            return Vec::new();
        };
        self.tell_the_queue(&mut queue);
        queue.beat(now);
        queue.flood(now, self.secrets.keys().next());
        let received = queue.receive(now);
        self.queue = Some(queue);
        received
    }

    pub fn delete_messages(&mut self, numbers: &[u64]) {
        if let Some(queue) = &mut self.queue {
            queue.hidden.retain(|number, _| !numbers.contains(number));
        }
    }

    /// What happened since it was last asked: labels that moved, and rotations that started.
    fn tell_the_queue(&self, queue: &mut Queue) {
        for (arn, secret) in &self.secrets {
            let (moves, since) = queue.told.get(arn).copied().unwrap_or((0, self.now));
            for moved in secret.moves.iter().skip(moves) {
                queue.send(moved.at, &label_moved(arn, moved.at));
            }
            if queue.delivery.trail {
                let starts = secret.history.values().filter_map(|history| history.started);
                for at in starts.filter(|at| *at > since && *at <= self.now) {
                    queue.send(at, &rotation_started(arn, at));
                }
            }
            queue.told.insert(arn.clone(), (secret.moves.len(), self.now));
        }
    }
}

fn event(source: &str, kind: &str, at: Timestamp, resources: &[&SecretArn], detail: &Value) -> Value {
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at).to_string();
    let resources: Vec<&str> = resources.iter().map(|secret| secret.as_str()).collect();
    json!({"source": source, "detail-type": kind, "time": second, "resources": resources, "detail": detail})
}

fn heartbeat(at: Timestamp) -> Value {
    event("aws.events", "Scheduled Event", at, &[], &json!({}))
}

fn label_moved(secret: &SecretArn, at: Timestamp) -> Value {
    let detail = json!({"labelUpdated": "AWSCURRENT"});
    event(
        "aws.secretsmanager",
        "Secret Label Updated",
        at,
        &[secret],
        &detail,
    )
}

fn rotation_started(secret: &SecretArn, at: Timestamp) -> Value {
    let detail =
        json!({"eventName": "RotationStarted", "additionalEventData": {"SecretId": secret.as_str()}});
    event(
        "aws.secretsmanager",
        "AWS Service Event via CloudTrail",
        at,
        &[],
        &detail,
    )
}
