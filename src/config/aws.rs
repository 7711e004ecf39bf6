//! `[aws]`: which account and region, and how long to wait for it.

use jiff::SignedDuration;

use super::reader::Section;

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
        connect_timeout: section.duration("connect_timeout", SignedDuration::from_secs(2)),
        read_timeout: section.duration("read_timeout", SignedDuration::from_secs(5)),
        attempt_timeout: section.duration("attempt_timeout", SignedDuration::from_secs(5)),
        operation_timeout: section.duration("operation_timeout", SignedDuration::from_secs(15)),
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
        && !(arn.starts_with("arn:") && arn.contains(":role/"))
    {
        section.problem(
            "role_arn",
            format!("{arn:?} is no role's ARN"),
            "as \"arn:aws:iam::123456789012:role/NAME\"",
        );
    }
    section.finish();
    Some(AssumeRole {
        role_arn: role_arn?,
        external_id,
        session_name,
    })
}
