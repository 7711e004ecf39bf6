//! All secrets in numbers: kept along with the snapshot, so that nobody who asks has to count thousands.

use std::collections::{BTreeMap, BTreeSet};

use machine::findings::{Kind, Severity};
use machine::judge::{Judgement, LoweredBy};
use machine::model::SecretArn;
use machine::story::rotations::Origin;
use machine::words;
use rpds::RedBlackTreeSetSync;

use super::snapshot::SecretView;

/// Sums over the secrets of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// By the phase of the rotation that matters most.
    pub phases: BTreeMap<&'static str, usize>,
    /// Pairs of secret and consumer, by how far the consumer came with the version that is current.
    pub consumers: BTreeMap<&'static str, usize>,
    /// The same pairs, by what the next rotation would do.
    pub next: BTreeMap<&'static str, usize>,
    /// By what keeps their mode below their rule's.
    pub lowered: BTreeMap<&'static str, usize>,
    pub findings: BTreeMap<(Severity, Kind), usize>,
    /// Secrets with findings of each severity. Copies share what has not changed.
    pub having: BTreeMap<Severity, RedBlackTreeSetSync<SecretArn>>,
    /// Secrets whose danger window is open.
    pub open_windows: BTreeSet<SecretArn>,
}

impl Totals {
    pub(super) fn add(&mut self, view: &SecretView) {
        self.change(view, 1);
        for life in &*view.findings {
            let having = self.having.entry(life.finding.severity).or_default();
            having.insert_mut(view.arn.clone());
        }
        if view.has_open_window() {
            self.open_windows.insert(view.arn.clone());
        }
    }

    pub(super) fn remove(&mut self, view: &SecretView) {
        self.change(view, -1);
        for life in &*view.findings {
            let having = self.having.entry(life.finding.severity).or_default();
            having.remove_mut(&view.arn);
        }
        self.open_windows.remove(&view.arn);
    }

    fn change(&mut self, view: &SecretView, by: isize) {
        add(&mut self.phases, view.phase(), by);
        for word in view.stages() {
            add(&mut self.consumers, word, by);
        }
        for outlook in &*view.outlook {
            add(&mut self.next, outlook.next.word(), by);
        }
        if let Some(word) = view.lowered_by() {
            add(&mut self.lowered, word, by);
        }
        for life in &*view.findings {
            add(&mut self.findings, (life.finding.severity, life.finding.kind), by);
        }
    }
}

/// What is none any more is not kept.
fn add<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K, by: isize) {
    let counted = counts.remove(&key).unwrap_or_default().saturating_add_signed(by);
    if counted > 0 {
        counts.insert(key, counted);
    }
}

impl SecretView {
    /// The phase of the rotation that matters most; `unseen` before the first look.
    pub fn phase(&self) -> &'static str {
        self.judgement
            .latest()
            .map_or("unseen", |rotation| rotation.phase.name())
    }

    /// What keeps the mode below the rule's, or holds it.
    pub fn lowered_by(&self) -> Option<&'static str> {
        if self.judgement.held {
            return Some("hold");
        }
        self.judgement.lowered.map(|lowered| match lowered.by {
            LoweredBy::AtMost => "at-most",
            LoweredBy::Tag => "tag",
        })
    }

    /// Whether its consumers are judged by a promotion: what was current at the first look judges nobody.
    pub fn is_judged(&self) -> bool {
        let current = self.judgement.current();
        current.is_some_and(|view| view.rotation.origin != Origin::Baseline)
    }

    /// How far each of its consumers came, in words; `unjudged` where no promotion was seen to judge them by.
    fn stages(&self) -> Vec<&'static str> {
        let current = self.judgement.current().filter(|_| self.is_judged());
        match current {
            Some(view) => {
                let standings = view.consumers.iter();
                standings
                    .map(|(_, standing)| words::stage(standing.stage))
                    .collect()
            }
            None => vec!["unjudged"; self.users.len()],
        }
    }

    fn has_open_window(&self) -> bool {
        let window = Judgement::window(&self.judgement);
        window.is_some_and(|window| window.closed.is_none())
    }
}
