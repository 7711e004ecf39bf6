//! Commands in remedies. Each stands in backticks and runs as it is: names are quoted where a shell needs it.

use std::borrow::Cow;

use crate::model::{ConsumerId, RdsId, SecretArn, VersionId};

/// The commands in a remedy, without their backticks. A backtick within single quotes is part of the command.
pub fn commands_in(remedy: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = remedy;
    while let Some((_, begun)) = rest.split_once('`') {
        let Some(end) = end_of_command(begun) else { break };
        found.push(&begun[..end]);
        rest = &begun[end + 1..];
    }
    found
}

/// As a shell reads it: nothing is special within single quotes, and a single quote is nothing within double ones.
fn end_of_command(begun: &str) -> Option<usize> {
    let (mut single, mut double, mut escaped) = (false, false, false);
    for (at, c) in begun.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\'' if !double => single = !single,
            _ if single => {}
            '\\' => escaped = true,
            '"' => double = !double,
            '`' => return Some(at),
            _ => {}
        }
    }
    None
}

/// What refreshes a consumer that we know how to refresh; words for one that is only named.
pub(super) fn refresh(consumer: &ConsumerId) -> String {
    match consumer {
        ConsumerId::Service { cluster, name } => redeploy(cluster, name),
        ConsumerId::Function { name } => format!("`{}`", update(name)),
        ConsumerId::Proxy { .. } => {
            "see its log in CloudWatch (/aws/rds/proxy/NAME): it reads the secret by itself".to_owned()
        }
        ConsumerId::Declared { .. } => "restart it by hand".to_owned(),
    }
}

pub(super) fn redeploy(cluster: &str, name: &str) -> String {
    format!("`{}`", forced_deployment(cluster, name))
}

/// For a service whose percents let no deployment begin.
pub(super) fn redeploy_with_room(cluster: &str, name: &str) -> String {
    let room = "--deployment-configuration maximumPercent=200,minimumHealthyPercent=100";
    format!("`{} {room}`", forced_deployment(cluster, name))
}

fn forced_deployment(cluster: &str, name: &str) -> String {
    format!(
        "aws ecs update-service --cluster {} --service {} --force-new-deployment",
        quoted(cluster),
        quoted(name)
    )
}

pub(super) fn events(cluster: &str, name: &str) -> String {
    format!(
        "`aws ecs describe-services --cluster {} --services {} --query 'services[0].events[:10].message'`",
        quoted(cluster),
        quoted(name)
    )
}

/// Where no deployment of ours is allowed. A minute between two: its waiter knows nothing of task sets.
pub(super) fn stop_each_task(cluster: &str, name: &str) -> String {
    let (cluster, name) = (quoted(cluster), quoted(name));
    format!(
        "`for task in $(aws ecs list-tasks --cluster {cluster} --service-name {name} --query 'taskArns[]' --output \
         text); do aws ecs stop-task --cluster {cluster} --task \"$task\"; sleep 60; done`"
    )
}

/// Any change of a function's configuration gives it new environments, and something to publish. A description is cut
/// at 256 characters; what it said stays.
fn update(name: &str) -> String {
    let name = quoted(name);
    format!(
        "aws lambda update-function-configuration --function-name {name} --description \"$(aws lambda \
         get-function-configuration --function-name {name} --query Description --output text | cut -c 1-220) refreshed \
         $(date -u +%FT%TZ)\""
    )
}

/// Without a change before it, nothing new would be published.
fn publish(name: &str) -> String {
    format!(
        "{} && aws lambda wait function-updated-v2 --function-name {}",
        update(name),
        quoted(name)
    )
}

pub(super) fn publish_version(name: &str) -> String {
    format!(
        "`{} && aws lambda publish-version --function-name {}`",
        publish(name),
        quoted(name)
    )
}

pub(super) fn publish_and_move(name: &str, alias: &str) -> String {
    format!(
        "`{} && aws lambda update-alias --function-name {name} --name {} --function-version \"$(aws lambda \
         publish-version --function-name {name} --query Version --output text)\"`",
        publish(name),
        quoted(alias),
        name = quoted(name),
    )
}

/// For a function on managed instances: callers without a qualifier get $LATEST.PUBLISHED.
pub(super) fn publish_latest(name: &str) -> String {
    format!(
        "`{} && aws lambda publish-version --function-name {} --publish-to LATEST_PUBLISHED`",
        publish(name),
        quoted(name)
    )
}

pub(super) fn durable_executions(name: &str) -> String {
    let name = quoted(name);
    format!("`aws lambda list-durable-executions-by-function --function-name {name} --statuses RUNNING`")
}

pub(super) fn follow_log(name: &str) -> String {
    format!(
        "`aws logs tail \"$(aws lambda get-function-configuration --function-name {} --query LoggingConfig.LogGroup \
         --output text)\" --follow`",
        quoted(name)
    )
}

/// Where no update is allowed. What was reserved is put back.
pub(super) fn cycle(name: &str) -> String {
    let name = quoted(name);
    format!(
        "`reserved=$(aws lambda get-function-concurrency --function-name {name} --query ReservedConcurrentExecutions \
         --output text) && aws lambda put-function-concurrency --function-name {name} --reserved-concurrent-executions 0 && \
         sleep 60 && if [ \"$reserved\" = None ]; then aws lambda delete-function-concurrency --function-name {name}; else \
         aws lambda put-function-concurrency --function-name {name} --reserved-concurrent-executions \"$reserved\"; fi`"
    )
}

/// Scale-in protection is taken away task by task.
pub(super) fn unprotect_each_task(cluster: &str, name: &str) -> String {
    let (cluster, name) = (quoted(cluster), quoted(name));
    format!(
        "`for task in $(aws ecs list-tasks --cluster {cluster} --service-name {name} --query 'taskArns[]' --output \
         text); do aws ecs update-task-protection --cluster {cluster} --tasks \"$task\" --no-protection-enabled; done`"
    )
}

/// What there is instead of a consumer that a rule names in vain.
pub(super) fn correct_id(consumer: &ConsumerId) -> String {
    let what = match consumer {
        ConsumerId::Service { cluster, .. } => format!("aws ecs list-services --cluster {}", quoted(cluster)),
        ConsumerId::Proxy { .. } => {
            "aws rds describe-db-proxies --query 'DBProxies[].DBProxyName'".to_owned()
        }
        ConsumerId::Function { .. } | ConsumerId::Declared { .. } => {
            "aws lambda list-functions --query 'Functions[].FunctionName'".to_owned()
        }
    };
    format!("correct its id in the rule's consumers, or remove it; what there is: `{what}`")
}

pub(super) fn describe_definition(definition: &str) -> String {
    let definition = quoted(definition);
    format!("`aws ecs describe-task-definition --task-definition {definition}`")
}

pub(super) fn aliases(name: &str) -> String {
    format!("`aws lambda list-aliases --function-name {}`", quoted(name))
}

pub(super) fn configuration(name: &str) -> String {
    format!(
        "`aws lambda get-function-configuration --function-name {}`",
        quoted(name)
    )
}

/// A log group of the function's own.
pub(super) fn log_group(name: &str) -> String {
    let group = format!("/aws/lambda/{name}-rotation");
    let (name, group) = (quoted(name), quoted(&group));
    format!(
        "`aws logs create-log-group --log-group-name {group} && aws lambda update-function-configuration --function-name \
         {name} --logging-config LogGroup={group}`"
    )
}

/// Exactly what it was: a number, or no reservation at all.
pub fn put_back(name: &str, former: Option<u32>) -> String {
    let name = quoted(name);
    match former {
        Some(former) => format!(
            "`aws lambda put-function-concurrency --function-name {name} --reserved-concurrent-executions {former}`"
        ),
        None => format!("`aws lambda delete-function-concurrency --function-name {name}`"),
    }
}

/// Takes a tag off a function.
pub fn untag(name: &str, key: &str) -> String {
    let name = quoted(name);
    format!(
        "`aws lambda untag-resource --tag-keys {} --resource \"$(aws lambda get-function-configuration \
         --function-name {name} --query FunctionArn --output text)\"`",
        quoted(key)
    )
}

/// Lets a rotation that nobody goes on with go.
pub(super) fn drop_pending(secret: &SecretArn, version: &VersionId) -> String {
    format!(
        "`aws secretsmanager update-secret-version-stage --secret-id {} --version-stage AWSPENDING \
         --remove-from-version-id {}`",
        quoted(secret.as_str()),
        quoted(version.as_str())
    )
}

/// What finishSecret does.
pub(super) fn move_current(secret: &SecretArn, to: &VersionId, from: Option<&VersionId>) -> String {
    let from = from.map_or_else(String::new, |from| {
        format!(" --remove-from-version-id {}", quoted(from.as_str()))
    });
    format!(
        "`aws secretsmanager update-secret-version-stage --secret-id {} --version-stage AWSCURRENT \
         --move-to-version-id {}{from}`",
        quoted(secret.as_str()),
        quoted(to.as_str())
    )
}

/// Stops its rotation, also a retry that is under way; the labels stay as they are.
pub(super) fn cancel(secret: &SecretArn) -> String {
    format!(
        "`aws secretsmanager cancel-rotate-secret --secret-id {}`",
        quoted(secret.as_str())
    )
}

pub(super) fn rotate(secret: &SecretArn) -> String {
    format!(
        "`aws secretsmanager rotate-secret --secret-id {}`",
        quoted(secret.as_str())
    )
}

/// What happened to a database within the last day.
pub(super) fn rds_events(id: &RdsId) -> String {
    let kind = match id {
        RdsId::Instance(_) => "db-instance",
        RdsId::Cluster(_) => "db-cluster",
    };
    let identifier = quoted(id.identifier());
    format!("`aws rds describe-events --source-type {kind} --source-identifier {identifier} --duration 1440`")
}

/// RDS rotates the master user's secret at once.
pub(super) fn rotate_master(id: &RdsId) -> String {
    let (command, option) = match id {
        RdsId::Instance(_) => ("modify-db-instance", "--db-instance-identifier"),
        RdsId::Cluster(_) => ("modify-db-cluster", "--db-cluster-identifier"),
    };
    let identifier = quoted(id.identifier());
    format!("`aws rds {command} {option} {identifier} --rotate-master-user-password --apply-immediately`")
}

pub(super) fn restore(secret: &SecretArn) -> String {
    format!(
        "`aws secretsmanager restore-secret --secret-id {}`",
        quoted(secret.as_str())
    )
}

/// In the region that is watched, or in the caller's own.
pub(super) fn list_secrets(region: Option<&str>) -> String {
    let region = region.map_or_else(String::new, |region| format!(" --region {}", quoted(region)));
    format!("`aws secretsmanager list-secrets{region} --query 'SecretList[].Name'`")
}

/// Takes the brake off.
pub(super) fn release(secret: &SecretArn) -> String {
    format!(
        "`aws secretsmanager untag-resource --secret-id {} --tag-keys rotation-watchdog`",
        quoted(secret.as_str())
    )
}

/// One word for a shell. `!` is quoted too: an interactive shell takes it for its history.
pub(super) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_needs_it() {
        let table = [
            ("orders", "orders"),
            ("/shop/db-1@x+y", "/shop/db-1@x+y"),
            ("rds!ledger", "'rds!ledger'"),
            ("a b'c", r"'a b'\''c'"),
            ("$(x)", "'$(x)'"),
            ("", "''"),
        ];
        for (word, expected) in table {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn commands_stand_in_backticks() {
        assert_eq!(commands_in("see `a b`; then `c '`' d`."), ["a b", "c '`' d"]);
        assert_eq!(commands_in(r"`'or'\''ders'` and `b`"), [r"'or'\''ders'", "b"]);
        assert_eq!(commands_in("`\"it's\"` and `b`"), ["\"it's\"", "b"]);
        assert_eq!(commands_in("none, and `no end"), Vec::<&str>::new());
    }
}
