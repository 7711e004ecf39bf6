//! Everything that reaches the loop: answers to looks, outcomes of writes, and what the loop itself has to take in next.

use std::future::Future;

use machine::model::Event;
use tokio::task::{JoinError, JoinSet};

/// Events taken into one turn, and so into one transaction.
const EVENTS_PER_TURN: usize = 256;

#[derive(Default)]
pub(super) struct Inbox {
    under_way: JoinSet<Event>,
    /// Known already: no answer is waited for.
    ready: Vec<Event>,
}

impl Inbox {
    /// An answer is on its way.
    pub(super) fn expect(&mut self, answer: impl Future<Output = Event> + Send + 'static) {
        self.under_way.spawn(answer);
    }

    /// To be taken in with the next turn, which comes at once.
    pub(super) fn put(&mut self, event: Event) {
        self.ready.push(event);
    }

    pub(super) fn take_ready(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.ready)
    }

    /// The next answer; waits for ever where none is on its way.
    pub(super) async fn next(&mut self) -> Option<Event> {
        match self.under_way.join_next().await {
            Some(answer) => taken(answer),
            None => std::future::pending().await,
        }
    }

    /// Adds the answers that are there already, as many as a turn takes.
    pub(super) fn fill(&mut self, events: &mut Vec<Event>) {
        while events.len() < EVENTS_PER_TURN {
            let Some(answer) = self.under_way.try_join_next() else {
                return;
            };
            events.extend(taken(answer));
        }
    }

    /// Nobody waits for the rest.
    pub(super) async fn close(&mut self) {
        self.under_way.shutdown().await;
    }
}

pub(super) fn taken<T>(answer: Result<T, JoinError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) if error.is_cancelled() => None,
        // A look or write that panicked is a defect of ours: end loudly rather than go on half blind.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
