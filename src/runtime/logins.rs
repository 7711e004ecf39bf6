//! Login tests that the lock-out budget puts off, for the log.

use machine::judge::Judgement;
use machine::model::SecretArn;

/// Tells when logins with a secret begin to wait, and when they do not any more.
pub(super) fn tell(secret: &SecretArn, before: Option<&Judgement>, after: &Judgement) {
    let known = before.and_then(|judgement| judgement.login_waits.as_ref());
    let secret = secret.name();
    match (known, &after.login_waits) {
        (None, Some(reason)) => {
            let until = reason.until().map(tracing::field::display);
            tracing::warn!(secret, until, "login test: {reason}");
        }
        (Some(_), None) => tracing::info!(secret, "login test: not put off any more"),
        (None, None) | (Some(_), Some(_)) => {}
    }
}
