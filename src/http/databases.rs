//! `/v1/databases`: databases of RDS, how they stand, and which secrets belong to them.

use axum::Json;
use axum::extract::State;
use machine::model::RdsId;
use serde::Serialize;

use super::Shown;
use super::page::{Page, Paging};
use super::problem::Problem;
use crate::runtime::{DatabaseView as Database, SecretView, Snapshot};

#[derive(Serialize)]
pub(super) struct DatabaseView {
    /// `rds-instance:NAME` or `rds-cluster:NAME`.
    id: String,
    engine: String,
    /// In AWS's own words.
    status: String,
    /// `available`, `busy`, or `unwell` where it serves nobody.
    health: &'static str,
    /// A new password of the master user is on its way.
    resetting: bool,
    /// Of an instance: the cluster that it belongs to.
    cluster: Option<String>,
    /// The secret that RDS itself keeps for the master user; null where there is none.
    managed_secret: Option<ManagedView>,
    /// Secrets that are known to belong to it.
    secrets: Vec<SecretOfDatabase>,
}

#[derive(Serialize)]
struct ManagedView {
    arn: String,
    /// `creating`, `active`, `rotating`, `impaired` or `other`.
    status: &'static str,
}

#[derive(Serialize)]
struct SecretOfDatabase {
    name: String,
    arn: String,
    master_user: bool,
}

/// The database that a secret belongs to.
#[derive(Serialize)]
pub(super) struct RdsView {
    id: String,
    engine: String,
    status: String,
    health: &'static str,
    /// The secret is the master user's: RDS tells when its password is set.
    master_user: bool,
    /// Of a secret that RDS itself keeps.
    managed_status: Option<&'static str>,
}

pub(super) async fn list(
    State(shown): State<Shown>,
    paging: Paging,
) -> Result<Json<Page<DatabaseView>>, Problem> {
    let snapshot = shown.latest();
    let all = snapshot.databases.iter();
    let keyed = all.map(|view| (view.database.id.to_string(), view)).collect();
    let page = paging.cut("databases", snapshot.at, keyed, view)?;
    Ok(Json(page))
}

fn view(view: &Database) -> DatabaseView {
    let database = &view.database;
    let managed = database.managed.as_ref().map(|managed| ManagedView {
        arn: managed.secret.to_string(),
        status: managed.status.name(),
    });
    let secrets = view.secrets.iter().map(|(secret, is_master)| SecretOfDatabase {
        name: secret.name().to_owned(),
        arn: secret.to_string(),
        master_user: *is_master,
    });
    DatabaseView {
        id: database.id.to_string(),
        engine: database.engine.to_string(),
        status: database.status.to_string(),
        health: database.health(),
        resetting: database.is_resetting(),
        cluster: database.cluster.as_ref().map(RdsId::to_string),
        managed_secret: managed,
        secrets: secrets.collect(),
    }
}

impl RdsView {
    pub(super) fn of(snapshot: &Snapshot, secret: &SecretView) -> Option<Self> {
        let mut all = snapshot.databases.iter();
        let (database, is_master) = all.find_map(|view| {
            let mut secrets = view.secrets.iter();
            let (_, is_master) = secrets.find(|(arn, _)| *arn == secret.arn)?;
            Some((&view.database, *is_master))
        })?;
        let managed = database
            .managed
            .as_ref()
            .filter(|managed| managed.secret == secret.arn);
        Some(Self {
            id: database.id.to_string(),
            engine: database.engine.to_string(),
            status: database.status.to_string(),
            health: database.health(),
            master_user: is_master,
            managed_status: managed.map(|managed| managed.status.name()),
        })
    }
}
