//! Ways to help, a file for each: when it is wanted, its next write, the guards of each write, what shows that the write
//! worked, what must be put back, and the load that it puts on a database.
//!
//! A procedure decides nothing: a consumer's standing says what it wants, and `fleet` admits it.

pub(crate) mod concurrency_cycle;
pub(crate) mod doubt;
pub(crate) mod environment_update;
pub(crate) mod redeploy;
pub(crate) mod retry;
pub(crate) mod roll_forward;
pub(crate) mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub(crate) use retry::NO_EFFECT_LIMIT;
pub(crate) use roll_forward::promoted_by_us;
pub use roll_forward::{Course, Forward, Obstacle, PACES};

pub use concurrency_cycle::{Left, former_concurrency, left_by_us, open_sleep, restore};

use crate::facts::state::{ConsumerFacts, SecretFacts, State};
use crate::model::{
    AtRest, ConsumerId, Decision, Done, Fact, FunctionGuard, FunctionSeen, Guard, Look, Procedure, Reference,
    RotationKey, SecretArn, Write,
};
use crate::policy::Timing;
use crate::story::successors::needs_it_to_start;

/// The latest look that can show what a write did, and the write's answer as that look shows it, where it shows it.
pub(crate) type Effect = (Look, Option<Done>);

/// What a procedure costs a database while it is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Old and new tasks hold connections side by side.
    Doubled,
    /// Its environments end one by one, or all at once: never more connections than before.
    NoMore,
}

pub(crate) fn load(procedure: Procedure) -> Load {
    match procedure {
        Procedure::Redeploy => Load::Doubled,
        Procedure::ConfigUpdate | Procedure::ConcurrencyCycle | Procedure::RollForward => Load::NoMore,
    }
}

/// What refreshing a consumer costs its database, whoever refreshes it.
pub(crate) fn load_of(consumer: &ConsumerId) -> Load {
    match consumer {
        ConsumerId::Service { .. } => Load::Doubled,
        ConsumerId::Function { .. } | ConsumerId::Proxy { .. } | ConsumerId::Declared { .. } => Load::NoMore,
    }
}

/// What one write does for several rotations.
pub(crate) fn combine(write: &mut Write, other: &Write) {
    redeploy::combine(write, other);
}

/// What the world must be like for a write: its own target first, then the secrets, which can move any moment.
pub(crate) fn guards(state: &State, write: &Write, serves: &[RotationKey]) -> Vec<Guard> {
    let own = match write {
        Write::Redeploy {
            cluster,
            service,
            fresh_after,
        } => redeploy::guard(cluster, service, *fresh_after),
        Write::UpdateEnvironment {
            function,
            marker,
            revision,
        } => of_function(function, environment_update::guards(marker, revision)),
        Write::Cycle { function, step } => of_function(function, concurrency_cycle::guards(step)),
        Write::Promote {
            secret,
            version,
            from,
        } => return roll_forward::guards(secret, version, from),
    };
    let target = write.target();
    let consumer = target.consumer().filter(|_| !write.restores());
    let secrets = consumer.map(|consumer| at_rest(state, consumer, serves));
    std::iter::once(own)
        .chain(secrets.into_iter().flatten())
        .collect()
}

fn of_function(function: &Arc<str>, expects: Vec<FunctionGuard>) -> Guard {
    Guard::Function {
        function: Arc::clone(function),
        expects,
    }
}

/// The secrets that a consumer uses, as a restart of it must find them. Those that are dead are left out where it starts
/// without them: nobody gives it their value any more.
fn at_rest(state: &State, consumer: &ConsumerId, serves: &[RotationKey]) -> Vec<Guard> {
    let mut expected: BTreeMap<&SecretArn, AtRest> = BTreeMap::new();
    let facts = state.consumers.get(consumer).into_iter();
    for Reference { secret, kind } in facts.flat_map(ConsumerFacts::used) {
        let needed = needs_it_to_start(kind);
        if !needed && state.is_dead(secret) {
            continue;
        }
        let served = serves.iter().rev().find(|rotation| &rotation.secret == secret);
        let known = || state.secret(secret).and_then(|facts| facts.current().cloned());
        let of_it = expected.entry(secret).or_insert_with(|| AtRest {
            current: served.map(|rotation| rotation.version.clone()).or_else(known),
            must_exist: served.is_some(),
            is_served: served.is_some(),
        });
        of_it.must_exist |= needed;
    }
    let guards = expected.into_iter().map(|(secret, expects)| Guard::Secret {
        secret: secret.clone(),
        expects,
    });
    guards.collect()
}

/// What the latest look settles about a consumer's attempts in doubt.
pub(crate) fn resolve_consumer(facts: &mut ConsumerFacts, timing: &Timing) -> Vec<Fact> {
    let mut attempts = std::mem::take(&mut facts.attempts);
    let news = doubt::resolve(&mut attempts, timing, |decision| consumer_effect(facts, decision));
    facts.attempts = attempts;
    news
}

/// The same of what was decided for a secret itself.
pub(crate) fn resolve_secret(facts: &mut SecretFacts, timing: &Timing) -> Vec<Fact> {
    let mut attempts = std::mem::take(&mut facts.attempts);
    let news = doubt::resolve(&mut attempts, timing, |decision| match &decision.write {
        Write::Promote { version, .. } => roll_forward::effect(facts, version, decision.at),
        Write::Redeploy { .. } | Write::UpdateEnvironment { .. } | Write::Cycle { .. } => None,
    });
    facts.attempts = attempts;
    news
}

/// Whether the latest look after a decision shows what its write was to bring about.
fn consumer_effect(facts: &ConsumerFacts, decision: &Decision) -> Option<Effect> {
    let shown_by = |shows: &dyn Fn(&FunctionSeen) -> bool| function_effect(facts, decision.at, shows);
    match &decision.write {
        Write::Redeploy { .. } => redeploy::effect(facts, decision.at),
        Write::UpdateEnvironment { marker, .. } => shown_by(&|seen| environment_update::shows(seen, marker)),
        Write::Cycle { step, .. } => shown_by(&|seen| concurrency_cycle::shows(seen, step)),
        Write::Promote { .. } => None,
    }
}

fn function_effect(
    facts: &ConsumerFacts,
    decided: Timestamp,
    shows: &dyn Fn(&FunctionSeen) -> bool,
) -> Option<Effect> {
    let (look, seen) = facts.function.as_ref().filter(|(look, _)| look.sent >= decided)?;
    let is_shown = seen.as_ref().is_some_and(shows);
    Some((*look, is_shown.then_some(Done::Written { began: None })))
}

/// What a write is to change, for people.
pub fn write_text(write: &Write) -> String {
    match write {
        Write::Redeploy { fresh_after, .. } => redeploy::text(*fresh_after),
        Write::UpdateEnvironment { revision, .. } => environment_update::text(revision),
        Write::Cycle { step, .. } => concurrency_cycle::text(step),
        Write::Promote { version, from, .. } => roll_forward::text(version, from),
    }
}

/// The same before it is decided.
pub fn wanted_text(write: &Write) -> &'static str {
    match write {
        Write::Redeploy { .. } => redeploy::WANTED,
        Write::UpdateEnvironment { .. } => environment_update::WANTED,
        Write::Cycle { step, .. } => concurrency_cycle::wanted(step),
        Write::Promote { .. } => roll_forward::WANTED,
    }
}

/// What only the mode kept from being done, for people.
pub fn would_text(consumer: &ConsumerId, procedure: Procedure) -> String {
    let what = match procedure {
        Procedure::Redeploy => redeploy::WHOLE,
        Procedure::ConfigUpdate => environment_update::WHOLE,
        Procedure::ConcurrencyCycle => concurrency_cycle::WHOLE,
        Procedure::RollForward => roll_forward::WHOLE,
    };
    format!("{procedure} of {consumer} would have been done, had the mode been act: {what}")
}
