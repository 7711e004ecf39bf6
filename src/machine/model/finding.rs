//! Findings: what a person should know, and what of their lives is journalled.

mod kind;

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;

pub use self::kind::Kind;
use super::ids::digest;
use super::{SecretArn, Subject};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Somebody should look at it in working hours.
    Warning,
    /// Somebody must act now.
    Critical,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing a person should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub severity: Severity,
    pub kind: Kind,
    pub subject: Subject,
    pub secret: Option<SecretArn>,
    pub text: String,
    /// What to do about it. Commands stand in backticks and run as they are.
    pub remedy: String,
}

/// What makes a finding the same as an earlier one, whatever its severity and its words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingId {
    pub kind: Kind,
    pub subject: Subject,
    /// One consumer may be stale for several secrets.
    pub secret: Option<SecretArn>,
}

impl FindingId {
    /// A short name that does not change: twelve hexadecimal digits, made from all of the identity.
    pub fn short(&self) -> String {
        let secret = self.secret.as_ref().map_or("", SecretArn::as_str);
        digest(&[self.kind.name(), &self.subject.key(), secret])
    }
}

impl Finding {
    /// The gravest first.
    pub fn by_gravity(&self, other: &Self) -> Ordering {
        let gravest = other.severity.cmp(&self.severity);
        gravest.then_with(|| self.cmp(other))
    }

    pub fn id(&self) -> FindingId {
        FindingId {
            kind: self.kind,
            subject: self.subject.clone(),
            secret: self.secret.clone(),
        }
    }
}

/// What happened to a finding, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingFact {
    pub id: FindingId,
    pub at: Timestamp,
    pub news: FindingNews,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingNews {
    Opened(FindingWords),
    /// Its severity or its cause is another. A number that only counts on is no change.
    Changed(FindingWords),
    Ended,
}

/// What is said of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingWords {
    pub severity: Severity,
    pub text: String,
    pub remedy: String,
}

impl From<&Finding> for FindingWords {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity,
            text: finding.text.clone(),
            remedy: finding.remedy.clone(),
        }
    }
}
