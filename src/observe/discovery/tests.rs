//! What discovery makes of definitions and environments, and of those that it cannot read.

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{FunctionSeen, ServiceSeen};

use super::*;
use crate::ports::{ReadResult, ServiceSummary, TaskSummary};

fn secret(name: &str) -> SecretArn {
    SecretArn::new(format!("arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf"))
}

fn wanted(names: &[&str]) -> Wanted {
    let secrets: Vec<SecretArn> = names.iter().map(|name| secret(name)).collect();
    Wanted {
        watched: secrets.iter().cloned().collect(),
        secrets,
        hosts: BTreeMap::from([("db.example".to_owned(), vec![secret("shop/db")])]),
        seen_hosts: BTreeMap::from([(id_of("seen.example"), vec![secret("shop/db")])]),
    }
}

/// No hash, but as good as one here.
fn id_of(host: &str) -> HostId {
    let mut id = [0; 16];
    host.bytes()
        .rev()
        .zip(&mut id)
        .for_each(|(byte, place)| *place = byte);
    HostId::new(id)
}

fn variable(name: &str, value: &str) -> EnvironmentVariable {
    EnvironmentVariable {
        name: name.to_owned(),
        value: SecretString::from(value),
    }
}

/// A cluster whose services are called as their definitions are; nothing for one that cannot be read.
#[derive(Default)]
struct Cluster {
    services: Vec<(&'static str, Result<ContainerDefinition, LookFailure>)>,
    value_from: Vec<String>,
    created: Option<Timestamp>,
}

fn now<T>(answer: T) -> ReadResult<T> {
    Ok((Look::at(Timestamp::UNIX_EPOCH), answer))
}

#[async_trait]
impl EcsReads for Cluster {
    async fn clusters(&self) -> ReadResult<Vec<String>> {
        now(vec!["prod".to_owned()])
    }

    async fn services(&self, _cluster: &str) -> ReadResult<Vec<ServiceSummary>> {
        let summary = |(name, _): &(&str, _)| ServiceSummary {
            name: (*name).to_owned(),
            task_definition: format!("{name}:1"),
            value_from: self.value_from.clone(),
            settings: None,
            target_groups: Vec::new(),
        };
        now(self.services.iter().map(summary).collect())
    }

    async fn standalone_tasks(&self, _cluster: &str) -> ReadResult<Vec<TaskSummary>> {
        let task = |(name, _): &(&str, _)| TaskSummary {
            arn: format!("task/{name}"),
            task_definition: format!("{name}:1"),
            group: None,
            created: self.created,
        };
        now(self.services.iter().map(task).collect())
    }

    async fn task_definition(&self, arn: &str) -> ReadResult<TaskDefinition> {
        let found = self.services.iter().find(|(name, _)| arn == format!("{name}:1"));
        let (_, definition) = found.expect("a definition");
        match definition {
            Ok(container) => now(TaskDefinition {
                containers: vec![container.clone()],
                of_volumes: Vec::new(),
            }),
            Err(failure) => Err(PortError {
                operation: "ecs:DescribeTaskDefinition",
                subject: arn.to_owned(),
                look: Look::at(Timestamp::UNIX_EPOCH),
                failure: failure.clone(),
            }),
        }
    }

    async fn service(&self, _cluster: &str, _service: &str) -> ReadResult<Option<ServiceSeen>> {
        now(None)
    }
}

struct Functions(Vec<FunctionSummary>);

#[async_trait]
impl LambdaReads for Functions {
    async fn functions(&self) -> ReadResult<Vec<FunctionSummary>> {
        now(self.0.clone())
    }

    async fn function(&self, _name: &str) -> ReadResult<Option<FunctionSeen>> {
        now(None)
    }

    async fn log_group(&self, name: &str) -> ReadResult<String> {
        now(name.to_owned())
    }
}

async fn found(cluster: &Cluster, names: &[&str]) -> Vec<(String, Vec<ReferenceKind>)> {
    let (_, seen) = in_cluster(cluster, "prod", &Search::of(&wanted(names), &id_of))
        .await
        .expect("an answer");
    let told = |consumer: Consumer| {
        let kinds = consumer.references.into_iter().map(|reference| reference.kind);
        (consumer.id.to_string(), kinds.collect())
    };
    seen.consumers.into_iter().map(told).collect()
}

fn by(container: ContainerDefinition) -> Cluster {
    Cluster {
        services: vec![("orders", Ok(container))],
        ..Cluster::default()
    }
}

#[tokio::test]
async fn every_place_of_a_definition_is_searched() {
    let arn = secret("shop/db").to_string();
    let fetches = [ReferenceKind::Fetches];
    let injected = [ReferenceKind::Injected];
    let table: [(&str, ContainerDefinition, &[ReferenceKind]); 5] = [
        (
            "secrets and secretOptions",
            ContainerDefinition {
                value_from: vec![format!("{arn}:password::")],
                ..ContainerDefinition::default()
            },
            &injected,
        ),
        (
            "environment",
            ContainerDefinition {
                environment: vec![variable("DB", &arn)],
                ..ContainerDefinition::default()
            },
            &fetches,
        ),
        (
            "command and entry point",
            ContainerDefinition {
                commands: vec![SecretString::from(format!("fetch\n{arn}"))],
                ..ContainerDefinition::default()
            },
            &fetches,
        ),
        (
            "a name",
            ContainerDefinition {
                environment: vec![variable("SECRET_NAME", "shop/db")],
                ..ContainerDefinition::default()
            },
            &[ReferenceKind::Named],
        ),
        (
            "the database's host",
            ContainerDefinition {
                environment: vec![variable("DB_HOST", "DB.example")],
                ..ContainerDefinition::default()
            },
            &[ReferenceKind::Suspected],
        ),
    ];
    for (place, container, expected) in table {
        let orders = ("ecs:prod/orders".to_owned(), expected.to_vec());
        assert_eq!(found(&by(container), &["shop/db"]).await, [orders], "{place}");
    }
}

#[tokio::test]
async fn c6_a_suspicion_says_which_variable_it_comes_from() {
    for (variables, expected) in [
        (vec![variable("DB_HOST", "DB.example")], Some("DB_HOST")),
        (
            vec![
                variable("IMAGE", "shop/db:1.4"),
                variable("DB_HOST", "db.example"),
            ],
            Some("IMAGE"),
        ),
        (
            vec![
                variable("IMAGE", "shop/db:1.4"),
                variable("SECRET_NAME", "shop/db"),
            ],
            None,
        ),
    ] {
        let container = ContainerDefinition {
            environment: variables,
            ..ContainerDefinition::default()
        };
        let cluster = by(container);
        let answer = in_cluster(&cluster, "prod", &Search::of(&wanted(&["shop/db"]), &id_of)).await;
        let (_, seen) = answer.expect("an answer");
        let place = seen.suspicions.values().next().map(String::as_str);
        assert_eq!(place, expected);
    }
}

#[tokio::test]
async fn what_service_connect_logs_with_is_the_services() {
    let cluster = Cluster {
        value_from: vec![secret("splunk").to_string()],
        ..by(ContainerDefinition::default())
    };
    let orders = ("ecs:prod/orders".to_owned(), vec![ReferenceKind::Injected]);
    assert_eq!(found(&cluster, &["splunk"]).await, [orders]);
}

fn injecting() -> ContainerDefinition {
    ContainerDefinition {
        value_from: vec![secret("shop/db").to_string()],
        ..ContainerDefinition::default()
    }
}

fn denied() -> LookFailure {
    LookFailure::Denied {
        iam_action: "ecs:DescribeTaskDefinition".to_owned(),
        resource: "*".to_owned(),
    }
}

#[tokio::test]
async fn f9_one_definition_that_cannot_be_read_leaves_the_rest() {
    for why in [
        denied(),
        LookFailure::Timeout,
        LookFailure::Unexpected { why: "x".to_owned() },
    ] {
        let cluster = Cluster {
            services: vec![
                ("orders", Ok(injecting())),
                ("web", Err(why.clone())),
                ("mail", Ok(injecting())),
            ],
            ..Cluster::default()
        };
        let (_, seen) = in_cluster(&cluster, "prod", &Search::of(&wanted(&["shop/db"]), &id_of))
            .await
            .expect("an answer");
        let consumers: Vec<_> = seen
            .consumers
            .iter()
            .map(|consumer| consumer.id.to_string())
            .collect();
        assert_eq!(consumers, ["ecs:prod/orders", "ecs:prod/mail"]);
        let web = unread(Some(ConsumerId::service("prod", "web")), "web:1", why.clone());
        assert_eq!(seen.unread, [web]);
        let (_, seen) = standalone(&cluster, "prod", &Search::of(&wanted(&["shop/db"]), &id_of))
            .await
            .expect("an answer");
        assert_eq!(seen.standalone.len(), 2);
        assert_eq!(seen.unread, [unread(None, "web:1", why)]);
    }
}

#[tokio::test]
async fn f9_an_ecs_that_does_not_answer_is_no_matter_of_one_definition() {
    let silent = || Err(LookFailure::Timeout);
    let cluster = Cluster {
        services: vec![
            ("a", silent()),
            ("b", silent()),
            ("c", silent()),
            ("d", Ok(injecting())),
        ],
        ..Cluster::default()
    };
    let error = in_cluster(&cluster, "prod", &Search::of(&wanted(&["shop/db"]), &id_of))
        .await
        .expect_err("three in a row");
    assert_eq!(error.failure, LookFailure::Timeout);
}

#[tokio::test]
async fn c9_a_standalone_task_is_told_with_its_age_and_once_for_a_secret() {
    let twice = ContainerDefinition {
        environment: vec![variable("SECRET_ARN", secret("shop/db").as_str())],
        ..injecting()
    };
    let created = Some(Timestamp::UNIX_EPOCH);
    let cluster = Cluster { created, ..by(twice) };
    let (_, seen) = standalone(&cluster, "prod", &Search::of(&wanted(&["shop/db"]), &id_of))
        .await
        .expect("an answer");
    let task = StandaloneTask {
        task: "task/orders".to_owned(),
        secret: secret("shop/db"),
        created,
    };
    assert_eq!(seen.standalone, [task]);
    let suspect = ContainerDefinition {
        environment: vec![variable("DB_HOST", "db.example")],
        ..ContainerDefinition::default()
    };
    let (_, seen) = standalone(&by(suspect), "prod", &Search::of(&wanted(&["shop/db"]), &id_of))
        .await
        .expect("an answer");
    assert_eq!(seen.standalone, []);
}

#[tokio::test]
async fn c2_a_function_is_found_by_the_name_of_the_secret_that_it_fetches() {
    let function = |name: &str, environment, commands| FunctionSummary {
        name: name.to_owned(),
        arn: String::new(),
        environment,
        commands,
        environment_error: None,
    };
    let functions = Functions(vec![
        function("mailer", vec![variable("SECRET_NAME", "shop/db")], Vec::new()),
        function(
            "image",
            Vec::new(),
            vec![SecretString::from("run\n--secret-id\nshop/db")],
        ),
        function("host", vec![variable("DB_HOST", "db.example")], Vec::new()),
        function(
            "seen",
            vec![variable("DB_URL", "mysql://app@SEEN.example.:3306/shop")],
            Vec::new(),
        ),
        function("stage", vec![variable("STAGE", "shop")], Vec::new()),
    ]);
    let (_, seen) = in_functions(&functions, &Search::of(&wanted(&["shop/db"]), &id_of))
        .await
        .expect("an answer");
    let told = |consumer: &Consumer| (consumer.id.to_string(), consumer.references[0].kind.clone());
    let expected = [
        ("lambda:mailer".to_owned(), ReferenceKind::Named),
        ("lambda:image".to_owned(), ReferenceKind::Named),
        ("lambda:host".to_owned(), ReferenceKind::Suspected),
        ("lambda:seen".to_owned(), ReferenceKind::Suspected),
    ];
    assert_eq!(seen.consumers.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(
        seen.hosts,
        ["db.example".to_owned()].into(),
        "a hash has no name to show"
    );
    assert_eq!(seen.suspicions[&ConsumerId::function("seen")], "DB_URL");
}

/// A thousand variables, one of four KiB, and as many secrets: some milliseconds.
#[tokio::test]
async fn large_definitions_among_many_secrets() {
    let names: Vec<String> = (0..2_000).map(|n| format!("team/secret-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut environment: Vec<_> = (0..1_000)
        .map(|n| variable(&format!("V_{n}"), "nothing of ours"))
        .collect();
    environment.push(variable(
        "BIG",
        &format!("{}:{}", "x/".repeat(2_000), secret("team/secret-7")),
    ));
    environment.push(variable("LIST", &names.join(",")));
    let container = ContainerDefinition {
        environment,
        ..ContainerDefinition::default()
    };
    let found = found(&by(container), &names).await;
    assert_eq!(found[0].1.len(), 2_000);
}

fn unread(consumer: Option<ConsumerId>, definition: &str, why: LookFailure) -> Unread {
    Unread {
        consumer,
        definition: definition.to_owned(),
        why,
    }
}
