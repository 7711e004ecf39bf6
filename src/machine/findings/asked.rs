//! What was asked, for whoever must find out why there is no answer.

use crate::model::{ConsumerId, LookFailure, LookKey, Scope};

/// The operation, where the failure itself does not name it.
pub(super) fn asked(key: &LookKey, failure: &LookFailure) -> String {
    match failure {
        LookFailure::Throttled | LookFailure::Timeout | LookFailure::Credentials { .. } => {
            format!(" ({})", operation_of(key))
        }
        LookFailure::Denied { .. }
        | LookFailure::Unreachable { .. }
        | LookFailure::NotFound { .. }
        | LookFailure::Unexpected { .. } => String::new(),
    }
}

/// The operation that a look begins with.
fn operation_of(key: &LookKey) -> &'static str {
    match key {
        LookKey::Sweep => "secretsmanager:ListSecrets",
        LookKey::Secret(_) => "secretsmanager:DescribeSecret",
        LookKey::Versions(_) => "secretsmanager:ListSecretVersionIds",
        LookKey::Log(_) => "logs:FilterLogEvents",
        LookKey::Login(..) => "secretsmanager:GetSecretValue, then the database",
        LookKey::Consumer(ConsumerId::Service { .. }) => "ecs:DescribeServices",
        LookKey::Consumer(ConsumerId::Function { .. }) => "lambda:GetFunction",
        LookKey::Consumer(ConsumerId::Declared { .. }) | LookKey::Discovery(Scope::Declared) => {
            "the configuration"
        }
        LookKey::Discovery(Scope::Clusters) => "ecs:ListClusters",
        LookKey::Discovery(Scope::Cluster(_)) => "ecs:ListServices",
        LookKey::Discovery(Scope::Tasks(_)) => "ecs:ListTasks",
        LookKey::Discovery(Scope::Functions) => "lambda:ListFunctions",
    }
}
