//! The last part of a turn: what people are told otherwise than before.

use super::{Machine, Turn};
use crate::findings::{self, Finding};
use crate::fleet::Situation;
use crate::outlook::outlook;
use crate::policy::Settings;
use crate::told::changed_beyond;
use crate::touched::Touched;

impl Machine {
    pub(super) fn tell(
        &mut self,
        touched: &Touched,
        admitted: bool,
        turn: &mut Turn,
        settings: &Settings,
        situation: Situation,
    ) {
        let now = situation.now;
        let mut consumers = touched.consumers.clone();
        for judged in &turn.judged {
            let policy = &self.watched[&judged.secret];
            let found = findings::of_secret(&self.state, &judged.secret, &judged.now, settings, now);
            let outlook = outlook(&self.state, &judged.secret, policy, settings, now);
            let changed = self
                .told
                .tell_secret(&judged.secret, &self.state, (found, outlook));
            consumers.extend(changed);
            consumers.extend(changed_beyond(judged.before.as_deref(), &judged.now));
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
        if admitted {
            let waits = findings::of_waits(&self.state, &self.judgements, &self.admission, settings, now);
            turn.fleet_changed |= waits != self.told.waits;
            self.told.waits = waits;
        }
        let journal = (!situation.journal).then(findings::of_journal);
        turn.fleet_changed |= journal != self.told.journal;
        self.told.journal = journal;
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
