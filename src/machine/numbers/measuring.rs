//! What is measured just now, and for whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::series::Taken;
use crate::facts::state::{ConsumerFacts, State};
use crate::model::{ConsumerId, Fact, Look, Measured, NumbersSeen, SecretArn};
use crate::policy::Applications;

/// What is known of everything that is measured just now. It is not kept over a restart: CloudWatch has it.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    all: BTreeMap<Measured, Measuring>,
    /// What is measured for each secret.
    of: BTreeMap<SecretArn, BTreeSet<Measured>>,
}

/// One of them, and for whom it is measured.
#[derive(Clone, Debug)]
struct Measuring {
    taken: Arc<Taken>,
    /// When the rotations of these secrets began.
    wanted_by: BTreeMap<SecretArn, Timestamp>,
}

impl Numbers {
    pub fn get(&self, measured: &Measured) -> Option<&Arc<Taken>> {
        Some(&self.all.get(measured)?.taken)
    }

    /// What is measured for a secret.
    pub fn of(&self, secret: &SecretArn) -> impl Iterator<Item = (&Measured, &Arc<Taken>)> {
        let measured = self.of.get(secret).into_iter().flatten();
        measured.filter_map(|measured| {
            let (measured, measuring) = self.all.get_key_value(measured)?;
            Some((measured, &measuring.taken))
        })
    }

    /// The secrets that something is measured for, and when their rotations began.
    pub fn wanted_by(&self, measured: &Measured) -> impl Iterator<Item = (&SecretArn, Timestamp)> {
        let measuring = self.all.get(measured).into_iter();
        measuring.flat_map(|measuring| measuring.wanted_by.iter().map(|(secret, since)| (secret, *since)))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Measured, &Arc<Taken>)> {
        self.all
            .iter()
            .map(|(measured, measuring)| (measured, &measuring.taken))
    }

    /// What is measured for a secret from now on, each since when. Whether that is news.
    fn want(&mut self, secret: &SecretArn, wanted: BTreeMap<Measured, Timestamp>) -> bool {
        let before = self.of.remove(secret).unwrap_or_default();
        let mut news = false;
        for gone in before.iter().filter(|before| !wanted.contains_key(before)) {
            news = true;
            self.leave(secret, gone);
        }
        for (measured, since) in &wanted {
            let measuring = self.all.entry(measured.clone()).or_insert_with(|| Measuring {
                taken: Arc::new(Taken::new(*since)),
                wanted_by: BTreeMap::new(),
            });
            news |= measuring.wanted_by.insert(secret.clone(), *since) != Some(*since);
        }
        if !wanted.is_empty() {
            self.of.insert(secret.clone(), wanted.into_keys().collect());
        }
        news
    }

    /// Who is measured for nobody is forgotten.
    fn leave(&mut self, secret: &SecretArn, gone: &Measured) {
        let Some(measuring) = self.all.get_mut(gone) else {
            return;
        };
        measuring.wanted_by.remove(secret);
        if measuring.wanted_by.is_empty() {
            self.all.remove(gone);
        }
    }
}

impl State {
    /// What is known of everything that is measured just now.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// The consumers that an application's numbers are of: all of a group, whoever of it uses what rotates.
    pub fn consumers_measured<'a>(
        &'a self,
        name: &str,
        applications: &'a Applications,
    ) -> BTreeMap<&'a ConsumerId, Option<&'a ConsumerFacts>> {
        let grouped = applications.groups.iter();
        let grouped = grouped.filter(|(_, group)| ***group == *name).map(|(id, _)| id);
        let alone = ConsumerId::parse(name).filter(|id| applications.group_of(id).is_none());
        let alone = alone.and_then(|id| Some(self.consumers.get_key_value(&id)?.0));
        let all = grouped.chain(alone);
        all.map(|id| (id, self.consumers.get(id))).collect()
    }

    /// What a look at one of them showed. What it says stands with the findings of the secrets that it is measured for.
    /// Nothing of it is worth keeping: CloudWatch has it.
    pub(crate) fn see_numbers(&mut self, look: Look, measured: &Measured, seen: NumbersSeen) -> Vec<Fact> {
        self.touched.numbers = true;
        if let Some(measuring) = self.numbers.all.get_mut(measured) {
            let taken = Arc::make_mut(&mut measuring.taken);
            taken.see(look, seen);
            if let Some(health) = taken.news() {
                self.touched.healths.push((measured.clone(), health));
            }
        }
        Vec::new()
    }

    /// A look at one of them was answered, or failed: when it is asked for next is a question of the secrets that it is
    /// measured for.
    pub(crate) fn touch_numbers(&mut self, measured: &Measured) {
        let secrets = self.numbers.wanted_by(measured).map(|(secret, _)| secret.clone());
        let secrets: Vec<SecretArn> = secrets.collect();
        self.touched.secrets.extend(secrets);
    }

    /// A secret was judged: what is measured for it from now on, each since when.
    pub(crate) fn measure_for(&mut self, secret: &SecretArn, wanted: BTreeMap<Measured, Timestamp>) {
        self.touched.numbers |= self.numbers.want(secret, wanted);
    }
}
