//! What the next rotation would do, for one secret and in numbers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use machine::judge::outlook::Outlook;
use machine::model::SecretArn;
use serde::Serialize;

use super::consumers::how;
use crate::runtime::Snapshot;

/// Consumers by what the next rotation would do to them; what does not occur is absent.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(super) struct OutlookCounts(BTreeMap<&'static str, usize>);

impl OutlookCounts {
    pub(super) fn of<'a>(all: impl IntoIterator<Item = &'a Outlook>) -> Self {
        let mut counts = BTreeMap::new();
        for outlook in all {
            *counts.entry(outlook.next.word()).or_default() += 1;
        }
        Self(counts)
    }

    pub(super) fn all(snapshot: &Snapshot) -> Self {
        Self(snapshot.totals.next.clone())
    }
}

/// What the next rotation would do to one consumer of a secret.
#[derive(Serialize)]
pub(super) struct OutlookView {
    consumer: String,
    /// How it names the secret: `injected`, `pinned`, `fetches`, `suspected` or `declared`; several, where it does so
    /// more than once.
    how: Vec<&'static str>,
    /// `redeploy`, `config-update`, `concurrency-cycle`, `wait`, `by-itself`, `nothing`, `by-hand`, `suspected` or `unknown`.
    next: &'static str,
    /// The same for people, with the reason.
    text: String,
    /// The look that this rests on; null where it needs none.
    as_of: Option<Timestamp>,
}

impl OutlookView {
    pub(super) fn of(snapshot: &Snapshot, secret: &SecretArn, outlook: &Outlook) -> Self {
        let Outlook {
            consumer,
            next,
            as_of,
        } = outlook;
        let facts = snapshot.consumers.get(consumer).into_iter();
        let references = facts.flat_map(|facts| &facts.references);
        let of_it = references.filter(|reference| &reference.secret == secret);
        let mut ways: Vec<&'static str> = of_it.map(|reference| how(&reference.kind).0).collect();
        ways.sort_unstable();
        ways.dedup();
        Self {
            consumer: consumer.to_string(),
            how: ways,
            next: next.word(),
            text: next.to_string(),
            as_of: *as_of,
        }
    }
}
