//! Showing: an immutable snapshot for everybody outside the loop, at most ten a second. A snapshot costs what changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::facts::state::State;
use machine::findings::Life;
use machine::judge::judge;
use machine::model::finding::FindingNews;
use machine::model::{ConsumerId, LookKey, SecretArn};
use machine::policy::{Policy, Settings};
use machine::{Machine, Turn};
use tokio::sync::watch;

use super::parts::Options;
use super::snapshot::{DatabaseView, EventsView, MeasuredView, SecretView, Snapshot, TestEvent};

/// Snapshots are at least so far apart.
const PAUSE: SignedDuration = SignedDuration::from_millis(100);

/// What a snapshot is made from.
pub(super) struct Shown<'a> {
    pub(super) machine: &'a Machine,
    pub(super) settings: &'a Settings,
    pub(super) draining: bool,
    pub(super) journal_failing: bool,
    pub(super) journal_bytes: u64,
    pub(super) test_event: Option<&'a TestEvent>,
}

pub(super) struct Publisher {
    sender: watch::Sender<Arc<Snapshot>>,
    /// What is to be shown otherwise than in the last snapshot.
    secrets: BTreeSet<SecretArn>,
    lost: BTreeSet<SecretArn>,
    consumers: BTreeSet<ConsumerId>,
    fleet: bool,
    databases: bool,
    numbers: bool,
    /// Findings have ended.
    ended: bool,
    journal_is_new: bool,
    has_looked: bool,
    last: Timestamp,
}

impl Publisher {
    pub(super) fn new(now: Timestamp, options: &Options) -> Self {
        let (sender, _) = watch::channel(Arc::new(Snapshot {
            journal: Arc::from(options.journal.as_str()),
            region: options.region.clone(),
            ..Snapshot::empty(now, options.simulated)
        }));
        Self {
            sender,
            secrets: BTreeSet::new(),
            lost: BTreeSet::new(),
            consumers: BTreeSet::new(),
            fleet: true,
            databases: false,
            numbers: false,
            ended: true,
            journal_is_new: false,
            has_looked: false,
            last: now - PAUSE,
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.sender.subscribe()
    }

    pub(super) fn begin_new_journal(&mut self) {
        self.journal_is_new = true;
    }

    /// What a turn has changed.
    pub(super) fn touch(&mut self, turn: &Turn) {
        for secret in &turn.lost {
            self.secrets.remove(secret);
            self.lost.insert(secret.clone());
        }
        for judged in turn.all_judged() {
            self.lost.remove(&judged.secret);
            self.secrets.insert(judged.secret.clone());
        }
        self.secrets.extend(turn.told.iter().cloned());
        self.consumers.extend(turn.consumers.iter().cloned());
        self.ended |= turn.findings.iter().any(|fact| fact.news == FindingNews::Ended);
        self.fleet |= turn.fleet_changed;
        self.databases |= turn.databases_changed;
        self.numbers |= turn.numbers_changed;
    }

    /// How the life itself stands has changed: it drains, or its journal fails or can be written again.
    pub(super) fn touch_all(&mut self) {
        self.fleet = true;
    }

    /// When this life began.
    pub(super) fn started(&self) -> Timestamp {
        self.sender.borrow().started
    }

    /// Whether everything was looked at once, as far as the last snapshot knew. A journal or a list that fails later takes
    /// nothing of that back.
    pub(super) fn has_looked(&self) -> bool {
        self.has_looked
    }

    /// When a snapshot is due that came too soon after the last one.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let is_due = self.fleet
            || self.databases
            || self.numbers
            || self.ended
            || !self.secrets.is_empty()
            || !self.lost.is_empty()
            || !self.consumers.is_empty();
        is_due.then(|| self.last + PAUSE)
    }

    pub(super) fn publish(&mut self, shown: &Shown<'_>, now: Timestamp) {
        // A clock that was ahead is set right: nobody waits until it is there again.
        self.last = self.last.min(now);
        let Some(due) = self.next() else { return };
        if now < due && !shown.draining {
            return;
        }
        let before = self.sender.borrow().clone();
        let mut snapshot = Snapshot::clone(&before);
        self.show_secrets(&mut snapshot, shown, now);
        self.show_consumers(&mut snapshot, shown.machine.state());
        if std::mem::take(&mut self.fleet) {
            show_fleet(&mut snapshot, shown.machine);
        }
        if std::mem::take(&mut self.databases) {
            snapshot.databases = Arc::new(DatabaseView::all(shown.machine.state()));
        }
        if std::mem::take(&mut self.numbers) {
            snapshot.numbers = Arc::new(MeasuredView::all(shown.machine.state()));
        }
        if std::mem::take(&mut self.ended) {
            let ended = shown.machine.lives().ended().iter().rev();
            snapshot.ended = Arc::new(ended.cloned().collect());
        }
        snapshot.at = now;
        snapshot.draining = shown.draining;
        snapshot.missing = self.missing(shown);
        let delivery = &shown.machine.state().delivery;
        snapshot.events = shown.settings.events.then_some(EventsView {
            working: delivery.works,
            heartbeat: delivery.heartbeat,
            test: shown.test_event.cloned(),
        });
        snapshot.journal_is_new = self.journal_is_new;
        snapshot.journal_bytes = shown.journal_bytes;
        self.has_looked |= snapshot.missing.is_empty();
        self.sender.send_replace(Arc::new(snapshot));
        self.last = now;
    }

    fn show_secrets(&mut self, snapshot: &mut Snapshot, shown: &Shown<'_>, now: Timestamp) {
        let state = shown.machine.state();
        if !state.looked.contains_key(&LookKey::Sweep) {
            show_remembered(snapshot, shown, now);
            return;
        }
        if snapshot.last_list.is_none() {
            // What the journal knew is shown as it was until the first list tells the rules.
            let watched = shown.machine.watched();
            let unwatched = snapshot
                .secrets
                .keys()
                .filter(|secret| !watched.contains_key(*secret));
            let unwatched: Vec<SecretArn> = unwatched.cloned().collect();
            unwatched.iter().for_each(|secret| snapshot.remove(secret));
            self.fleet = true;
        }
        for secret in std::mem::take(&mut self.lost) {
            snapshot.remove(&secret);
        }
        for secret in std::mem::take(&mut self.secrets) {
            if let Some(view) = secret_view(shown.machine, &secret) {
                snapshot.put(view);
            }
        }
        snapshot.last_list = state.looked.get(&LookKey::Sweep).map(|look| look.arrived);
    }

    /// The consumers as they are now; those that have not changed are shared with the snapshot before.
    fn show_consumers(&mut self, snapshot: &mut Snapshot, state: &State) {
        for id in std::mem::take(&mut self.consumers) {
            snapshot.consumers.remove_mut(&id);
            if let Some(facts) = state.consumers.get(&id).filter(|facts| !facts.is_gone()) {
                snapshot.consumers.insert_mut(id, Arc::new(facts.clone()));
            }
        }
    }

    /// What is still missing before the watchdog is ready. A look that fails was tried: it is a finding, not a wait.
    fn missing(&self, shown: &Shown<'_>) -> Vec<String> {
        let state = shown.machine.state();
        let failing = state.failing.get(&LookKey::Sweep);
        if !state.looked.contains_key(&LookKey::Sweep) {
            let why = failing.map(|failing| format!(": {}", failing.failure));
            return vec![format!("the first list of secrets{}", why.unwrap_or_default())];
        }
        let mut missing = Vec::new();
        if let Some(failing) = failing.filter(|failing| failing.times >= SWEEPS_IN_VAIN) {
            missing.push(format!("a list of secrets: {}", failing.failure));
        }
        let untried = shown.machine.told().untried();
        if untried > 0 {
            missing.push(format!("the first look at {untried} secrets"));
        }
        for scope in shown.machine.scopes() {
            if !state.is_tried(&LookKey::Discovery(scope.clone())) {
                missing.push(format!("discovery: {scope:?}"));
            }
        }
        if shown.journal_failing {
            missing.push("a journal that can be written".to_owned());
        }
        missing
    }
}

/// One sweep may fail. After so many in a row nobody knows what rotates: credentials, network, or AWS.
const SWEEPS_IN_VAIN: u32 = 3;

fn show_fleet(snapshot: &mut Snapshot, machine: &Machine) {
    // Until the first list the journal's secrets are shown with what was told of them then.
    let is_shown = |life: &&Arc<Life>| {
        let secret = life.finding.secret.as_ref();
        let view = secret.and_then(|secret| snapshot.secrets.get(secret));
        view.is_some_and(|view| {
            view.findings
                .iter()
                .any(|shown| shown.finding.id() == life.finding.id())
        })
    };
    let of_the_fleet = machine.findings_of_the_fleet().filter(|life| !is_shown(life));
    snapshot.findings = Arc::new(of_the_fleet.cloned().collect());
    snapshot.waits = Arc::new(machine.admission().waits.clone());
    snapshot.promotions = Arc::new(machine.admission().promotions.clone());
    if let Some(covered) = machine.covered() {
        let coverage = &covered.coverage;
        snapshot.region = coverage.region.clone().or_else(|| snapshot.region.take());
        snapshot.account.clone_from(&coverage.account);
        snapshot.unwatched = Arc::clone(&covered.unwatched);
    }
}

/// Until the first list of secrets tells their rules, what the journal knew is shown as it was.
fn show_remembered(snapshot: &mut Snapshot, shown: &Shown<'_>, now: Timestamp) {
    if !snapshot.secrets.is_empty() {
        return;
    }
    let state = shown.machine.state();
    for secret in state.secrets.keys() {
        snapshot.put(remembered(state, secret, shown.settings, now));
    }
}

/// A secret by its facts alone: nothing is done for it until its rule is known.
fn remembered(state: &State, secret: &SecretArn, settings: &Settings, now: Timestamp) -> SecretView {
    let policy = Policy::default();
    let judgement = judge(state, secret, &policy, settings, now);
    let facts = state.secret(secret);
    SecretView {
        arn: secret.clone(),
        name: secret.name().into(),
        rule: "not known before secrets are listed; shown as the journal has it".into(),
        findings: state.lives.of(Some(secret)).into(),
        judgement: Arc::new(judgement),
        seen: None,
        last_look: None,
        logins: facts.map(|facts| facts.logins.clone()).unwrap_or_default(),
        reached: facts.map(|facts| facts.reached.clone()).unwrap_or_default(),
        attempts: facts.map(|facts| facts.attempts.clone()).unwrap_or_default(),
        would: facts.map(|facts| facts.would.clone()).unwrap_or_default(),
        outlook: Arc::default(),
        users: Vec::new(),
    }
}

fn secret_view(machine: &Machine, secret: &SecretArn) -> Option<SecretView> {
    let judgement = Arc::clone(machine.judgements().get(secret)?);
    let facts = machine.state().secret(secret)?;
    let looked = machine.state().looked.get(&LookKey::Secret(secret.clone()));
    Some(SecretView {
        arn: secret.clone(),
        name: secret.name().into(),
        rule: Arc::clone(&judgement.rule),
        findings: machine.lives().of(Some(secret)).into(),
        judgement,
        seen: facts.seen.as_ref().map(|(_, seen)| Arc::clone(seen)),
        last_look: looked.map(|look| look.arrived),
        logins: facts.logins.clone(),
        reached: facts.reached.clone(),
        attempts: facts.attempts.clone(),
        would: facts.would.clone(),
        outlook: machine.told().outlook(secret),
        users: machine
            .state()
            .users_of(secret)
            .map(|(id, _)| id.clone())
            .collect(),
    })
}
