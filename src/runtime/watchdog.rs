//! The loop. It only carries: events to the machine, facts to the journal, decisions out once they are durable, looks
//! when they are due, and a snapshot to readers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::admission::Situation;
use machine::model::{AttemptId, Decision, Event, Outcome};
use machine::turn::Judged;
use machine::{Machine, Turn, turn};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::drain::{Drain, Drained};
use super::events::{Events, Received};
use super::inbox::Inbox;
use super::keeper::Keeper;
use super::looks::{Asking, Looks};
use super::parts::{Options, Parts};
use super::publish::{Publisher, Shown};
use super::tally::Tally;
use super::writes::Writes;
use super::{Pulse, Snapshot, backlog, logins, story};
use crate::store::ReadError;

/// The loop turns at least so often: `/livez` and a suspended machine depend on it.
pub(super) const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// Why the loop ended otherwise than by a drain.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("read the journal")]
    Journal(#[from] ReadError),
    #[error(
        "the journal's thread has ended: nothing can be decided any more; the next start goes on from its file"
    )]
    JournalEnded,
}

/// One life of the watchdog.
pub struct Watchdog {
    parts: Parts,
    options: Options,
    machine: Machine,
    inbox: Inbox,
    events: Events,
    looks: Looks,
    writes: Writes,
    keeper: Keeper,
    publisher: Publisher,
    tally: Tally,
    drain: Option<Drain>,
    /// When time alone calls for a turn of the machine.
    wake: Option<Timestamp>,
    pulse: Pulse,
}

impl Watchdog {
    pub fn new(parts: Parts, options: Options) -> Self {
        let now = parts.clock.now();
        Self {
            machine: Machine::new(options.watch(), parts.decide, now),
            inbox: Inbox::default(),
            events: Events::new(parts.ports.events.clone()),
            looks: Looks::new(now),
            writes: Writes::default(),
            keeper: Keeper::new(Arc::clone(&parts.journal), options.retention, now),
            publisher: Publisher::new(now, &options),
            tally: Tally::default(),
            drain: None,
            wake: None,
            pulse: Pulse::start(),
            parts,
            options,
        }
    }

    /// What the loop shows to the outside.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.publisher.subscribe()
    }

    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Runs until `stop` is cancelled and what was switched off is put back, or the drain's deadline passes.
    pub async fn run(mut self, stop: CancellationToken) -> Result<Drained, RunError> {
        self.remember().await?;
        loop {
            let mut events = self.inbox.take_ready();
            if events.is_empty() {
                events = self.wait(&stop).await;
            }
            self.turn(events).await?;
            if let Some(drained) = self.drained() {
                self.inbox.close().await;
                self.events.close().await;
                return Ok(drained);
            }
        }
    }

    /// Folds the journal. What was sent and never answered is in doubt: looked at, never repeated unseen.
    async fn remember(&mut self) -> Result<(), RunError> {
        let loaded = self.parts.journal.load().await?;
        for fact in loaded.facts {
            self.machine.recall(fact);
        }
        let now = self.parts.clock.now();
        let state = self.machine.state();
        self.tally.remember(state, &self.options.settings, now);
        for attempt in state.unanswered() {
            self.inbox.put(left_in_doubt(&attempt.decision.attempt, now));
        }
        if loaded.baseline {
            self.publisher.begin_new_journal();
            tracing::info!("the journal is new: what is current at a secret's first look is its baseline");
        }
        self.wake = Some(now);
        Ok(())
    }

    /// Waits for answers, the signal, or the next thing that is due; whatever comes first, in that order.
    async fn wait(&mut self, stop: &CancellationToken) -> Vec<Event> {
        let until = self.next_wake();
        let mut events = Vec::new();
        tokio::select! {
            biased;
            answer = self.inbox.next() => events.extend(answer),
            received = self.events.next() => events.push(self.take(received)),
            () = stop.cancelled(), if self.drain.is_none() => self.begin_drain(),
            () = self.parts.clock.sleep_until(until) => {}
        }
        self.inbox.fill(&mut events);
        let late = self.parts.clock.now().duration_since(until);
        self.parts
            .metrics
            .loop_turn(late.max(SignedDuration::ZERO).as_secs_f64());
        events
    }

    fn take(&mut self, received: Received) -> Event {
        let state = self.machine.state();
        let event = self.events.take(received, state, &self.parts.metrics);
        // When events came is shown, though nothing else has changed.
        self.publisher.touch_all();
        event
    }

    fn next_wake(&self) -> Timestamp {
        let idle = self.parts.clock.now() + LONGEST_WAIT;
        let due = [
            self.wake,
            self.looks.next(),
            self.keeper.next(),
            self.drain.as_ref().map(|drain| drain.deadline),
            self.publisher.next(),
        ];
        due.into_iter().flatten().min().map_or(idle, |due| due.min(idle))
    }

    /// One turn: the machine concludes, the journal keeps, and only then is anything sent, asked or shown.
    async fn turn(&mut self, events: Vec<Event>) -> Result<(), RunError> {
        let now = self.parts.clock.now();
        self.pulse.beat();
        self.note(&events, now);
        let situation = Situation {
            now,
            draining: self.drain.is_some(),
            journal: self.keeper.is_well(),
        };
        let turn = turn(&mut self.machine, events, &self.options.settings, situation);
        self.tell(&turn, now);
        self.publisher.touch(&turn);
        self.wake = turn.wake;
        self.looks.plan(turn.looks);
        if self.keeper.keep(turn.facts, now).await? {
            self.tally.write(&self.parts.metrics);
        } else {
            self.tally.hold(&self.parts.metrics);
        }
        self.events.forget(self.keeper.has_all());
        if self.keeper.is_well() != situation.journal {
            // Shown at once, and what it holds up or lets go is concluded with the next turn.
            self.publisher.touch_all();
            self.wake = Some(now);
        }
        self.send(turn.decisions, now);
        self.ask(now);
        self.keeper.prune(now).await;
        self.publish(now);
        Ok(())
    }

    /// What an event says is told before the machine takes it in: what was known before makes it news.
    fn note(&mut self, events: &[Event], now: Timestamp) {
        for event in events {
            story::tell_event(event, self.machine.state(), &self.parts.metrics);
            self.tally.note(event, self.machine.state());
            self.looks.note(event, now);
            self.writes.note(event);
        }
    }

    /// What the machine has concluded and decided, in that order, and what the decisions have changed.
    fn tell(&mut self, turn: &Turn, now: Timestamp) {
        let state = self.machine.state();
        turn.facts.iter().for_each(|fact| story::tell_fact(fact, state));
        let healths = turn.healths.iter();
        healths.for_each(|(measured, health)| story::tell_health(measured, *health, state));
        self.tell_judged(&turn.judged, now);
        turn.decisions.iter().for_each(story::tell_decision);
        self.tell_judged(&turn.judged_again, now);
        turn.findings.iter().for_each(story::tell_finding);
        let would = turn.would.iter().map(|would| would.procedure);
        would.for_each(|procedure| self.tally.would(procedure));
    }

    fn tell_judged(&mut self, judged: &[Judged], now: Timestamp) {
        let has_looked = self.publisher.has_looked();
        for judged in judged {
            let (before, judgement) = (judged.before.as_deref(), &*judged.now);
            backlog::tell(&judged.secret, before, judgement, self.publisher.started());
            story::tell_judgement(before, judgement, has_looked);
            logins::tell(&judged.secret, before, judgement);
            if has_looked {
                let (state, settings) = (self.machine.state(), &self.options.settings);
                self.tally.count(&judged.secret, judgement, state, settings, now);
            }
        }
    }

    fn send(&mut self, decisions: Vec<Decision>, now: Timestamp) {
        let asking = Asking::new(&self.machine, &self.parts, &self.options, now);
        let is_durable = self.keeper.is_well();
        self.writes
            .dispatch(decisions, is_durable, &asking, &mut self.inbox);
    }

    fn ask(&mut self, now: Timestamp) {
        let asking = Asking::new(&self.machine, &self.parts, &self.options, now);
        self.looks.look_at_the_time(&asking, &mut self.inbox);
        if !self.keeper.is_full() {
            self.looks.take(&asking, &mut self.inbox);
            if self.drain.is_none() {
                self.events.listen(&self.parts.clock);
            }
        }
    }

    fn publish(&mut self, now: Timestamp) {
        let shown = Shown {
            machine: &self.machine,
            settings: &self.options.settings,
            draining: self.drain.is_some(),
            journal_failing: !self.keeper.is_well(),
            journal_bytes: self.keeper.bytes(),
            test_event: self.events.test(),
        };
        let has_looked = self.publisher.has_looked();
        self.publisher.publish(&shown, now);
        if self.publisher.has_looked() && !has_looked {
            // What was concluded before counts from now on.
            self.machine.judge_all();
            self.wake = Some(now);
        }
    }

    fn begin_drain(&mut self) {
        tracing::info!("draining: no new remediations, what is switched off is put back");
        let deadline = self.parts.clock.now() + self.options.drain;
        self.drain = Some(Drain { deadline });
        self.looks.clear();
        self.publisher.touch_all();
    }

    /// Nothing while the life goes on.
    fn drained(&self) -> Option<Drained> {
        let now = self.parts.clock.now();
        self.drain
            .as_ref()?
            .over(now, self.machine.state(), &self.writes, &self.keeper)
    }
}

fn left_in_doubt(attempt: &AttemptId, now: Timestamp) -> Event {
    let why = "the process ended before the answer".to_owned();
    Event::Ended {
        attempt: attempt.clone(),
        at: now,
        outcome: Outcome::InDoubt { why },
    }
}
