//! What only the mode keeps from being done: a fact of the rotation, so that it can be read afterwards.

use jiff::Timestamp;

use crate::admission::Admission;
use crate::facts::state::State;
use crate::judge::{Judgements, Reason};
use crate::model::{ConsumerId, SecretArn, WouldAct};

/// What would be done now and was not noted yet, once for each rotation and consumer.
pub fn would_act(
    state: &State,
    judgements: &Judgements,
    admission: &Admission,
    now: Timestamp,
) -> Vec<WouldAct> {
    let only_observed = admission
        .waits
        .iter()
        .filter(|(_, reason)| matches!(reason, Reason::Observing));
    only_observed
        .filter_map(|((secret, consumer), _)| told(state, judgements, secret, consumer, now))
        .collect()
}

fn told(
    state: &State,
    judgements: &Judgements,
    secret: &SecretArn,
    consumer: &ConsumerId,
    now: Timestamp,
) -> Option<WouldAct> {
    let judgement = judgements.get(secret)?;
    let want = judgement.wants.iter().find(|want| &want.consumer == consumer)?;
    let key = (want.rotation.clone(), consumer.clone());
    if state.secret(secret)?.would.contains_key(&key) {
        return None;
    }
    let mut standings = judgement.current()?.consumers.iter();
    let (_, standing) = standings.find(|(id, _)| id == consumer)?;
    let (rotation, consumer) = key;
    Some(WouldAct {
        rotation,
        consumer,
        procedure: want.write.kind().procedure(),
        at: now,
        why: standing.why.to_string(),
    })
}
