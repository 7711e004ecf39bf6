//! A login with one version of a secret. The value lives only inside this function.

use machine::model::{Evidence, LoginAnswer, SecretArn, VersionId};

use super::Answer;
use crate::ports::{Credentials, LoginTarget, Ports};

pub(super) async fn test(
    ports: &Ports,
    secret: SecretArn,
    version: VersionId,
    stage: &str,
    target: &LoginTarget,
) -> Answer {
    let (read, value) = ports.secrets.value(&secret, &version, stage).await?;
    let (look, answer, database) = match value {
        Some(value) => ports.login.login(target, &Credentials(value)).await,
        None => (
            read,
            LoginAnswer::Unusable {
                why: "the version has no text value".to_owned(),
            },
            None,
        ),
    };
    Ok((
        look,
        Evidence::Login {
            secret,
            version,
            answer,
            database,
        },
    ))
}
