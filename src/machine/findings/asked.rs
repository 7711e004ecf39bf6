//! What was asked, for whoever must find out why there is no answer.

use crate::model::{ConsumerId, LookFailure, LookKey, RdsPart, Scope};

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
        LookKey::Consumer(ConsumerId::Proxy { .. }) | LookKey::Discovery(Scope::Proxies) => {
            "rds:DescribeDBProxies"
        }
        LookKey::Numbers(_) => "cloudwatch:GetMetricData",
        LookKey::Rds(RdsPart::Instances) => "rds:DescribeDBInstances",
        LookKey::Rds(RdsPart::Clusters) => "rds:DescribeDBClusters",
        LookKey::Rds(RdsPart::Events) => "rds:DescribeEvents",
        LookKey::Consumer(ConsumerId::Declared { .. }) | LookKey::Discovery(Scope::Declared) => {
            "the configuration"
        }
        LookKey::Discovery(Scope::Clusters) => "ecs:ListClusters",
        LookKey::Discovery(Scope::Cluster(_)) => "ecs:ListServices",
        LookKey::Discovery(Scope::Tasks(_)) => "ecs:ListTasks",
        LookKey::Discovery(Scope::Functions) => "lambda:ListFunctions",
        LookKey::Events => "sqs:ReceiveMessage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecretArn;

    #[test]
    fn f8_what_the_failure_does_not_name_is_named() {
        let db = || SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf");
        let table = [
            (LookKey::Sweep, "secretsmanager:ListSecrets"),
            (LookKey::Secret(db()), "secretsmanager:DescribeSecret"),
            (LookKey::Log(db()), "logs:FilterLogEvents"),
            (
                LookKey::Consumer(ConsumerId::service("prod", "orders")),
                "ecs:DescribeServices",
            ),
            (
                LookKey::Consumer(ConsumerId::function("mailer")),
                "lambda:GetFunction",
            ),
            (LookKey::Discovery(Scope::Functions), "lambda:ListFunctions"),
        ];
        for (key, operation) in table {
            for failure in [LookFailure::Timeout, LookFailure::Throttled] {
                assert_eq!(asked(&key, &failure), format!(" ({operation})"));
            }
            let why = "ecs:ListTasks: io error".to_owned();
            assert_eq!(asked(&key, &LookFailure::Unreachable { why }), "");
        }
    }
}
