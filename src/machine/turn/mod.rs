//! The one door: events in, and out comes what must be journalled, what may be sent, what to look at next, and what has
//! changed for people. In this order, and nowhere else: merge, judge, admit, look, tell.

mod judging;
mod look;
mod memory;
mod tell;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use self::memory::Memory;
use crate::admission::{self, Admission, Situation};
use crate::facts::Touched;
use crate::facts::merge;
use crate::facts::state::State;
use crate::facts::watched::{Covered, Watch, Watched, declared};
use crate::findings::told::Told;
use crate::findings::{Life, Lives};
use crate::judge::would::would_act;
use crate::judge::{self, Judgement, Judgements};
use crate::looks::Agenda;
use crate::model::finding::FindingFact;
use crate::model::{
    ConsumerId, Decision, Event, Evidence, Fact, Look, LookKey, Measured, Scope, SecretArn, WouldAct,
};
use crate::numbers::Health;
use crate::policy::{Policy, Settings, Timing};

/// The three parts of a turn that decide. Seeded defects of the simulation stand in for single ones.
#[derive(Clone, Copy)]
pub struct Decide {
    pub merge: fn(&mut State, Event, &Timing) -> Vec<Fact>,
    pub judge: fn(&State, &SecretArn, &Policy, &Settings, Timestamp) -> Judgement,
    pub admit: fn(&State, &Judgements, &Settings, Situation) -> Admission,
}

impl Default for Decide {
    fn default() -> Self {
        Self {
            merge: merge::merge,
            judge: judge::judge,
            admit: admission::admit,
        }
    }
}

/// What is known, and what was concluded from it.
pub struct Machine {
    state: State,
    watch: Watch,
    decide: Decide,
    watched: Watched,
    /// When the set of watched secrets last changed: a search from before it has looked for too few.
    wanted_since: Timestamp,
    /// What the rules make of the last list; nothing before the first.
    covered: Option<Covered>,
    judgements: Judgements,
    admission: Admission,
    told: Told,
    memory: Memory,
    /// What the last turn knew beside the facts.
    last: Option<Situation>,
}

/// Who asked for looks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    Fleet,
    Secret(SecretArn),
    Consumer(ConsumerId),
}

/// Looks in the order of their keys, and when each is due. One or two, most often: of thousands a map each would be
/// mostly empty.
pub type Asked = Vec<(LookKey, Timestamp)>;

/// A secret judged anew.
pub struct Judged {
    pub secret: SecretArn,
    pub before: Option<Arc<Judgement>>,
    pub now: Arc<Judgement>,
}

/// What came of a turn.
#[derive(Default)]
pub struct Turn {
    /// To be made durable before anything is sent.
    pub facts: Vec<Fact>,
    /// To be sent once they are durable. They are among the facts.
    pub decisions: Vec<Decision>,
    /// What is to be looked at from now on, in place of what each of these asked for before.
    pub looks: Vec<(Asker, Asked)>,
    /// What only the mode kept from being done; among the facts.
    pub would: Vec<WouldAct>,
    /// What the events and the time have changed.
    pub judged: Vec<Judged>,
    /// What the decisions have changed after that.
    pub judged_again: Vec<Judged>,
    /// Secrets that are watched no more.
    pub lost: Vec<SecretArn>,
    /// Findings that opened, changed or ended; among the facts.
    pub findings: Vec<FindingFact>,
    /// Watched secrets of which something else is told than before, be it in a word.
    pub told: BTreeSet<SecretArn>,
    /// Consumers of which something was learned.
    pub consumers: BTreeSet<ConsumerId>,
    /// Findings of the fleet, waits, or what the rules take may be others than before.
    pub fleet_changed: bool,
    /// Databases of RDS, or which secrets belong to them, are others than before.
    pub databases_changed: bool,
    /// Numbers came, or others are measured.
    pub numbers_changed: bool,
    /// Applications and databases that began to fail, or are well again, by their numbers.
    pub healths: Vec<(Measured, Health)>,
    /// When time alone calls for the next turn.
    pub wake: Option<Timestamp>,
}

impl Turn {
    fn ask(&mut self, asker: Asker, looks: Agenda) {
        self.looks.push((asker, looks.into_iter().collect()));
    }
}

/// Takes in events, concludes what they mean by now, and says what is to be done.
pub fn turn(machine: &mut Machine, events: Vec<Event>, settings: &Settings, situation: Situation) -> Turn {
    let mut turn = Turn::default();
    machine.begin(situation);
    for event in events {
        machine.merge(event, &mut turn, settings, situation.now);
    }
    machine.state.judge_delivery(situation.now);
    let (mut touched, judged) = machine.judge(&mut turn, settings, situation.now);
    let admitted = machine.admit(&touched, &mut turn, settings, situation);
    // What was decided changes how its consumers stand.
    let (touched_again, judged_again) = machine.judge(&mut turn, settings, situation.now);
    touched.extend(touched_again);
    (turn.judged, turn.judged_again) = (judged, judged_again);
    let pass = Pass {
        touched,
        admitted,
        settings,
        situation,
    };
    machine.look(&pass, &mut turn);
    machine.tell(&pass, &mut turn);
    turn.consumers = pass.touched.consumers;
    machine.last = Some(situation);
    turn.wake = machine.wake();
    turn
}

/// What the parts of a turn that only show go by.
struct Pass<'a> {
    touched: Touched,
    /// Whether what may start was asked anew.
    admitted: bool,
    settings: &'a Settings,
    situation: Situation,
}

impl Turn {
    /// In the order in which they were judged: a secret may be among them twice.
    pub fn all_judged(&self) -> impl Iterator<Item = &Judged> {
        self.judged.iter().chain(&self.judged_again)
    }
}

impl Machine {
    pub fn new(watch: Watch, decide: Decide, now: Timestamp) -> Self {
        let state = State {
            searches_proxies: watch.rds,
            ..State::at_the_start()
        };
        Self {
            state,
            watch,
            decide,
            watched: Watched::new(),
            wanted_since: now,
            covered: None,
            judgements: Judgements::new(),
            admission: Admission::default(),
            told: Told::default(),
            memory: Memory::default(),
            last: None,
        }
    }

    /// Folds one journalled fact back in, at the start.
    pub fn recall(&mut self, fact: Fact) {
        self.state.recall(fact);
    }

    /// Every secret is judged anew with the next turn.
    pub fn judge_all(&mut self) {
        self.state.touched.every_secret = true;
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn watched(&self) -> &Watched {
        &self.watched
    }

    pub fn covered(&self) -> Option<&Covered> {
        self.covered.as_ref()
    }

    pub fn judgements(&self) -> &Judgements {
        &self.judgements
    }

    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    pub fn told(&self) -> &Told {
        &self.told
    }

    /// Findings, and those that ended.
    pub fn lives(&self) -> &Lives {
        &self.state.lives
    }

    /// Findings that belong to no watched secret.
    pub fn findings_of_the_fleet(&self) -> impl Iterator<Item = &Arc<Life>> {
        let outside = self.told.outside.iter().map(Some);
        let whose = std::iter::once(None).chain(outside);
        whose.flat_map(|secret| self.state.lives.of(secret))
    }

    /// Whether everything was looked at once, or tried: a look that fails is a finding, not a wait.
    pub fn has_looked(&self) -> bool {
        let is_tried = |scope: Scope| self.state.is_tried(&LookKey::Discovery(scope));
        self.state.looked.contains_key(&LookKey::Sweep)
            && self.told.untried() == 0
            && self.scopes().into_iter().all(is_tried)
    }

    /// The parts of discovery that are searched.
    pub fn scopes(&self) -> BTreeSet<Scope> {
        if self.watched.is_empty() {
            return BTreeSet::new();
        }
        self.state.scopes_of(self.watch.clusters.as_deref())
    }

    fn wake(&self) -> Option<Timestamp> {
        let events = self.last.and_then(|last| self.state.delivery.wake(last.now));
        let wakes = [
            self.judgements.wake(),
            self.admission.wake,
            self.told.wake,
            self.state.lives.wake(),
            self.memory.wake,
            events,
        ];
        wakes.into_iter().flatten().min()
    }

    /// What a turn must look at anew though no event says so.
    fn begin(&mut self, situation: Situation) {
        let touched = &mut self.state.touched;
        let Some(last) = self.last else {
            // What the journal told: functions may be asleep that no search finds any more.
            touched.consumers.extend(self.state.consumers.keys().cloned());
            return;
        };
        if situation.now < last.now {
            // The clock was ahead: what was concluded by it is not true yet.
            (touched.every_secret, touched.failing) = (true, true);
            self.state.lives.set_back(situation.now);
            self.memory = Memory::default();
        }
    }

    fn merge(&mut self, event: Event, turn: &mut Turn, settings: &Settings, now: Timestamp) {
        turn.facts
            .extend((self.decide.merge)(&mut self.state, event, &settings.timing));
        if std::mem::take(&mut self.state.touched.listed) {
            self.give_out_rules(turn, settings, now);
        }
    }

    fn give_out_rules(&mut self, turn: &mut Turn, settings: &Settings, now: Timestamp) {
        let watched = self.watch.give_out(&self.state, &self.watched);
        let lost = self
            .watched
            .keys()
            .filter(|secret| !watched.contains_key(*secret));
        for secret in lost.cloned().collect::<Vec<_>>() {
            self.judgements.remove(&secret);
            self.state.measure_for(&secret, BTreeMap::new());
            let consumers = self.told.forget(&secret, &mut self.state.lives, now);
            self.state.touched.consumers.extend(consumers);
            turn.ask(Asker::Secret(secret.clone()), Agenda::new());
            turn.lost.push(secret);
        }
        self.state.forget_databases(|secret| watched.contains_key(secret));
        if !watched.keys().eq(self.watched.keys()) {
            self.wanted_since = now;
            self.state.lives.touch_all();
        }
        let has_changed = watched != self.watched;
        for (secret, policy) in &watched {
            if self.watched.get(secret) != Some(policy) {
                self.state.touched.secrets.insert(secret.clone());
            }
        }
        self.watched = watched;
        for (secret, facts) in &mut self.state.secrets {
            facts.unwatched = !self.watched.contains_key(secret);
        }
        self.covered = Some(self.watch.cover(&self.state, &self.watched));
        if has_changed {
            let evidence = Evidence::Scope {
                scope: Scope::Declared,
                seen: declared(&self.watched),
            };
            let look = Look::at(now);
            self.merge(Event::Seen { look, evidence }, turn, settings, now);
            turn.facts.extend(self.state.relink_all());
        }
    }

    /// Lets start what may start. Whether anything was asked.
    fn admit(
        &mut self,
        touched: &Touched,
        turn: &mut Turn,
        settings: &Settings,
        situation: Situation,
    ) -> bool {
        let is_due = self.admission.wake.is_some_and(|at| at <= situation.now);
        let is_another = self
            .last
            .is_none_or(|last| (last.draining, last.journal) != (situation.draining, situation.journal));
        if !(touched.any || !touched.secrets.is_empty() || is_due || is_another) {
            return false;
        }
        let mut admission = (self.decide.admit)(&self.state, &self.judgements, settings, situation);
        turn.decisions = std::mem::take(&mut admission.start);
        turn.fleet_changed |= admission.waits != self.admission.waits;
        turn.fleet_changed |= admission.promotions != self.admission.promotions;
        self.admission = admission;
        for decision in turn.decisions.clone() {
            self.merge(Event::Decided(decision), turn, settings, situation.now);
        }
        turn.would = would_act(&self.state, &self.judgements, &self.admission, situation.now);
        for would in turn.would.clone() {
            self.state.touched.secrets.insert(would.rotation.secret.clone());
            turn.facts.extend(self.state.learn(Fact::WouldAct(would)));
        }
        true
    }
}
