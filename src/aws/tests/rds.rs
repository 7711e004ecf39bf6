//! RDS, as its own documentation shows its answers.

use machine::model::{LookFailure, ManagedStatus, RdsId, SecretArn};

use super::aws;
use super::fake::{Answer, Fake};
use crate::ports::RdsReads;

fn answer(operation: &str, result: &str) -> Answer {
    let body = format!(
        "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{operation}Response>"
    );
    Answer::xml(200, body)
}

fn instances(parts: &[&str], marker: Option<&str>) -> Answer {
    let rows: String = parts
        .iter()
        .map(|part| format!("<DBInstance>{part}</DBInstance>"))
        .collect();
    let marker = marker.map(|marker| format!("<Marker>{marker}</Marker>"));
    let result = format!("<DBInstances>{rows}</DBInstances>{}", marker.unwrap_or_default());
    answer("DescribeDBInstances", &result)
}

const SHOP: &str = "<DBInstanceIdentifier>shop</DBInstanceIdentifier><Engine>mysql</Engine>\
    <DBInstanceStatus>resetting-master-credentials</DBInstanceStatus><MasterUsername>admin</MasterUsername>\
    <Endpoint><Address>shop.abc.eu-west-1.rds.amazonaws.com</Address><Port>3306</Port></Endpoint>\
    <PendingModifiedValues><MasterUserPassword>****</MasterUserPassword></PendingModifiedValues>";
/// It is being created: it has no endpoint yet. RDS keeps its secret.
const KEPT: &str = "<DBInstanceIdentifier>kept</DBInstanceIdentifier><DBInstanceStatus>creating</DBInstanceStatus>\
    <DBClusterIdentifier>ledger</DBClusterIdentifier><PendingModifiedValues/>\
    <MasterUserSecret><SecretArn>arn:aws:secretsmanager:eu-west-1:1:secret:rds!db-1-AbCdEf</SecretArn>\
    <SecretStatus>impaired</SecretStatus></MasterUserSecret>";

#[tokio::test(start_paused = true)]
async fn instances_are_read_to_the_last_page() {
    let fake = Fake::answers([
        instances(&[SHOP], Some("2")),
        instances(&[KEPT, "<Engine>none</Engine>"], None),
    ]);
    let (_, found) = aws(&fake).rds.instances().await.unwrap();
    let [shop, kept] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(shop.id, RdsId::instance("shop"));
    assert_eq!(shop.status, "resetting-master-credentials");
    assert!(shop.password_pending && !kept.password_pending);
    let host = "shop.abc.eu-west-1.rds.amazonaws.com".to_owned();
    assert_eq!(shop.endpoints, [(host, 3306)]);
    assert_eq!(shop.master_user.as_deref(), Some("admin"));
    assert_eq!(
        (kept.endpoints.len(), &kept.cluster),
        (0, &Some(RdsId::cluster("ledger")))
    );
    let managed = kept.managed.as_ref().expect("kept by RDS");
    let secret = SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:rds!db-1-AbCdEf");
    assert_eq!(
        (&managed.secret, managed.status),
        (&secret, ManagedStatus::Impaired)
    );
    let sent: Vec<String> = fake.sent().into_iter().map(|sent| sent.body).collect();
    assert!(
        sent[0].contains("MaxRecords=100") && !sent[0].contains("Marker"),
        "{sent:?}"
    );
    assert!(sent[1].contains("Marker=2"), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_takes_logins_at_each_of_its_endpoints() {
    let cluster = "<DBClusters><DBCluster><DBClusterIdentifier>Ledger</DBClusterIdentifier><Status>available</Status>\
        <Engine>aurora-postgresql</Engine><Port>5432</Port><Endpoint>w</Endpoint><ReaderEndpoint>r</ReaderEndpoint>\
        <CustomEndpoints><member>c</member></CustomEndpoints><MasterUsername>admin</MasterUsername></DBCluster></DBClusters>";
    let fake = Fake::answers([answer("DescribeDBClusters", cluster)]);
    let (_, found) = aws(&fake).rds.clusters().await.unwrap();
    assert_eq!(found[0].id, RdsId::cluster("ledger"));
    let hosts: Vec<(&str, u16)> = found[0]
        .endpoints
        .iter()
        .map(|(host, port)| (host.as_str(), *port))
        .collect();
    assert_eq!(hosts, [("w", 5432), ("r", 5432), ("c", 5432)]);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_names_the_secrets_that_it_logs_in_with() {
    let proxies = "<DBProxies><member><DBProxyName>front</DBProxyName><Endpoint>front.proxy-1</Endpoint><Auth>\
        <member><SecretArn>arn:one</SecretArn></member><member><AuthScheme>SECRETS</AuthScheme></member>\
        <member><SecretArn>arn:two</SecretArn></member></Auth></member></DBProxies>";
    let fake = Fake::answers([answer("DescribeDBProxies", proxies)]);
    let (_, found) = aws(&fake).rds.proxies().await.unwrap();
    assert_eq!(found[0].secrets, ["arn:one", "arn:two"]);
    assert_eq!(found[0].endpoint.as_deref(), Some("front.proxy-1"));
}

/// They have no ids: only their message tells.
#[tokio::test(start_paused = true)]
async fn events_are_told_by_their_message() {
    let event = |kind: &str, message: &str| {
        format!(
            "<Event><SourceIdentifier>shop</SourceIdentifier><SourceType>{kind}</SourceType><Message>{message}</Message>\
             <Date>2026-01-01T00:00:00.292Z</Date></Event>"
        )
    };
    let rows = [
        event("db-instance", "Reset master credentials."),
        event(
            "db-cluster",
            "Unable to reset your password. Error information: none",
        ),
        event("db-instance", "Backing up DB instance"),
        event("db-snapshot", "Reset master credentials."),
    ];
    let fake = Fake::answers([answer(
        "DescribeEvents",
        &format!("<Events>{}</Events>", rows.concat()),
    )]);
    let (_, found) = aws(&fake).rds.events().await.unwrap();
    let told: Vec<(RdsId, bool)> = found
        .iter()
        .map(|event| (event.of.clone(), event.reset.failed))
        .collect();
    assert_eq!(
        told,
        [(RdsId::instance("shop"), false), (RdsId::cluster("shop"), true)]
    );
    assert_eq!(found[0].reset.at.to_string(), "2026-01-01T00:00:00.292Z");
    assert!(fake.sent()[0].body.contains("Duration=60"));
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_missing_is_named() {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: \
        arn:aws:sts::1:assumed-role/w/1 is not authorized to perform: rds:DescribeDBInstances on resource: \
        arn:aws:rds:eu-west-1:1:db:*</Message></Error><RequestId>1</RequestId></ErrorResponse>";
    let fake = Fake::answers([Answer::xml(403, body.to_owned())]);
    let failure = aws(&fake).rds.instances().await.unwrap_err().failure;
    let LookFailure::Denied { iam_action, .. } = &failure else {
        panic!("{failure}")
    };
    assert_eq!(iam_action, "rds:DescribeDBInstances");
}
