//! Secrets, their rotation Lambdas and the databases behind them (aws-facts: Staging labels, Strategies).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{Labels, SecretArn, Step, VersionId};

use super::{Happening, PASSWORD_MARKER, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    SingleUser {
        engine: &'static str,
    },
    AlternatingUsers {
        engine: &'static str,
    },
    /// By RDS itself: no Lambda, no log.
    Managed,
    /// No database to log in to.
    ApiKey,
}

impl Kind {
    pub fn engine(self) -> Option<&'static str> {
        match self {
            Self::SingleUser { engine } | Self::AlternatingUsers { engine } => Some(engine),
            Self::Managed | Self::ApiKey => None,
        }
    }
}

/// A user and a password; the only thing in the world that is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub user: String,
    pub password: String,
}

/// A secret and its future.
#[derive(Clone, Debug)]
pub struct SecretPlan {
    pub arn: SecretArn,
    pub kind: Kind,
    pub rotations: Vec<RotationPlan>,
    /// Values put by hand, without a rotation.
    pub manual_puts: Vec<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationPlan {
    pub at: Timestamp,
    /// How long createSecret, setSecret, testSecret and finishSecret take.
    pub steps: [SignedDuration; 4],
    /// A step that fails so many times before it succeeds; the service retries the whole rotation.
    pub fails: Option<(Step, u32)>,
    pub retry_after: SignedDuration,
    /// The service takes AWSPENDING away from the current version so long after success.
    pub clean_up: SignedDuration,
    /// From a log line to its first reader.
    pub log_delay: SignedDuration,
}

/// What really happened to a version, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub started: Option<Timestamp>,
    pub created: Option<Timestamp>,
    /// When the database first had its password.
    pub exposed: Option<Timestamp>,
    /// When testSecret succeeded, each time.
    pub tested: Vec<Timestamp>,
    pub promoted: Vec<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct Secret {
    pub arn: SecretArn,
    pub kind: Kind,
    pub history: BTreeMap<VersionId, History>,
    pub labels: Labels,
    pub values: BTreeMap<VersionId, Option<Value>>,
    /// What the database accepts: a password for each user.
    pub accepted: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub last_changed: Timestamp,
    pub last_rotated: Option<Timestamp>,
    pub next_rotation: Option<Timestamp>,
    /// From then on it is scheduled for deletion: no longer listed, and its value cannot be read.
    pub deleted: Option<Timestamp>,
    pub(super) rotations: Vec<RotationPlan>,
    made: u32,
    /// When the database began to refuse the version that consumers had been given.
    pub exposed: Vec<Timestamp>,
    /// When AWSCURRENT moved.
    pub promoted: Vec<Timestamp>,
}

impl Secret {
    pub fn deleted(&self, now: Timestamp) -> Option<Timestamp> {
        self.deleted.filter(|at| now >= *at)
    }

    pub fn name(&self) -> &str {
        self.arn.name()
    }

    pub fn lambda(&self) -> Option<String> {
        (self.kind != Kind::Managed).then(|| {
            format!(
                "arn:aws:lambda:eu-west-1:123456789012:function:{}",
                self.lambda_name()
            )
        })
    }

    pub fn lambda_name(&self) -> String {
        format!("rotate-{}", self.name().trim_matches('/').replace('/', "-"))
    }

    pub fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.lambda_name())
    }

    /// The version that carries a staging label.
    pub fn labelled(&self, stage: &str) -> Option<&VersionId> {
        let labels = &self.labels;
        match stage {
            "AWSCURRENT" => labels.current.as_ref(),
            "AWSPENDING" => labels.pending.as_ref(),
            "AWSPREVIOUS" => labels.previous.as_ref(),
            _ => None,
        }
    }

    /// Whether the database lets this version in.
    pub fn accepts(&self, version: &VersionId) -> bool {
        let Some(Some(value)) = self.values.get(version) else {
            return false;
        };
        self.accepted.get(&value.user) == Some(&value.password)
    }

    pub(super) fn next_version(&mut self) -> VersionId {
        self.made += 1;
        VersionId::new(format!(
            "{}-v{}",
            self.name().trim_matches('/').replace('/', "-"),
            self.made
        ))
    }

    pub(super) fn new_value(&self, version: &VersionId) -> Value {
        let user = match (
            self.kind,
            self.labels.current.as_ref().and_then(|v| self.values[v].clone()),
        ) {
            (Kind::AlternatingUsers { .. }, Some(current)) if current.user == "app" => "app_clone",
            _ => "app",
        };
        Value {
            user: user.to_owned(),
            password: format!("{PASSWORD_MARKER}-{version}"),
        }
    }

    /// AWSCURRENT moves; AWSPREVIOUS follows by itself to the version it left.
    pub(super) fn promote(&mut self, version: &VersionId, now: Timestamp) {
        self.labels.previous = self.labels.current.replace(version.clone());
        self.last_changed = now;
        self.promoted.push(now);
        self.history_of(version).promoted.push(now);
    }

    pub(super) fn history_of(&mut self, version: &VersionId) -> &mut History {
        self.history.entry(version.clone()).or_default()
    }

    /// Whether the database has the password of AWSPENDING, and AWSCURRENT has not followed.
    pub fn is_exposed(&self) -> bool {
        let pending = self
            .labels
            .in_progress()
            .and_then(|pending| self.history.get(pending));
        pending.is_some_and(|history| history.exposed.is_some())
    }

    /// Whether this version was promoted after that one.
    pub fn is_newer(&self, version: &VersionId, than: &VersionId) -> bool {
        let promoted = |version| {
            self.history
                .get(version)
                .and_then(|history| history.promoted.last())
        };
        promoted(version) > promoted(than)
    }
}

impl World {
    pub fn add_secret(&mut self, plan: SecretPlan) {
        let mut secret = Secret {
            arn: plan.arn.clone(),
            kind: plan.kind,
            history: BTreeMap::new(),
            labels: Labels::default(),
            values: BTreeMap::new(),
            accepted: BTreeMap::new(),
            tags: BTreeMap::new(),
            last_changed: self.now - SignedDuration::from_hours(30 * 24),
            last_rotated: Some(self.now - SignedDuration::from_hours(30 * 24)),
            next_rotation: plan.rotations.first().map(|rotation| rotation.at),
            deleted: None,
            rotations: plan.rotations.clone(),
            made: 0,
            exposed: Vec::new(),
            promoted: Vec::new(),
        };
        let first = secret.next_version();
        let value = secret.new_value(&first);
        secret.accepted.insert(value.user.clone(), value.password.clone());
        secret.values.insert(first.clone(), Some(value));
        secret.labels.current = Some(first);
        self.secrets.insert(plan.arn.clone(), secret);
        for rotation in plan.rotations {
            self.plan(rotation.at, Happening::RotationStarts(plan.arn.clone()));
        }
        for at in plan.manual_puts {
            self.plan(at, Happening::ManualPut(plan.arn.clone()));
        }
    }

    /// PutSecretValue without stages: AWSCURRENT moves at once, and the database knows nothing of it.
    pub(super) fn put_by_hand(&mut self, arn: &SecretArn) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        let version = secret.next_version();
        let value = secret.new_value(&version);
        secret.values.insert(version.clone(), Some(value));
        secret.promote(&version, now);
    }
}
