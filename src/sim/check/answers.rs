//! Findings that answer for what is not over: they say what a person must do about just that.

use machine::findings::{Finding, Kind};
use machine::model::{ConsumerId, SecretArn};

/// About a rotation that does not end.
const OF_A_ROTATION: [Kind; 7] = [
    Kind::PendingLeft,
    Kind::RotationFailed,
    Kind::RotationStalled,
    Kind::RotationAbandoned,
    Kind::RotationOff,
    Kind::SecretGone,
    Kind::SecretDeleted,
];
/// About a promotion that nobody is restarted for.
const OF_A_PROMOTION: [Kind; 5] = [
    Kind::DeadValue,
    Kind::ManualPromotion,
    Kind::UntestedPromotion,
    Kind::RollForwardUndone,
    Kind::Rollback,
];
/// About a consumer that is not refreshed, or cannot be told from one that is.
const OF_A_CONSUMER: [Kind; 12] = [
    Kind::BeyondUs,
    Kind::Capped,
    Kind::FirstFailed,
    Kind::Held,
    Kind::HeldBack,
    Kind::InVain,
    Kind::MayBeStale,
    Kind::RestoreFailed,
    Kind::StaleSinceBefore,
    Kind::TasksUnseen,
    Kind::Unseen,
    Kind::WouldAct,
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
    findings.iter().any(|finding| {
        let is_of_a_secret = finding.secret.as_ref().is_some_and(|arn| secrets.contains(arn));
        let of_a_secret = || OF_A_PROMOTION.iter().chain(&OF_A_ROTATION);
        finding.subject.consumer() == Some(id) && OF_A_CONSUMER.contains(&finding.kind)
            || is_of_a_secret && of_a_secret().any(|kind| *kind == finding.kind)
    })
}
