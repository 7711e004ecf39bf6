//! RDS. There are no clusters and no proxies.

use async_trait::async_trait;
use jiff::SignedDuration;
use machine::model::{ManagedSecret, RdsEvent, RdsId, Reset};

use super::{Angle, EVERYTHING, SimAccount};
use crate::ports::{ProxySummary, RdsReads, RdsSummary, ReadResult};
use crate::sim::world::{Secret, World};

/// How far back events are told.
const TOLD: SignedDuration = SignedDuration::from_hours(1);

#[async_trait]
impl RdsReads for SimAccount {
    async fn instances(&self) -> ReadResult<Vec<RdsSummary>> {
        self.read("rds:DescribeDBInstances", EVERYTHING, |world, angle| {
            let missing = usize::from(angle.partial);
            let instances = of_rds(world).skip(missing);
            instances.map(|secret| summary(secret, angle)).collect()
        })
        .await
    }

    async fn clusters(&self) -> ReadResult<Vec<RdsSummary>> {
        self.read("rds:DescribeDBClusters", EVERYTHING, |_, _| Vec::new())
            .await
    }

    async fn proxies(&self) -> ReadResult<Vec<ProxySummary>> {
        self.read("rds:DescribeDBProxies", EVERYTHING, |_, _| Vec::new())
            .await
    }

    async fn events(&self) -> ReadResult<Vec<RdsEvent>> {
        self.read("rds:DescribeEvents", EVERYTHING, |world, angle| {
            let told = of_rds(world).flat_map(|secret| {
                let resets = secret.resets_told(angle.as_of);
                let recent = resets.filter(|at| *at >= angle.as_of - TOLD);
                recent.map(|at| RdsEvent {
                    of: RdsId::instance(&secret.rds_identifier()),
                    reset: Reset { at, failed: false },
                })
            });
            told.collect()
        })
        .await
    }
}

fn of_rds(world: &World) -> impl Iterator<Item = &Secret> {
    world.secrets.values().filter(|secret| secret.is_of_rds)
}

/// A simulated database is found by its secret's ARN, and all single users have one name.
fn summary(secret: &Secret, angle: Angle) -> RdsSummary {
    let shown = secret.rds_as_of(angle.as_of);
    let managed = shown.managed.map(|status| ManagedSecret {
        secret: secret.arn.clone(),
        status,
    });
    let status = if shown.resetting {
        "resetting-master-credentials"
    } else {
        "available"
    };
    RdsSummary {
        id: RdsId::instance(&secret.rds_identifier()),
        engine: secret.kind.engine().unwrap_or("mysql").to_lowercase(),
        status: status.to_owned(),
        password_pending: shown.resetting,
        managed,
        cluster: None,
        endpoints: vec![(secret.arn.to_string(), 0)],
        master_user: Some("app".to_owned()),
    }
}
