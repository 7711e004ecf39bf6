//! What only a person can mend, and how.

use super::Severity;
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
        (ConsumerId::Service { cluster, name }, Why::Controller { name: "CODE_DEPLOY" }) => {
            format!("aws deploy create-deployment for {name} in {cluster} with its present task definition")
        }
        (ConsumerId::Service { cluster, name }, Why::Controller { .. }) => {
            format!(
                "aws ecs create-task-set --cluster {cluster} --service {name} with its present task definition, then make it primary"
            )
        }
        (_, Why::Downtime) => {
            "set allow_downtime in the secret's rule, or redeploy it at a quiet hour".to_owned()
        }
        (ConsumerId::Service { cluster, name }, Why::NoRoom { .. }) => {
            format!(
                "aws ecs update-service --cluster {cluster} --service {name} --force-new-deployment \
                 --deployment-configuration maximumPercent=200,minimumHealthyPercent=100"
            )
        }
        (ConsumerId::Service { cluster, name }, _) => {
            format!(
                "look at the service's events, then: aws ecs update-service --cluster {cluster} --service {name} --force-new-deployment"
            )
        }
        (ConsumerId::Function { .. }, Why::EnvironmentUnreadable { .. }) => {
            "grant kms:Decrypt on the function's key, or update its configuration by hand".to_owned()
        }
        (ConsumerId::Function { name }, Why::AliasPinned { alias, .. }) => {
            format!("aws lambda publish-version --function-name {name}, then point alias {alias} at it")
        }
        (ConsumerId::Function { .. }, Why::SnapStart | Why::Provisioned) => {
            "publish a new version and move the alias to it".to_owned()
        }
        (ConsumerId::Function { name }, _) => {
            format!("aws lambda get-function-configuration --function-name {name}, then update it by hand")
        }
        (ConsumerId::Declared { .. }, _) => "restart it by hand".to_owned(),
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
        let deploy = "aws deploy create-deployment for orders in prod";
        let task_set = "aws ecs create-task-set --cluster prod --service orders";
        assert_told(&orders, &denied, pages, "allow ecs:UpdateService on orders");
        assert_told(
            &orders,
            &Why::Pinned { to },
            waits,
            "change the reference to AWSCURRENT",
        );
        assert_told(&orders, &controller("CODE_DEPLOY"), waits, deploy);
        assert_told(&orders, &controller("EXTERNAL"), waits, task_set);
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
        let publish = "publish-version --function-name mailer, then point alias live at it";
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
