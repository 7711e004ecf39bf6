//! `[aws]`: which account and region, and how long to wait for it.

use jiff::SignedDuration;

use super::bounds::{Bounds, bounds};
use super::reader::Section;
use super::region::{Doubt, doubt};

const CALL: Bounds = bounds(
    100,
    5 * 60 * 1_000,
    "no call of AWS is answered sooner, and one that hangs longer holds others up",
);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aws {
    pub region: Option<String>,
    /// Instead of AWS's own endpoints, for all services.
    pub endpoint_url: Option<String>,
    pub profile: Option<String>,
    pub assume_role: Option<AssumeRole>,
    pub connect_timeout: SignedDuration,
    pub read_timeout: SignedDuration,
    /// One request.
    pub attempt_timeout: SignedDuration,
    /// One request with its repetitions.
    pub operation_timeout: SignedDuration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    pub role_arn: String,
    pub external_id: Option<String>,
    pub session_name: String,
}

pub(super) fn read(mut section: Section<'_>) -> Aws {
    let aws = Aws {
        region: section.text("region"),
        endpoint_url: section.text("endpoint_url"),
        profile: section.text("profile"),
        connect_timeout: section.duration_within("connect_timeout", SignedDuration::from_secs(2), &CALL),
        read_timeout: section.duration_within("read_timeout", SignedDuration::from_secs(5), &CALL),
        attempt_timeout: section.duration_within("attempt_timeout", SignedDuration::from_secs(5), &CALL),
        operation_timeout: section.duration_within("operation_timeout", SignedDuration::from_secs(15), &CALL),
        assume_role: assume_role(section.section("assume_role")),
    };
    if let Some(url) = &aws.endpoint_url
        && !(url.starts_with("http://") || url.starts_with("https://"))
    {
        section.problem(
            "endpoint_url",
            format!("{url:?} is no URL"),
            "begin with http:// or https://",
        );
    }
    check_region(&section, &aws);
    if aws.attempt_timeout > aws.operation_timeout {
        section.problem(
            "attempt_timeout",
            "is longer than aws.operation_timeout, which covers all attempts",
            "make it shorter",
        );
    }
    section.finish();
    aws
}

/// A stand-in for AWS may have any region.
fn check_region(section: &Section<'_>, aws: &Aws) {
    let Some(region) = &aws.region else { return };
    match doubt(region) {
        None => {}
        Some(Doubt::NoRegion(remedy)) if aws.endpoint_url.is_none() => {
            section.problem("region", format!("{region:?} is no region of AWS"), remedy);
        }
        Some(Doubt::NoRegion(remedy) | Doubt::Unknown(remedy)) => {
            section.warn("region", format!("no region {region:?} is known"), remedy);
        }
    }
}

fn assume_role(mut section: Section<'_>) -> Option<AssumeRole> {
    let role_arn = section.text("role_arn");
    let external_id = section.text("external_id");
    let session_name = section.text_or("session_name", "rotation-watchdog");
    if role_arn.is_none() && external_id.is_some() {
        section.problem_here(
            "has no role_arn, so no role is assumed",
            "give role_arn, or remove the section",
        );
    }
    if let Some(arn) = &role_arn
        && !is_role(arn)
    {
        section.problem(
            "role_arn",
            format!("{arn:?} is no role's ARN"),
            "as \"arn:aws:iam::123456789012:role/NAME\"",
        );
    }
    if !is_session(&session_name) {
        section.problem(
            "session_name",
            format!(
                "{session_name:?} is no name of a session: AWS allows 2 to 64 letters, digits and `_+=,.@-`"
            ),
            "as \"rotation-watchdog\"",
        );
    }
    section.finish();
    Some(AssumeRole {
        role_arn: role_arn?,
        external_id,
        session_name,
    })
}

/// AssumeRole: RoleSessionName.
fn is_session(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (2..=64).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// `arn:partition:iam::account:role/path/name`
fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(
        parts.as_slice(),
        ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && !account.is_empty()
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty())
    )
}
