//! Lists that are longer than a page come whole: 100 secrets, services and tasks, 50 functions, 1000 events.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use machine::model::{SecretArn, ServiceSeen};
use rotation_watchdog::ports::LogWanted;

use super::service_of;
use crate::contract::run::{Kept, Run, eventually, holds};
use crate::contract::stage::{Stage, Wanted};

pub(super) async fn all(run: &mut Run<'_>) {
    promises!(run, {
        "pages: more events than one, of two streams, in the order of time": events,
        "pages: more services than are described at once": described,
        "pages: more services than one": services,
        "pages: more tasks than one": tasks,
        "pages: more functions than one": functions,
        "pages: more secrets than one": secrets,
    });
}

async fn events(stage: &dyn Stage) -> Kept {
    const LINES: i64 = 1_200;
    let begin = stage.clock().now() - SignedDuration::from_mins(1);
    let begin = Timestamp::from_millisecond(begin.as_millisecond()).expect("in range");
    let line = |n: i64| (begin + SignedDuration::from_millis(10 * n), format!("line {n}"));
    let lines: Vec<(Timestamp, String)> = (0..LINES).map(line).collect();
    stage.log(&lines).await;
    let (logs, group) = (stage.ports().logs, stage.names().log_group);
    let read = async |since| {
        let wanted = LogWanted {
            group: group.clone(),
            function: "any".to_owned(),
            since,
        };
        let events = logs.events(&wanted).await?.1.events;
        Ok(Vec::from_iter(
            events.into_iter().map(|event| (event.at, event.message)),
        ))
    };
    eventually(
        stage,
        "all lines in their order",
        || read(begin),
        |found| *found == lines,
    )
    .await?;
    // What happened at `since` belongs to it.
    let (since, _) = lines[1_000];
    let tail = |found: &Vec<(Timestamp, String)>| *found == lines[1_000..];
    eventually(stage, "the lines since then", || read(since), tail).await?;
    Ok(())
}

async fn all_services(stage: &dyn Stage, prefix: &str, count: usize) -> Kept {
    let wanted: Vec<Wanted> = (0..count)
        .map(|n| Wanted::of(&format!("{prefix}-{n}"), 0))
        .collect();
    stage.add_services(&wanted).await;
    let names: BTreeSet<String> = wanted.into_iter().map(|service| service.name).collect();
    let (ecs, cluster) = (stage.ports().ecs, stage.names().cluster);
    let listed = async || {
        let (_, services) = ecs.services(&cluster).await?;
        let ours = services.into_iter().map(|service| service.name);
        Ok(ours.filter(|name| name.starts_with(prefix)).collect::<Vec<_>>())
    };
    let once = |found: &Vec<String>| found.len() == count && found.iter().all(|name| names.contains(name));
    eventually(stage, &format!("{count} services, each once"), listed, once).await?;
    Ok(())
}

async fn described(stage: &dyn Stage) -> Kept {
    all_services(stage, "few", 11).await
}

async fn services(stage: &dyn Stage) -> Kept {
    all_services(stage, "many", 101).await
}

async fn tasks(stage: &dyn Stage) -> Kept {
    stage.add_services(&[Wanted::of("wide", 101)]).await;
    let seen = service_of(stage, "wide").await?;
    let ids: BTreeSet<_> = seen.tasks.iter().map(|task| task.id.clone()).collect();
    let whole = |seen: &ServiceSeen| seen.tasks.len() == 101 && ids.len() == 101;
    holds(
        whole(&seen),
        "101 tasks, each once",
        (seen.tasks.len(), ids.len()),
    )
}

async fn functions(stage: &dyn Stage) -> Kept {
    let names: BTreeSet<String> = stage.add_functions(51).await.into_iter().collect();
    let lambda = stage.ports().lambda;
    let listed = async || {
        let (_, functions) = lambda.functions().await?;
        let found = functions.into_iter().map(|function| function.name);
        Ok(found.filter(|name| names.contains(name)).collect::<Vec<_>>())
    };
    let once = |found: &Vec<String>| found.len() == 51 && BTreeSet::from_iter(found.clone()) == names;
    eventually(stage, "51 functions, each once", listed, once).await?;
    Ok(())
}

async fn secrets(stage: &dyn Stage) -> Kept {
    let arns: BTreeSet<SecretArn> = stage.add_secrets(101).await.into_iter().collect();
    let secrets = stage.ports().secrets;
    let listed = async || {
        let (_, rows) = secrets.list().await?;
        let found = rows.into_iter().map(|row| row.arn);
        Ok(found.filter(|arn| arns.contains(arn)).collect::<Vec<_>>())
    };
    let once = |found: &Vec<SecretArn>| found.len() == 101 && BTreeSet::from_iter(found.clone()) == arns;
    eventually(stage, "101 secrets, each once", listed, once).await?;
    Ok(())
}
