//! What the journal may forget: a function of its facts and of the time.
//!
//! Kept, however old it is, is what a start needs: when each secret came to its current version, who uses it, and what was
//! done for it; what may still have to be put back, which is the last decision that began it for each consumer, and what followed;
//! the last good rotations of each secret, by which patience is learned; brakes that are set; the databases that secrets
//! belong to; and findings that stand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use machine::findings::FindingId;
use machine::model::finding::FindingNews;
use machine::model::{AttemptId, ConsumerId, Decision, Fact, SecretArn, VersionId};
use machine::procedures::PACES;

/// Takes in every record in its order, and then says which may go.
#[derive(Default)]
pub(super) struct Retention {
    keep_since: Timestamp,
    /// Records from before, of whatever kind.
    old: BTreeSet<i64>,
    current: BTreeMap<SecretArn, Current>,
    decided: Vec<(i64, Decision)>,
    outcomes: Vec<(i64, AttemptId)>,
    paces: BTreeMap<SecretArn, Vec<i64>>,
    findings: BTreeMap<FindingId, Vec<i64>>,
    /// Of findings whose end is kept.
    ended: Vec<i64>,
    brakes: BTreeMap<SecretArn, i64>,
    /// Which database a secret belongs to.
    belongs: BTreeMap<SecretArn, i64>,
    /// Who uses what was promoted last.
    users: BTreeMap<SecretArn, (VersionId, i64)>,
}

/// The records that tell when a secret came to its current version.
struct Current {
    version: Option<VersionId>,
    /// The last that has another version.
    before: Option<i64>,
    first: i64,
    last: i64,
}

impl Retention {
    pub(super) fn since(keep_since: Timestamp) -> Self {
        Self {
            keep_since,
            ..Self::default()
        }
    }

    pub(super) fn note(&mut self, seq: i64, at: Timestamp, fact: Fact) {
        if at < self.keep_since {
            self.old.insert(seq);
        }
        match fact {
            Fact::Labels { secret, labels, .. } => self.note_current(seq, secret, labels.current),
            Fact::Decided(decision) => self.decided.push((seq, decision)),
            Fact::Ended { attempt, .. } => self.outcomes.push((seq, attempt)),
            Fact::Paced { rotation, .. } => self.paces.entry(rotation.secret).or_default().push(seq),
            Fact::Finding(fact) => {
                let told = self.findings.entry(fact.id).or_default();
                match fact.news {
                    FindingNews::Opened(_) => *told = vec![seq],
                    // Its beginning, and what was said last.
                    FindingNews::Changed(_) => {
                        told.truncate(1);
                        told.push(seq);
                    }
                    // For as long as its end is kept, its beginning is.
                    FindingNews::Ended if at >= self.keep_since => self.ended.append(told),
                    FindingNews::Ended => told.clear(),
                }
            }
            Fact::Braked { secret, brake, .. } => match brake {
                Some(_) => drop(self.brakes.insert(secret, seq)),
                None => drop(self.brakes.remove(&secret)),
            },
            Fact::Valued { .. }
            | Fact::Log { .. }
            | Fact::Login { .. }
            | Fact::Reached { .. }
            | Fact::WouldAct(_)
            | Fact::Refused(_)
            | Fact::Master { .. }
            | Fact::Reset { .. } => {}
            Fact::Belongs { secret, .. } => drop(self.belongs.insert(secret, seq)),
            Fact::Users { rotation, .. } => {
                self.users
                    .insert(rotation.secret.clone(), (rotation.version, seq));
            }
        }
    }

    fn note_current(&mut self, seq: i64, secret: SecretArn, version: Option<VersionId>) {
        let known = self.current.get_mut(&secret);
        match known {
            Some(known) if known.version == version => known.last = seq,
            known => {
                let before = known.map(|known| known.last);
                let (first, last) = (seq, seq);
                let current = Current {
                    version,
                    before,
                    first,
                    last,
                };
                self.current.insert(secret, current);
            }
        }
    }

    /// The records that may go.
    pub(super) fn forgotten(mut self) -> BTreeSet<i64> {
        for current in self.current.values() {
            for seq in current.before.iter().chain([&current.first, &current.last]) {
                self.old.remove(seq);
            }
        }
        let standing = self.findings.values().flatten();
        let kept: Vec<i64> = standing
            .chain(&self.ended)
            .chain(self.brakes.values())
            .chain(self.belongs.values())
            .chain(self.users_of_what_stands())
            .copied()
            .collect();
        for seq in &kept {
            self.old.remove(seq);
        }
        let begun = self.begun();
        let mut known = BTreeSet::new();
        for (seq, decision) in &self.decided {
            if self.serves_what_stands(decision) || is_of_a_cycle(&begun, *seq, decision) {
                self.old.remove(seq);
            }
            if !self.old.contains(seq) {
                known.insert(&decision.attempt);
            }
        }
        for (seq, attempt) in &self.outcomes {
            if known.contains(attempt) {
                self.old.remove(seq);
            }
        }
        let mut forgotten = self.old;
        for seqs in self.paces.values() {
            let (past, last) = seqs.split_at(seqs.len().saturating_sub(PACES));
            forgotten.extend(past);
            for seq in last {
                forgotten.remove(seq);
            }
        }
        forgotten
    }

    fn users_of_what_stands(&self) -> impl Iterator<Item = &i64> {
        let of_current = self.users.iter().filter(|(secret, (version, _))| {
            let current = self.current.get(*secret);
            current.is_some_and(|current| current.version.as_ref() == Some(version))
        });
        of_current.map(|(_, (_, seq))| seq)
    }

    fn serves_what_stands(&self, decision: &Decision) -> bool {
        decision.serves.iter().any(|rotation| {
            let current = self.current.get(&rotation.secret);
            current.is_some_and(|current| current.version.as_ref() == Some(&rotation.version))
        })
    }

    /// The last decision for each consumer that began what must be put back.
    fn begun(&self) -> BTreeMap<ConsumerId, i64> {
        let begun = self
            .decided
            .iter()
            .filter(|(_, decision)| decision.write.kind().leaves_something());
        let by_consumer =
            begun.filter_map(|(seq, decision)| Some((decision.target().consumer()?.clone(), *seq)));
        by_consumer.collect()
    }
}

fn is_of_a_cycle(begun: &BTreeMap<ConsumerId, i64>, seq: i64, decision: &Decision) -> bool {
    let target = decision.target();
    let began = target.consumer().and_then(|consumer| begun.get(consumer));
    decision.write.kind().is_put_back() && began.is_some_and(|began| seq >= *began)
}
