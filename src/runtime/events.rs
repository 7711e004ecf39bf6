//! The queue of events: messages are received, taken in as hints, and deleted once what their turn told is durable.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use machine::facts::state::State;
use machine::model::{Event, Evidence, Hint, HintAbout, Look, LookKey, SecretArn};
use tokio::task::JoinSet;

use super::inbox::taken;
use super::{Clock, TestEvent};
use crate::observe::events::{Told, read};
use crate::ports::{EventQueue, Message, PortError, QueueAttributes, Receipt};
use crate::telemetry::Metrics;

/// Between two tries of a queue that gives no answer: the first, and the longest.
const RETRY: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_RETRY: SignedDuration = SignedDuration::from_mins(2);
/// Messages that one call deletes (aws-facts: Events).
const DELETED_AT_ONCE: usize = 10;
/// Receipts that a failing journal may hold up; what is received above that comes again.
const TAKEN_LIMIT: usize = 1_000;
/// At the end deletions that are under way are waited for so long.
const LAST_DELETIONS: Duration = Duration::from_secs(2);

/// What came of a call to receive. An empty answer is only told where the call before it failed.
pub(super) struct Received {
    answer: Result<(Look, Vec<Message>), PortError>,
    attributes: Option<QueueAttributes>,
}

pub(super) struct Events {
    queue: Option<Arc<dyn EventQueue>>,
    receiving: JoinSet<Received>,
    deleting: JoinSet<()>,
    /// To be deleted with the turn's transaction, and at once.
    taken: Vec<Receipt>,
    spare: Vec<Receipt>,
    /// Tries that failed, in a row.
    failed: u32,
    /// Nothing where they could not be had: then what is no event of ours is left in the queue.
    attributes: Option<QueueAttributes>,
    has_asked: bool,
    /// The last event of `check-events`.
    test: Option<TestEvent>,
    /// A message that is no event of ours was shown in the log once.
    has_told: bool,
}

/// What a message is to the watchdog, as its word in the metrics.
enum Worth {
    News(Hint),
    /// `check-events` asks whether it came.
    Test(String),
    /// Nothing that is watched.
    Spare(&'static str),
    /// Somebody must see it: it goes to the dead-letter queue.
    Odd(&'static str),
}

impl Events {
    pub(super) fn new(queue: Option<Arc<dyn EventQueue>>) -> Self {
        Self {
            queue,
            receiving: JoinSet::new(),
            deleting: JoinSet::new(),
            taken: Vec::new(),
            spare: Vec::new(),
            failed: 0,
            attributes: None,
            has_asked: false,
            test: None,
            has_told: false,
        }
    }

    /// Waits at the queue, if nobody does.
    pub(super) fn listen(&mut self, clock: &Clock) {
        let Some(queue) = self.queue.clone().filter(|_| self.receiving.is_empty()) else {
            return;
        };
        let doubled = RETRY * 2_i32.pow(self.failed.saturating_sub(1).min(6));
        let pause = (self.failed > 0).then(|| doubled.min(LONGEST_RETRY));
        let (clock, is_known, failed) = (
            clock.clone(),
            std::mem::replace(&mut self.has_asked, true),
            self.failed > 0,
        );
        self.receiving.spawn(async move {
            if let Some(pause) = pause {
                clock.sleep(pause).await;
            }
            let attributes = if is_known {
                None
            } else {
                attributes_of(&*queue).await
            };
            let answer = receive(&*queue, failed || attributes.is_some()).await;
            Received { answer, attributes }
        });
    }

    /// The next messages; waits for ever where no queue is configured.
    pub(super) async fn next(&mut self) -> Received {
        match self.receiving.join_next().await.and_then(taken) {
            Some(received) => received,
            None => std::future::pending().await,
        }
    }

    /// What messages tell, for the machine. Which of them go away follows from what they are.
    pub(super) fn take(&mut self, received: Received, state: &State, metrics: &Metrics) -> Event {
        if let Some(attributes) = received.attributes {
            tell_attributes(&attributes);
            self.attributes = Some(attributes);
        }
        let (look, messages) = match received.answer {
            Ok(answer) => answer,
            Err(error) => {
                self.failed = self.failed.saturating_add(1);
                return Event::Unseen {
                    look: error.look,
                    key: LookKey::Events,
                    failure: error.failure,
                };
            }
        };
        self.failed = 0;
        let home = state.secrets.keys().next().and_then(SecretArn::account);
        let mut hints = Vec::new();
        for message in messages {
            match worth(&message.body, home, state) {
                Worth::News(hint) => {
                    metrics.event(hint.kind.name());
                    hints.push(hint);
                    self.taken.push(message.receipt);
                }
                Worth::Test(id) => {
                    metrics.event("test");
                    self.test = Some(TestEvent {
                        id: id.into(),
                        sent: message.sent,
                        came: look.arrived,
                    });
                    self.spare.push(message.receipt);
                }
                Worth::Spare(word) => {
                    metrics.event(word);
                    self.spare.push(message.receipt);
                }
                Worth::Odd(word) => {
                    metrics.event(word);
                    self.tell_odd(word, &message.body);
                    if self.attributes.as_ref().is_some_and(|known| !known.has_redrive) {
                        self.spare.push(message.receipt);
                    }
                }
            }
        }
        Event::Seen {
            look,
            evidence: Evidence::Hints { hints },
        }
    }

    pub(super) fn test(&self) -> Option<&TestEvent> {
        self.test.as_ref()
    }

    /// Deletes what told nothing, and, if what the rest told is durable, the rest. What stays comes again.
    pub(super) fn forget(&mut self, is_durable: bool) {
        let mut receipts = std::mem::take(&mut self.spare);
        if is_durable {
            receipts.append(&mut self.taken);
        }
        // While the journal cannot be written the same messages come again and again.
        self.taken.truncate(TAKEN_LIMIT);
        let Some(queue) = self.queue.clone() else { return };
        while self.deleting.try_join_next().is_some() {}
        for batch in receipts.chunks(DELETED_AT_ONCE) {
            let (queue, batch) = (queue.clone(), batch.to_vec());
            self.deleting.spawn(async move {
                if let Err(error) = queue.delete(&batch).await {
                    tracing::debug!(%error, "messages could not be deleted: they come again");
                }
            });
        }
    }

    /// Nobody waits at the queue any more. What is being deleted is waited for, for a moment.
    pub(super) async fn close(&mut self) {
        self.receiving.shutdown().await;
        let deleted = async { while self.deleting.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_DELETIONS, deleted).await;
    }

    /// One sample: the keys of the message alone, for its values may be anything.
    fn tell_odd(&mut self, word: &'static str, body: &str) {
        if !std::mem::replace(&mut self.has_told, true) {
            let bytes = body.len();
            tracing::warn!(kind = word, bytes, keys = %keys(body), "a message of the queue is no event of ours");
        }
    }
}

async fn attributes_of(queue: &dyn EventQueue) -> Option<QueueAttributes> {
    match queue.attributes().await {
        Ok((_, attributes)) => Some(attributes),
        Err(error) => {
            tracing::warn!(%error, "whether the queue of events has a dead-letter queue is not known");
            None
        }
    }
}

/// Waits until there are messages. An empty answer ends the wait only where it tells that the queue can be read.
async fn receive(queue: &dyn EventQueue, empty_tells: bool) -> Result<(Look, Vec<Message>), PortError> {
    loop {
        let (look, messages) = queue.receive().await?;
        if empty_tells || !messages.is_empty() {
            return Ok((look, messages));
        }
    }
}

fn worth(body: &str, home: Option<&str>, state: &State) -> Worth {
    let found = match read(body) {
        Told::Hint(found) => found,
        Told::Test { id } => return Worth::Test(id),
        Told::Nothing => return Worth::Spare("unwatched"),
        Told::Foreign => return Worth::Odd("foreign"),
        Told::Unreadable => return Worth::Odd("unreadable"),
    };
    let account = found.account.as_deref();
    if account.zip(home).is_some_and(|(account, home)| account != home) {
        return Worth::Odd("other-account");
    }
    let is_known = match &found.hint.about {
        HintAbout::Secret(named) => !state.named(named).is_empty(),
        HintAbout::Consumer(consumer) => state.consumers.contains_key(consumer),
        HintAbout::Database(id) => state.has_master_secret(id),
        HintAbout::Delivery => true,
    };
    if is_known {
        Worth::News(found.hint)
    } else {
        Worth::Spare("unwatched")
    }
}

fn tell_attributes(attributes: &QueueAttributes) {
    let QueueAttributes {
        has_redrive, is_fifo, ..
    } = attributes;
    if *is_fifo {
        tracing::warn!(
            "events.queue_url is a FIFO queue, which EventBridge rules reach only with a message group"
        );
    }
    if !has_redrive {
        tracing::warn!(
            "the queue of events has no dead-letter queue: messages that are no events are deleted"
        );
    }
}

/// The keys of a JSON object, cut short.
fn keys(body: &str) -> String {
    const SHOWN: usize = 120;
    let value: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let object = value.as_ref().and_then(serde_json::Value::as_object);
    let keys: Vec<&str> = object
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect();
    keys.join(", ").chars().take(SHOWN).collect()
}
