//! How a secret rotates: one user whose password changes, or two in turn.

use jiff::Timestamp;

use crate::milestones::{is_accepted, verdict};
use crate::model::{Labels, LogLine, Strategy, VersionId};
use crate::state::SecretFacts;

/// How the secret rotates, and by what evidence (aws-facts: Strategies).
pub(crate) fn strategy(facts: &SecretFacts) -> (Strategy, &'static str) {
    let owner = match (&facts.seen, &facts.summary) {
        (Some((_, seen)), _) => seen.owning_service.as_deref(),
        (None, Some((_, summary))) => summary.owning_service.as_deref(),
        (None, None) => None,
    };
    if owner.is_some() {
        return (Strategy::Managed, "the secret has an owning service");
    }
    let told = facts.log.iter().rev().find_map(|fact| match &fact.line {
        LogLine::Done { strategy, .. } => *strategy,
        LogLine::Failed { .. } => None,
    });
    match told {
        Some(strategy) => (strategy, "setSecret's line in the rotation Lambda's log"),
        None => strategy_by_logins(facts),
    }
}

fn strategy_by_logins(facts: &SecretFacts) -> (Strategy, &'static str) {
    let Some(labels) = facts.labels.latest().map(|run| &run.state) else {
        return (Strategy::Unknown, "nothing seen yet");
    };
    let verdict = |version: &Option<VersionId>| verdict(facts, version.as_ref()?);
    match (verdict(&labels.current), verdict(&labels.previous)) {
        // From before the new password worked, the old one's acceptance tells nothing.
        (Some((true, _)), Some((true, at))) if new_worked_before(facts, labels, at) => (
            Strategy::AlternatingUsers,
            "AWSCURRENT and AWSPREVIOUS both log in",
        ),
        (Some((true, _)), Some((false, _))) => (Strategy::SingleUser, "AWSPREVIOUS is refused"),
        _ => (Strategy::Unknown, "no log line and no login told yet"),
    }
}

fn new_worked_before(facts: &SecretFacts, labels: &Labels, at: Timestamp) -> bool {
    let logins = labels
        .current
        .as_ref()
        .and_then(|current| facts.logins.get(current));
    let accepted = logins.and_then(|track| track.runs().iter().find(|run| is_accepted(&run.state)));
    accepted.is_some_and(|run| run.first.arrived <= at)
}
