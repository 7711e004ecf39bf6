//! RDS: which databases there are, and how the passwords of their master users stand. Hosts and users are hashed here as
//! logins hash them: what a secret belongs to is found by comparing hashes (design rule 7).

use machine::model::{DatabaseSeen, Evidence, RdsDatabase, RdsPart};

use super::Answer;
use crate::ports::{Identities, Ports, RdsSummary};

pub(super) async fn look(ports: &Ports, part: RdsPart) -> Answer {
    let (look, databases) = match part {
        RdsPart::Instances => ports.rds.instances().await?,
        RdsPart::Clusters => ports.rds.clusters().await?,
        RdsPart::Events => {
            let (look, events) = ports.rds.events().await?;
            return Ok((look, Evidence::RdsEvents { events }));
        }
    };
    let identities = ports.login.identities();
    let databases = databases.into_iter().map(|database| known(database, identities));
    let databases = databases.collect();
    Ok((look, Evidence::Rds { part, databases }))
}

fn known(database: RdsSummary, identities: &Identities) -> RdsDatabase {
    let user = database.master_user.as_deref();
    let logins = database.endpoints.iter();
    let logins = logins.map(|(host, port)| identities.database(host, *port, user.unwrap_or_default()));
    let logins: Vec<DatabaseSeen> = logins.collect();
    let masters = user.map(|user| {
        let by_host = logins.iter().map(|login| login.account);
        by_host.chain([identities.rds_user(&database.id, user)]).collect()
    });
    RdsDatabase {
        named: identities.rds(&database.id),
        databases: logins.iter().map(|login| login.database).collect(),
        masters: masters.unwrap_or_default(),
        id: database.id,
        engine: database.engine.into(),
        status: database.status.into(),
        password_pending: database.password_pending,
        managed: database.managed,
        cluster: database.cluster,
    }
}
