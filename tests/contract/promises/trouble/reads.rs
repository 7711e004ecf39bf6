//! Reads whose calls are denied, throttled, or get no answer.

use machine::model::{LookFailure, VersionId};
use rotation_watchdog::ports::{LogWanted, PortError, Ports};
use tokio::task::JoinSet;

use crate::contract::promises::service;
use crate::contract::run::{Broken, Kept, Run, equal, holds};
use crate::contract::stage::{Names, Stage, Trouble};

/// A question of the ports.
#[derive(Clone, Copy, Debug)]
enum Question {
    Secrets,
    Secret,
    Versions,
    Value,
    Events,
    Clusters,
    Services,
    Tasks,
    Definition,
    Service,
    Functions,
    Function,
    LogGroup,
}

/// A call by the name of the right to it, and the question that it belongs to.
type Call = (&'static str, Question);

/// The first call of every question.
const FIRST: [Call; 13] = [
    ("secretsmanager:ListSecrets", Question::Secrets),
    ("secretsmanager:DescribeSecret", Question::Secret),
    ("secretsmanager:ListSecretVersionIds", Question::Versions),
    ("secretsmanager:GetSecretValue", Question::Value),
    ("logs:FilterLogEvents", Question::Events),
    ("ecs:ListClusters", Question::Clusters),
    ("ecs:ListServices", Question::Services),
    ("ecs:ListTasks", Question::Tasks),
    ("ecs:DescribeTaskDefinition", Question::Definition),
    ("ecs:DescribeServices", Question::Service),
    ("lambda:ListFunctions", Question::Functions),
    ("lambda:GetFunction", Question::Function),
    ("lambda:GetFunctionConfiguration", Question::LogGroup),
];

/// What a question takes beyond its first call.
const LATER: [Call; 5] = [
    ("ecs:DescribeServices", Question::Services),
    ("ecs:DescribeTasks", Question::Tasks),
    ("lambda:GetFunctionConcurrency", Question::Function),
    ("lambda:ListAliases", Question::Function),
    ("lambda:ListProvisionedConcurrencyConfigs", Question::Function),
];

/// A service can be judged without them, more weakly, where they are denied; and only there.
const TASKS_OF_SERVICE: [Call; 2] = [
    ("ecs:ListTasks", Question::Service),
    ("ecs:DescribeTasks", Question::Service),
];

pub(super) async fn all(run: &mut Run<'_>) {
    promises!(run, {
        "denied: a read names the right that it needs, and on what": denied,
        "denied: a read names the right to each of its calls": later_denied,
        "denied: a service is seen without its tasks, and says so": tasks_denied,
        "throttled: a read says so": throttled,
        "throttled: a read says so of each of its calls": later_throttled,
        "lost: a read without an answer fails": lost,
        "lost: a read without an answer to each of its calls fails": later_lost,
    });
}

impl Question {
    async fn ask(self, ports: &Ports, names: &Names) -> Result<(), PortError> {
        let Ports {
            secrets, ecs, lambda, ..
        } = ports;
        let Names {
            secret,
            cluster,
            service,
            function,
            ..
        } = names;
        match self {
            Self::Secrets => secrets.list().await.map(drop),
            Self::Secret => secrets.describe(secret).await.map(drop),
            Self::Versions => secrets.valued_versions(secret).await.map(drop),
            Self::Value => {
                let version = VersionId::new("any");
                secrets.value(secret, &version, "AWSCURRENT").await.map(drop)
            }
            Self::Events => {
                let wanted = LogWanted {
                    group: names.log_group.clone(),
                    function: names.function.clone(),
                    since: jiff::Timestamp::UNIX_EPOCH,
                };
                ports.logs.events(&wanted).await.map(drop)
            }
            Self::Clusters => ecs.clusters().await.map(drop),
            Self::Services => ecs.services(cluster).await.map(drop),
            Self::Tasks => ecs.standalone_tasks(cluster).await.map(drop),
            Self::Definition => ecs.task_definition(&names.nobody).await.map(drop),
            Self::Service => ecs.service(cluster, service).await.map(drop),
            Self::Functions => lambda.functions().await.map(drop),
            Self::Function => lambda.function(function).await.map(drop),
            Self::LogGroup => lambda.log_group(function).await.map(drop),
        }
    }

    fn subject(self, names: &Names) -> &str {
        match self {
            Self::Secrets | Self::Clusters | Self::Functions => "*",
            Self::Secret | Self::Versions | Self::Value => names.secret.as_str(),
            Self::Events => &names.log_group,
            Self::Services | Self::Tasks => &names.cluster,
            Self::Definition => &names.nobody,
            Self::Service => &names.service,
            Self::Function | Self::LogGroup => &names.function,
        }
    }
}

/// The failure, once it names call, subject and time.
async fn failure(ports: &Ports, names: &Names, (operation, question): Call) -> Result<LookFailure, Broken> {
    match question.ask(ports, names).await {
        Err(PortError {
            operation: named,
            subject,
            look,
            failure,
        }) => {
            equal("the operation", &named, &operation)?;
            let whole = format!("{operation} of {}", question.subject(names));
            holds(subject.contains(question.subject(names)), &whole, subject)?;
            holds(look.sent <= look.arrived, "a question before its failure", look)?;
            Ok(failure)
        }
        Ok(()) => Err(Broken::new(
            format!("{operation} of {question:?} fails"),
            "an answer",
        )),
    }
}

async fn each(
    stage: &dyn Stage,
    calls: &[Call],
    trouble: Trouble,
    is_meant: fn(&Names, Call, &LookFailure) -> Kept,
) -> Kept {
    let names = stage.names();
    for call in calls {
        stage.fail_next_read(call.0, trouble).await;
        is_meant(&names, *call, &failure(&stage.ports(), &names, *call).await?)?;
    }
    Ok(())
}

/// All at the same time: a read is tried again after a pause, and no two of them are the same call.
async fn first(
    stage: &dyn Stage,
    trouble: Trouble,
    is_meant: fn(&Names, Call, &LookFailure) -> Kept,
) -> Kept {
    let mut asked = JoinSet::new();
    for call in FIRST {
        stage.fail_next_read(call.0, trouble).await;
    }
    for call in FIRST {
        let (ports, names) = (stage.ports(), stage.names());
        asked.spawn(async move { is_meant(&names, call, &failure(&ports, &names, call).await?) });
    }
    asked.join_all().await.into_iter().collect()
}

fn is_denied(names: &Names, (operation, question): Call, failure: &LookFailure) -> Kept {
    let LookFailure::Denied { iam_action, resource } = failure else {
        return Err(Broken::new(format!("{operation} denied"), failure));
    };
    equal("the right", &iam_action.as_str(), &operation)?;
    let subject = question.subject(names);
    holds(
        names_subject(operation, resource, subject),
        &format!("{operation} on {subject}"),
        resource,
    )
}

/// AWS grants the right to task definitions on all of them or on none.
fn names_subject(operation: &str, resource: &str, subject: &str) -> bool {
    let on_all = operation == "ecs:DescribeTaskDefinition" && resource == "*";
    on_all || resource.contains(subject)
}

fn is_throttled(_: &Names, (operation, _): Call, failure: &LookFailure) -> Kept {
    equal(operation, failure, &LookFailure::Throttled)
}

fn is_silent(_: &Names, (operation, _): Call, failure: &LookFailure) -> Kept {
    let silent = matches!(failure, LookFailure::Timeout | LookFailure::Unreachable { .. });
    holds(silent, &format!("no answer to {operation}"), failure)
}

async fn denied(stage: &dyn Stage) -> Kept {
    first(stage, Trouble::Denied, is_denied).await
}

async fn throttled(stage: &dyn Stage) -> Kept {
    first(stage, Trouble::Throttled, is_throttled).await
}

async fn lost(stage: &dyn Stage) -> Kept {
    first(stage, Trouble::LostBefore, is_silent).await
}

async fn later_denied(stage: &dyn Stage) -> Kept {
    each(stage, &LATER, Trouble::Denied, is_denied).await
}

async fn later_throttled(stage: &dyn Stage) -> Kept {
    each(
        stage,
        &[LATER.as_slice(), &TASKS_OF_SERVICE].concat(),
        Trouble::Throttled,
        is_throttled,
    )
    .await
}

async fn later_lost(stage: &dyn Stage) -> Kept {
    each(
        stage,
        &[LATER.as_slice(), &TASKS_OF_SERVICE].concat(),
        Trouble::LostBefore,
        is_silent,
    )
    .await
}

async fn tasks_denied(stage: &dyn Stage) -> Kept {
    for (operation, _) in TASKS_OF_SERVICE {
        stage.fail_next_read(operation, Trouble::Denied).await;
        let seen = service(stage).await?;
        let told = !seen.tasks_listed && seen.tasks.is_empty();
        holds(
            told,
            &format!("without {operation}, tasks that were not listed"),
            &seen,
        )?;
    }
    let seen = service(stage).await?;
    holds(seen.tasks_listed, "its tasks again", &seen)
}
