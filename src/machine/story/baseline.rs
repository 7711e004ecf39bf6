//! What was promoted before anybody looked: nobody is restarted for it, but stale services are told (design rule 9).

use jiff::{SignedDuration, Timestamp};

use crate::facts::state::{ConsumerFacts, State};
use crate::judge::Judgement;
use crate::model::{ConsumerId, ReferenceKind, SecretArn, ServiceSeen};
use crate::story::rotations::Origin;

/// LastRotatedDate is written after the promotion: a task created shortly before it may be fresh.
pub(crate) const WRITTEN_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// When the secret was last rotated, if that was before the first look.
pub(crate) fn last_rotation(state: &State, secret: &SecretArn, judgement: &Judgement) -> Option<Timestamp> {
    let current = judgement.current()?;
    let (_, seen) = state.secret(secret)?.seen.as_ref()?;
    (current.rotation.origin == Origin::Baseline)
        .then_some(seen.last_rotated)
        .flatten()
}

/// The services that have the secret injected when their tasks start.
pub(crate) fn services<'a>(
    state: &'a State,
    secret: &'a SecretArn,
) -> impl Iterator<Item = (&'a ConsumerId, &'a ConsumerFacts)> {
    state.consumers_of(secret).filter(move |(id, facts)| {
        let mut references = facts.used();
        matches!(id, ConsumerId::Service { .. })
            && !facts.is_gone()
            && references.any(|r| &r.secret == secret && r.kind == ReferenceKind::Injected)
    })
}

/// How many of the running tasks were certainly created before the rotation, and of how many.
pub(crate) fn stale_tasks(facts: &ConsumerFacts, rotated: Timestamp) -> Option<(usize, usize)> {
    let (_, Some(ServiceSeen { tasks, .. })) = facts.service.as_ref()? else {
        return None;
    };
    let is_older = |created: Option<Timestamp>| created.is_some_and(|at| at + WRITTEN_AFTER < rotated);
    let stale = tasks.iter().filter(|task| is_older(task.created)).count();
    (stale > 0).then_some((stale, tasks.len()))
}
