//! The journal's transactions folded through the machine, each judged at its own time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use machine::facts::state::State;
use machine::judge::{Judgement, RotationView, judge};
use machine::model::{Fact, RotationKey, SecretArn};
use machine::policy::{Policy, Settings};

use super::super::story::Entry;
use super::facts;
use super::turns::{self, phase_entry, standing_entry, step_entries};
use crate::store::Recorded;

/// What a person decided beforehand: for the fleet, and for one secret.
pub(super) struct Rules<'a> {
    pub settings: Settings,
    pub policy: &'a dyn Fn(&SecretArn) -> Policy,
}

/// The story so far.
pub(super) struct Fold<'a> {
    rules: Rules<'a>,
    pub state: State,
    judged: BTreeMap<SecretArn, Judgement>,
    /// Secrets with facts that were not judged yet.
    touched: BTreeSet<SecretArn>,
    entries: Vec<Entry>,
}

/// Everything a journal tells, in the order in which it was known.
pub(super) fn story(records: &[Recorded], rules: Rules<'_>) -> (State, Vec<Entry>) {
    let mut fold = Fold {
        rules,
        // Whom the journal does not name may use a secret, too.
        state: State::at_the_start(),
        judged: BTreeMap::new(),
        touched: BTreeSet::new(),
        entries: Vec::new(),
    };
    let end = records.last().map(|recorded| recorded.at);
    for transaction in records.chunk_by(|a, b| a.at == b.at) {
        fold.take_in(transaction);
    }
    if let Some(end) = end {
        fold.tell_standings(end);
    }
    (fold.state, fold.entries)
}

impl Fold<'_> {
    fn take_in(&mut self, transaction: &[Recorded]) {
        let at = transaction[0].at;
        self.wake_until(at);
        for Recorded { fact, .. } in transaction {
            // What was concluded and decided in a turn rests on all that was seen in it.
            if matches!(fact, Fact::Reached { .. } | Fact::WouldAct(_) | Fact::Decided(_)) {
                self.judge(at);
            }
            self.learn(fact, at);
        }
        self.judge(at);
    }

    /// What time alone changed before `at`.
    fn wake_until(&mut self, at: Timestamp) {
        let next = |judged: &BTreeMap<SecretArn, Judgement>| {
            let wakes = judged
                .iter()
                .filter_map(|(secret, judged)| Some((judged.wake?, secret.clone())));
            wakes.min().filter(|(wake, _)| *wake < at)
        };
        while let Some((wake, secret)) = next(&self.judged) {
            self.judge_one(&secret, wake);
            if let Some(judged) = self.judged.get_mut(&secret) {
                judged.wake = judged.wake.filter(|again| *again > wake);
            }
        }
    }

    fn learn(&mut self, fact: &Fact, at: Timestamp) {
        let is_known = self.knows_labels(fact);
        if self.state.learn(fact.clone()).is_empty() {
            self.confirm(fact, at);
            return;
        }
        let entry = match fact {
            Fact::Labels {
                secret, look, dates, ..
            } if is_known => facts::rotated(secret, *look, *dates, at),
            _ => self.entry(fact, at),
        };
        self.entries.extend(entry);
        match fact {
            Fact::Labels { secret, .. }
            | Fact::Valued { secret, .. }
            | Fact::Log { secret, .. }
            | Fact::Login { secret, .. }
            | Fact::Braked { secret, .. }
            | Fact::Master { secret, .. }
            | Fact::Reset { secret, .. }
            | Fact::Belongs { secret, .. }
            | Fact::Users {
                rotation: RotationKey { secret, .. },
                ..
            }
            | Fact::Reached {
                rotation: RotationKey { secret, .. },
                ..
            } => {
                self.touched.insert(secret.clone());
            }
            Fact::WouldAct(_)
            | Fact::Decided(_)
            | Fact::Ended { .. }
            | Fact::Refused(_)
            | Fact::Paced { .. }
            | Fact::Finding(_) => {}
        }
    }

    /// The labels are as they were: only a date has come with them.
    fn knows_labels(&self, fact: &Fact) -> bool {
        let Fact::Labels { secret, labels, .. } = fact else {
            return false;
        };
        let known = self.state.secret(secret).and_then(|facts| facts.labels.latest());
        known.is_some_and(|run| run.state == *labels)
    }

    /// A look that shows what was known bounds the change that follows it, and is no news. But labels that seem to go back
    /// are believed by then, as they were by the loop: what that meant is told before what followed.
    fn confirm(&mut self, fact: &Fact, at: Timestamp) {
        let Fact::Labels { secret, look, .. } = fact else {
            return;
        };
        // What else this turn saw of it came after that look.
        if self.touched.contains(secret) {
            return;
        }
        let told = self.entries.len();
        self.judge_one(secret, look.arrived);
        for entry in &mut self.entries[told..] {
            entry.at = Some(at);
        }
    }

    fn entry(&self, fact: &Fact, at: Timestamp) -> Option<Entry> {
        let state = &self.state;
        let settle = self.rules.settings.timing.settle;
        match fact {
            Fact::Labels {
                secret, look, labels, ..
            } => facts::labels(state, secret, *look, labels, settle, at),
            Fact::Valued {
                secret,
                version,
                look,
                present,
            } => facts::value(state, secret, version, *look, *present, settle, at),
            Fact::Log { secret, fact } => Some(facts::line(secret, fact, at)),
            Fact::Login {
                secret,
                version,
                look,
                answer,
            } => facts::login(state, secret, version, *look, answer, at),
            Fact::Decided(decision) => {
                let told = |key: &RotationKey| find(self.judged.get(&key.secret)?, key);
                Some(facts::decision(decision, told, at))
            }
            Fact::Ended {
                attempt,
                at: answered,
                outcome,
            } => facts::outcome(state, attempt, *answered, outcome, at),
            Fact::Reached {
                rotation,
                consumer,
                at: looked,
                ..
            } => facts::stage(state, rotation, consumer, *looked, at),
            Fact::WouldAct(would) => Some(facts::would(would, at)),
            // The first of them is told as a login, and a good rotation by its steps.
            Fact::Refused(_) | Fact::Paced { .. } => None,
            Fact::Braked {
                secret,
                at: seen,
                brake,
            } => Some(facts::brake(secret, *seen, *brake, at)),
            Fact::Users {
                rotation,
                at: searched,
                consumers,
            } => Some(facts::users(rotation, consumers, *searched, at)),
            Fact::Master {
                secret,
                look,
                state: told,
            } => facts::master(state, secret, *look, *told, at),
            Fact::Reset { secret, reset } => Some(facts::reset(secret, *reset, at)),
            Fact::Belongs { secret, belongs } => Some(facts::belongs(secret, belongs, at)),
            Fact::Finding(fact) => turns::finding(fact, state, at),
        }
    }

    /// Judges what was touched.
    fn judge(&mut self, at: Timestamp) {
        for secret in std::mem::take(&mut self.touched) {
            self.judge_one(&secret, at);
        }
    }

    /// Judges a secret as the loop does, and tells what changed since it was judged before.
    fn judge_one(&mut self, secret: &SecretArn, at: Timestamp) {
        let policy = (self.rules.policy)(secret);
        let settings = &self.rules.settings;
        let after = judge(&self.state, secret, &policy, settings, at);
        let before = self.judged.remove(secret);
        for view in &after.rotations {
            let known = before
                .as_ref()
                .and_then(|before| find(before, &view.rotation.key));
            self.entries.extend(step_entries(known, view, at));
            if known.is_none_or(|known| known.phase != view.phase) {
                self.entries.push(phase_entry(view, settings, at));
            }
        }
        self.judged.insert(secret.clone(), after);
    }

    /// Where each secret stands with the last transaction.
    fn tell_standings(&mut self, end: Timestamp) {
        let judged = self.judged.iter();
        let latest = judged.filter_map(|(secret, judged)| Some((secret, judged.latest()?)));
        let standings = latest.map(|(secret, view)| standing_entry(&self.state, secret, view, end));
        self.entries.extend(standings.collect::<Vec<_>>());
    }
}

fn find<'a>(judgement: &'a Judgement, key: &RotationKey) -> Option<&'a RotationView> {
    judgement.rotations.iter().find(|view| view.rotation.key == *key)
}
