//! What people are told just now, kept by whom it is about: only what has changed is told anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::state::State;
use crate::findings::{self, Finding, FindingId, Lives};
use crate::judge::outlook::{Next, Outlook};
use crate::judge::{Judgement, Judgements};
use crate::model::finding::FindingFact;
use crate::model::{ConsumerId, LookKey, SecretArn};

/// Whoever tells findings: what one tells anew takes the place of what that one told before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Teller {
    Secret(SecretArn),
    Consumer(ConsumerId),
    /// Looks that fail.
    Looks,
    /// What was searched, and what the rules take.
    Search,
    /// What waits to be admitted.
    Waits,
    Journal,
    Events,
    /// Databases of RDS.
    Rds,
    Numbers,
}

/// Which findings are told by whom, and outlooks.
#[derive(Clone, Debug, Default)]
pub struct Told {
    findings: BTreeMap<Teller, Vec<FindingId>>,
    /// What the next rotation does to each consumer of a secret, in the order of the consumers.
    outlooks: BTreeMap<SecretArn, Arc<[Outlook]>>,
    /// When a look that fails is no finding any more.
    pub(crate) wake: Option<Timestamp>,
    /// Secrets whose consumers were not searched for since their first look.
    unsearched: BTreeSet<SecretArn>,
    /// Watched secrets that nobody has tried to look at yet.
    untried: BTreeSet<SecretArn>,
    /// Secrets that are not watched, and have findings.
    pub(crate) outside: BTreeSet<SecretArn>,
}

impl Told {
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Teller, &FindingId)> {
        let lists = self.findings.iter();
        lists.flat_map(|(teller, ids)| ids.iter().map(move |id| (teller, id)))
    }

    /// In the order of the consumers.
    pub fn outlook(&self, secret: &SecretArn) -> Arc<[Outlook]> {
        self.outlooks.get(secret).cloned().unwrap_or_default()
    }

    pub(crate) fn unsearched(&self) -> impl Iterator<Item = &SecretArn> {
        self.unsearched.iter()
    }

    /// How many watched secrets nobody has tried to look at yet.
    pub fn untried(&self) -> usize {
        self.untried.len()
    }

    /// What is told by one now. What of it is news.
    pub(crate) fn tell(
        &mut self,
        teller: Teller,
        found: Vec<Finding>,
        lives: &mut Lives,
        now: Timestamp,
    ) -> Vec<FindingFact> {
        let found = joined(found);
        let mut ids: Vec<FindingId> = found.iter().map(Finding::id).collect();
        ids.sort();
        let told = found.into_iter().filter_map(|finding| lives.tell(finding, now));
        let news = told.collect();
        let before = self.findings.get(&teller).map(Vec::as_slice).unwrap_or_default();
        let missed = before.iter().filter(|id| ids.binary_search(id).is_err());
        missed.for_each(|id| lives.miss(id, now));
        if ids.is_empty() {
            self.findings.remove(&teller);
        } else if before != ids {
            self.findings.insert(teller, ids);
        }
        news
    }

    /// How a secret stands now beside its findings. The consumers of which something else is to be told.
    pub(crate) fn note(
        &mut self,
        secret: &SecretArn,
        state: &State,
        outlook: Vec<Outlook>,
    ) -> Vec<ConsumerId> {
        let first_look = state.secret(secret).and_then(|facts| facts.first_look);
        let is_searched = first_look.is_some_and(|at| state.is_searched(at));
        keep_if(!is_searched, &mut self.unsearched, secret);
        keep_if(
            !state.is_tried(&LookKey::Secret(secret.clone())),
            &mut self.untried,
            secret,
        );
        let before = self.outlook(secret);
        if *before == *outlook {
            return Vec::new();
        }
        let changed = changed_outlooks(&before, &outlook);
        self.outlooks.insert(secret.clone(), outlook.into());
        changed
    }

    /// What people should know of a consumer.
    pub(crate) fn of_consumer(
        &self,
        consumer: &ConsumerId,
        state: &State,
        judgements: &Judgements,
    ) -> Vec<Finding> {
        let mut found = findings::of_consumer(state, consumer, judgements);
        found.extend(self.beyond_next(consumer, state, judgements));
        found
    }

    fn beyond_next(&self, consumer: &ConsumerId, state: &State, judgements: &Judgements) -> Option<Finding> {
        let facts = state.consumers.get(consumer)?;
        let references = facts.references.iter().map(|reference| &reference.secret);
        let secrets: BTreeSet<&SecretArn> = references.collect();
        let outlooks = secrets.into_iter().filter_map(|secret| {
            let (secret, outlook) = self.outlooks.get_key_value(secret)?;
            Some((secret, next_of(outlook, consumer)?))
        });
        findings::beyond_next(consumer, outlooks, judgements)
    }

    /// A secret that is watched no more. The consumers of which something else is to be told.
    pub(crate) fn forget(
        &mut self,
        secret: &SecretArn,
        lives: &mut Lives,
        now: Timestamp,
    ) -> Vec<ConsumerId> {
        self.tell(Teller::Secret(secret.clone()), Vec::new(), lives, now);
        self.unsearched.remove(secret);
        self.untried.remove(secret);
        let outlook = self.outlooks.remove(secret).unwrap_or_default();
        outlook.iter().map(|told| told.consumer.clone()).collect()
    }
}

/// Each identity once: several causes of one finding are said together, with the gravest severity.
pub(crate) fn joined(found: Vec<Finding>) -> Vec<Finding> {
    if found.len() < 2 {
        return found;
    }
    let mut once: BTreeMap<FindingId, Finding> = BTreeMap::new();
    for finding in found {
        let Some(known) = once.get_mut(&finding.id()) else {
            once.insert(finding.id(), finding);
            continue;
        };
        known.severity = known.severity.max(finding.severity);
        for (known, more) in [
            (&mut known.text, finding.text),
            (&mut known.remedy, finding.remedy),
        ] {
            if !known.contains(&more) {
                *known += &format!("; {more}");
            }
        }
    }
    once.into_values().collect()
}

/// A secret among those of which something is so, or not.
pub(crate) fn keep_if(is_so: bool, secrets: &mut BTreeSet<SecretArn>, secret: &SecretArn) {
    if is_so {
        secrets.insert(secret.clone());
    } else {
        secrets.remove(secret);
    }
}

fn next_of<'a>(outlook: &'a [Outlook], consumer: &ConsumerId) -> Option<&'a Next> {
    let at = outlook
        .binary_search_by(|told| told.consumer.cmp(consumer))
        .ok()?;
    Some(&outlook[at].next)
}

/// The consumers that the next rotation does something else to than before.
fn changed_outlooks(before: &[Outlook], now: &[Outlook]) -> Vec<ConsumerId> {
    let differs = |told: &&Outlook, others: &[Outlook]| next_of(others, &told.consumer) != Some(&told.next);
    let came = now.iter().filter(|told| differs(told, before));
    let went = before.iter().filter(|told| differs(told, now));
    came.chain(went).map(|told| told.consumer.clone()).collect()
}

/// The consumers that are beyond us for a promotion, and were not, or the other way round, or for another reason.
pub(crate) fn changed_beyond(before: Option<&Judgement>, now: &Judgement) -> Vec<ConsumerId> {
    let differs = |consumer: &ConsumerId| {
        let why = before.and_then(|before| findings::beyond(before, consumer));
        why != findings::beyond(now, consumer)
    };
    let judged = before.into_iter().chain([now]).filter_map(Judgement::current);
    let consumers = judged.flat_map(|view| &view.consumers).map(|(id, _)| id);
    consumers.filter(|id| differs(id)).cloned().collect()
}
