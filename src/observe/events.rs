//! Events of EventBridge: what each tells to look at (aws-facts: Events). Keys are compared without case, for CloudTrail
//! writes the same key in several ways.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use machine::model::{ConsumerId, Hint, HintAbout, HintKind, NamedSecret, RdsId, Step};
use serde_json::Value;

use super::arn;

/// Of the event that `check-events` waits for. A source that begins with `aws.` is AWS's own.
pub const TEST_SOURCE: &str = "rotation-watchdog.check";

/// What a message of the queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Hint(EventHint),
    /// The event that `check-events` waits for, with its id.
    Test {
        id: String,
    },
    /// An event of a kind that the rules send, about nothing that can be looked at: a task of no service.
    Nothing,
    /// An event that nobody asked for.
    Foreign,
    /// No event at all.
    Unreadable,
}

/// A hint, and whose event it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHint {
    pub hint: Hint,
    /// The account, where the event names one.
    pub account: Option<String>,
}

/// Reads a message's body. `serde_json` refuses what is nested deeper than 128.
pub fn read(body: &str) -> Told {
    let Ok(event) = serde_json::from_str::<Value>(body) else {
        return Told::Unreadable;
    };
    let (Some(source), Some(kind)) = (text(&event, "source"), text(&event, "detail-type")) else {
        return Told::Unreadable;
    };
    if source == TEST_SOURCE {
        let id = field(&event, "detail").and_then(|detail| text(detail, "id"));
        return id.map_or(Told::Unreadable, |id| Told::Test { id: id.to_owned() });
    }
    let Some((about, kind)) = Event(&event).hint(source, kind) else {
        return if is_asked_for(source, kind) {
            Told::Nothing
        } else {
            Told::Foreign
        };
    };
    let at = text(&event, "time").and_then(|time| time.parse::<Timestamp>().ok());
    Told::Hint(EventHint {
        hint: Hint { about, kind, at },
        account: text(&event, "account").map(str::to_owned),
    })
}

/// Whether the rules of `deploy/events` send events of this kind.
fn is_asked_for(source: &str, kind: &str) -> bool {
    let by_trail = kind.ends_with("via CloudTrail");
    match source {
        "aws.secretsmanager" => by_trail || kind == "Secret Label Updated",
        "aws.ecs" => by_trail || kind.ends_with("State Change"),
        "aws.lambda" => by_trail,
        "aws.rds" => by_trail || kind == "RDS DB Instance Event" || kind == "RDS DB Cluster Event",
        _ => false,
    }
}

/// The value of a key, whatever its case.
fn field<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let mut fields = object.as_object()?.iter();
    let found = fields.find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.map(|(_, value)| value)
}

fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    field(object, key)?.as_str()
}

struct Event<'a>(&'a Value);

impl Event<'_> {
    fn hint(&self, source: &str, kind: &str) -> Option<(HintAbout, HintKind)> {
        match (source, kind) {
            ("aws.events", "Scheduled Event") => Some((HintAbout::Delivery, HintKind::Heartbeat)),
            ("aws.secretsmanager", "Secret Label Updated") => {
                // A label of a team's own is merely something that changed.
                let label = self.detail().and_then(|detail| text(detail, "labelUpdated"));
                let is_current = label.is_none_or(|label| label == "AWSCURRENT");
                let kind = if is_current {
                    HintKind::LabelMoved
                } else {
                    HintKind::SecretCall
                };
                Some((self.secret()?, kind))
            }
            ("aws.secretsmanager", "AWS Service Event via CloudTrail") => {
                let kind = self.rotation(self.name()?)?;
                Some((self.secret()?, kind))
            }
            ("aws.secretsmanager", "AWS API Call via CloudTrail") => {
                let is_change = CHANGES.iter().any(|call| self.name() == Some(call));
                is_change.then_some((self.secret()?, HintKind::SecretCall))
            }
            ("aws.ecs", "AWS API Call via CloudTrail") if self.name() == Some("UpdateService") => {
                Some((self.updated_service()?, HintKind::ConsumerCall))
            }
            // `UpdateFunctionConfiguration20150331v2`
            ("aws.lambda", "AWS API Call via CloudTrail") => {
                let is_update = self.name()?.starts_with("UpdateFunctionConfiguration");
                is_update.then_some((self.updated_function()?, HintKind::ConsumerCall))
            }
            ("aws.ecs", "ECS Task State Change") => Some((self.service_of_task()?, HintKind::TaskState)),
            ("aws.ecs", "ECS Deployment State Change" | "ECS Hook State Change") => {
                let service = self.resource().and_then(service_of_arn)?;
                Some((HintAbout::Consumer(service), HintKind::DeploymentState))
            }
            ("aws.rds", "RDS DB Instance Event") => {
                Some((self.reset_of(RdsId::instance)?, HintKind::DatabaseEvent))
            }
            ("aws.rds", "RDS DB Cluster Event") => {
                Some((self.reset_of(RdsId::cluster)?, HintKind::DatabaseEvent))
            }
            ("aws.rds", "AWS API Call via CloudTrail") => {
                Some((self.modified_database()?, HintKind::DatabaseCall))
            }
            _ => None,
        }
    }

    fn detail(&self) -> Option<&Value> {
        field(self.0, "detail")
    }

    fn within(&self, part: &str, key: &str) -> Option<&str> {
        text(field(self.detail()?, part)?, key)
    }

    fn resource(&self) -> Option<&str> {
        field(self.0, "resources")?.as_array()?.first()?.as_str()
    }

    fn name(&self) -> Option<&str> {
        text(self.detail()?, "eventName")
    }

    fn rotation(&self, name: &str) -> Option<HintKind> {
        Some(match name {
            "RotationStarted" => HintKind::RotationStarted,
            "RotationSucceeded" => HintKind::RotationSucceeded,
            "RotationFailed" => HintKind::RotationFailed {
                step: self.failed_step(),
            },
            "RotationAbandoned" => HintKind::RotationAbandoned,
            name if name.starts_with("TestRotation") => HintKind::TestRotation,
            _ => return None,
        })
    }

    /// `… during setSecret step`
    fn failed_step(&self) -> Option<Step> {
        let detail = self.detail()?;
        let message =
            text(detail, "errorMessage").or_else(|| self.within("additionalEventData", "errorMessage"))?;
        let (_, behind) = message.rsplit_once("during ")?;
        let named = behind.split_whitespace().next()?;
        [
            Step::CreateSecret,
            Step::SetSecret,
            Step::TestSecret,
            Step::FinishSecret,
        ]
        .into_iter()
        .find(|step| step.name().eq_ignore_ascii_case(named))
    }

    /// Wherever its id may stand.
    fn secret(&self) -> Option<HintAbout> {
        let named = self
            .within("additionalEventData", "SecretId")
            .or_else(|| self.within("serviceEventDetails", "secretId"))
            .or_else(|| self.within("requestParameters", "secretId"))
            .or_else(|| self.within("responseElements", "arn"))
            .or_else(|| self.resource())?;
        let named = if named.starts_with("arn:") {
            NamedSecret::Arn(arn::bare(named).to_owned())
        } else {
            NamedSecret::Name(named.to_owned())
        };
        Some(HintAbout::Secret(named))
    }

    fn updated_service(&self) -> Option<HintAbout> {
        let service = self.within("requestParameters", "service")?;
        if let Some(service) = service_of_arn(service) {
            return Some(HintAbout::Consumer(service));
        }
        let cluster = self.within("requestParameters", "cluster").unwrap_or("default");
        Some(HintAbout::Consumer(ConsumerId::service(
            last_of(cluster),
            service,
        )))
    }

    /// A name, a partial ARN (`123456789012:function:mailer`) or a full one, with a version or an alias.
    fn updated_function(&self) -> Option<HintAbout> {
        let function = self.within("requestParameters", "functionName")?;
        let behind = function
            .split_once("function:")
            .map_or(function, |(_, name)| name);
        let name = behind.split(':').next()?;
        Some(HintAbout::Consumer(ConsumerId::function(name)))
    }

    /// RDS-EVENT-0016 and 0067: the master user's password was set, or could not be.
    fn reset_of(&self, id_of: fn(&str) -> RdsId) -> Option<HintAbout> {
        let detail = self.detail()?;
        let id = text(detail, "EventID")?;
        let is_reset = ["RDS-EVENT-0016", "RDS-EVENT-0067"].contains(&id);
        let identifier = text(detail, "SourceIdentifier").filter(|_| is_reset)?;
        Some(HintAbout::Database(id_of(identifier)))
    }

    fn modified_database(&self) -> Option<HintAbout> {
        Some(HintAbout::Database(match self.name()? {
            "ModifyDBInstance" => RdsId::instance(self.within("requestParameters", "dBInstanceIdentifier")?),
            "ModifyDBCluster" => RdsId::cluster(self.within("requestParameters", "dBClusterIdentifier")?),
            _ => return None,
        }))
    }

    fn service_of_task(&self) -> Option<HintAbout> {
        let detail = self.detail()?;
        let service = text(detail, "group")?.strip_prefix("service:")?;
        let cluster = last_of(text(detail, "clusterArn")?);
        Some(HintAbout::Consumer(ConsumerId::service(cluster, service)))
    }
}

/// Calls that change what a secret's labels or values are, or that begin or end a rotation.
const CHANGES: [&str; 5] = [
    "RotateSecret",
    "PutSecretValue",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "CancelRotateSecret",
];

/// `arn:aws:ecs:eu-west-1:123456789012:service/prod/orders`
fn service_of_arn(arn: &str) -> Option<ConsumerId> {
    let (_, path) = arn.split_once(":service/")?;
    let (cluster, service) = path.split_once('/')?;
    Some(ConsumerId::service(cluster, service))
}

/// `arn:aws:ecs:eu-west-1:123456789012:cluster/prod`
fn last_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
