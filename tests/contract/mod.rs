//! What the ports promise, held by the simulation and, over real SDK clients, by the stand-in for AWS.
//!
//! One suite for both: what the machine was tested with in the simulation is what it meets on the wire.

mod simulated;
mod wire;

use async_trait::async_trait;
use jiff::SignedDuration;
use machine::model::{
    DeploymentId, Done, EnvironmentSeen, FunctionSeen, Health, Labels, NoEffect, Outcome, SecretArn,
    SecretSeen, ServiceSeen, SleepTag, UpdateStatus, VersionId,
};
use rotation_watchdog::ports::{MARKER_VARIABLE, Ports};
use rotation_watchdog::runtime::Clock;
use secrecy::ExposeSecret;

/// An account with one secret, the service `orders` of the cluster `prod`, and the function `mailer` with reserved
/// concurrency 7, which both use it; and the outside's part of a rotation.
#[async_trait]
trait Stage {
    fn ports(&self) -> Ports;
    fn clock(&self) -> Clock;
    fn secret(&self) -> SecretArn;
    /// RotateSecret.
    async fn begin(&self);
    async fn create(&self);
    async fn set_and_test(&self);
    async fn finish(&self);
}

/// Every promise, in the order of a rotation.
async fn hold(stage: &dyn Stage) {
    let (ports, secret) = (stage.ports(), stage.secret());
    at_rest(&ports, &secret).await;
    let old = labels(&ports, &secret).await.current.expect("a current version");

    stage.begin().await;
    let pending = labels(&ports, &secret).await.pending.expect("AWSPENDING");
    assert_ne!(pending, old);
    assert_eq!(
        valued(&ports, &secret).await,
        std::slice::from_ref(&old),
        "AWSPENDING has no value yet"
    );

    stage.create().await;
    assert!(
        valued(&ports, &secret).await.contains(&pending),
        "AWSPENDING has a value"
    );
    values_are_read_by_version_and_label(&ports, &secret, &old, &pending).await;

    stage.set_and_test().await;
    stage.finish().await;
    let moved = labels(&ports, &secret).await;
    assert_eq!((moved.current, moved.previous), (Some(pending), Some(old)));
    the_log_tells_every_step(stage, &ports, &secret).await;
    a_forced_deployment_is_seen_through(stage, &ports).await;
    a_function_is_updated_by_its_revision(stage, &ports).await;
    concurrency_and_tags_come_back_as_they_were(&ports).await;
    what_is_not_there_is_told(&ports).await;
}

async fn at_rest(ports: &Ports, secret: &SecretArn) {
    let (look, listed) = ports.secrets.list().await.expect("a list");
    assert!(look.sent <= look.arrived);
    let row = listed.iter().find(|row| row.arn == *secret).expect("the secret");
    assert_eq!(row.name, "shop/mysql");
    assert!(row.rotation_enabled && row.rotation_lambda.is_some());
    let described = describe(ports, secret).await;
    assert_eq!(described.labels, row.labels);
    assert_eq!(
        (&described.labels.pending, &described.labels.previous),
        (&None, &None)
    );
    let (_, clusters) = ports.ecs.clusters().await.expect("clusters");
    assert_eq!(clusters, ["prod"]);
    let (_, services) = ports.ecs.services("prod").await.expect("services");
    let (_, definition) = ports
        .ecs
        .task_definition(&services[0].task_definition)
        .await
        .expect("a definition");
    assert!(
        definition.containers[0].value_from[0].starts_with(secret.as_str()),
        "{definition:?}"
    );
    let (_, functions) = ports.lambda.functions().await.expect("functions");
    let mailer = functions
        .iter()
        .find(|function| function.name == "mailer")
        .expect("the function");
    assert!(
        mailer
            .environment
            .iter()
            .any(|variable| variable.value.expose_secret() == secret.as_str())
    );
}

async fn describe(ports: &Ports, secret: &SecretArn) -> SecretSeen {
    ports
        .secrets
        .describe(secret)
        .await
        .expect("an answer")
        .1
        .expect("the secret")
}

async fn labels(ports: &Ports, secret: &SecretArn) -> Labels {
    describe(ports, secret).await.labels
}

async fn valued(ports: &Ports, secret: &SecretArn) -> Vec<VersionId> {
    ports.secrets.valued_versions(secret).await.expect("an answer").1
}

async fn values_are_read_by_version_and_label(
    ports: &Ports,
    secret: &SecretArn,
    old: &VersionId,
    pending: &VersionId,
) {
    let mut values = Vec::new();
    for (version, label) in [(old, "AWSCURRENT"), (pending, "AWSPENDING")] {
        let (_, value) = ports
            .secrets
            .value(secret, version, label)
            .await
            .expect("an answer");
        values.push(value.expect("a value").expose_secret().to_owned());
    }
    assert_ne!(values[0], values[1]);
    let crossed = ports.secrets.value(secret, old, "AWSPENDING").await;
    assert!(
        !matches!(crossed, Ok((_, Some(_)))),
        "a version is read only by a label that it carries"
    );
}

/// Lines reach their readers late.
async fn the_log_tells_every_step(stage: &dyn Stage, ports: &Ports, secret: &SecretArn) {
    stage.clock().sleep(SignedDuration::from_secs(5)).await;
    let described = describe(ports, secret).await;
    let lambda = described.rotation_lambda.expect("a rotation Lambda");
    let name = lambda.rsplit(':').next().expect("a name");
    let (_, group) = ports.lambda.log_group(name).await.expect("a group");
    let since = stage.clock().now() - SignedDuration::from_mins(5);
    let (_, (exists, events)) = ports.logs.events(&group, since).await.expect("events");
    assert!(exists);
    for step in ["createSecret:", "setSecret:", "testSecret:", "finishSecret:"] {
        assert!(
            events.iter().any(|event| event.message.contains(step)),
            "{step} {events:?}"
        );
    }
    assert!(events.is_sorted_by_key(|event| event.at));
    let (_, (exists, events)) = ports
        .logs
        .events("/aws/lambda/nobody", since)
        .await
        .expect("an answer");
    assert!(!exists && events.is_empty());
}

async fn a_forced_deployment_is_seen_through(stage: &dyn Stage, ports: &Ports) {
    let before = service(ports).await;
    let (at, outcome) = ports.ecs_writes.force_deployment("prod", "orders").await;
    let Outcome::Done(Done::Written {
        deployment: Some(ours),
    }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(before.deployments.iter().all(|deployment| deployment.id != ours));
    let after = service(ports).await;
    let primary = after
        .deployments
        .iter()
        .find(|deployment| deployment.primary)
        .expect("a primary");
    assert_eq!(primary.id, ours);
    assert!(primary.created <= at + SignedDuration::from_secs(1));
    let recovered = until(stage, "healthy tasks of our deployment", || async {
        let seen = service(ports).await;
        is_all_of(&seen, &ours).then_some(seen)
    })
    .await;
    assert!(
        recovered.tasks_listed && recovered.tasks.len() == recovered.desired as usize,
        "{recovered:?}"
    );
}

async fn service(ports: &Ports) -> ServiceSeen {
    ports
        .ecs
        .service("prod", "orders")
        .await
        .expect("an answer")
        .1
        .expect("the service")
}

fn is_all_of(seen: &ServiceSeen, deployment: &DeploymentId) -> bool {
    let ours = |task: &machine::model::Task| {
        task.started_by.as_ref() == Some(deployment) && task.health == Health::Healthy
    };
    !seen.tasks.is_empty() && seen.tasks.iter().all(ours)
}

async fn a_function_is_updated_by_its_revision(stage: &dyn Stage, ports: &Ports) {
    let before = function(ports).await;
    let write = |revision: String| {
        let lambda = ports.lambda_writes.clone();
        async move {
            lambda
                .merge_variable("mailer", MARKER_VARIABLE, "abc", &revision)
                .await
                .1
        }
    };
    let refused = write("another".to_owned()).await;
    assert!(
        matches!(refused, Outcome::NoEffect(NoEffect::Conflict { .. })),
        "{refused:?}"
    );
    let written = write(before.revision.clone()).await;
    assert!(
        matches!(written, Outcome::Done(Done::Written { .. })),
        "{written:?}"
    );
    let after = until(stage, "a successful update", || async {
        let seen = function(ports).await;
        (seen.update == UpdateStatus::Successful).then_some(seen)
    })
    .await;
    assert_ne!(after.revision, before.revision);
    assert!(after.last_modified > before.last_modified);
    let EnvironmentSeen::Readable { marker, .. } = after.environment else {
        panic!("{after:?}");
    };
    assert_eq!(marker.as_deref(), Some("abc"));
}

async fn function(ports: &Ports) -> FunctionSeen {
    ports
        .lambda
        .function("mailer")
        .await
        .expect("an answer")
        .1
        .expect("the function")
}

async fn concurrency_and_tags_come_back_as_they_were(ports: &Ports) {
    let writes = &ports.lambda_writes;
    let tag = SleepTag {
        attempt: machine::model::AttemptId::new("0123456789ab"),
        former: Some(7),
        deadline: jiff::Timestamp::from_second(1_800_000_000).expect("in range"),
    };
    done(writes.tag("mailer", SleepTag::KEY, &tag.to_value()).await);
    done(writes.put_concurrency("mailer", 0).await);
    let asleep = function(ports).await;
    assert_eq!((asleep.reserved, asleep.sleep_tag), (Some(0), Some(tag)));
    done(writes.delete_concurrency("mailer").await);
    assert_eq!(function(ports).await.reserved, None);
    done(writes.put_concurrency("mailer", 7).await);
    done(writes.untag("mailer", SleepTag::KEY).await);
    let awake = function(ports).await;
    assert_eq!((awake.reserved, awake.sleep_tag), (Some(7), None));
}

fn done((_, outcome): (jiff::Timestamp, Outcome)) {
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

async fn what_is_not_there_is_told(ports: &Ports) {
    let nobody = SecretArn::new("arn:aws:secretsmanager:eu-west-1:123456789012:secret:nobody-AbCdEf");
    assert!(
        ports
            .secrets
            .describe(&nobody)
            .await
            .expect("an answer")
            .1
            .is_none()
    );
    assert!(
        ports
            .ecs
            .service("prod", "nobody")
            .await
            .expect("an answer")
            .1
            .is_none()
    );
    assert!(
        ports
            .lambda
            .function("nobody")
            .await
            .expect("an answer")
            .1
            .is_none()
    );
    let (_, outcome) = ports.lambda_writes.put_concurrency("nobody", 1).await;
    assert!(matches!(outcome, Outcome::NoEffect(_)), "{outcome:?}");
}

/// Looks again until there is something, for a minute of the stage's time.
async fn until<T, F: Future<Output = Option<T>>>(stage: &dyn Stage, what: &str, look: impl Fn() -> F) -> T {
    let deadline = stage.clock().now() + SignedDuration::from_mins(1);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(stage.clock().now() < deadline, "waited in vain: {what}");
        stage.clock().sleep(SignedDuration::from_millis(50)).await;
    }
}
