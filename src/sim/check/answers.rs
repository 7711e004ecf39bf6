//! Findings that answer for what is not over: they say what a person must do about just that.

use machine::findings::Finding;
use machine::model::{ConsumerId, SecretArn};

/// About a rotation that does not end.
const OF_A_ROTATION: [&str; 6] = [
    "rotation-failed",
    "rotation-stalled",
    "rotation-abandoned",
    "rotation-off",
    "secret-gone",
    "secret-deleted",
];
/// About a promotion that nobody is restarted for.
const OF_A_PROMOTION: [&str; 4] = ["dead-value", "manual-promotion", "untested-promotion", "rollback"];
/// About a consumer that is not refreshed, or cannot be told from one that is.
const OF_A_CONSUMER: [&str; 12] = [
    "beyond-us",
    "capped",
    "first-failed",
    "held",
    "held-back",
    "in-vain",
    "may-be-stale",
    "restore-failed",
    "stale-since-before",
    "tasks-unseen",
    "unseen",
    "would-act",
];

/// Why a rotation of this secret is not over.
pub(super) fn for_a_rotation(findings: &[Finding], secret: &SecretArn) -> bool {
    findings
        .iter()
        .any(|finding| finding.secret.as_ref() == Some(secret) && OF_A_ROTATION.contains(&finding.kind))
}

/// Why a consumer does not hold what is current of these secrets, or why nobody knows: something about itself, about
/// what was promoted, or about a rotation that holds its refresh back.
pub(super) fn for_a_consumer(findings: &[Finding], id: &ConsumerId, secrets: &[SecretArn]) -> bool {
    let subject = id.to_string();
    findings.iter().any(|finding| {
        let is_of_a_secret = finding.secret.as_ref().is_some_and(|arn| secrets.contains(arn));
        let of_a_secret = || OF_A_PROMOTION.iter().chain(&OF_A_ROTATION);
        finding.subject == subject && OF_A_CONSUMER.contains(&finding.kind)
            || is_of_a_secret && of_a_secret().any(|kind| *kind == finding.kind)
    })
}
