//! Secrets Manager: the fleet's sweep, one secret's labels, and which versions have a value.

use machine::model::{Evidence, SecretArn};

use super::Answer;
use crate::ports::Ports;

pub(super) async fn sweep(ports: &Ports) -> Answer {
    let (look, secrets) = ports.secrets.list().await?;
    Ok((look, Evidence::Sweep { secrets }))
}

pub(super) async fn labels(ports: &Ports, secret: SecretArn) -> Answer {
    let (look, seen) = ports.secrets.describe(&secret).await?;
    let evidence = match seen {
        Some(seen) => Evidence::Secret { secret, seen },
        None => Evidence::SecretGone { secret },
    };
    Ok((look, evidence))
}

pub(super) async fn versions(ports: &Ports, secret: SecretArn) -> Answer {
    let (look, valued) = ports.secrets.valued_versions(&secret).await?;
    Ok((look, Evidence::Versions { secret, valued }))
}
