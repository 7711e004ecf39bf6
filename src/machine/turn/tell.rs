//! The last part of a turn: what people are told otherwise than before.

use super::{Machine, Pass, Turn};
use crate::findings::told::changed_beyond;
use crate::findings::{self, Finding, Waits};
use crate::judge::outlook::outlook;

impl Machine {
    pub(super) fn tell(&mut self, pass: &Pass<'_>, turn: &mut Turn) {
        let Pass {
            touched,
            admitted,
            settings,
            situation,
        } = pass;
        let now = situation.now;
        let mut consumers = touched.consumers.clone();
        for judged in turn.all_judged() {
            consumers.extend(changed_beyond(judged.before.as_deref(), &judged.now));
        }
        for secret in &touched.secrets {
            let (Some(judgement), policy) = (self.judgements.get(secret), &self.watched[secret]) else {
                continue;
            };
            let found = findings::of_secret(&self.state, secret, judgement, settings, now);
            let outlook = outlook(&self.state, secret, policy, settings, now);
            consumers.extend(self.told.tell_secret(secret, &self.state, (found, outlook)));
        }
        for consumer in &consumers {
            turn.fleet_changed |= self.told.tell_consumer(consumer, &self.state, &self.judgements);
        }
        if touched.failing || self.told.wake.is_some_and(|at| at <= now) {
            let looks = findings::of_looks(&self.state, now);
            turn.fleet_changed |= looks != self.told.looks;
            self.told.looks = looks;
            self.told.wake = findings::looks_given_up(&self.state, now);
        }
        if touched.search {
            self.told.search = self.tell_search();
            turn.fleet_changed = true;
        }
        if *admitted {
            let waits = Waits {
                state: &self.state,
                judgements: &self.judgements,
                admission: &self.admission,
                settings,
                now,
            };
            let waits = waits.told();
            turn.fleet_changed |= waits != self.told.waits;
            self.told.waits = waits;
        }
        let journal = (!situation.journal).then(findings::of_journal);
        turn.fleet_changed |= journal != self.told.journal;
        self.told.journal = journal;
        let events = findings::of_events(&self.state.delivery, settings, now);
        turn.fleet_changed |= events != self.told.events;
        self.told.events = events;
    }

    fn tell_search(&self) -> Vec<Finding> {
        let mut found = findings::of_search(&self.state);
        if let Some(covered) = &self.covered {
            found.extend(findings::of_rules(&covered.coverage));
        }
        let hosts = &self.watch.database_hosts;
        found.extend(findings::unmatched(&self.state, &self.watched, hosts));
        found
    }
}
