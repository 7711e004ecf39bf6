//! A rotation that failed or stalled on its way.

use super::{Kind, List, Severity, commands};
use crate::judge::{Judgement, RotationView};
use crate::milestones::verdict;
use crate::model::{RotationKey, Strategy, VersionId};
use crate::phase::Phase;
use crate::state::SecretFacts;

impl List<'_> {
    pub(super) fn open_rotation(&mut self, view: &RotationView, judgement: &Judgement, facts: &SecretFacts) {
        let version = &view.rotation.key.version;
        match view.phase {
            Phase::Failed { step } => {
                let step = step.map_or("an unknown step".to_owned(), |step| step.to_string());
                let last = view.rotation.failures.last();
                let why = last.map_or_else(String::new, |failure| format!(": {}", failure.why));
                let text = format!("rotation to {version} failed in {step}{why}");
                self.add(
                    Severity::Critical,
                    Kind::RotationFailed,
                    text,
                    failed_remedy(view, judgement, facts),
                );
            }
            Phase::Stalled => {
                let value = if view.rotation.created.is_some() {
                    "has a value"
                } else {
                    "has no value"
                };
                let text = format!("rotation to {version} makes no progress; AWSPENDING {value}");
                let remedy = format!(
                    "read the rotation Lambda's log; once the database accepts AWSCURRENT: {}",
                    commands::drop_pending(self.secret, version)
                );
                self.add(Severity::Critical, Kind::RotationStalled, text, remedy);
            }
            _ => {}
        }
    }
}

/// What to do depends on which password the database has: logins know, else the steps tell what it may be.
fn failed_remedy(view: &RotationView, judgement: &Judgement, facts: &SecretFacts) -> String {
    let RotationKey { secret, version, .. } = &view.rotation.key;
    let current = facts.current();
    // What logged in before setSecret may not any more.
    let exposed = view.rotation.exposed.as_ref().map(|seen| seen.when.not_after);
    let logs_in = |version: &VersionId| {
        let (accepted, at) = verdict(facts, version)?;
        exposed
            .is_none_or(|exposed| at >= exposed || !accepted)
            .then_some(accepted)
    };
    let single = judgement.strategy.0 != Strategy::AlternatingUsers;
    match (logs_in(version), current, current.and_then(logs_in)) {
        (Some(true), Some(current), Some(false)) => format!(
            "our login with AWSPENDING is accepted, with AWSCURRENT refused, so finish the rotation: {}",
            commands::move_current(secret, version, Some(current))
        ),
        (Some(false), _, Some(false)) => {
            "neither AWSPENDING nor AWSCURRENT logs in: set the database's password to AWSCURRENT's value".to_owned()
        }
        (_, _, Some(true)) => STILL_WORKS.to_owned(),
        _ if exposed.is_some() && single => {
            "the database may hold the new password already: log in with AWSPENDING; if it works, finish the rotation by \
             moving AWSCURRENT to it, else set the database back to AWSCURRENT's password"
                .to_owned()
        }
        _ => STILL_WORKS.to_owned(),
    }
}

const STILL_WORKS: &str = "consumers still hold a working password; mend the rotation Lambda: Secrets Manager retries the \
                           rotation by itself";
