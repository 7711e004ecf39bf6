//! What Secrets Manager tells about a secret. Never its value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::{SecretArn, VersionId};

/// The staging labels that matter, as one answer showed them (aws-facts: Staging labels).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pub current: Option<VersionId>,
    pub pending: Option<VersionId>,
    pub previous: Option<VersionId>,
}

impl Labels {
    /// Whether any label is on this version.
    pub fn carries(&self, version: &VersionId) -> bool {
        [&self.current, &self.pending, &self.previous]
            .into_iter()
            .flatten()
            .any(|labelled| labelled == version)
    }

    /// The version a rotation is working on: AWSPENDING, unless it merely lingers on the current version, or on the one
    /// before since a value was put by hand: a rotation makes a version of its own.
    pub fn in_progress(&self) -> Option<&VersionId> {
        let is_new = |pending: &&VersionId| {
            self.current.as_ref() != Some(pending) && self.previous.as_ref() != Some(pending)
        };
        self.pending.as_ref().filter(is_new)
    }
}

/// One row of ListSecrets; may lag behind by up to five minutes (aws-facts: Reading cheaply).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSummary {
    pub arn: SecretArn,
    pub name: String,
    pub labels: Labels,
    pub tags: BTreeMap<String, String>,
    pub rotation_enabled: bool,
    pub rotation_lambda: Option<String>,
    pub owning_service: Option<String>,
    pub next_rotation: Option<Timestamp>,
}

/// When Secrets Manager says that a secret was changed, as one answer showed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dates {
    /// LastChangedDate: modified in any way, a tag's edit included.
    pub changed: Option<Timestamp>,
    /// LastRotatedDate: written a little after a rotation's finishSecret.
    pub rotated: Option<Timestamp>,
}

/// One answer of DescribeSecret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSeen {
    pub name: String,
    pub labels: Labels,
    pub tags: BTreeMap<String, String>,
    pub rotation_enabled: bool,
    pub rotation_lambda: Option<String>,
    pub owning_service: Option<String>,
    pub schedule: Option<String>,
    pub next_rotation: Option<Timestamp>,
    pub last_rotated: Option<Timestamp>,
    /// Modified in any way, so the labels were as they are at least since then.
    pub last_changed: Option<Timestamp>,
    /// Scheduled for deletion.
    pub deleted: Option<Timestamp>,
    /// Regions that hold replicas; consumers there are unseen.
    pub replicas: Vec<String>,
    /// PrimaryRegion: where a replicated secret is rotated.
    pub primary_region: Option<String>,
    /// A partner's key that Secrets Manager rotates itself: `Type`, or the metadata for its rotation.
    pub external: bool,
    /// Versions that carry labels of people's own.
    pub labelled: BTreeSet<VersionId>,
}

impl SecretSeen {
    pub fn dates(&self) -> Dates {
        Dates {
            changed: self.last_changed,
            rotated: self.last_rotated,
        }
    }

    /// Where a replica is rotated: its values arrive here by themselves.
    pub fn primary_elsewhere(&self, secret: &SecretArn) -> Option<&str> {
        let primary = self.primary_region.as_deref()?;
        (secret.region()? != primary).then_some(primary)
    }

    /// Why its labels are not for us to move: somebody else rotates it.
    pub fn belongs_to_another(&self, secret: &SecretArn) -> Option<String> {
        if let Some(owner) = &self.owning_service {
            return Some(format!("{owner} rotates the secret by itself"));
        }
        if self.external {
            return Some("Secrets Manager rotates this partner's key by itself".to_owned());
        }
        let primary = self.primary_elsewhere(secret)?;
        Some(format!("the secret is a replica, and is rotated in {primary}"))
    }

    /// The operator's brake: the tag `rotation-watchdog` lowers the mode, never raises it.
    pub fn brake(&self) -> Option<Brake> {
        match self.tags.get("rotation-watchdog").map(String::as_str) {
            None => None,
            Some("hold") => Some(Brake::Hold),
            // An unknown word on a brake is a brake: the person meant to slow us down.
            Some(_) => Some(Brake::Observe),
        }
    }
}

/// What the tag on a secret asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brake {
    Observe,
    Hold,
}

/// What the watchdog may do for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Decide and show, write nothing; only what it switched off itself is put back.
    Observe,
    /// A person confirms each remediation.
    Approve,
    Act,
}

/// The four steps of a rotation Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    CreateSecret,
    SetSecret,
    TestSecret,
    FinishSecret,
}

impl Step {
    /// As AWS calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateSecret => "createSecret",
            Self::SetSecret => "setSecret",
            Self::TestSecret => "testSecret",
            Self::FinishSecret => "finishSecret",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a secret rotates (aws-facts: Staging labels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// One password, changed in place: a danger window.
    SingleUser,
    /// Two users in turn; a stale consumer lives until the next rotation.
    AlternatingUsers,
    /// One user that keeps its password before (MySQL: RETAIN CURRENT PASSWORD); a stale consumer lives until the next
    /// rotation.
    DualPasswords,
    /// By the owning service, without a Lambda.
    Managed,
    /// A partner's key, by Secrets Manager itself, without a Lambda.
    External,
    Unknown,
}

impl Strategy {
    /// The old password works on through the rotation: no danger window.
    pub fn keeps_the_old(self) -> bool {
        match self {
            Self::AlternatingUsers | Self::DualPasswords => true,
            Self::SingleUser | Self::Managed | Self::External | Self::Unknown => false,
        }
    }
}

/// What a login with one version of a secret answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginAnswer {
    Accepted,
    /// The password was accepted; what the server did next failed, as for a database that is not there.
    Admitted {
        but: String,
    },
    /// The database says that the password is wrong, and nothing else can explain it.
    Refused {
        code: String,
    },
    /// The password may be right, the account is locked, expired or restricted.
    Account {
        code: String,
    },
    Busy {
        code: String,
    },
    Unreachable {
        why: String,
    },
    /// The server answered with a code of which nobody knows what it says of the password.
    Unknown {
        code: String,
    },
    Tls {
        why: String,
    },
    /// The secret does not say where or how to log in; names the key that is missing, never a value.
    Unusable {
        why: String,
    },
}

impl LoginAnswer {
    /// The password is right, even where nothing else of the login is.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted | Self::Admitted { .. })
    }

    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether it says anything about the password.
    pub fn tells(&self) -> bool {
        match self {
            Self::Accepted | Self::Admitted { .. } | Self::Refused { .. } => true,
            Self::Account { .. }
            | Self::Busy { .. }
            | Self::Unreachable { .. }
            | Self::Unknown { .. }
            | Self::Tls { .. }
            | Self::Unusable { .. } => false,
        }
    }

    /// Whether a database may count it against the account, and lock it. What fails for TLS may have been denied without
    /// it, and nobody knows what an unknown code means. A proxy checks passwords itself: its denials are `Busy`.
    pub fn may_lock(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::Tls { .. } | Self::Unknown { .. } => true,
            Self::Accepted
            | Self::Admitted { .. }
            | Self::Account { .. }
            | Self::Busy { .. }
            | Self::Unreachable { .. }
            | Self::Unusable { .. } => false,
        }
    }
}

/// For people, with the database's own code.
impl fmt::Display for LoginAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Admitted { but } => write!(f, "accepted, but {but}"),
            Self::Refused { code } => write!(f, "refused ({code})"),
            Self::Account { code } => write!(f, "the account's state ({code})"),
            Self::Busy { code } => write!(f, "the database is busy ({code})"),
            Self::Unreachable { why } => write!(f, "unreachable: {why}"),
            Self::Unknown { code } => write!(f, "unknown: the server answered with error {code}"),
            Self::Tls { why } => write!(f, "TLS: {why}"),
            Self::Unusable { why } => write!(f, "unusable secret: {why}"),
        }
    }
}
