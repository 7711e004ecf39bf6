//! Admission: what the secrets want, against each other, the caps, and what must be put back first.

pub(crate) mod caps;
pub(crate) mod reason;
mod roll_forwards;
pub(crate) mod trust;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use crate::admission::caps::{UnderWay, capped};
use crate::admission::roll_forwards::RollForwards;
use crate::consumers::Topic;
use crate::facts::state::{ConsumerFacts, State};
use crate::judge::{Judgement, Judgements, Reason, Want};
use crate::model::{
    AttemptId, Brake, ConsumerId, CycleStep, Decision, LookKey, Mode, RotationKey, SecretArn, Write,
};
use crate::policy::Settings;
use crate::procedures::{combine, concurrency_cycle, guards};
use crate::story::stale_labels::on_its_way_to;
use crate::story::successors::needs_it_to_start;

/// What may start now, and why the rest waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    pub start: Vec<Decision>,
    pub waits: BTreeMap<(SecretArn, ConsumerId), Reason>,
    /// Why secrets wait that are to be rolled forward.
    pub promotions: BTreeMap<SecretArn, Reason>,
    /// When time alone may change this.
    pub wake: Option<Timestamp>,
}

/// What the fleet knows beside the facts.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    pub now: Timestamp,
    /// Shutting down: nothing starts but what puts back.
    pub draining: bool,
    /// The journal can be written; nothing else may be decided while it cannot.
    pub journal: bool,
}

/// Admits wants in the order of secrets and consumers; what puts back goes first and is never held up. It walks what
/// moves and what sleeps: secrets at rest cost nothing.
pub fn admit(state: &State, judgements: &Judgements, settings: &Settings, situation: Situation) -> Admission {
    let mut admission = Admission::default();
    admission.restore(state, judgements, settings, situation);
    admission.promote(state, judgements, settings, situation);
    let mut under_way = UnderWay::of(judgements);
    for (consumer, wants) in by_consumer(judgements, settings) {
        let reason = obstacle(
            state, judgements, consumer, &wants, &under_way, settings, situation,
        );
        match reason {
            None => {
                under_way.add(consumer, &wants);
                admission
                    .start
                    .push(decide(state, &wants, settings, situation.now));
            }
            Some(reason) => {
                admission.wake_at(reason.until(), situation.now);
                for want in wants.all() {
                    admission
                        .waits
                        .insert((want.secret.clone(), consumer.clone()), reason.clone());
                }
            }
        }
    }
    for (secret, judgement) in judgements.moving() {
        for (consumer, reason) in &judgement.waits {
            admission
                .waits
                .insert((secret.clone(), consumer.clone()), reason.clone());
        }
    }
    admission
}

impl Admission {
    /// Functions that sleep are woken when their time has come, or at once where they may not sleep any more.
    fn restore(&mut self, state: &State, judgements: &Judgements, settings: &Settings, situation: Situation) {
        for (consumer, facts) in state.asleep() {
            let acting = facts.used().any(|reference| {
                judgements
                    .get(&reference.secret)
                    .is_some_and(|j| j.mode == Mode::Act && !j.held)
            });
            let early = situation.draining || !acting;
            if let Some(write) = put_back(consumer, facts, settings, situation.now, early) {
                let serves = last_served(facts);
                self.start
                    .push(decision(state, write, serves, settings, situation.now));
            } else {
                self.wake_at(Some(situation.now + settings.cadence.consumer), situation.now);
            }
        }
    }

    /// Before any consumer: all consumers of such a secret fail until then.
    fn promote(&mut self, state: &State, judgements: &Judgements, settings: &Settings, situation: Situation) {
        let promotions = RollForwards::of(state, judgements, settings, situation);
        for reason in promotions.waits.values() {
            self.wake_at(reason.until(), situation.now);
        }
        self.start.extend(promotions.start);
        self.promotions = promotions.waits;
    }

    /// What has passed is not waited for.
    fn wake_at(&mut self, at: Option<Timestamp>, now: Timestamp) {
        let to_come = at.filter(|at| *at > now);
        self.wake = self.wake.into_iter().chain(to_come).min();
    }
}

fn put_back(
    consumer: &ConsumerId,
    facts: &ConsumerFacts,
    settings: &Settings,
    now: Timestamp,
    early: bool,
) -> Option<Write> {
    let ConsumerId::Function { name } = consumer else {
        return None;
    };
    let step: CycleStep = concurrency_cycle::restore(facts, &settings.timing, now, early)?;
    Some(concurrency_cycle::write(name, step))
}

fn last_served(facts: &ConsumerFacts) -> Vec<RotationKey> {
    let mut attempts = facts.attempts.iter().rev();
    let last = attempts.find(|attempt| !attempt.decision.serves.is_empty());
    last.map(|attempt| attempt.decision.serves.clone())
        .unwrap_or_default()
}

/// What is wanted of one consumer: never nothing.
pub(crate) struct Wants<'a> {
    pub(crate) first: &'a Want,
    others: Vec<&'a Want>,
}

impl<'a> Wants<'a> {
    fn one(want: &'a Want) -> Self {
        Self {
            first: want,
            others: Vec::new(),
        }
    }

    /// In the order of their secrets.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a Want> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// The wants of each consumer together: one remediation serves several rotations. The watchdog's own service is last.
fn by_consumer<'a>(judgements: &'a Judgements, settings: &Settings) -> Vec<(&'a ConsumerId, Wants<'a>)> {
    let mut grouped: BTreeMap<&ConsumerId, Wants<'_>> = BTreeMap::new();
    for want in judgements.moving().flat_map(|(_, judgement)| &judgement.wants) {
        match grouped.entry(&want.consumer) {
            Entry::Vacant(none) => drop(none.insert(Wants::one(want))),
            Entry::Occupied(mut known) => known.get_mut().others.push(want),
        }
    }
    let mut ordered: Vec<_> = grouped.into_iter().collect();
    ordered.sort_by_key(|(consumer, _)| settings.limits.own_service.as_ref() == Some(*consumer));
    ordered
}

fn obstacle(
    state: &State,
    judgements: &Judgements,
    consumer: &ConsumerId,
    wants: &Wants<'_>,
    under_way: &UnderWay,
    settings: &Settings,
    situation: Situation,
) -> Option<Reason> {
    let facts = state.consumers.get(consumer)?;
    if situation.draining {
        return Some(Reason::Draining);
    }
    if !situation.journal {
        return Some(Reason::Journal);
    }
    if wants.all().any(|want| want.mode != Mode::Act) {
        return Some(Reason::Observing);
    }
    if let Some(attempt) = facts.attempts.unresolved() {
        return Some(Reason::Busy {
            write: attempt.decision.write.kind(),
        });
    }
    let own = settings.limits.own_service.as_ref() == Some(consumer);
    let others_left = || {
        under_way.consumers.iter().any(|other| other != consumer)
            || some_to_come(state, judgements, consumer, wants)
    };
    not_at_rest(state, judgements, facts, settings)
        .or_else(|| another_waits(state, judgements, consumer, facts))
        .or_else(|| (own && others_left()).then_some(Reason::OwnServiceLast))
        .or_else(|| capped(facts, consumer, wants, under_way, settings, situation.now))
        .or_else(|| awaited_login(wants))
}

/// Asked last, so that nobody logs in for what waits anyway.
fn awaited_login(wants: &Wants<'_>) -> Option<Reason> {
    let until = wants.all().filter_map(|want| want.awaits_login).max()?;
    Some(Reason::Proof { until })
}

/// A secret it references that is on its way to another version, not there, or was never seen (design rule 5).
///
/// A secret without a rule is known by the list alone; the precheck looks at it right before the write.
fn not_at_rest(
    state: &State,
    judgements: &Judgements,
    facts: &ConsumerFacts,
    settings: &Settings,
) -> Option<Reason> {
    facts.used().find_map(|reference| {
        let secret = reference.secret.clone();
        let known = state.secret(&secret);
        if state.is_dead(&secret) {
            return needs_it_to_start(&reference.kind).then_some(Reason::Deleted { secret });
        }
        if !judgements.contains_key(&secret) {
            let (_, summary) = known?.summary.as_ref()?;
            let version = summary.labels.in_progress()?.clone();
            return Some(Reason::Moving { secret, version });
        }
        // Labels of the journal say nothing of a brake set meanwhile: it must have been seen in this life.
        let Some((known, (_, seen))) = known.and_then(|known| Some((known, known.seen.as_ref()?))) else {
            return Some(Reason::Unseen { secret });
        };
        if seen.deleted.is_some() || known.gone.is_some() {
            return Some(Reason::Deleted { secret });
        }
        if seen.brake() == Some(Brake::Hold) {
            return Some(Reason::Held);
        }
        let version = on_its_way_to(known, &settings.timing)?;
        Some(Reason::Moving { secret, version })
    })
}

/// A restart would give it the value of every secret, so also of one that waits to be proven, or for its margin.
fn another_waits(
    state: &State,
    judgements: &Judgements,
    consumer: &ConsumerId,
    facts: &ConsumerFacts,
) -> Option<Reason> {
    let harmful = |(judgement, reason): &(&Judgement, Reason)| {
        let goes_now = |first: &ConsumerId| goes_instead(state, judgements, judgement, consumer, first);
        reason.withholds_value() && !reason.goes_after().is_some_and(goes_now)
    };
    let waits = facts.used().filter_map(|reference| {
        let judgement = judgements.get(&reference.secret)?;
        Some((&reference.secret, (&**judgement, waits_for(judgement, consumer)?)))
    });
    let mut waits = waits.filter(|(_, wait)| harmful(wait));
    let (secret, (_, reason)) = waits.next()?;
    Some(Reason::Another {
        secret: secret.clone(),
        reason: Box::new(reason),
    })
}

/// Why a consumer may not have the current value of a secret yet.
fn waits_for(judgement: &Judgement, consumer: &ConsumerId) -> Option<Reason> {
    let mut waits = judgement.waits.iter().filter(|(waiting, _)| waiting == consumer);
    let withheld = || {
        judgement.withheld.clone().filter(|reason| {
            // Whoever has an unproven value already loses nothing.
            let is_unproven = matches!(reason, Reason::Unproven | Reason::Proof { .. });
            !is_unproven || !holds_the_new_value(judgement, consumer)
        })
    };
    waits.next().map(|(_, reason)| reason.clone()).or_else(withheld)
}

/// Where the one that goes first waits for a person, the next one that can go tries the version in its place.
fn goes_instead(
    state: &State,
    judgements: &Judgements,
    judgement: &Judgement,
    consumer: &ConsumerId,
    first: &ConsumerId,
) -> bool {
    let is_first = |reason: &Reason| matches!(reason, Reason::First { .. });
    let waiting = judgement.waits.iter().filter(|(_, reason)| is_first(reason));
    let mut next = waiting.map(|(waiting, _)| waiting).filter(|waiting| {
        wants_of(judgements, waiting).next().is_some() && !is_stuck(state, judgements, waiting)
    });
    is_stuck(state, judgements, first) && next.next() == Some(consumer)
}

/// Whether only a person can let it be restarted: it must not act, or would get a value that is dead or unproven.
fn is_stuck(state: &State, judgements: &Judgements, consumer: &ConsumerId) -> bool {
    let facts = state.consumers.get(consumer).into_iter();
    let mut waits = facts.flat_map(ConsumerFacts::used).filter_map(|reference| {
        let judgement = judgements.get(&reference.secret)?;
        waits_for(judgement, consumer)
    });
    waits.any(|reason| reason.needs_person())
        || wants_of(judgements, consumer).any(|want| want.mode != Mode::Act)
}

fn wants_of<'a>(judgements: &'a Judgements, consumer: &'a ConsumerId) -> impl Iterator<Item = &'a Want> {
    let named = judgements
        .naming(consumer)
        .filter_map(|secret| judgements.get(secret));
    let wants = named.flat_map(|judgement| &judgement.wants);
    wants.filter(move |want| &want.consumer == consumer)
}

fn holds_the_new_value(judgement: &Judgement, consumer: &ConsumerId) -> bool {
    let current = judgement.current().into_iter();
    let mut standings = current
        .flat_map(|view| &view.consumers)
        .filter(|(id, _)| id == consumer);
    standings.any(|(_, standing)| standing.holds_the_new_value())
}

/// Some consumer of these secrets was not looked at since the promotion, or waits for what is soon over. One that cannot
/// be looked at is not waited for, nor one that only a person helps.
fn some_to_come(state: &State, judgements: &Judgements, consumer: &ConsumerId, wants: &Wants<'_>) -> bool {
    let current = wants
        .all()
        .filter_map(|want| judgements.get(&want.secret)?.current());
    current
        .flat_map(|view| &view.consumers)
        .filter(|(other, _)| other != consumer)
        .any(|(other, standing)| {
            let topic = standing.why.topic();
            let is_failing = || state.failing.contains_key(&LookKey::Consumer(other.clone()));
            topic.meaning().passes && !(topic == Topic::Unlooked && is_failing())
        })
}

fn decide(state: &State, wants: &Wants<'_>, settings: &Settings, now: Timestamp) -> Decision {
    let serves: Vec<RotationKey> = wants.all().map(|want| want.rotation.clone()).collect();
    let mut write = wants.first.write.clone();
    for other in &wants.others {
        combine(&mut write, &other.write);
    }
    decision(state, write, serves, settings, now)
}

/// A decision to make one write for these rotations.
pub(crate) fn decision(
    state: &State,
    write: Write,
    serves: Vec<RotationKey>,
    settings: &Settings,
    now: Timestamp,
) -> Decision {
    Decision {
        attempt: attempt_id(state, &write, &serves, now),
        guards: guards(state, &write, &serves),
        write,
        serves,
        at: now,
        deadline: now + settings.timing.write_deadline,
    }
}

fn attempt_id(state: &State, write: &Write, serves: &[RotationKey], now: Timestamp) -> AttemptId {
    if let Some(CycleStep::TagSleep { tag }) = write.cycle_step() {
        // The note on the function names the attempt that left it.
        return tag.attempt.clone();
    }
    let (kind, target) = (write.kind(), write.target());
    let mut cause: Vec<String> = serves.iter().map(|rotation| rotation.id().to_string()).collect();
    let attempts = state.attempts_of(&target);
    let nth = attempts.zip(serves.first());
    let nth = nth.map_or(1, |(attempts, rotation)| attempts.nth(rotation, kind));
    if write.restores() {
        // Repeated for ever, and old attempts are forgotten: their count alone would give a name twice.
        cause.push(now.to_string());
    }
    AttemptId::of(kind.name(), &target.to_string(), &cause.join("+"), nth)
}
