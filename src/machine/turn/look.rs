//! The fourth part of a turn: what is to be looked at from now on.

use jiff::Timestamp;

use super::{Asker, Machine, Pass, Turn};
use crate::looks;
use crate::model::ConsumerId;
use crate::policy::Settings;
use crate::procedures::open_sleep;

impl Machine {
    /// What is to be looked at from now on. While draining only what is switched off, and what is in doubt.
    pub(super) fn look(&mut self, pass: &Pass<'_>, turn: &mut Turn) {
        let Pass {
            touched,
            admitted,
            settings,
            situation,
        } = pass;
        let now = situation.now;
        let begins_to_drain = situation.draining && self.last.is_none_or(|last| !last.draining);
        if begins_to_drain {
            let all = self.state.consumers.iter();
            let left =
                all.filter(|(_, facts)| open_sleep(facts).is_some() || facts.attempts.unresolved().is_some());
            let left: Vec<ConsumerId> = left.map(|(id, _)| id.clone()).collect();
            for id in &left {
                self.ask_of_consumer(id, turn, settings, now);
            }
        }
        for consumer in &touched.consumers {
            self.ask_of_consumer(consumer, turn, settings, now);
        }
        if situation.draining {
            return;
        }
        for secret in &touched.secrets {
            let Some(judgement) = self.judgements.get(secret) else {
                continue;
            };
            let policy = &self.watched[secret];
            let looks = looks::secret_looks(&self.state, secret, judgement, policy, settings, now);
            turn.ask(Asker::Secret(secret.clone()), looks);
        }
        if *admitted {
            let (state, scopes) = (&self.state, self.scopes());
            let (judgements, admission) = (&self.judgements, &self.admission);
            let since = self.wanted_since;
            let looks = looks::fleet_looks(state, judgements, admission, &scopes, since, settings, now);
            turn.ask(Asker::Fleet, looks);
        }
    }

    fn ask_of_consumer(&self, id: &ConsumerId, turn: &mut Turn, settings: &Settings, now: Timestamp) {
        let looks = looks::consumer_looks(&self.state, id, settings, now);
        turn.ask(Asker::Consumer(id.clone()), looks);
    }
}
