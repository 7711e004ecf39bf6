//! The second part of a turn: whoever was touched, or has changed by time alone, is judged.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Judged, Machine, Turn};
use crate::facts::Touched;
use crate::findings;
use crate::model::{Fact, LookKey, Scope, SecretArn};
use crate::numbers;
use crate::policy::Settings;

/// A stage that a consumer was seen to come to is a fact, which may change what its rotation is. It settles after one or
/// two more judgements.
const JUDGED_AGAIN: usize = 4;

impl Machine {
    /// Judges what was touched, and what time has changed. What was touched by then, and what was concluded.
    pub(super) fn judge(
        &mut self,
        turn: &mut Turn,
        settings: &Settings,
        now: Timestamp,
    ) -> (Touched, Vec<Judged>) {
        self.end_search();
        let mut touched = std::mem::take(&mut self.state.touched);
        if touched.every_secret {
            touched.secrets.extend(self.watched.keys().cloned());
        }
        if touched.searched {
            touched.secrets.extend(self.told.unsearched().cloned());
        }
        for consumer in &touched.consumers {
            touched.secrets.extend(self.judgements.naming(consumer).cloned());
        }
        touched.secrets.extend(self.judgements.woken(now).cloned());
        touched.secrets.retain(|secret| self.watched.contains_key(secret));
        let secrets = touched.secrets.iter();
        let judged = secrets.map(|secret| self.judge_one(secret, turn, settings, now));
        let judged = judged.collect();
        (touched, judged)
    }

    fn judge_one(
        &mut self,
        secret: &SecretArn,
        turn: &mut Turn,
        settings: &Settings,
        now: Timestamp,
    ) -> Judged {
        let policy = Arc::clone(&self.watched[secret]);
        let mut judgement = (self.decide.judge)(&self.state, secret, &policy, settings, now);
        for _ in 0..JUDGED_AGAIN {
            let reached = std::mem::take(&mut judgement.reached).into_iter();
            let news: Vec<Fact> = reached.flat_map(|fact| self.state.learn(fact)).collect();
            if news.is_empty() {
                break;
            }
            turn.facts.extend(news);
            judgement = (self.decide.judge)(&self.state, secret, &policy, settings, now);
        }
        let told = self.state.secret(secret).map(|facts| {
            let silence = findings::silence_told_at(facts, &judgement, settings);
            [silence, findings::absence_told_at(facts, &judgement)]
        });
        let told = told.into_iter().flatten().flatten().filter(|at| *at > now);
        judgement.wake = judgement.wake.into_iter().chain(told).min();
        let wanted = numbers::wanted(&self.state, secret, &judgement, settings);
        self.state.measure_for(secret, wanted);
        // Most are judged as before: one of thousands is kept, not two.
        let same = self
            .judgements
            .get(secret)
            .filter(|before| ***before == judgement);
        let judged = same.cloned().unwrap_or_else(|| Arc::new(judgement));
        let before = self.judgements.insert(secret, &judged);
        Judged {
            secret: secret.clone(),
            before,
            now: judged,
        }
    }

    /// Consumers are known once each part of discovery was looked at; one that fails is a finding, not a wait.
    fn end_search(&mut self) {
        if !self.state.searching || !self.state.touched.search {
            return;
        }
        let scopes = self.scopes();
        let is_looked_at = |scope: &Scope| {
            let key = LookKey::Discovery(scope.clone());
            self.state.scopes.contains_key(scope) || self.state.failing.contains_key(&key)
        };
        if !scopes.is_empty() && scopes.iter().all(is_looked_at) {
            self.state.searching = false;
            self.state.touched.every_secret = true;
        }
    }
}
