//! What to do about a rotation that does not end: it depends on which password the database has.

use super::commands;
use crate::facts::state::SecretFacts;
use crate::model::{RotationKey, SecretArn, Step, Strategy, VersionId};
use crate::story::proof::verdict;
use crate::story::rotations::Rotation;

/// What is known of the database's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    /// The new one, by what tells it.
    New(&'static str),
    /// The old one works, by what tells it.
    Old(&'static str),
    /// It refuses both.
    Neither,
    /// Nobody saw.
    Unknown,
}

/// What becomes of a rotation that nobody finishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Secrets Manager tries it again.
    Retried,
    /// It lies still, and AWSPENDING with it.
    LiesStill,
    /// It was given up, and AWSPENDING is gone.
    GivenUp,
}

/// The remedy for a rotation that was not finished. Commands stand in backticks and run as they are.
pub(super) fn way_out(rotation: &Rotation, fate: Fate, strategy: Strategy, facts: &SecretFacts) -> String {
    let RotationKey { secret, version, .. } = &rotation.key;
    let finish = commands::move_current(secret, version, facts.current());
    let begin_anew = begin_anew(secret, version, fate);
    match database(rotation, strategy, facts) {
        Database::New(why) => format!("{why}, so finish the rotation: {finish}"),
        Database::Old(why) if fate == Fate::Retried => {
            format!(
                "consumers still hold a working password ({why}); mend the rotation Lambda: Secrets Manager retries \
                     the rotation by itself"
            )
        }
        Database::Old(why) => {
            format!("consumers still hold a working password ({why}); mend the rotation Lambda{begin_anew}")
        }
        Database::Neither => format!(
            "neither the new version nor AWSCURRENT logs in: set the database's password to AWSCURRENT's value, then \
             mend the rotation Lambda{begin_anew}"
        ),
        Database::Unknown => format!(
            "the database may hold the new password already. Find out: log in with the user and password of the new \
             version, {}; if that works, finish the rotation: {finish}; if it is refused, log in with AWSCURRENT's, {}; \
             if that is refused too, set the database's password to AWSCURRENT's value; then mend the rotation \
             Lambda{begin_anew}",
            read(secret, version),
            facts
                .current()
                .map_or_else(|| "by its label".to_owned(), |current| read(secret, current)),
        ),
    }
}

/// Logins after setSecret know best, then testSecret's line; else the steps tell what it may be.
fn database(rotation: &Rotation, strategy: Strategy, facts: &SecretFacts) -> Database {
    let exposed = rotation.exposed.as_ref().map(|seen| seen.when.not_after);
    // What logged in before setSecret may not any more.
    let logs_in = |version: &VersionId| {
        let (accepted, at) = verdict(facts, version)?;
        exposed
            .is_none_or(|exposed| at >= exposed || !accepted)
            .then_some(accepted)
    };
    let failed = rotation.standing_failure().map(|failure| failure.step);
    let passed = rotation.tested.is_some() && failed != Some(Some(Step::TestSecret));
    let current = facts.current().and_then(logs_in);
    let is_changed = exposed.is_some() || current == Some(false);
    match (logs_in(&rotation.key.version), current) {
        (Some(true), _) if is_changed => Database::New("our login with the new version is accepted"),
        (Some(false), Some(false)) => Database::Neither,
        (_, Some(true)) if exposed.is_some() => Database::Old("our login with AWSCURRENT is accepted"),
        (None, _) if passed => Database::New("testSecret logged that it signed in with the new version"),
        (None, _) if failed == Some(Some(Step::FinishSecret)) => {
            Database::New("finishSecret failed, which runs after testSecret signed in with the new version")
        }
        _ if strategy.keeps_the_old() && current != Some(false) => {
            Database::Old("the one before stays valid")
        }
        _ if is_untouched(rotation, failed) && !is_changed => Database::Old("setSecret has not run"),
        _ => Database::Unknown,
    }
}

/// setSecret cannot have run: createSecret failed, or has put no value.
fn is_untouched(rotation: &Rotation, failed: Option<Option<Step>>) -> bool {
    match failed {
        Some(Some(Step::CreateSecret)) => true,
        Some(None | Some(Step::SetSecret | Step::TestSecret | Step::FinishSecret)) => false,
        None => rotation.created.is_none(),
    }
}

fn begin_anew(secret: &SecretArn, version: &VersionId, fate: Fate) -> String {
    match fate {
        Fate::Retried => ": Secrets Manager retries the rotation by itself".to_owned(),
        Fate::LiesStill => format!(
            ", take AWSPENDING away: {}, and begin anew: {}",
            commands::drop_pending(secret, version),
            commands::rotate(secret)
        ),
        Fate::GivenUp => format!(" and begin anew: {}", commands::rotate(secret)),
    }
}

fn read(secret: &SecretArn, version: &VersionId) -> String {
    format!(
        "`aws secretsmanager get-secret-value --secret-id {} --version-id {}`",
        commands::quoted(secret.as_str()),
        commands::quoted(version.as_str())
    )
}
