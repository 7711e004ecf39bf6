//! How much may be done at once, and how often: the caps of `policy::Limits`. A wave counts what puts a load on its
//! database.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::admission::Wants;
use crate::facts::state::ConsumerFacts;
use crate::judge::{Judgements, Reason};
use crate::model::{Attempt, ConsumerId, Done, Outcome, Stage, WriteKind};
use crate::policy::Settings;
use crate::procedures::{Load, load, load_of};

/// Consumers being refreshed, in all; and for each database those of them that put a load on it.
pub(crate) struct UnderWay {
    pub(crate) consumers: BTreeSet<ConsumerId>,
    waves: BTreeMap<String, BTreeSet<ConsumerId>>,
}

impl UnderWay {
    pub(crate) fn of(judgements: &Judgements) -> Self {
        let mut under_way = Self {
            consumers: BTreeSet::new(),
            waves: BTreeMap::new(),
        };
        for (_, judgement) in judgements.moving() {
            let Some(view) = judgement.current() else { continue };
            let refreshing = view
                .consumers
                .iter()
                .filter(|(_, of)| of.stage == Stage::Refreshing);
            for (consumer, _) in refreshing {
                under_way.put(consumer, &judgement.database, load_of(consumer));
            }
        }
        under_way
    }

    pub(crate) fn add(&mut self, consumer: &ConsumerId, wants: &Wants<'_>) {
        for want in wants.all() {
            self.put(consumer, &want.database, load(want.write.kind().procedure()));
        }
    }

    fn put(&mut self, consumer: &ConsumerId, database: &str, load: Load) {
        self.consumers.insert(consumer.clone());
        match load {
            Load::Doubled => {
                let wave = self.waves.entry(database.to_owned()).or_default();
                wave.insert(consumer.clone());
            }
            Load::NoMore => {}
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
    under_way: &UnderWay,
    settings: &Settings,
    now: Timestamp,
) -> Option<Reason> {
    let limits = &settings.limits;
    if wants.first.write.kind() == WriteKind::Redeploy
        && let Some(until) = hour_is_full(facts, limits.redeploys_per_service_and_hour, now)
    {
        return Some(Reason::HourlyCap {
            limit: limits.redeploys_per_service_and_hour,
            until,
        });
    }
    if !under_way.consumers.contains(consumer) && under_way.consumers.len() >= limits.in_flight {
        return Some(Reason::InFlight {
            limit: limits.in_flight,
        });
    }
    let mut loading = wants
        .all()
        .filter(|want| load(want.write.kind().procedure()) == Load::Doubled);
    let full = loading.find(|want| under_way.in_wave(&want.database, consumer) >= limits.wave)?;
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
        attempt.decision.write.kind() == WriteKind::Redeploy && last_sent(attempt) >= since
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
