//! What went wrong with a call, sorted once: a read makes a failure of it, a write an outcome (design rule 2).

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use machine::model::{LookFailure, NoEffect, Outcome};

use super::address::Address;

pub(super) type SdkError<E> = result::SdkError<E, HttpResponse>;

/// The longest text of another's that is passed on.
const LONGEST: usize = 500;

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "KMSAccessDeniedException",
    "NotAuthorized",
    "UnauthorizedOperation",
];
const CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
const TIMED_OUT: &[&str] = &["RequestTimeout", "RequestTimeoutException"];
const NOT_FOUND: &[&str] = &[
    "AWS.SimpleQueueService.NonExistentQueue",
    "ClusterNotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "ServiceNotFoundException",
];
const CONFLICT: &[&str] = &[
    "ConflictException",
    "PreconditionFailedException",
    "ResourceConflictException",
    "ResourceInUseException",
    "ServiceNotActiveException",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The action and resource are as AWS's message names them; absent where it does not.
    Denied {
        iam_action: Option<String>,
        resource: Option<String>,
    },
    Throttled,
    /// No answer in time to a request that may have arrived.
    Timeout,
    Credentials {
        why: String,
    },
    /// No connection was made, so no request went out.
    NotSent {
        why: String,
    },
    /// The connection ended before the answer.
    Cut {
        why: String,
    },
    /// A 5xx.
    Server {
        why: String,
    },
    NotFound {
        what: String,
    },
    Conflict {
        found: String,
    },
    /// AWS refuses the request as such.
    Rejected {
        why: String,
    },
    /// An answer that makes no sense.
    Unexpected {
        why: String,
    },
}

/// Whether AWS's own words may be passed on. They can repeat what was sent, values of an environment among it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Pass,
    Drop,
}

impl Trouble {
    pub(super) fn of<E>(error: &SdkError<E>, words: Words) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let metadata = service.err().meta();
                let message = metadata.message().filter(|_| words == Words::Pass);
                Self::answered(service.raw(), metadata.code(), message)
            }
            SdkError::ResponseError(response) => Self::answered(response.raw(), None, None),
            SdkError::TimeoutError(_) => Self::Timeout,
            SdkError::DispatchFailure(failure) => failure
                .as_connector_error()
                .map_or_else(|| Self::before_sending(error), Self::unconnected),
            error => Self::before_sending(error),
        }
    }

    /// By the code first: some services answer with 5xx to what is certainly refused.
    pub(super) fn answered(response: &HttpResponse, code: Option<&str>, message: Option<&str>) -> Self {
        let status = response.status().as_u16();
        let Some(code) = code else {
            return Self::without_code(response);
        };
        let why = || match message {
            Some(message) => short(&format!("{code}: {message}")),
            None => short(code),
        };
        match code {
            code if DENIED.contains(&code) => Self::denied(message.unwrap_or_default()),
            code if CREDENTIALS.contains(&code) => Self::Credentials { why: why() },
            code if THROTTLED.contains(&code) || status == 429 => Self::Throttled,
            code if TIMED_OUT.contains(&code) || status == 408 => Self::Timeout,
            _ if status >= 500 => Self::Server {
                why: format!("HTTP {status}{}, {}", sender(response), why()),
            },
            code if NOT_FOUND.contains(&code) => Self::NotFound { what: why() },
            code if CONFLICT.contains(&code) => Self::Conflict { found: why() },
            _ => Self::Rejected { why: why() },
        }
    }

    /// A proxy's page, or an answer cut short: the body is never quoted.
    fn without_code(response: &HttpResponse) -> Self {
        let status = response.status().as_u16();
        let kind = response
            .headers()
            .get("content-type")
            .unwrap_or("no content type");
        let why = format!(
            "HTTP {status} ({}){} that is no answer of the service",
            short(kind),
            sender(response)
        );
        match status {
            429 => Self::Throttled,
            500.. => Self::Server { why },
            _ => Self::Unexpected { why },
        }
    }

    fn denied(message: &str) -> Self {
        let by_kms = message.contains("KMS").then(|| "kms:Decrypt".to_owned());
        Self::Denied {
            iam_action: word_after(message, "to perform: ").or(by_kms),
            resource: word_after(message, "on resource: "),
        }
    }

    pub(super) fn unconnected(error: &ConnectorError) -> Self {
        if let Some(source) = find::<CredentialsError>(error) {
            return Self::Credentials { why: chain(source) };
        }
        let why = chain(error);
        if never_connected(error) {
            Self::NotSent { why }
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Cut { why }
        }
    }

    fn before_sending(error: &(dyn Error + 'static)) -> Self {
        match find::<CredentialsError>(error) {
            Some(source) => Self::Credentials { why: chain(source) },
            None => Self::NotSent { why: chain(error) },
        }
    }

    /// A bounded word for the metric.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::Credentials { .. } => "credentials",
            Self::NotSent { .. } => "not-sent",
            Self::Cut { .. } => "cut",
            Self::Server { .. } => "server-error",
            Self::NotFound { .. } => "not-found",
            Self::Conflict { .. } => "conflict",
            Self::Rejected { .. } => "rejected",
            Self::Unexpected { .. } => "unexpected",
        }
    }

    /// What it means for a read of `subject` that needs the right to `operation`.
    pub(super) fn failure(self, operation: &str, subject: &str) -> LookFailure {
        match self {
            Self::Denied { iam_action, resource } => LookFailure::Denied {
                iam_action: iam_action.unwrap_or_else(|| operation.to_owned()),
                resource: resource.unwrap_or_else(|| subject.to_owned()),
            },
            Self::Throttled => LookFailure::Throttled,
            Self::Timeout => LookFailure::Timeout,
            Self::Credentials { why } => LookFailure::Credentials { why },
            Self::NotSent { why } | Self::Cut { why } | Self::Server { why } => LookFailure::Unreachable {
                why: format!("{operation}: {why}"),
            },
            Self::NotFound { what } => LookFailure::NotFound { what },
            Self::Conflict { found: why } | Self::Rejected { why } | Self::Unexpected { why } => {
                LookFailure::Unexpected {
                    why: format!("{operation}: {why}"),
                }
            }
        }
    }

    /// What it means for a write of `operation` to `subject` that left the machine: may it be sent again?
    pub(super) fn outcome(self, operation: &str, subject: &str) -> Outcome {
        let no_effect = match self {
            Self::Timeout => return in_doubt("no answer in time".to_owned()),
            Self::Cut { why } | Self::Server { why } | Self::Unexpected { why } => return in_doubt(why),
            Self::Denied { iam_action, resource } => NoEffect::Denied {
                iam_action: iam_action.unwrap_or_else(|| operation.to_owned()),
                resource: resource.unwrap_or_else(|| subject.to_owned()),
            },
            Self::Throttled => NoEffect::Throttled,
            Self::Credentials { why } => NoEffect::Rejected { why },
            Self::NotSent { why } => NoEffect::NotSent { why },
            Self::NotFound { what: why } | Self::Rejected { why } => NoEffect::Rejected { why },
            Self::Conflict { found } => NoEffect::Conflict {
                expected: format!("{subject} ready for {operation}"),
                found,
            },
        };
        Outcome::NoEffect(no_effect)
    }
}

fn in_doubt(why: String) -> Outcome {
    Outcome::InDoubt { why }
}

/// Refused, unresolved, or timed out while connecting: the request itself never left.
fn never_connected(error: &ConnectorError) -> bool {
    let connecting = find::<hyper_util::client::legacy::Error>(error).is_some_and(|error| error.is_connect());
    let refused = find::<std::io::Error>(error)
        .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
    connecting || refused
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    sources(error).find_map(|error| error.downcast_ref())
}

/// The error itself, then what caused it.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error and its sources in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in sources(error) {
        let text = error.to_string();
        if texts.last().is_none_or(|last| !last.ends_with(&text)) {
            texts.push(text);
        }
    }
    short(&texts.join(": "))
}

/// Where an answer came from, as far as that is known.
fn sender(response: &HttpResponse) -> String {
    Address::asked(response).map_or_else(String::new, |address| format!(" from {address}"))
}

/// On one line, and within the bound: whole words, and a sign where there were more.
fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((bound, _)) = text.char_indices().nth(LONGEST) else {
        return text;
    };
    let kept = text[..bound].rfind(' ').unwrap_or(bound);
    format!("{} […]", &text[..kept])
}

fn word_after(message: &str, lead: &str) -> Option<String> {
    let (_, rest) = message.split_once(lead)?;
    let word = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    (!word.is_empty()).then(|| short(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f8_a_long_text_ends_with_a_whole_word() {
        let words = |n: usize| vec!["credentials"; n].join(" ");
        assert_eq!(short(&words(10)), words(10));
        assert_eq!(short(&words(100)), format!("{} […]", words(41)));
        let endless = "x".repeat(600);
        assert_eq!(short(&endless), format!("{} […]", "x".repeat(500)));
    }
}
