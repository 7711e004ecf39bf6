//! What the next rotation would do to each consumer of a secret, from what is known at rest.
//!
//! Asked of the judgement that decides: as if the secret had been promoted when the consumer was last looked at. So it
//! says what would be done, and cannot say anything else than what is done then.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::consumers::function::outlives;
use crate::consumers::{Promotion, Standing, Why, redeployable, stand};
use crate::facts::stages::Reached;
use crate::facts::state::{ConsumerFacts, State};
use crate::model::{ConsumerId, Procedure, RotationKey, SecretArn, Stage, VersionId};
use crate::policy::{Policy, Settings};

/// What the next rotation would do to one consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    pub consumer: ConsumerId,
    pub next: Next,
    /// The look that this rests on; nothing where it needs none.
    pub as_of: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Redeploy,
    ConfigUpdate,
    /// By a concurrency cycle: nothing of the function runs for so long.
    SwitchedOff {
        for_so_long: SignedDuration,
    },
    /// Done by this method, which does not reach all of it: what is left goes on with the old value.
    InPart {
        procedure: Procedure,
        left: Why,
    },
    /// Its cache is waited for.
    Wait {
        ttl: SignedDuration,
    },
    /// It reads AWSCURRENT anew without anybody's help.
    ByItself,
    /// Nothing of it holds a value.
    Nothing(Why),
    /// Only a person can help.
    Person(Why),
    /// Suspected only: never written to.
    Suspected,
    /// What is known of it just now does not tell.
    Unknown(Why),
}

impl Next {
    /// Every word of [`Next::word`].
    pub const WORDS: [&'static str; 9] = [
        "redeploy",
        "config-update",
        "concurrency-cycle",
        "wait",
        "by-itself",
        "nothing",
        "by-hand",
        "suspected",
        "unknown",
    ];

    /// A stable word: what is done, by the name of its method.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Redeploy => Procedure::Redeploy.name(),
            Self::ConfigUpdate => Procedure::ConfigUpdate.name(),
            Self::SwitchedOff { .. } => Procedure::ConcurrencyCycle.name(),
            Self::InPart { procedure, .. } => procedure.name(),
            Self::Wait { .. } => "wait",
            Self::ByItself => "by-itself",
            Self::Nothing(_) => "nothing",
            Self::Person(_) => "by-hand",
            Self::Suspected => "suspected",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redeploy => f.write_str("one forced deployment, after the promotion"),
            Self::ConfigUpdate => f.write_str(
                "one marker variable is merged into its environment, so that every environment is a new one",
            ),
            Self::SwitchedOff { for_so_long } => write!(
                f,
                "your function is switched off for {for_so_long:#}: reserved concurrency 0, then back to what it was"
            ),
            Self::InPart { procedure, left } => write!(f, "{}, which is not all: {left}", procedure.name()),
            Self::Wait { ttl } => write!(
                f,
                "it is waited for {ttl:#}, until its cache has expired; no restart"
            ),
            Self::ByItself => f.write_str("nothing: it reads AWSCURRENT anew by itself"),
            Self::Nothing(why) => write!(f, "{why}"),
            Self::Person(why) => write!(f, "only a person can refresh it: {why}"),
            Self::Suspected => {
                f.write_str("nothing: it is only suspected to use the secret, and is never written to")
            }
            Self::Unknown(Why::NotLookedYet) => f.write_str("it was not looked at yet"),
            Self::Unknown(why) => write!(f, "not known just now: {why}"),
        }
    }
}

/// Each consumer of a secret, in order.
pub fn outlook(
    state: &State,
    secret: &SecretArn,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Outlook> {
    let consumers = state.consumers_of(secret);
    let consumers = consumers.filter(|(id, facts)| !facts.is_gone() && !state.rotates_secrets(id));
    consumers
        .map(|(id, facts)| of_consumer(id, facts, secret, policy, settings, now))
        .collect()
}

fn of_consumer(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    secret: &SecretArn,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Outlook {
    if !facts.uses(secret) {
        return Outlook {
            consumer: id.clone(),
            next: Next::Suspected,
            as_of: None,
        };
    }
    let looked = looked(facts).unwrap_or(now);
    let promotion = Promotion {
        rotation: &RotationKey {
            secret: secret.clone(),
            version: VersionId::new("next"),
            n: 1,
        },
        promoted: looked,
        not_before: Some(looked),
        tenures: Vec::new(),
        reached: &Reached::new(),
        last_login: None,
        policy,
        timing: &settings.timing,
        now: looked,
    };
    let standing = stand(id, facts, &promotion);
    let as_of = standing.as_of;
    let next = as_far_as_it_reaches(facts, next(standing, &promotion));
    Outlook {
        consumer: id.clone(),
        as_of,
        next: as_deployed(redeployable(id, facts, secret, policy), next),
    }
}

/// How a service is deployed is seen anew by each discovery, and so may be newer than the look.
fn as_deployed(deployed: Option<Result<(), Why>>, looked: Next) -> Next {
    match (deployed, looked) {
        (Some(Err(why)), Next::Redeploy | Next::Person(_) | Next::Unknown(Why::NotLookedYet)) => {
            Next::Person(why)
        }
        (Some(Ok(())), Next::Unknown(Why::NotLookedYet)) => Next::Redeploy,
        (Some(Ok(())), Next::Person(why)) if why.is_of_settings() => Next::Redeploy,
        (_, looked) => looked,
    }
}

/// Durable executions and environments of tenants outlive an update and a cycle.
fn as_far_as_it_reaches(facts: &ConsumerFacts, next: Next) -> Next {
    let procedure = match &next {
        Next::ConfigUpdate => Procedure::ConfigUpdate,
        Next::SwitchedOff { .. } => Procedure::ConcurrencyCycle,
        Next::Redeploy
        | Next::InPart { .. }
        | Next::Wait { .. }
        | Next::ByItself
        | Next::Nothing(_)
        | Next::Person(_)
        | Next::Suspected
        | Next::Unknown(_) => return next,
    };
    let seen = facts.function.as_ref().and_then(|(_, seen)| seen.as_ref());
    match seen.and_then(outlives) {
        Some(left) => Next::InPart { procedure, left },
        None => next,
    }
}

/// When the consumer was last looked at.
fn looked(facts: &ConsumerFacts) -> Option<Timestamp> {
    let service = facts.service.as_ref().map(|(look, _)| look.sent);
    service.or_else(|| facts.function.as_ref().map(|(look, _)| look.sent))
}

fn next(standing: Standing, promotion: &Promotion<'_>) -> Next {
    let Standing {
        stage, why, wants, ..
    } = standing;
    match (wants.map(|write| write.kind().procedure()), stage) {
        (Some(Procedure::Redeploy), _) => Next::Redeploy,
        (Some(Procedure::ConfigUpdate), _) => Next::ConfigUpdate,
        (Some(Procedure::ConcurrencyCycle), _) => Next::SwitchedOff {
            for_so_long: promotion.timing.sleep_for,
        },
        // What refreshes a consumer promotes nothing.
        (None | Some(Procedure::RollForward), Stage::Fresh | Stage::Presumed) => Next::Nothing(why),
        (None | Some(Procedure::RollForward), Stage::Beyond) => Next::Person(why),
        (None | Some(Procedure::RollForward), Stage::Unknown | Stage::Stale | Stage::Refreshing) => match why
        {
            Why::CacheLives { until } => Next::Wait {
                ttl: until.duration_since(promotion.threshold()),
            },
            Why::ProxyReads { .. } => Next::ByItself,
            why => Next::Unknown(why),
        },
    }
}
