//! A consumer's own state.

use machine::model::{ConsumerId, Evidence, Look, LookFailure};

use super::Answer;
use crate::ports::{PortError, Ports};

pub(super) async fn look(ports: &Ports, consumer: ConsumerId) -> Answer {
    match &consumer {
        ConsumerId::Service { cluster, name } => {
            let (look, seen) = ports.ecs.service(cluster, name).await?;
            Ok((look, Evidence::Service { consumer, seen }))
        }
        ConsumerId::Function { name } => {
            let (look, seen) = ports.lambda.function(name).await?;
            Ok((look, Evidence::Function { consumer, seen }))
        }
        ConsumerId::Proxy { name } | ConsumerId::Declared { name } => Err(PortError {
            operation: "look at",
            subject: name.to_string(),
            look: Look::at(jiff::Timestamp::UNIX_EPOCH),
            failure: LookFailure::NotFound {
                what: "a way to see a consumer that only a rule names".to_owned(),
            },
        }),
    }
}
