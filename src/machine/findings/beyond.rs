//! What only a person can mend, and how.

use super::{Severity, commands};
use crate::consumers::Why;
use crate::model::{ConsumerId, NoEffect};

pub(super) fn severity_of(why: &Why) -> Severity {
    match why {
        Why::RolledBackTwice | Why::NotInTime { .. } | Why::UpdateFailed | Why::NoEffect { .. } => {
            Severity::Critical
        }
        _ => Severity::Warning,
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
        (ConsumerId::Service { cluster, name }, Why::Controller { name: controller }) => format!(
            "deploy its present task definition again by {controller} (docs/runbook.md has the steps), or stop its \
             tasks one after another, which ECS starts anew: {}",
            commands::stop_each_task(cluster, name)
        ),
        (ConsumerId::Service { cluster, name }, Why::Downtime) => format!(
            "set allow_downtime in the secret's rule, or redeploy it at a quiet hour: {}",
            commands::redeploy(cluster, name)
        ),
        (ConsumerId::Service { cluster, name }, Why::NoRoom { .. }) => {
            format!("give it room: {}", commands::redeploy_with_room(cluster, name))
        }
        (ConsumerId::Service { cluster, name }, _) => format!(
            "look at the service's events: {}; then: {}",
            commands::events(cluster, name),
            commands::redeploy(cluster, name)
        ),
        (ConsumerId::Function { .. }, Why::EnvironmentUnreadable { .. }) => format!(
            "grant kms:Decrypt on the function's key, or refresh it by hand: {}",
            commands::refresh(consumer)
        ),
        (ConsumerId::Function { name }, Why::AliasPinned { alias, .. }) => format!(
            "publish what $LATEST holds and move the alias to it (its code may be newer than the alias's): {}",
            commands::publish_and_move(name, alias)
        ),
        (ConsumerId::Function { name }, Why::SnapStart | Why::Provisioned) => format!(
            "publish a new version: {}; then move its alias to the version that this printed, of those that {} shows",
            commands::publish_version(name),
            commands::aliases(name)
        ),
        (ConsumerId::Function { name }, _) => format!(
            "look at its configuration: {}; then refresh it by hand: {}",
            commands::configuration(name),
            commands::refresh(consumer)
        ),
        (ConsumerId::Declared { .. }, _) => commands::refresh(consumer),
    }
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
        assert_told(&orders, &late, pages, "look at the service's events");
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
        assert_told(&mailer, &Why::UpdateFailed, pages, update);
        let report = ConsumerId::declared("report");
        assert_told(&report, &Why::OnlyDeclared, waits, "by hand");
    }
}
