//! What is due when: one ordered agenda for all secrets.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use machine::looks::Agenda as Looks;
use machine::model::LookKey;
use machine::turn::Asker;

/// The looks that secrets, consumers and the fleet ask for, in order of time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// One or two looks each, most often: a map for each of thousands would be mostly empty.
    asked: BTreeMap<Asker, Vec<(LookKey, Timestamp)>>,
    due: BTreeSet<(Timestamp, LookKey, Asker)>,
}

impl Agenda {
    /// Replaces what one asker wants; most of it is what it wanted before.
    pub(super) fn set(&mut self, asker: &Asker, looks: Looks) {
        let before = self.asked.remove(asker).unwrap_or_default();
        let looks: Vec<(LookKey, Timestamp)> = looks.into_iter().collect();
        for (key, at) in before.iter().filter(|asked| !contains(&looks, asked)) {
            self.due.remove(&(*at, key.clone(), asker.clone()));
        }
        for (key, at) in looks.iter().filter(|asked| !contains(&before, asked)) {
            self.due.insert((*at, key.clone(), asker.clone()));
        }
        if !looks.is_empty() {
            self.asked.insert(asker.clone(), looks);
        }
    }

    /// Takes what is due and not under way, at most `room` looks. What is taken is asked for anew by its answer.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        under_way: &BTreeSet<LookKey>,
        room: usize,
    ) -> Vec<LookKey> {
        let mut taken: Vec<(Timestamp, LookKey, Asker)> = Vec::new();
        let mut keys = BTreeSet::new();
        for entry in self.due.iter().take_while(|(at, ..)| *at <= now) {
            let (_, key, _) = entry;
            if under_way.contains(key) || (!keys.contains(key) && keys.len() >= room) {
                continue;
            }
            keys.insert(key.clone());
            taken.push(entry.clone());
        }
        for entry in &taken {
            let (_, key, asker) = entry;
            self.due.remove(entry);
            if let Some(looks) = self.asked.get_mut(asker) {
                looks.retain(|(asked, _)| asked != key);
            }
        }
        keys.into_iter().collect()
    }

    /// When the next look is due that is not under way.
    pub(super) fn next(&self, under_way: &BTreeSet<LookKey>) -> Option<Timestamp> {
        self.due
            .iter()
            .find(|(_, key, _)| !under_way.contains(key))
            .map(|(at, ..)| *at)
    }

    pub(super) fn clear(&mut self) {
        self.asked.clear();
        self.due.clear();
    }
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
        agenda.set(&a, Looks::from([(key("a"), at(5)), (LookKey::Sweep, at(20))]));
        agenda.set(&Asker::Fleet, Looks::from([(key("a"), at(7)), (key("b"), at(6))]));
        let under_way = BTreeSet::from([key("b")]);
        assert_eq!(agenda.take(at(10), &under_way, 8), vec![key("a")]);
        assert_eq!(agenda.take(at(10), &under_way, 8), vec![]);
        assert_eq!(agenda.next(&under_way), Some(at(20)));
        agenda.set(&a, Looks::from([(key("a"), at(11))]));
        assert_eq!(agenda.next(&BTreeSet::new()), Some(at(6)));
        // What was taken can be asked for again for the same time; what is not asked for any more goes.
        agenda.set(&a, Looks::from([(key("a"), at(5))]));
        assert_eq!(agenda.next(&BTreeSet::new()), Some(at(5)));
        agenda.set(&a, Looks::new());
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
