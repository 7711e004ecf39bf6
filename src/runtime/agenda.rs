//! What is due when: one ordered agenda for all secrets.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use machine::model::LookKey;
use machine::turn::{Asked, Asker};

/// So many looks at numbers are under way at once.
const NUMBERS_AT_ONCE: usize = 4;

/// The looks that secrets, consumers and the fleet ask for, in order of time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    asked: BTreeMap<Asker, Asked>,
    /// Who asks for each look: mostly one.
    askers: BTreeMap<LookKey, Vec<Asker>>,
    due: BTreeSet<(Timestamp, LookKey, Asker)>,
}

impl Agenda {
    /// Replaces what one asker wants; most of it is what it wanted before.
    pub(super) fn set(&mut self, asker: &Asker, looks: Asked) {
        let before = self.asked.remove(asker).unwrap_or_default();
        for (key, at) in before.iter().filter(|asked| !contains(&looks, asked)) {
            self.drop_due(*at, key, asker);
        }
        for (key, at) in looks.iter().filter(|asked| !contains(&before, asked)) {
            self.due.insert((*at, key.clone(), asker.clone()));
            self.askers.entry(key.clone()).or_default().push(asker.clone());
        }
        if !looks.is_empty() {
            self.asked.insert(asker.clone(), looks);
        }
    }

    /// Takes what is due and not under way, at most `room` looks. What is taken is asked for anew by its answer, whoever
    /// asked for it. With thousands due it costs what is taken.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        under_way: &BTreeSet<LookKey>,
        room: usize,
    ) -> BTreeSet<LookKey> {
        let due = self.due.iter().take_while(|(at, ..)| *at <= now);
        let mut keys = BTreeSet::new();
        for (_, key, _) in due {
            if keys.len() == room {
                break;
            }
            if may_be_taken(key, under_way, &keys) {
                keys.insert(key.clone());
            }
        }
        for key in &keys {
            self.fulfil(key, now);
        }
        keys
    }

    /// Nobody waits for this look any more who asked for it by now.
    fn fulfil(&mut self, key: &LookKey, now: Timestamp) {
        for asker in self.askers.get(key).cloned().unwrap_or_default() {
            let Some(looks) = self.asked.get_mut(&asker) else {
                continue;
            };
            let is_due = |(asked, at): &(LookKey, Timestamp)| asked == key && *at <= now;
            if let Some(found) = looks.iter().position(is_due) {
                let (_, at) = looks.remove(found);
                self.drop_due(at, key, &asker);
            }
        }
    }

    fn drop_due(&mut self, at: Timestamp, key: &LookKey, asker: &Asker) {
        self.due.remove(&(at, key.clone(), asker.clone()));
        if let Some(askers) = self.askers.get_mut(key) {
            askers.retain(|other| other != asker);
            if askers.is_empty() {
                self.askers.remove(key);
            }
        }
    }

    /// When the next look is due that is not under way.
    pub(super) fn next(&self, under_way: &BTreeSet<LookKey>) -> Option<Timestamp> {
        self.due
            .iter()
            .find(|(_, key, _)| may_be_taken(key, under_way, &BTreeSet::new()))
            .map(|(at, ..)| *at)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Looks at numbers are many calls each, and have time: they leave the room to those that have not.
fn may_be_taken(key: &LookKey, under_way: &BTreeSet<LookKey>, taken: &BTreeSet<LookKey>) -> bool {
    let is_of_numbers = |key: &&LookKey| matches!(key, LookKey::Numbers(_));
    let numbers = || under_way.iter().chain(taken).filter(is_of_numbers).count();
    !under_way.contains(key) && (!is_of_numbers(&key) || numbers() < NUMBERS_AT_ONCE)
}

/// `looks` are in the order of their keys.
fn contains(looks: &[(LookKey, Timestamp)], (key, at): &(LookKey, Timestamp)) -> bool {
    let found = looks.binary_search_by(|(other, _)| other.cmp(key));
    found.is_ok_and(|found| looks[found].1 == *at)
}

#[cfg(test)]
mod tests {
    use machine::model::SecretArn;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn key(name: &str) -> LookKey {
        LookKey::Secret(SecretArn::new(name))
    }

    #[test]
    fn takes_what_is_due_once_and_leaves_what_is_under_way() {
        let mut agenda = Agenda::default();
        let a = Asker::Secret(SecretArn::new("a"));
        agenda.set(&a, Asked::from([(key("a"), at(5)), (LookKey::Sweep, at(20))]));
        agenda.set(&Asker::Fleet, Asked::from([(key("a"), at(7)), (key("b"), at(6))]));
        let under_way = BTreeSet::from([key("b")]);
        assert_eq!(agenda.take(at(10), &under_way, 8), BTreeSet::from([key("a")]));
        assert_eq!(agenda.take(at(10), &under_way, 8), BTreeSet::new());
        assert_eq!(agenda.next(&under_way), Some(at(20)));
        agenda.set(&a, Asked::from([(key("a"), at(11))]));
        assert_eq!(agenda.next(&BTreeSet::new()), Some(at(6)));
        // What was taken can be asked for again for the same time; what is not asked for any more goes.
        agenda.set(&a, Asked::from([(key("a"), at(5))]));
        assert_eq!(agenda.next(&BTreeSet::new()), Some(at(5)));
        agenda.set(&a, Asked::new());
        assert_eq!(agenda.next(&under_way), None);
    }

    #[test]
    fn no_more_than_there_is_room_for() {
        let mut agenda = Agenda::default();
        agenda.set(
            &Asker::Fleet,
            (0..9).map(|i| (key(&i.to_string()), at(i))).collect(),
        );
        assert_eq!(agenda.take(at(100), &BTreeSet::new(), 4).len(), 4);
        assert_eq!(agenda.take(at(100), &BTreeSet::new(), 100).len(), 5);
    }
}
