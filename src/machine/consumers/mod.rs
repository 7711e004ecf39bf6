//! How a consumer stands towards a promoted version: what was seen of it, what it needs, and why.

mod function;
mod service;
mod sleep;
mod tenure;
mod topic;
mod why;

use jiff::{SignedDuration, Timestamp};

pub(crate) use function::outlives;
pub use sleep::{Left, former_concurrency, left_by_us, open_sleep, restore};
pub(crate) use tenure::{Tenure, tenures_before};
pub(crate) use topic::Topic;
pub use why::Why;

use crate::courses::over_since;
use crate::model::{
    Action, Attempt, ConsumerId, NoEffect, Outcome, ReferenceKind, RotationKey, SecretArn, Stage, Staleness,
    When,
};
use crate::policy::{Policy, Timing};
use crate::state::{ConsumerFacts, Reached};

/// Where a consumer stands with one rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub stage: Stage,
    pub why: Why,
    /// What would help, when the time has come.
    pub action: Option<Action>,
    /// When this may change without anything being seen.
    pub wake: Option<Timestamp>,
    /// When the look was taken that this rests on.
    pub as_of: Option<Timestamp>,
    /// At that moment, at least, the look showed that something of it holds the old value.
    pub old: Option<Timestamp>,
}

impl Standing {
    pub(crate) fn of(stage: Stage, why: Why) -> Self {
        Self {
            stage,
            why,
            action: None,
            wake: None,
            as_of: None,
            old: None,
        }
    }

    fn wanting(action: Action, why: Why) -> Self {
        Self {
            action: Some(action),
            ..Self::of(Stage::Stale, why)
        }
    }

    fn until(mut self, wake: Timestamp) -> Self {
        self.wake = Some(wake);
        self
    }

    fn seen_at(mut self, look: Timestamp) -> Self {
        self.as_of = Some(look);
        self
    }

    /// Fresh or presumed by what runs well with the new value; not because nothing runs, or because time has passed.
    pub(crate) fn holds_the_new_value(&self) -> bool {
        self.stage.is_over() && self.why.topic().meaning().runs_well
    }
}

/// What a consumer's standing is judged by.
pub(crate) struct Question<'a> {
    pub rotation: &'a RotationKey,
    /// Not-after of the promotion; what was made later than this plus the margin holds the new value.
    pub promoted: Timestamp,
    /// Not-before of the promotion; what was made earlier holds the old value.
    pub not_before: Option<Timestamp>,
    /// The earlier times in which the version was current: tasks of those times hold it.
    pub tenures: Vec<Tenure>,
    /// What consumers have come to so far.
    pub reached: &'a Reached,
    pub policy: &'a Policy,
    pub timing: &'a Timing,
    pub now: Timestamp,
}

/// A promotion that was seen live, or that its log dates, lies within so long, and what reads may be behind.
const WATCHED: SignedDuration = SignedDuration::from_secs(10);

impl Question<'_> {
    /// Whatever was created after this moment holds the new value (aws-facts: ECS).
    pub(crate) fn threshold(&self) -> Timestamp {
        self.promoted + self.timing.margin
    }

    /// Whether the consumer was fresh or presumed before, for this promotion: what ails it later is not the rotation's
    /// doing.
    fn was_over(&self, id: &ConsumerId) -> bool {
        let runs = self.reached.get(&(self.rotation.clone(), id.clone()));
        runs.is_some_and(|runs| over_since(runs).is_some())
    }

    /// Whether what was given the secret's value at this moment was certainly given the old one.
    fn is_certainly_older(&self, made: Timestamp) -> bool {
        let may_have_given = self.tenures.iter().any(|tenure| tenure.may_have_given(made));
        !may_have_given && self.not_before.is_some_and(|bound| made < bound)
    }

    /// Whether a task that was created at this moment was given the version when it was current before.
    pub(crate) fn is_of_a_tenure(&self, created: Timestamp) -> bool {
        self.tenures.iter().any(|tenure| tenure.gave(created))
    }

    /// Whether what was made at this moment counts as old. Of a promotion that nobody watched only what certainly is:
    /// its interval may span minutes in which a whole fleet was restarted (design rules 3 and 9).
    pub(crate) fn is_older(&self, made: Timestamp) -> bool {
        if self.tenures.iter().any(|tenure| tenure.may_have_given(made)) {
            return false;
        }
        let promoted = |bound| When::between(bound, self.promoted);
        let is_older =
            |bound| made < bound || was_watched(promoted(bound), self.timing) && made <= self.threshold();
        self.not_before.is_some_and(is_older)
    }
}

/// Whether somebody looked shortly before and after.
fn was_watched(when: When, timing: &Timing) -> bool {
    let watched = WATCHED + timing.settle;
    let bound = when.not_before;
    bound.is_some_and(|bound| when.not_after.duration_since(bound) <= watched)
}

/// Where the consumer stands with the promotion in question.
pub(crate) fn stand(id: &ConsumerId, facts: &ConsumerFacts, question: &Question<'_>) -> Standing {
    if let Some(look) = facts.absent() {
        return absent(facts).seen_at(look.arrived);
    }
    let secret = &question.rotation.secret;
    if let Some(to) = pinned(facts, secret) {
        return Standing::of(Stage::Beyond, Why::Pinned { to });
    }
    match (staleness(id, facts, secret, question.policy), id) {
        (Staleness::Wait(ttl), _) => wait_out(question, ttl),
        (Staleness::Restart, ConsumerId::Service { .. }) => service::stand(id, facts, question),
        (Staleness::Restart, ConsumerId::Function { .. }) => function::stand(id, facts, question),
        (Staleness::Restart, ConsumerId::Declared { .. }) => Standing::of(Stage::Beyond, Why::OnlyDeclared),
    }
}

/// Nothing bears its name. Only of what was there before is it known that nothing holds the old value any more.
fn absent(facts: &ConsumerFacts) -> Standing {
    if facts.is_gone() {
        Standing::of(Stage::Fresh, Why::Gone)
    } else {
        Standing::of(Stage::Beyond, Why::NeverFound)
    }
}

/// Why a service could not be redeployed, by how discovery found it deployed; for one that a restart would refresh.
pub(crate) fn redeployable(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    secret: &SecretArn,
    policy: &Policy,
) -> Option<Result<(), Why>> {
    let is_restarted = staleness(id, facts, secret, policy) == Staleness::Restart;
    let settings = facts
        .settings
        .as_ref()
        .filter(|_| is_restarted && pinned(facts, secret).is_none())?;
    Some(service::beyond_us(settings, policy).map_or(Ok(()), Err))
}

/// What the rule says, else what discovery concludes (aws-facts: How stale is a consumer?).
pub(crate) fn staleness(
    id: &ConsumerId,
    facts: &ConsumerFacts,
    secret: &SecretArn,
    policy: &Policy,
) -> Staleness {
    if let Some(staleness) = policy.staleness.get(id) {
        return *staleness;
    }
    if let Some(declared) = policy.declared.iter().find(|declared| &declared.id == id) {
        return declared.staleness;
    }
    match id {
        ConsumerId::Service { .. } if is_injected(facts, secret) => Staleness::Restart,
        ConsumerId::Service { .. } => policy.ecs_fetching,
        ConsumerId::Function { .. } => policy.lambda_fetching,
        ConsumerId::Declared { .. } => Staleness::Restart,
    }
}

/// Whether its tasks are given the value when they start, and no other later.
fn is_injected(facts: &ConsumerFacts, secret: &SecretArn) -> bool {
    let mut references = facts.references.iter();
    references.any(|reference| &reference.secret == secret && reference.kind == ReferenceKind::Injected)
}

/// What the consumer is pinned to, if nothing in it would get the new value.
fn pinned(facts: &ConsumerFacts, secret: &SecretArn) -> Option<String> {
    let mut to = None;
    for reference in facts
        .references
        .iter()
        .filter(|reference| &reference.secret == secret)
    {
        match &reference.kind {
            ReferenceKind::Pinned { to: pin } => to = Some(pin.clone()),
            ReferenceKind::Suspected | ReferenceKind::Declared => {}
            ReferenceKind::Injected | ReferenceKind::Fetches | ReferenceKind::Named => return None,
        }
    }
    to
}

fn wait_out(question: &Question<'_>, ttl: SignedDuration) -> Standing {
    let until = question.threshold() + ttl;
    if question.now >= until {
        Standing::of(Stage::Presumed, Why::CacheExpired).seen_at(until)
    } else {
        Standing::of(Stage::Stale, Why::CacheLives { until })
            .until(until)
            .seen_at(question.promoted)
    }
}

/// What earlier attempts at the same thing mean for another one.
pub(crate) enum Retry {
    /// Nothing speaks against sending it.
    Now,
    /// Something is under way or in doubt, or the last try is too recent.
    Wait { why: Why, until: Option<Timestamp> },
    /// The last try went through.
    Went {
        at: Timestamp,
        attempt: Attempt,
        times: u32,
    },
    /// Tried often enough.
    GiveUp(Why),
}

/// Tries without effect before a person is told.
pub(crate) const NO_EFFECT_LIMIT: usize = 6;
/// And from then on so far apart: what AWS denies or rejects is left to people, all else passes by itself.
const SLOW: SignedDuration = SignedDuration::from_mins(5);

/// `tries`: those of the same kind that count for the rotation, oldest first.
pub(crate) fn retry(facts: &ConsumerFacts, tries: &[&Attempt], now: Timestamp) -> Retry {
    if let Some(attempt) = facts.unresolved() {
        let in_doubt = attempt.outcome.is_some();
        let action = attempt.decision.action.kind();
        let why = if in_doubt {
            Why::InDoubt { action }
        } else {
            Why::UnderWay { action }
        };
        return Retry::Wait { why, until: None };
    }
    let Some((last, outcome)) = tries
        .last()
        .and_then(|last| last.outcome.clone().map(|o| (*last, o)))
    else {
        return Retry::Now;
    };
    match outcome {
        (at, Outcome::Done(_)) => Retry::Went {
            at,
            attempt: last.clone(),
            times: count_done(tries),
        },
        (at, Outcome::NoEffect(why)) => after_no_effect(tries, at, why, now),
        (_, Outcome::InDoubt { .. }) => Retry::Wait {
            why: Why::InDoubt { action: "write" },
            until: None,
        },
    }
}

fn count_done(tries: &[&Attempt]) -> u32 {
    let written = |attempt: &&&Attempt| attempt.written().is_some();
    u32::try_from(tries.iter().filter(written).count()).unwrap_or(u32::MAX)
}

fn after_no_effect(tries: &[&Attempt], at: Timestamp, why: NoEffect, now: Timestamp) -> Retry {
    let in_vain = tries
        .iter()
        .rev()
        .take_while(|attempt| matches!(attempt.outcome, Some((_, Outcome::NoEffect(_)))))
        .count();
    let is_final = matches!(why, NoEffect::Denied { .. } | NoEffect::Rejected { .. });
    if in_vain >= NO_EFFECT_LIMIT && is_final {
        return Retry::GiveUp(Why::NoEffect { why, times: in_vain });
    }
    let pause = if in_vain >= NO_EFFECT_LIMIT {
        SLOW
    } else {
        backoff(in_vain)
    };
    let until = at + pause;
    if now >= until {
        Retry::Now
    } else {
        Retry::Wait {
            why: Why::NoEffect { why, times: in_vain },
            until: Some(until),
        }
    }
}

/// The attempts of a kind for a rotation, oldest first.
pub(crate) fn tries_of<'a>(
    facts: &'a ConsumerFacts,
    rotation: &'a RotationKey,
    kind: &str,
) -> Vec<&'a Attempt> {
    let of_the_kind = |attempt: &&Attempt| attempt.decision.action.kind() == kind;
    facts.attempts_for(rotation).filter(of_the_kind).collect()
}

/// Where a consumer stands that waits for a write.
pub(crate) fn stage_of_wait(why: &Why) -> Stage {
    if why.topic().meaning().in_vain {
        Stage::Stale
    } else {
        Stage::Refreshing
    }
}

/// 2 s, 4 s, 8 s … up to a minute.
pub(crate) fn backoff(times: usize) -> SignedDuration {
    let doublings = u32::try_from(times.saturating_sub(1)).unwrap_or(u32::MAX).min(5);
    SignedDuration::from_secs((2_i64 << doublings).min(60))
}

/// The number of the next attempt of a kind for a rotation, from 1.
pub(crate) fn nth(facts: &ConsumerFacts, rotation: &RotationKey, kind: &str) -> u32 {
    let before = tries_of(facts, rotation, kind).len();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}
