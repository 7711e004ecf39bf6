//! What only a person can mend, and how.

use super::{Severity, commands};
use crate::consumers::Why;
use crate::model::{ConsumerId, NoEffect};

/// What was tried and did not help is critical; how a consumer is made was known before.
pub(super) fn severity_of(why: &Why) -> Severity {
    if why.topic().meaning().is_urgent {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

pub(super) fn beyond_remedy(consumer: &ConsumerId, why: &Why) -> String {
    match (consumer, why) {
        (
            _,
            Why::NoEffect {
                why: NoEffect::Denied { iam_action, resource },
                ..
            },
        ) => format!("allow {iam_action} on {resource}; the next rotation tries again"),
        (_, Why::Pinned { .. }) => "change the reference to AWSCURRENT and deploy".to_owned(),
        (_, Why::NeverFound) => commands::correct_id(consumer),
        (ConsumerId::Service { cluster, name }, _) => of_service(cluster, name, why),
        (ConsumerId::Function { name }, _) => of_function(consumer, name, why),
        (ConsumerId::Proxy { .. } | ConsumerId::Declared { .. }, _) => commands::refresh(consumer),
    }
}

/// Before there is anything to refresh. What is set is set once, and not after each rotation.
pub(super) fn remedy_beforehand(consumer: &ConsumerId, why: &Why) -> String {
    match (consumer, why) {
        (ConsumerId::Service { cluster, name }, Why::Downtime) => format!(
            "set allow_downtime in the secret's rule, once; or redeploy it at a quiet hour after each rotation: {}",
            commands::redeploy(cluster, name)
        ),
        (ConsumerId::Service { cluster, name }, Why::NoRoom { .. }) => format!(
            "give it room, once, and the next rotation redeploys it: {}",
            commands::redeploy_with_room(cluster, name)
        ),
        (ConsumerId::Function { .. }, Why::EnvironmentUnreadable { .. }) => format!(
            "grant kms:Decrypt on the function's key, once; or refresh it by hand after each rotation: {}",
            commands::refresh(consumer)
        ),
        (ConsumerId::Function { name }, Why::RuntimeBlocked) => format!(
            "set lambda_method = \"concurrency-cycle\" in the secret's rule, once, which needs no update, and move the \
             function to a runtime that Lambda supports; or switch it off and on again after each rotation: {}",
            commands::cycle(name)
        ),
        _ => format!(
            "mend the cause, or do this after each rotation: {}",
            beyond_remedy(consumer, why)
        ),
    }
}

fn of_service(cluster: &str, name: &str, why: &Why) -> String {
    if let Why::Controller { name: controller } = why {
        return format!(
            "deploy its present task definition again by {controller} (docs/runbook.md has the steps), or stop its tasks \
             one after another, which ECS starts anew: {}",
            commands::stop_each_task(cluster, name)
        );
    }
    if *why == Why::Downtime {
        return format!(
            "set allow_downtime in the secret's rule, or redeploy it at a quiet hour: {}",
            commands::redeploy(cluster, name)
        );
    }
    if let Why::NoRoom { .. } = why {
        return format!("give it room: {}", commands::redeploy_with_room(cluster, name));
    }
    if let Why::Protected { .. } = why {
        return format!(
            "when they may end, take their protection away: {}",
            commands::unprotect_each_task(cluster, name)
        );
    }
    format!(
        "look at the service's events: {}; then: {}",
        commands::events(cluster, name),
        commands::redeploy(cluster, name)
    )
}

fn of_function(consumer: &ConsumerId, name: &str, why: &Why) -> String {
    known_of_function(consumer, name, why).unwrap_or_else(|| {
        format!(
            "look at its configuration: {}; then refresh it by hand: {}",
            commands::configuration(name),
            commands::refresh(consumer)
        )
    })
}

/// What helps where the reason says how the function is made.
fn known_of_function(consumer: &ConsumerId, name: &str, why: &Why) -> Option<String> {
    if let Why::EnvironmentUnreadable { .. } = why {
        return Some(format!(
            "grant kms:Decrypt on the function's key, or refresh it by hand: {}",
            commands::refresh(consumer)
        ));
    }
    if let Why::AliasPinned { alias, .. } = why {
        return Some(format!(
            "publish what $LATEST holds and move the alias to it (its code may be newer than the alias's): {}",
            commands::publish_and_move(name, alias)
        ));
    }
    let made: [(&[Why], String); 5] = [
        (
            &[Why::SnapStart, Why::Provisioned],
            format!(
                "publish a new version: {}; then move its alias to the version that this printed, of those that {} shows",
                commands::publish_version(name),
                commands::aliases(name)
            ),
        ),
        (
            &[Why::ManagedInstances],
            format!(
                "publish what $LATEST holds to $LATEST.PUBLISHED, which its callers get: {}",
                commands::publish_latest(name)
            ),
        ),
        (
            &[Why::Durable],
            format!(
                "see which executions began before, and begin those anew that fail: {}",
                commands::durable_executions(name)
            ),
        ),
        (
            &[Why::Tenants],
            format!(
                "watch its log for refused logins, tenant by tenant; they end with the tenant's environments: {}",
                commands::follow_log(name)
            ),
        ),
        (
            &[Why::RuntimeBlocked],
            format!(
                "set lambda_method = \"concurrency-cycle\" in the secret's rule, which needs no update, and move the \
                 function to a runtime that Lambda supports; by hand, switch it off and on again with what it has now: {}",
                commands::cycle(name)
            ),
        ),
    ];
    let found = made.into_iter().find(|(reasons, _)| reasons.contains(why));
    found.map(|(_, remedy)| remedy)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn assert_told(consumer: &ConsumerId, why: &Why, severity: Severity, remedy: &str) {
        assert_eq!(severity_of(why), severity, "{why}");
        let told = beyond_remedy(consumer, why);
        assert!(told.contains(remedy), "{why}: {told}");
    }

    #[test]
    fn what_helps_a_service() {
        let orders = ConsumerId::service("prod", "orders");
        let (pages, waits) = (Severity::Critical, Severity::Warning);
        let why = NoEffect::Denied {
            iam_action: "ecs:UpdateService".to_owned(),
            resource: "orders".to_owned(),
        };
        let denied = Why::NoEffect { why, times: 6 };
        let to = "AWSPREVIOUS".to_owned();
        let (minimum, maximum) = (100, 150);
        let late = Why::NotInTime {
            deadline: Timestamp::UNIX_EPOCH,
        };
        let controller = |name| Why::Controller { name };
        let stop = "`for task in $(aws ecs list-tasks --cluster prod --service-name orders ";
        assert_told(&orders, &denied, pages, "allow ecs:UpdateService on orders");
        assert_told(
            &orders,
            &Why::Pinned { to },
            waits,
            "change the reference to AWSCURRENT",
        );
        assert_told(&orders, &controller("CODE_DEPLOY"), waits, stop);
        assert_told(&orders, &controller("EXTERNAL"), waits, stop);
        assert_told(&orders, &Why::Downtime, waits, "allow_downtime");
        assert_told(
            &orders,
            &Why::NoRoom { minimum, maximum },
            waits,
            "minimumHealthyPercent=100",
        );
        assert_told(
            &orders,
            &Why::RolledBackTwice,
            pages,
            "--service orders --force-new-deployment",
        );
        let protected = Why::Protected {
            tasks: 1,
            until: None,
        };
        assert_told(&orders, &protected, pages, "--no-protection-enabled");
        assert_told(
            &orders,
            &Why::NeverFound,
            waits,
            "aws ecs list-services --cluster prod",
        );
        assert_told(&orders, &late, pages, "look at the service's events");
    }

    #[test]
    fn f8_what_is_set_is_set_once() {
        let (orders, mailer) = (
            ConsumerId::service("prod", "orders"),
            ConsumerId::function("mailer"),
        );
        let (minimum, maximum) = (100, 150);
        let unreadable = Why::EnvironmentUnreadable {
            why: "kms".to_owned(),
        };
        for (consumer, why, expected) in [
            (
                &orders,
                Why::Downtime,
                "set allow_downtime in the secret's rule, once; or redeploy",
            ),
            (&orders, Why::NoRoom { minimum, maximum }, "give it room, once"),
            (&mailer, unreadable, "key, once; or refresh it by hand after each"),
            (
                &mailer,
                Why::RuntimeBlocked,
                "in the secret's rule, once, which needs no update",
            ),
            (
                &mailer,
                Why::Provisioned,
                "mend the cause, or do this after each rotation: publish",
            ),
        ] {
            let told = remedy_beforehand(consumer, &why);
            assert!(told.contains(expected), "{why}: {told}");
        }
    }

    #[test]
    fn what_helps_a_function_or_who_is_only_named() {
        let mailer = ConsumerId::function("mailer");
        let (pages, waits) = (Severity::Critical, Severity::Warning);
        let unreadable = Why::EnvironmentUnreadable {
            why: "kms".to_owned(),
        };
        let (alias, version) = ("live".to_owned(), "3".to_owned());
        let alias = Why::AliasPinned { alias, version };
        let publish = "update-alias --function-name mailer --name live --function-version";
        let update = "get-function-configuration --function-name mailer";
        assert_told(&mailer, &unreadable, waits, "kms:Decrypt");
        assert_told(&mailer, &alias, waits, publish);
        assert_told(&mailer, &Why::SnapStart, waits, "publish a new version");
        assert_told(&mailer, &Why::Provisioned, waits, "publish a new version");
        assert_told(
            &mailer,
            &Why::ManagedInstances,
            waits,
            "--publish-to LATEST_PUBLISHED",
        );
        assert_told(
            &mailer,
            &Why::Durable,
            waits,
            "list-durable-executions-by-function",
        );
        assert_told(&mailer, &Why::Tenants, waits, "aws logs tail");
        assert_told(&mailer, &Why::RuntimeBlocked, waits, "concurrency-cycle");
        assert_told(&mailer, &Why::NeverFound, waits, "aws lambda list-functions");
        assert_told(&mailer, &Why::UpdateFailed, pages, update);
        let report = ConsumerId::declared("report");
        assert_told(&report, &Why::OnlyDeclared, waits, "by hand");
    }
}
