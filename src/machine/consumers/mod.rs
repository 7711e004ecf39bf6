//! How a consumer stands towards a promoted version: what was seen of it, what it needs, and why.

pub(crate) mod function;
mod proxy;
pub(crate) mod service;
mod tenure;
mod topic;
mod why;

use jiff::{SignedDuration, Timestamp};

pub(crate) use tenure::{Tenure, tenures_before};
pub(crate) use topic::Topic;
pub use why::Why;

use crate::facts::stages::Reached;
use crate::facts::state::ConsumerFacts;
use crate::model::{
    ConsumerId, HostId, ReferenceKind, RotationKey, SecretArn, Stage, Staleness, When, Write,
};
use crate::policy::{Policy, Timing};
use crate::procedures::{redeploy, waiting};
use crate::story::passages::over_since;

/// Where a consumer stands with one rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub stage: Stage,
    pub why: Why,
    /// What would help, when the time has come.
    pub wants: Option<Write>,
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
            wants: None,
            wake: None,
            as_of: None,
            old: None,
        }
    }

    pub(crate) fn wanting(write: Write, why: Why) -> Self {
        Self {
            wants: Some(write),
            ..Self::of(Stage::Stale, why)
        }
    }

    pub(crate) fn until(mut self, wake: Timestamp) -> Self {
        self.wake = Some(wake);
        self
    }

    pub(crate) fn seen_at(mut self, look: Timestamp) -> Self {
        self.as_of = Some(look);
        self
    }

    /// Fresh or presumed by what runs well with the new value; not because nothing runs, or because time has passed.
    pub(crate) fn holds_the_new_value(&self) -> bool {
        self.stage.is_over() && self.why.topic().meaning().runs_well
    }
}

/// The promotion that a consumer's standing is judged towards, and what it is judged by.
pub(crate) struct Promotion<'a> {
    pub rotation: &'a RotationKey,
    /// Not-after of the promotion; what was made later than this plus the margin holds the new value.
    pub promoted: Timestamp,
    /// Not-before of the promotion; what was made earlier holds the old value.
    pub not_before: Option<Timestamp>,
    /// The earlier times in which the version was current: tasks of those times hold it.
    pub tenures: Vec<Tenure>,
    /// What consumers have come to so far.
    pub reached: &'a Reached,
    pub last_login: Option<LastLogin>,
    pub policy: &'a Policy,
    pub timing: &'a Timing,
    pub now: Timestamp,
}

/// The last login with a version that was accepted or turned away: where, and when it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastLogin {
    pub host: HostId,
    pub at: Timestamp,
    pub accepted: bool,
}

/// A promotion that was seen live, or that its log dates, lies within so long, and what reads may be behind.
const WATCHED: SignedDuration = SignedDuration::from_secs(10);

impl Promotion<'_> {
    /// Whatever was created after this moment holds the new value (aws-facts: ECS).
    pub(crate) fn threshold(&self) -> Timestamp {
        self.promoted + self.timing.margin
    }

    /// Whether the consumer was fresh or presumed before, for this promotion: what ails it later is not the rotation's
    /// doing.
    pub(crate) fn was_over(&self, id: &ConsumerId) -> bool {
        let runs = self.reached.get(&(self.rotation.clone(), id.clone()));
        runs.is_some_and(|runs| over_since(runs).is_some())
    }

    /// Whether what was given the secret's value at this moment was certainly given the old one.
    pub(crate) fn is_certainly_older(&self, made: Timestamp) -> bool {
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

/// Where the consumer stands with the promotion in promotion.
pub(crate) fn stand(id: &ConsumerId, facts: &ConsumerFacts, promotion: &Promotion<'_>) -> Standing {
    if let Some(look) = facts.absent() {
        return absent(facts).seen_at(look.arrived);
    }
    let secret = &promotion.rotation.secret;
    if let Some(to) = pinned(facts, secret) {
        return Standing::of(Stage::Beyond, Why::Pinned { to });
    }
    match (staleness(id, facts, secret, promotion.policy), id) {
        (Staleness::Wait(ttl), _) => waiting::stand(promotion, ttl),
        (Staleness::Restart, ConsumerId::Service { cluster, name }) => {
            let redeploy = redeploy::write(cluster, name, promotion.threshold());
            service::stand(id, facts, promotion, redeploy)
        }
        (Staleness::Restart, ConsumerId::Function { name }) => function::stand(id, name, facts, promotion),
        (Staleness::Proxy, _) => proxy::stand(facts, promotion),
        (Staleness::Restart, ConsumerId::Declared { .. } | ConsumerId::Proxy { .. }) => {
            Standing::of(Stage::Beyond, Why::OnlyDeclared)
        }
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
    Some(redeploy::beyond_us(settings, policy).map_or(Ok(()), Err))
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
        ConsumerId::Proxy { .. } => Staleness::Proxy,
        ConsumerId::Declared { .. } => Staleness::Restart,
    }
}

/// Whether its tasks are given the value when they start, and no other later.
pub(crate) fn is_injected(facts: &ConsumerFacts, secret: &SecretArn) -> bool {
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
