//! How much may be done at once, and how often: the caps of `policy::Limits`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::fleet::Wants;
use crate::judge::{Judgements, Reason};
use crate::model::{Action, Attempt, ConsumerId, Done, Outcome, Stage};
use crate::policy::Settings;
use crate::state::ConsumerFacts;

/// Consumers being refreshed by us, in all and for each database.
pub(crate) struct Load {
    pub(crate) consumers: BTreeSet<ConsumerId>,
    waves: BTreeMap<String, BTreeSet<ConsumerId>>,
}

impl Load {
    pub(crate) fn of(judgements: &Judgements) -> Self {
        let mut load = Self {
            consumers: BTreeSet::new(),
            waves: BTreeMap::new(),
        };
        for (_, judgement) in judgements.moving() {
            let Some(view) = judgement.current() else { continue };
            for (consumer, standing) in &view.consumers {
                if standing.stage == Stage::Refreshing {
                    load.consumers.insert(consumer.clone());
                    load.waves
                        .entry(judgement.database.clone())
                        .or_default()
                        .insert(consumer.clone());
                }
            }
        }
        load
    }

    pub(crate) fn add(&mut self, consumer: &ConsumerId, wants: &Wants<'_>) {
        self.consumers.insert(consumer.clone());
        for want in wants.all() {
            self.waves
                .entry(want.database.clone())
                .or_default()
                .insert(consumer.clone());
        }
    }

    fn in_wave(&self, database: &str, consumer: &ConsumerId) -> usize {
        self.waves
            .get(database)
            .map_or(0, |wave| wave.iter().filter(|other| *other != consumer).count())
    }
}

/// Why a consumer must wait though nothing else is in the way.
pub(crate) fn capped(
    facts: &ConsumerFacts,
    consumer: &ConsumerId,
    wants: &Wants<'_>,
    load: &Load,
    settings: &Settings,
    now: Timestamp,
) -> Option<Reason> {
    let limits = &settings.limits;
    if matches!(wants.first.action, Action::Redeploy { .. })
        && let Some(until) = hour_is_full(facts, limits.redeploys_per_service_and_hour, now)
    {
        return Some(Reason::HourlyCap {
            limit: limits.redeploys_per_service_and_hour,
            until,
        });
    }
    if !load.consumers.contains(consumer) && load.consumers.len() >= limits.in_flight {
        return Some(Reason::InFlight {
            limit: limits.in_flight,
        });
    }
    let full = wants
        .all()
        .find(|want| load.in_wave(&want.database, consumer) >= limits.wave)?;
    Some(Reason::Wave {
        database: full.database.clone(),
        limit: limits.wave,
    })
}

/// Until when there are as many redeploys within an hour as may be. Those count that happened, or may have: what was
/// throttled must not use up the hour.
fn hour_is_full(facts: &ConsumerFacts, limit: usize, now: Timestamp) -> Option<Timestamp> {
    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    let since = now - HOUR;
    // A process that was suspended may have sent it long after it was decided.
    let last_sent = |attempt: &Attempt| {
        attempt
            .outcome
            .as_ref()
            .map_or(attempt.decision.at, |(at, _)| *at)
    };
    let redeploys = facts.attempts.iter().filter(|attempt| {
        matches!(attempt.decision.action, Action::Redeploy { .. }) && last_sent(attempt) >= since
    });
    let may_have_happened = redeploys.filter(|attempt| {
        !matches!(
            attempt.outcome,
            Some((_, Outcome::NoEffect(_) | Outcome::Done(Done::AlreadySo)))
        )
    });
    let mut sent: Vec<Timestamp> = may_have_happened.map(last_sent).collect();
    sent.sort();
    let over = sent.len().checked_sub(limit)?;
    let last = sent.get(over).copied().unwrap_or(now);
    Some(last + HOUR + SignedDuration::from_nanos(1))
}
