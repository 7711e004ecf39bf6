//! Who stands stale when a life begins, and is restarted at once: so that changing to `act` surprises nobody.

use jiff::Timestamp;
use machine::judge::Judgement;
use machine::model::{Mode, SecretArn, Stage};

/// Tells of the consumers that the first look of this life shows stale, for a promotion from before it.
pub(super) fn tell(secret: &SecretArn, before: Option<&Judgement>, after: &Judgement, started: Timestamp) {
    let Some(view) = after.current() else { return };
    let promoted = view.rotation.promoted.as_ref().map(|seen| seen.when.not_after);
    if after.mode != Mode::Act || after.held || promoted.is_none_or(|at| at >= started) {
        return;
    }
    for (consumer, standing) in &view.consumers {
        let known = before.and_then(Judgement::current).and_then(|view| {
            let mut consumers = view.consumers.iter();
            consumers.find(|(id, _)| id == consumer)
        });
        let is_first_look = known.is_none_or(|(_, known)| known.stage == Stage::Unknown);
        if is_first_look && standing.stage == Stage::Stale && standing.wants.is_some() {
            let secret = secret.name();
            tracing::warn!(
                secret,
                %consumer,
                promoted = promoted.map(tracing::field::display),
                "stood stale at this start, and the mode is act: it will be restarted"
            );
        }
    }
}
