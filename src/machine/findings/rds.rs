//! Databases of RDS that serve nobody, and secrets that RDS can no longer rotate.

use super::way_out::{Fate, way_out};
use super::{Finding, Kind, List, Severity, commands};
use crate::facts::state::{SecretFacts, State};
use crate::model::{ManagedStatus, RdsDatabase, Strategy, Subject};
use crate::story::rotations::Rotation;

/// A database may have thousands of secrets: so many are named.
const NAMED: usize = 3;

/// Databases that watched secrets belong to, and in whose status nobody can log in.
pub(crate) fn of_rds(state: &State) -> Vec<Finding> {
    let databases = state.rds_databases();
    databases.filter_map(|database| unwell(state, database)).collect()
}

fn unwell(state: &State, database: &RdsDatabase) -> Option<Finding> {
    let help = database.unwell()?;
    let owner = state.rds_owner(&database.id)?;
    let mut secrets = state.secrets_of_rds(owner).map(|(secret, _)| secret.name());
    let named: Vec<&str> = secrets.by_ref().take(NAMED).collect();
    if named.is_empty() {
        return None;
    }
    let more = match secrets.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Finding {
        severity: Severity::Warning,
        kind: Kind::DatabaseUnwell,
        subject: Subject::Database(database.id.clone()),
        secret: None,
        text: format!(
            "RDS says that it is {:?}: {}; secrets of {owner}: {}{more}",
            &*database.status,
            if *owner == database.id {
                "it serves nobody, and no rotation of it can succeed"
            } else {
                "it serves nobody, and the cluster has one instance less"
            },
            named.join(", ")
        ),
        remedy: format!("{help}: {}", commands::rds_events(&database.id)),
    })
}

impl List<'_> {
    /// The remedy for a rotation that was not finished, by whoever makes it.
    pub(super) fn way_out(
        &self,
        rotation: &Rotation,
        fate: Fate,
        strategy: Strategy,
        (state, facts): (&State, &SecretFacts),
    ) -> String {
        match strategy {
            Strategy::Managed | Strategy::External => self.service_way_out(state),
            Strategy::SingleUser
            | Strategy::AlternatingUsers
            | Strategy::DualPasswords
            | Strategy::Unknown => way_out(rotation, fate, strategy, facts),
        }
    }

    /// Of a secret that a service rotates by itself. Nobody else may move its labels.
    pub(super) fn service_way_out(&self, state: &State) -> String {
        let Some(link) = state.rds_of(self.secret) else {
            return "the service that owns the secret rotates it by itself, and nobody else moves its labels: see what \
                    that service says"
                .to_owned();
        };
        let id = &link.database.id;
        format!(
            "RDS rotates it by itself, and nobody else moves its labels; see what RDS says: {}; where it does not go on, \
             let it rotate anew: {}",
            commands::rds_events(id),
            commands::rotate_master(id)
        )
    }

    /// RDS keeps the secret, and cannot rotate it.
    pub(super) fn impaired(&mut self, state: &State) {
        let Some(link) = state.rds_of(self.secret) else {
            return;
        };
        let managed = link.database.managed.as_ref();
        let status = managed
            .filter(|managed| managed.secret == *self.secret)
            .map(|managed| managed.status);
        if status != Some(ManagedStatus::Impaired) {
            return;
        }
        let text = format!(
            "RDS calls it impaired: the secret can be used, and {} can no longer rotate it",
            link.database.id
        );
        self.add(
            Severity::Warning,
            Kind::MasterSecretImpaired,
            text,
            format!(
                "give RDS its way to the secret and to the secret's KMS key back, then let it rotate: {}",
                commands::rotate_master(&link.database.id)
            ),
        );
    }
}
