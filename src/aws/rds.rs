//! RDS (aws-facts: RDS).

use async_trait::async_trait;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbInstance, DbProxy, Event, MasterUserSecret, SourceType};
use jiff::Timestamp;
use machine::model::{ManagedSecret, ManagedStatus, RdsEvent, RdsId, Reset, SecretArn};

use super::call::Ask;
use super::clock::AwsClock;
use super::pages::{Next, Pages};
use crate::ports::{ProxySummary, RdsReads, RdsSummary, ReadResult};

const INSTANCES: &str = "rds:DescribeDBInstances";
const CLUSTERS: &str = "rds:DescribeDBClusters";
const PROXIES: &str = "rds:DescribeDBProxies";
const EVENTS: &str = "rds:DescribeEvents";

/// The most that one answer lists (RDS: MaxRecords).
const PAGE: i32 = 100;
/// Ten thousand of a kind.
const MOST_PAGES: usize = 100;
/// Minutes: a reset is told long before that. Events are asked for again while a rotation lasts.
const EVENTS_SINCE: i32 = 60;
/// The category of RDS-EVENT-0016 and RDS-EVENT-0067.
const RESETS_ARE: &str = "configuration change";
/// What the subject of a failure is, where all of an account is asked for.
const ALL: &str = "*";

pub(super) struct Rds {
    pub(super) reader: Client,
    pub(super) clock: AwsClock,
}

#[async_trait]
impl RdsReads for Rds {
    async fn instances(&self) -> ReadResult<Vec<RdsSummary>> {
        let ask = Ask::about(&self.clock, ALL);
        let (mut pages, mut found) = (Pages::up_to(MOST_PAGES), Vec::new());
        loop {
            let request = self.reader.describe_db_instances().max_records(PAGE);
            let answer = request.set_marker(pages.token()).send().await;
            let answer = answer.map_err(|error| ask.error(INSTANCES, &error))?;
            found.extend(
                answer
                    .db_instances
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(instance),
            );
            let has_more = pages.follow(answer.marker);
            if !has_more.map_err(|trouble| ask.failed(INSTANCES, trouble))? {
                return ask.answered(found);
            }
        }
    }

    async fn clusters(&self) -> ReadResult<Vec<RdsSummary>> {
        let ask = Ask::about(&self.clock, ALL);
        let (mut pages, mut found) = (Pages::up_to(MOST_PAGES), Vec::new());
        loop {
            let request = self.reader.describe_db_clusters().max_records(PAGE);
            let answer = request.set_marker(pages.token()).send().await;
            let answer = answer.map_err(|error| ask.error(CLUSTERS, &error))?;
            found.extend(
                answer
                    .db_clusters
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(cluster),
            );
            let has_more = pages.follow(answer.marker);
            if !has_more.map_err(|trouble| ask.failed(CLUSTERS, trouble))? {
                return ask.answered(found);
            }
        }
    }

    async fn proxies(&self) -> ReadResult<Vec<ProxySummary>> {
        let ask = Ask::about(&self.clock, ALL);
        let (mut pages, mut found) = (Pages::up_to(MOST_PAGES), Vec::new());
        loop {
            let request = self.reader.describe_db_proxies().max_records(PAGE);
            let answer = request.set_marker(pages.token()).send().await;
            let answer = answer.map_err(|error| ask.error(PROXIES, &error))?;
            found.extend(
                answer
                    .db_proxies
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(proxy),
            );
            let has_more = pages.follow(answer.marker);
            if !has_more.map_err(|trouble| ask.failed(PROXIES, trouble))? {
                return ask.answered(found);
            }
        }
    }

    /// What is read up to the bound is kept.
    async fn events(&self) -> ReadResult<Vec<RdsEvent>> {
        let ask = Ask::about(&self.clock, ALL);
        let (mut pages, mut found) = (Pages::up_to(MOST_PAGES), Vec::new());
        loop {
            let request = self
                .reader
                .describe_events()
                .max_records(PAGE)
                .duration(EVENTS_SINCE);
            let request = request.event_categories(RESETS_ARE);
            let answer = request.set_marker(pages.token()).send().await;
            let answer = answer.map_err(|error| ask.error(EVENTS, &error))?;
            found.extend(answer.events.unwrap_or_default().iter().filter_map(event));
            match pages.next(answer.marker) {
                Next::Page => {}
                Next::End | Next::Again | Next::TooMany => return ask.answered(found),
            }
        }
    }
}

fn instance(instance: DbInstance) -> Option<RdsSummary> {
    let endpoint = instance.endpoint.as_ref();
    let endpoint = endpoint.and_then(|endpoint| Some((endpoint.address.clone()?, endpoint.port?)));
    let pending = instance.pending_modified_values.as_ref();
    Some(RdsSummary {
        id: RdsId::instance(instance.db_instance_identifier.as_deref()?),
        engine: instance.engine.unwrap_or_default(),
        status: instance.db_instance_status.unwrap_or_default(),
        password_pending: pending.is_some_and(|pending| pending.master_user_password.is_some()),
        managed: instance.master_user_secret.and_then(managed),
        cluster: instance.db_cluster_identifier.as_deref().map(RdsId::cluster),
        endpoints: endpoint.into_iter().filter_map(with_port).collect(),
        master_user: instance.master_username,
    })
}

/// Its own endpoint, the readers', and those that its owner added.
fn cluster(cluster: DbCluster) -> Option<RdsSummary> {
    let port = cluster.port?;
    let hosts = [cluster.endpoint, cluster.reader_endpoint].into_iter().flatten();
    let hosts = hosts.chain(cluster.custom_endpoints.unwrap_or_default());
    let pending = cluster.pending_modified_values.as_ref();
    Some(RdsSummary {
        id: RdsId::cluster(cluster.db_cluster_identifier.as_deref()?),
        engine: cluster.engine.unwrap_or_default(),
        status: cluster.status.unwrap_or_default(),
        password_pending: pending.is_some_and(|pending| pending.master_user_password.is_some()),
        managed: cluster.master_user_secret.and_then(managed),
        cluster: None,
        endpoints: hosts.filter_map(|host| with_port((host, port))).collect(),
        master_user: cluster.master_username,
    })
}

fn with_port((host, port): (String, i32)) -> Option<(String, u16)> {
    Some((host, u16::try_from(port).ok()?))
}

fn managed(secret: MasterUserSecret) -> Option<ManagedSecret> {
    Some(ManagedSecret {
        secret: SecretArn::new(secret.secret_arn?),
        status: ManagedStatus::read(secret.secret_status.as_deref().unwrap_or_default()),
    })
}

fn proxy(proxy: DbProxy) -> Option<ProxySummary> {
    let auth = proxy.auth.unwrap_or_default().into_iter();
    Some(ProxySummary {
        name: proxy.db_proxy_name?,
        endpoint: proxy.endpoint,
        secrets: auth.filter_map(|auth| auth.secret_arn).collect(),
    })
}

/// Events have no ids here: their message tells.
fn event(event: &Event) -> Option<RdsEvent> {
    let message = event.message.as_deref()?;
    let failed = message.starts_with("Unable to reset your password");
    if !failed && !message.starts_with("Reset master credentials") {
        return None;
    }
    let identifier = event.source_identifier.as_deref()?;
    let of = match event.source_type.as_ref()? {
        SourceType::DbInstance => RdsId::instance(identifier),
        SourceType::DbCluster => RdsId::cluster(identifier),
        _ => return None,
    };
    let at = event.date.as_ref()?;
    let at = Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()?;
    Some(RdsEvent {
        of,
        reset: Reset { at, failed },
    })
}
