//! Showing: an immutable snapshot for everybody outside the loop, at most ten a second.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::findings::{self, Finding, Kind, Severity};
use machine::fleet::Admission;
use machine::judge::{Judgements, judge};
use machine::model::{LookKey, SecretArn};
use machine::outlook::outlook;
use machine::policy::{Policy, Settings};
use machine::state::State;
use tokio::sync::watch;

use super::coverage::Covered;
use super::parts::{Assignment, Options};
use super::questions;
use super::snapshot::{Consumers, SecretView, Snapshot};
use super::story;

/// Snapshots are at least so far apart.
const PAUSE: SignedDuration = SignedDuration::from_millis(100);

/// What a snapshot is made from.
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) assigned: &'a BTreeMap<SecretArn, Arc<Assignment>>,
    pub(super) judgements: &'a Judgements,
    pub(super) admission: &'a Admission,
    pub(super) settings: &'a Settings,
    pub(super) options: &'a Options,
    pub(super) draining: bool,
    pub(super) journal_failing: bool,
    pub(super) journal_bytes: u64,
}

pub(super) struct Publisher {
    sender: watch::Sender<Arc<Snapshot>>,
    secrets: BTreeMap<SecretArn, Arc<SecretView>>,
    changed: BTreeSet<SecretArn>,
    /// What the rules make of the last list; nothing before the first.
    covered: Option<Covered>,
    /// Something was learned of a consumer since the last snapshot.
    consumers_changed: bool,
    journal_is_new: bool,
    has_looked: bool,
    last: Timestamp,
    pending: bool,
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
            secrets: BTreeMap::new(),
            changed: BTreeSet::new(),
            covered: None,
            consumers_changed: true,
            journal_is_new: false,
            has_looked: false,
            last: now - PAUSE,
            pending: false,
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.sender.subscribe()
    }

    pub(super) fn begin_new_journal(&mut self) {
        self.journal_is_new = true;
    }

    pub(super) fn touch(&mut self, secret: &SecretArn) {
        self.changed.insert(secret.clone());
    }

    pub(super) fn touch_consumers(&mut self) {
        self.consumers_changed = true;
        self.pending = true;
    }

    /// What belongs to no single secret may have changed: findings of the fleet, waits, what is missing.
    pub(super) fn touch_fleet(&mut self) {
        self.pending = true;
    }

    pub(super) fn forget(&mut self, secret: &SecretArn) {
        if let Some(lost) = self.secrets.remove(secret) {
            story::tell_findings(&lost.findings, &[]);
        }
        self.pending = true;
    }

    pub(super) fn cover(&mut self, covered: Covered) {
        self.covered = Some(covered);
        self.pending = true;
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
        (self.pending || !self.changed.is_empty()).then(|| self.last + PAUSE)
    }

    pub(super) fn publish(&mut self, view: &View<'_>, now: Timestamp) {
        let Some(due) = self.next() else { return };
        if now < due && !view.draining {
            return;
        }
        let before = self.sender.borrow().clone();
        self.show_remembered(view, now);
        for secret in std::mem::take(&mut self.changed) {
            if let Some(shown) = secret_view(view, &secret, now) {
                let known = self.secrets.get(&secret).map(|known| known.findings.as_slice());
                story::tell_findings(known.unwrap_or_default(), &shown.findings);
                self.secrets.insert(secret, Arc::new(shown));
            }
        }
        let covered = self.covered.as_ref();
        let mut findings = fleet_findings(view, covered, now);
        findings.extend(self.beyond_next(view));
        story::tell_findings(&before.findings, &findings);
        let consumers = if std::mem::take(&mut self.consumers_changed) {
            Arc::new(consumers(view.state, &before.consumers))
        } else {
            Arc::clone(&before.consumers)
        };
        let missing = missing(view);
        self.has_looked |= missing.is_empty();
        self.sender.send_replace(Arc::new(Snapshot {
            at: now,
            started: before.started,
            simulated: before.simulated,
            draining: view.draining,
            missing,
            secrets: self.secrets.clone(),
            consumers,
            waits: Arc::new(view.admission.waits.clone()),
            findings: Arc::new(findings),
            region: covered
                .and_then(|covered| covered.coverage.region.clone())
                .or_else(|| before.region.clone()),
            account: covered.and_then(|covered| covered.coverage.account.clone()),
            unwatched: covered
                .map(|covered| Arc::clone(&covered.unwatched))
                .unwrap_or_default(),
            journal: Arc::clone(&before.journal),
            journal_is_new: self.journal_is_new,
            journal_bytes: view.journal_bytes,
            last_list: view.state.looked.get(&LookKey::Sweep).map(|look| look.arrived),
        }));
        self.last = now;
        self.pending = false;
    }
}

impl Publisher {
    /// Who could not be refreshed at the next rotation, by what each secret's outlook shows.
    fn beyond_next(&self, view: &View<'_>) -> Vec<Finding> {
        let outlooks = self.secrets.iter();
        let outlooks = outlooks.map(|(secret, shown)| (secret, shown.outlook.as_slice()));
        findings::beyond_next(outlooks, view.judgements)
    }

    /// Until the first list of secrets tells their rules, what the journal knew is shown as it was.
    fn show_remembered(&mut self, view: &View<'_>, now: Timestamp) {
        let is_listed = view.state.looked.contains_key(&LookKey::Sweep);
        if is_listed {
            self.secrets
                .retain(|secret, _| view.assigned.contains_key(secret));
        } else if self.secrets.is_empty() {
            let remembered = view.state.secrets.keys().map(|secret| {
                let shown = Arc::new(remembered(view, secret, now));
                (secret.clone(), shown)
            });
            self.secrets = remembered.collect();
        }
    }
}

/// A secret by its facts alone: nothing is done for it until its rule is known.
fn remembered(view: &View<'_>, secret: &SecretArn, now: Timestamp) -> SecretView {
    let policy = Policy::default();
    let judgement = judge(view.state, secret, &policy, view.settings, now);
    let facts = view.state.secrets.get(secret);
    SecretView {
        arn: secret.clone(),
        name: secret.name().to_owned(),
        rule: "not known before secrets are listed; shown as the journal has it".to_owned(),
        findings: findings::of_secret(view.state, secret, &judgement, view.settings, now),
        judgement: Arc::new(judgement),
        seen: None,
        last_look: None,
        logins: facts.map(|facts| facts.logins.clone()).unwrap_or_default(),
        reached: facts.map(|facts| facts.reached.clone()).unwrap_or_default(),
        would: facts.map(|facts| facts.would.clone()).unwrap_or_default(),
        outlook: Vec::new(),
    }
}

/// The consumers as they are now; those that have not changed are shared with the snapshot before.
fn consumers(state: &State, before: &Consumers) -> Consumers {
    let there = state.consumers.iter().filter(|(_, facts)| !facts.is_gone());
    let shared = there.map(|(id, facts)| {
        let known = before.get(id).filter(|known| ***known == *facts);
        let shown = known.cloned().unwrap_or_else(|| Arc::new(facts.clone()));
        (id.clone(), shown)
    });
    shared.collect()
}

fn fleet_findings(view: &View<'_>, covered: Option<&Covered>, now: Timestamp) -> Vec<Finding> {
    let mut found = findings::of_fleet(view.state, view.judgements, view.admission, view.settings, now);
    found.extend(
        covered
            .map(|covered| findings::of_rules(&covered.coverage))
            .unwrap_or_default(),
    );
    found.extend(findings::unmatched(
        view.state,
        &rules(view),
        &view.options.database_hosts,
    ));
    if view.journal_failing {
        found.push(Finding {
            severity: Severity::Critical,
            kind: Kind::Journal,
            subject: "journal".to_owned(),
            secret: None,
            text: "the journal cannot be written: nothing is decided, only what sleeps is put back"
                .to_owned(),
            remedy: "make room on the disk of store.path; it goes on by itself".to_owned(),
        });
    }
    found
}

/// What the rules say, secret by secret.
fn rules<'a>(view: &View<'a>) -> Vec<findings::Assigned<'a>> {
    let assigned = view.assigned.iter();
    let rule = |(secret, assignment): (&'a SecretArn, &'a Arc<Assignment>)| findings::Assigned {
        secret,
        rule: &assignment.rule,
        policy: &assignment.policy,
    };
    assigned.map(rule).collect()
}

fn secret_view(view: &View<'_>, secret: &SecretArn, now: Timestamp) -> Option<SecretView> {
    let judgement = Arc::clone(view.judgements.get(secret)?);
    let facts = view.state.secrets.get(secret)?;
    let assignment = view.assigned.get(secret)?;
    Some(SecretView {
        arn: secret.clone(),
        name: secret.name().to_owned(),
        rule: assignment.rule.clone(),
        findings: findings::of_secret(view.state, secret, &judgement, view.settings, now),
        judgement,
        seen: facts.seen.as_ref().map(|(_, seen)| seen.clone()),
        last_look: view
            .state
            .looked
            .get(&LookKey::Secret(secret.clone()))
            .map(|look| look.arrived),
        logins: facts.logins.clone(),
        reached: facts.reached.clone(),
        would: facts.would.clone(),
        outlook: outlook(view.state, secret, &assignment.policy, view.settings, now),
    })
}

/// One sweep may fail. After so many in a row nobody knows what rotates: credentials, network, or AWS.
const SWEEPS_IN_VAIN: u32 = 3;

/// What is still missing before the watchdog is ready. A look that fails was tried: it is a finding, not a wait.
fn missing(view: &View<'_>) -> Vec<String> {
    let tried = |key: &LookKey| view.state.looked.contains_key(key) || view.state.failing.contains_key(key);
    let mut missing = Vec::new();
    if !view.state.looked.contains_key(&LookKey::Sweep) {
        let why = view
            .state
            .failing
            .get(&LookKey::Sweep)
            .map(|failing| format!(": {}", failing.failure));
        missing.push(format!("the first list of secrets{}", why.unwrap_or_default()));
        return missing;
    }
    if let Some(failing) = view.state.failing.get(&LookKey::Sweep)
        && failing.times >= SWEEPS_IN_VAIN
    {
        missing.push(format!("a list of secrets: {}", failing.failure));
    }
    let unseen = view
        .assigned
        .keys()
        .filter(|secret| !tried(&LookKey::Secret((*secret).clone())))
        .count();
    if unseen > 0 {
        missing.push(format!("the first look at {unseen} secrets"));
    }
    for scope in questions::scopes(view.state, view.assigned, view.options.clusters.as_deref()) {
        if !tried(&LookKey::Discovery(scope.clone())) {
            missing.push(format!("discovery: {scope:?}"));
        }
    }
    if view.journal_failing {
        missing.push("a journal that can be written".to_owned());
    }
    missing
}
