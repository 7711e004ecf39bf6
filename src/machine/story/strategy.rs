//! How a secret rotates: one user whose password changes, or two in turn.

use jiff::Timestamp;

use crate::facts::state::SecretFacts;
use crate::model::{Labels, LogLine, Strategy, VersionId};
use crate::story::danger_window::both_log_in;
use crate::story::proof::verdict;
use crate::story::rotations::Rotation;

/// How the secret rotates, and by what evidence (aws-facts: Staging labels). `latest`: its last rotation.
pub(crate) fn strategy(facts: &SecretFacts, latest: Option<&Rotation>) -> (Strategy, &'static str) {
    if let Some(by_owner) = strategy_by_owner(facts) {
        return by_owner;
    }
    let told = facts.log.iter().rev().find_map(|fact| match &fact.line {
        LogLine::Done { strategy, .. } => *strategy,
        LogLine::SetEnded | LogLine::Failed { .. } => None,
    });
    match told {
        Some(Strategy::SingleUser) if latest.is_some_and(|latest| both_log_in(latest, facts)) => (
            Strategy::DualPasswords,
            "setSecret's line is of a single user, and the version before still logs in",
        ),
        Some(strategy) => (strategy, "setSecret's line in the rotation Lambda's log"),
        None => strategy_by_logins(facts),
    }
}

/// What DescribeSecret says of a secret that no function of its owner's rotates here.
fn strategy_by_owner(facts: &SecretFacts) -> Option<(Strategy, &'static str)> {
    let owner = match (&facts.seen, &facts.summary) {
        (Some((_, seen)), _) => seen.owning_service.as_deref(),
        (None, Some((_, summary))) => summary.owning_service.as_deref(),
        (None, None) => None,
    };
    let is_external = facts.seen.as_ref().is_some_and(|(_, seen)| seen.external);
    if is_external {
        let why = "a partner's key that Secrets Manager rotates itself: the secret has a Type";
        Some((Strategy::External, why))
    } else {
        owner.map(|_| (Strategy::Managed, "the secret has an owning service"))
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
    let accepted = logins.and_then(|track| track.runs().iter().find(|run| run.state.is_accepted()));
    accepted.is_some_and(|run| run.first.arrived <= at)
}
