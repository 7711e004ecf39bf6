//! The loop: takes in events, judges, journals, sends. The only writer of state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::fleet::{Admission, Situation};
use machine::judge::Judgements;
use machine::model::{AttemptId, Decision, Event, Evidence, Fact, LookKey, Outcome, SecretArn};
use machine::state::State;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::agenda::Agenda;
use super::drain::Drained;
use super::keeping::PRUNE_EVERY;
use super::parts::{Assignment, Options, Parts};
use super::publish::Publisher;
use super::questions;
use super::story;
use super::tally::Tally;
use super::{Pulse, Snapshot};
use crate::remediation::{self, Order};
use crate::store::ReadError;

/// Looks under way at once.
pub(super) const LOOKS_AT_ONCE: usize = 32;
/// Events taken into one turn, and so into one transaction.
const EVENTS_PER_TURN: usize = 256;
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
    pub(super) parts: Parts,
    pub(super) options: Options,
    pub(super) state: State,
    pub(super) assigned: BTreeMap<SecretArn, Arc<Assignment>>,
    pub(super) judgements: Judgements,
    pub(super) admission: Admission,
    /// When the set of assigned secrets last changed.
    pub(super) wanted_since: Timestamp,
    /// When the loop turned last, and when it asked AWS for the time.
    pub(super) turned: Timestamp,
    pub(super) asked_time: Option<tokio::time::Instant>,
    pub(super) agenda: Agenda,
    pub(super) under_way: BTreeSet<LookKey>,
    pub(super) answers: JoinSet<Event>,
    pub(super) writes_under_way: BTreeSet<AttemptId>,
    /// Secrets to be judged anew.
    pub(super) stale: BTreeSet<SecretArn>,
    pub(super) fleet_stale: bool,
    /// Learned, but not yet durable.
    pub(super) backlog: Vec<Fact>,
    pub(super) journal_retry: Option<Timestamp>,
    pub(super) next_prune: Timestamp,
    /// The deadline of the drain, once it began.
    pub(super) drain: Option<Timestamp>,
    pub(super) publisher: Publisher,
    pub(super) tally: Tally,
    pulse: Pulse,
}

impl Watchdog {
    pub fn new(parts: Parts, options: Options) -> Self {
        let now = parts.clock.now();
        Self {
            publisher: Publisher::new(now, &options),
            tally: Tally::default(),
            pulse: Pulse::start(),
            parts,
            options,
            state: State::at_the_start(),
            assigned: BTreeMap::new(),
            judgements: Judgements::new(),
            admission: Admission::default(),
            wanted_since: now,
            turned: now,
            asked_time: None,
            agenda: Agenda::default(),
            under_way: BTreeSet::new(),
            answers: JoinSet::new(),
            writes_under_way: BTreeSet::new(),
            stale: BTreeSet::new(),
            fleet_stale: true,
            backlog: Vec::new(),
            journal_retry: None,
            next_prune: now + PRUNE_EVERY,
            drain: None,
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
        let mut events = Vec::new();
        loop {
            self.turn(std::mem::take(&mut events)).await?;
            if let Some(drained) = self.drained() {
                self.answers.shutdown().await;
                return Ok(drained);
            }
            events = self.wait(&stop).await;
        }
    }

    /// Folds the journal. What was sent and never answered is in doubt: looked at, never repeated unseen.
    async fn remember(&mut self) -> Result<(), RunError> {
        let loaded = self.parts.journal.load().await?;
        for fact in loaded.facts {
            self.state.recall(fact);
        }
        let now = self.parts.clock.now();
        self.tally.remember(&self.state, &self.options.settings, now);
        let unanswered: Vec<AttemptId> = self
            .state
            .consumers
            .values()
            .flat_map(|facts| &facts.attempts)
            .filter(|attempt| attempt.outcome.is_none())
            .map(|attempt| attempt.decision.attempt.clone())
            .collect();
        for attempt in unanswered {
            let outcome = Outcome::InDoubt {
                why: "the process ended before the answer".to_owned(),
            };
            self.take_in(Event::Ended {
                attempt,
                at: now,
                outcome,
            });
        }
        if loaded.baseline {
            self.publisher.begin_new_journal();
            tracing::info!("the journal is new: what is current at a secret's first look is its baseline");
        }
        Ok(())
    }

    /// Waits for answers, the agenda, or the signal; whatever comes first, in that order.
    async fn wait(&mut self, stop: &CancellationToken) -> Vec<Event> {
        let until = self.next_wake();
        let mut events = Vec::new();
        tokio::select! {
            biased;
            Some(answer) = self.answers.join_next() => events.extend(self.answer(answer)),
            () = stop.cancelled(), if self.drain.is_none() => self.begin_drain(),
            () = self.parts.clock.sleep_until(until) => {}
        }
        while events.len() < EVENTS_PER_TURN {
            let Some(answer) = self.answers.try_join_next() else {
                break;
            };
            events.extend(self.answer(answer));
        }
        let late = self.parts.clock.now().duration_since(until);
        self.parts
            .metrics
            .loop_turn(late.max(SignedDuration::ZERO).as_secs_f64());
        events
    }

    fn answer(&self, answer: Result<Event, tokio::task::JoinError>) -> Option<Event> {
        match answer {
            Ok(event) => Some(event),
            Err(error) if error.is_cancelled() => None,
            // A look or write that panicked is a defect of ours: end loudly rather than go on half blind.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn next_wake(&self) -> Timestamp {
        let now = self.parts.clock.now();
        let idle = now + LONGEST_WAIT;
        let judged = self.judgements.values().filter_map(|judgement| judgement.wake);
        let room = self.under_way.len() < LOOKS_AT_ONCE;
        let looks = self.agenda.next(&self.under_way).filter(|_| room);
        let others = [
            looks,
            self.admission.wake,
            self.journal_retry,
            self.drain,
            self.publisher.next(),
        ];
        others
            .into_iter()
            .flatten()
            .chain(judged)
            .chain([idle])
            .min()
            .unwrap_or(idle)
    }

    /// One turn: merge, judge, admit, journal, send, show.
    async fn turn(&mut self, events: Vec<Event>) -> Result<(), RunError> {
        let now = self.parts.clock.now();
        self.pulse.beat();
        for event in events {
            self.take_in(event);
        }
        self.judge(now);
        let decisions = self.admit(now);
        self.commit(now).await?;
        self.dispatch(decisions, now);
        self.look_at_the_time(now);
        self.ask(now);
        self.prune(now).await;
        self.publish(now);
        Ok(())
    }

    pub(super) fn take_in(&mut self, event: Event) {
        story::tell_event(&event, &self.state, &self.parts.metrics);
        self.tally.note(&event, &self.state);
        match &event {
            Event::Seen { evidence, .. } => {
                let key = evidence.key();
                self.under_way.remove(&key);
                self.touch(&key);
            }
            Event::Unseen { key, .. } => {
                self.under_way.remove(key);
                self.touch(key);
            }
            Event::Decided(decision) => self.touch(&LookKey::Consumer(decision.consumer.clone())),
            Event::Ended { attempt, .. } => {
                self.writes_under_way.remove(attempt);
                if let Some(owner) = self.state.owners.get(attempt).cloned() {
                    self.touch(&LookKey::Consumer(owner));
                }
            }
        }
        let sweep = matches!(
            &event,
            Event::Seen {
                evidence: Evidence::Sweep { .. },
                ..
            }
        );
        let timing = &self.options.settings.timing;
        let facts = (self.parts.decide.step)(&mut self.state, event, timing);
        self.backlog.extend(facts);
        if sweep {
            self.turned = self.parts.clock.now();
            self.assign();
        }
    }

    /// What an answer to this look may change.
    fn touch(&mut self, key: &LookKey) {
        self.fleet_stale = true;
        match key {
            LookKey::Sweep | LookKey::Discovery(_) => {
                self.stale.extend(self.assigned.keys().cloned());
                self.publisher.touch_consumers();
            }
            LookKey::Secret(secret)
            | LookKey::Versions(secret)
            | LookKey::Log(secret)
            | LookKey::Login(secret, _) => {
                self.stale.insert(secret.clone());
            }
            LookKey::Consumer(consumer) => {
                self.publisher.touch_consumers();
                let Some(facts) = self.state.consumers.get(consumer) else {
                    return;
                };
                self.stale
                    .extend(facts.references.iter().map(|reference| reference.secret.clone()));
            }
        }
    }

    fn judge(&mut self, now: Timestamp) {
        self.end_search();
        let woken = self
            .judgements
            .iter()
            .filter(|(_, judgement)| judgement.wake.is_some_and(|at| at <= now));
        self.stale.extend(woken.map(|(secret, _)| secret.clone()));
        for secret in std::mem::take(&mut self.stale) {
            let Some(assignment) = self.assigned.get(&secret).cloned() else {
                continue;
            };
            let settings = &self.options.settings;
            let mut judgement =
                (self.parts.decide.judge)(&self.state, &secret, &assignment.policy, settings, now);
            for fact in std::mem::take(&mut judgement.reached) {
                let learned = self.state.learn(fact);
                self.backlog.extend(learned);
            }
            let known = self.judgements.get(&secret).map(Arc::as_ref);
            let has_looked = self.publisher.has_looked();
            super::backlog::tell(&secret, known, &judgement, self.publisher.started());
            story::tell_judgement(known, &judgement, has_looked);
            if has_looked {
                self.tally.count(&secret, &judgement, &self.state, settings, now);
            }
            let looks = machine::cadence::secret_looks(
                &self.state,
                &secret,
                &judgement,
                &assignment.policy,
                settings,
                now,
            );
            self.agenda
                .set(&Some(secret.clone()), self.unless_draining(looks));
            self.publisher.touch(&secret);
            self.judgements.insert(secret, Arc::new(judgement));
            self.fleet_stale = true;
        }
    }

    /// Asks the machine what may start, and makes the decisions part of this turn's transaction.
    fn admit(&mut self, now: Timestamp) -> Vec<Decision> {
        if !self.fleet_stale && self.admission.wake.is_none_or(|at| now < at) {
            return Vec::new();
        }
        self.fleet_stale = false;
        let situation = Situation {
            now,
            draining: self.drain.is_some(),
            journal: self.journal_retry.is_none(),
        };
        let settings = &self.options.settings;
        let mut admission = (self.parts.decide.admit)(&self.state, &self.judgements, settings, situation);
        let decisions = std::mem::take(&mut admission.start);
        for decision in &decisions {
            self.take_in(Event::Decided(decision.clone()));
        }
        self.admission = admission;
        self.note_what_would_be_done(now);
        self.publisher.touch_fleet();
        let scopes = questions::scopes(&self.state, &self.assigned, self.options.clusters.as_deref());
        let looks = machine::cadence::fleet_looks(
            &self.state,
            &self.judgements,
            &self.admission,
            &scopes,
            self.wanted_since,
            &self.options.settings,
            now,
        );
        let looks = self.consumers_alone_while_draining(looks);
        self.agenda.set(&None, looks);
        decisions
    }

    /// Sends what was decided, if the decision is durable. Putting back is covered by the first decision (rule 4).
    fn dispatch(&mut self, decisions: Vec<Decision>, now: Timestamp) {
        let durable = self.journal_retry.is_none();
        for decision in decisions {
            if durable || decision.action.restores() {
                self.send(decision, now);
            } else {
                let why = "the decision could not be journalled".to_owned();
                let outcome = Outcome::NoEffect(machine::model::NoEffect::NotSent { why });
                self.take_in(Event::Ended {
                    attempt: decision.attempt,
                    at: now,
                    outcome,
                });
            }
        }
    }

    fn send(&mut self, decision: Decision, now: Timestamp) {
        let attempt = decision.attempt.clone();
        self.writes_under_way.insert(attempt.clone());
        let budget = self.parts.clock.real(decision.deadline.duration_since(now));
        let secrets = self.state.expected(&decision.consumer);
        let order = Order { decision, secrets };
        let (ports, clock) = (self.parts.ports.clone(), self.parts.clock.clone());
        self.answers.spawn(async move {
            let outcome = remediation::send(&ports, &order, budget).await;
            Event::Ended {
                attempt,
                at: clock.now(),
                outcome,
            }
        });
    }

    fn publish(&mut self, now: Timestamp) {
        let view = super::publish::View {
            state: &self.state,
            assigned: &self.assigned,
            judgements: &self.judgements,
            admission: &self.admission,
            settings: &self.options.settings,
            options: &self.options,
            draining: self.drain.is_some(),
            journal_failing: self.journal_retry.is_some(),
            journal_bytes: self.parts.journal.bytes(),
        };
        self.publisher.publish(&view, now);
    }
}
