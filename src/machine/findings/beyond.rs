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
