//! The guard of a promotion that only the database can answer: does it accept AWSPENDING's value, and refuse AWSCURRENT's?
//! The values live only inside this function.

use machine::model::{NoEffect, Outcome, SecretArn, Verdict, VersionId};

use super::LoginAs;
use crate::ports::{Comparison, Credentials, PortError, Ports};

/// `(current, pending)`: the versions that carry the labels, each read by its label.
pub(super) async fn ask(
    ports: &Ports,
    secret: &SecretArn,
    (current, pending): (&VersionId, &VersionId),
    login: &LoginAs,
) -> Result<Verdict, PortError> {
    let (_, old) = ports.secrets.value(secret, current, "AWSCURRENT").await?;
    let (_, new) = ports.secrets.value(secret, pending, "AWSPENDING").await?;
    let (Some(old), Some(new)) = (old, new) else {
        return Ok(Some(unfit("a version has no text value".to_owned())));
    };
    let (old, new) = (Credentials(old), Credentials(new));
    let compared = ports
        .login
        .compare(&login.target, login.by_rule_host, &old, &new)
        .await;
    Ok(verdict(&compared.1))
}

/// What the values or the server stand for does not change with time; what a login answers does.
fn verdict(comparison: &Comparison) -> Verdict {
    let objection = comparison.objection()?;
    Some(match comparison {
        Comparison::Hindered(_) => unfit(objection),
        Comparison::Tried { .. } if comparison.logins_agree() => unfit(objection),
        Comparison::Tried { .. } => Outcome::NoEffect(NoEffect::Conflict {
            expected: "AWSPENDING accepted and AWSCURRENT refused".to_owned(),
            found: objection,
        }),
    })
}

fn unfit(why: String) -> Outcome {
    Outcome::NoEffect(NoEffect::Unfit { why })
}
