//! The last part of a turn: what people are told otherwise than before.

use jiff::Timestamp;

use super::{Machine, Pass, Turn};
use crate::facts::Touched;
use crate::findings::told::{Teller, changed_beyond, keep_if};
use crate::findings::{self, Finding, Waits};
use crate::judge::outlook::outlook;
use crate::model::Fact;
use crate::policy::Settings;

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
            consumers.extend(self.told.note(secret, &self.state, outlook));
            self.say(Teller::Secret(secret.clone()), found, turn, now);
        }
        for consumer in consumers {
            let found = self.told.of_consumer(&consumer, &self.state, &self.judgements);
            self.say(Teller::Consumer(consumer), found, turn, now);
        }
        if touched.failing || self.told.wake.is_some_and(|at| at <= now) {
            self.say(Teller::Looks, findings::of_looks(&self.state, now), turn, now);
            self.told.wake = findings::looks_given_up(&self.state, now);
        }
        self.tell_databases_and_applications(touched, turn, now);
        if touched.search || touched.rds {
            self.say(Teller::Search, self.tell_search(settings), turn, now);
        }
        if *admitted {
            let waits = Waits {
                state: &self.state,
                judgements: &self.judgements,
                admission: &self.admission,
                settings,
                now,
            };
            self.say(Teller::Waits, waits.told(), turn, now);
        }
        let journal = (!situation.journal).then(findings::of_journal);
        self.say(Teller::Journal, journal.into_iter().collect(), turn, now);
        let events = findings::of_events(&self.state.delivery, settings, now);
        self.say(Teller::Events, events.into_iter().collect(), turn, now);
        self.compare_with_memory(now);
        turn.findings.extend(self.state.lives.pass(now));
        turn.facts
            .extend(turn.findings.iter().cloned().map(Fact::Finding));
        self.note_whose(turn);
    }

    fn tell_databases_and_applications(&mut self, touched: &Touched, turn: &mut Turn, now: Timestamp) {
        if touched.rds || touched.rds_links {
            self.say(Teller::Rds, findings::of_rds(&self.state), turn, now);
            turn.databases_changed = true;
        }
        if touched.numbers {
            self.say(Teller::Numbers, findings::of_numbers(&self.state), turn, now);
            turn.numbers_changed = true;
            turn.healths.extend(touched.healths.iter().cloned());
        }
    }

    fn say(&mut self, teller: Teller, found: Vec<Finding>, turn: &mut Turn, now: Timestamp) {
        let news = self.told.tell(teller, found, &mut self.state.lives, now);
        turn.findings.extend(news);
    }

    fn tell_search(&self, settings: &Settings) -> Vec<Finding> {
        let mut found = findings::of_search(&self.state);
        if let Some(covered) = &self.covered {
            found.extend(findings::of_rules(&covered.coverage));
        }
        let hosts = &self.watch.database_hosts;
        let applications = &settings.applications;
        found.extend(findings::unmatched(
            &self.state,
            &self.watched,
            hosts,
            applications,
        ));
        found
    }

    /// Whose findings are others than before: of watched secrets by name, all others of the fleet.
    fn note_whose(&mut self, turn: &mut Turn) {
        for whose in self.state.lives.take_touched() {
            let Some(secret) = whose else {
                turn.fleet_changed = true;
                continue;
            };
            if self.watched.contains_key(&secret) {
                turn.fleet_changed |= self.told.outside.remove(&secret);
                turn.told.insert(secret);
            } else {
                turn.fleet_changed = true;
                keep_if(
                    !self.state.lives.of(Some(&secret)).is_empty(),
                    &mut self.told.outside,
                    &secret,
                );
            }
        }
    }
}
