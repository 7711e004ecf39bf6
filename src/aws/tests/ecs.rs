//! ECS's answers in our own words, and the forced deployment.

use machine::model::{Controller, DeploymentId, Done, Health, LookFailure, Outcome, Rollout, ServiceSeen};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::aws;
use super::fake::{Answer, Fake};
use crate::ports::{EcsReads, EcsWrites};

fn service(more: &Value) -> Value {
    let mut service = json!({
        "serviceName": "orders",
        "status": "ACTIVE",
        "taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/orders:7",
        "desiredCount": 2, "runningCount": 2, "pendingCount": 0,
        "schedulingStrategy": "REPLICA",
        "deploymentConfiguration": { "maximumPercent": 150, "minimumHealthyPercent": 50, "strategy": "ROLLING" },
        "deployments": [{
            "id": "ecs-svc/1", "status": "PRIMARY", "createdAt": 1_767_225_600,
            "rolloutState": "COMPLETED", "desiredCount": 2, "runningCount": 2, "failedTasks": 1,
        }],
    });
    service
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    service
}

fn task(id: &str, more: &Value) -> Value {
    let mut task = json!({
        "taskArn": format!("arn:aws:ecs:eu-west-1:1:task/prod/{id}"),
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/orders:7",
        "createdAt": 1_767_225_600, "startedAt": 1_767_225_610, "startedBy": "ecs-svc/1",
        "group": "service:orders",
        "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "healthStatus": "HEALTHY",
    });
    task.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    task
}

fn described(service: &Value) -> Answer {
    Answer::json(&json!({ "services": [service] }))
}

async fn look(answers: Vec<Answer>) -> Option<ServiceSeen> {
    let fake = Fake::answers(answers);
    aws(&fake).ecs.service("prod", "orders").await.unwrap().1
}

#[tokio::test(start_paused = true)]
async fn a_service_with_its_wanted_tasks() {
    let fake = Fake::answers([
        described(&service(&json!({}))),
        Answer::json(&json!({ "taskArns": ["a", "b", "c"] })),
        Answer::json(&json!({
            "tasks": [
                task("a", &json!({})),
                task("b", &json!({ "lastStatus": "PENDING", "healthStatus": "UNKNOWN", "startedAt": null })),
                task("c", &json!({ "desiredStatus": "STOPPED" })),
            ],
            "failures": [{ "arn": "d", "reason": "MISSING" }],
        })),
    ]);
    let (_, seen) = aws(&fake).ecs.service("prod", "orders").await.unwrap();
    let seen = seen.unwrap();
    assert_eq!(seen.settings.controller, Controller::Ecs);
    assert_eq!(
        (seen.settings.minimum_percent, seen.settings.maximum_percent),
        (50, 150)
    );
    assert_eq!(seen.settings.staged_strategy, None);
    assert_eq!(seen.deployments[0].rollout, Rollout::Completed);
    assert!(seen.deployments[0].primary && seen.tasks_listed);
    let tasks: Vec<_> = seen
        .tasks
        .iter()
        .map(|task| (&*task.id, task.running, task.health))
        .collect();
    assert_eq!(
        tasks,
        [("a", true, Health::Healthy), ("b", false, Health::Unknown)]
    );
    assert_eq!(seen.tasks[0].started_by, Some(DeploymentId::new("ecs-svc/1")));
    assert_eq!(
        fake.operations(),
        ["DescribeServices", "ListTasks", "DescribeTasks"]
    );
    let listed = fake.sent()[1].json();
    assert_eq!(
        (&listed["desiredStatus"], &listed["serviceName"]),
        (&json!("RUNNING"), &json!("orders"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_gone() {
    let missing = Answer::json(&json!({ "services": [], "failures": [{ "reason": "MISSING" }] }));
    assert_eq!(look(vec![missing]).await, None);
    assert_eq!(
        look(vec![described(&service(&json!({ "status": "INACTIVE" })))]).await,
        None
    );
    let no_cluster = Answer::error(400, "ClusterNotFoundException", "Cluster not found.");
    assert_eq!(look(vec![no_cluster]).await, None);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_may_not_be_listed_leave_a_weaker_look() {
    let denied = Answer::error(400, "AccessDeniedException", "no");
    let seen = look(vec![described(&service(&json!({}))), denied]).await.unwrap();
    assert!(!seen.tasks_listed && seen.tasks.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_partial_or_incomplete_is_no_answer() {
    let table = [
        json!({ "services": [], "failures": [{ "reason": "ACCESS" }] }),
        json!({ "services": [service(&json!({ "deployments": [{ "id": "ecs-svc/1" }] }))] }),
        json!({ "services": [service(&json!({ "deploymentController": { "type": "NEW" } }))] }),
    ];
    for body in table {
        let fake = Fake::answers([
            Answer::json(&body.clone()),
            Answer::json(&json!({ "taskArns": [] })),
        ]);
        let error = aws(&fake).ecs.service("prod", "orders").await.unwrap_err();
        assert!(
            matches!(error.failure, LookFailure::Unexpected { .. }),
            "{body}: {error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn other_controllers_and_strategies_are_told() {
    let other = service(&json!({
        "deploymentController": { "type": "CODE_DEPLOY" },
        "deploymentConfiguration": { "strategy": "BLUE_GREEN" },
        "schedulingStrategy": "DAEMON",
    }));
    let seen = look(vec![described(&other), Answer::json(&json!({ "taskArns": [] }))])
        .await
        .unwrap();
    assert_eq!(seen.settings.controller, Controller::CodeDeploy);
    assert_eq!(seen.settings.staged_strategy.as_deref(), Some("BLUE_GREEN"));
    assert!(seen.settings.daemon);
    assert_eq!(
        (seen.settings.minimum_percent, seen.settings.maximum_percent),
        (0, 100)
    );
}

/// As DescribeServices answers of a service in Express Mode: no task definition but that of its deployments.
#[tokio::test(start_paused = true)]
async fn c1_an_express_service_has_the_definition_of_its_primary_deployment() {
    let mut express = service(&json!({
        "deploymentConfiguration": { "strategy": "CANARY" },
        "deployments": [
            { "id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": "express:1", "createdAt": 1 },
            { "id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": "express:2", "createdAt": 2,
              "serviceConnectConfiguration": { "enabled": true, "logConfiguration": {
                  "logDriver": "splunk", "secretOptions": [{ "name": "token", "valueFrom": "arn:connect" }] } } },
        ],
    }));
    express.as_object_mut().unwrap().remove("taskDefinition");
    let fake = Fake::answers([
        Answer::json(&json!({ "serviceArns": ["a"] })),
        described(&express),
    ]);
    let (_, found) = aws(&fake).ecs.services("prod").await.unwrap();
    assert_eq!(found[0].task_definition, "express:2");
    assert_eq!(found[0].value_from, ["arn:connect"]);
    let settings = found[0].settings.clone().unwrap();
    assert_eq!(settings.staged_strategy.as_deref(), Some("CANARY"));
}

/// Old tasks beside those of the primary deployment.
#[tokio::test(start_paused = true)]
async fn c4_scale_in_protection_is_asked_for_old_tasks_only() {
    let looked = |task: Value, protection: Option<Answer>| async move {
        let answers = [
            described(&service(&json!({}))),
            Answer::json(&json!({ "taskArns": ["a"] })),
            Answer::json(&json!({ "tasks": [task] })),
        ];
        let fake = Fake::answers(answers.into_iter().chain(protection));
        let (_, seen) = aws(&fake).ecs.service("prod", "orders").await.unwrap();
        (fake.operations(), seen.unwrap().protected)
    };
    let (operations, told) = looked(task("a", &json!({})), None).await;
    assert_eq!((operations.len(), told), (3, None));
    let old = || task("a", &json!({ "startedBy": "ecs-svc/0" }));
    let protection = json!({ "protectedTasks": [
        { "taskArn": "a", "protectionEnabled": true, "expirationDate": 1_767_230_000 },
        { "taskArn": "b", "protectionEnabled": false },
    ] });
    let (operations, told) = looked(old(), Some(Answer::json(&protection))).await;
    assert_eq!(operations.last().map(String::as_str), Some("GetTaskProtection"));
    let told = told.unwrap();
    assert_eq!((told.tasks, told.until.unwrap().as_second()), (1, 1_767_230_000));
    let denied = Answer::error(400, "AccessDeniedException", "no");
    assert_eq!(
        looked(old(), Some(denied)).await.1,
        None,
        "it explains, and fails nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn commands_of_a_container_are_read_and_never_shown() {
    let fake = Fake::answers([Answer::json(
        &json!({ "taskDefinition": { "containerDefinitions": [{
        "name": "app", "image": "app",
        "entryPoint": ["sh", "-c"], "command": ["run", "--token", "hunter2"],
        "healthCheck": { "command": ["CMD", "check"] },
    }] } }),
    )]);
    let (_, definition) = aws(&fake).ecs.task_definition("app:1").await.unwrap();
    assert!(!format!("{definition:?}").contains("hunter2"));
    let commands = definition.containers[0].commands.iter();
    let words: Vec<_> = commands.map(|command| command.expose_secret()).collect();
    assert_eq!(words, ["sh\n-c", "run\n--token\nhunter2", "CMD\ncheck"]);
}

#[tokio::test(start_paused = true)]
async fn services_are_described_by_ten_and_tasks_by_a_hundred() {
    let names: Vec<String> = (0..25).map(|n| format!("service/{n}")).collect();
    let fake = Fake::answers([
        Answer::json(&json!({ "serviceArns": names })),
        described(&service(&json!({}))),
    ]);
    let (_, found) = aws(&fake).ecs.services("prod").await.unwrap();
    assert_eq!(found.len(), 3);
    let sizes: Vec<_> = fake.sent()[1..]
        .iter()
        .map(|sent| sent.json()["services"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [10, 10, 5]);

    let arns: Vec<String> = (0..150).map(|n| format!("task/{n}")).collect();
    let fake = Fake::answers([
        Answer::json(&json!({ "taskArns": arns })),
        Answer::json(
            &json!({ "tasks": [task("s", &json!({})), task("x", &json!({ "group": "family:x" }))] }),
        ),
    ]);
    let (_, standalone) = aws(&fake).ecs.standalone_tasks("prod").await.unwrap();
    assert_eq!(standalone.len(), 2);
    assert!(standalone.iter().all(|task| task.arn.ends_with("/x")));
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_is_read_once() {
    let fake = Fake::answers([Answer::json(
        &json!({ "taskDefinition": { "containerDefinitions": [{
        "name": "app", "image": "app@sha256:1",
        "secrets": [{ "name": "A", "valueFrom": "arn:one" }],
        "logConfiguration": { "logDriver": "splunk", "secretOptions": [{ "name": "B", "valueFrom": "arn:two" }] },
        "environment": [{ "name": "TOKEN", "value": "hunter2" }],
    }] } }),
    )]);
    let aws = aws(&fake);
    for _ in 0..2 {
        let (_, definition) = aws.ecs.task_definition("task-definition/app:3").await.unwrap();
        assert_eq!(definition.containers[0].value_from, ["arn:one", "arn:two"]);
        assert!(!format!("{definition:?}").contains("hunter2"));
    }
    assert_eq!(fake.sent().len(), 1);
    aws.ecs.task_definition("app").await.unwrap();
    aws.ecs.task_definition("app").await.unwrap();
    assert_eq!(fake.sent().len(), 3, "without a revision it may change");
}

#[tokio::test(start_paused = true)]
async fn a_forced_deployment_sends_nothing_else_and_names_the_new_primary() {
    let updated = service(&json!({ "deployments": [
        { "id": "ecs-svc/1", "status": "ACTIVE" },
        { "id": "ecs-svc/2", "status": "PRIMARY" },
    ] }));
    let fake = Fake::answers([Answer::written(&json!({ "service": updated }))]);
    let (_, outcome) = aws(&fake).ecs.force_deployment("prod", "orders").await;
    let done = Done::Written {
        began: Some("ecs-svc/2".to_owned()),
    };
    assert_eq!(outcome, Outcome::Done(done));
    let expected = json!({ "cluster": "prod", "service": "orders", "forceNewDeployment": true });
    assert_eq!(fake.sent()[0].json(), expected);
}
