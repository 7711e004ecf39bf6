//! Secrets and their versions, as they are and as reads that lag behind show them (aws-facts: Staging labels).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use machine::model::{Labels, SecretArn, VersionId};

use super::by_hand::Touch;
use super::database::{Taken, Trouble};
use super::invocation::{Invoked, Manner};
use super::labels::{Move, Mover};
use super::rds::{Resetting, is_of_rds};
use super::{Happening, PASSWORD_MARKER, RotationPlan, World};

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

/// A failed rotation's log is followed for so long at least.
const FOLLOWED: SignedDuration = SignedDuration::from_mins(5);

/// Where functions log that were given a group.
const SHARED_LOG: &str = "/shared/rotation";

/// A secret and its future.
#[derive(Clone, Debug)]
pub struct SecretPlan {
    pub arn: SecretArn,
    pub kind: Kind,
    pub rotations: Vec<RotationPlan>,
    /// What people and tools do to it.
    pub touches: Vec<(Timestamp, Touch)>,
    /// When its database does not answer as it should.
    pub troubles: Vec<Trouble>,
    /// How far ListSecrets is behind (aws-facts: Reading cheaply).
    pub list_lag: SignedDuration,
    /// How far every other read of it is behind: Secrets Manager is eventually consistent.
    pub read_lag: SignedDuration,
    /// Its rotation Lambda logs to a group that other functions log to as well.
    pub shares_log: bool,
    /// From the call that moves a label to the move, and from there to the call's answer, of everybody but the watchdog.
    pub label_takes: SignedDuration,
    /// Its rotation Lambda gives the password to a second account as well, after the first (`Account::Second`).
    pub two_accounts: bool,
}

impl SecretPlan {
    /// Nobody does anything to it, and every read is up to date.
    pub fn new(arn: SecretArn, kind: Kind, rotations: Vec<RotationPlan>) -> Self {
        Self {
            arn,
            kind,
            rotations,
            touches: Vec::new(),
            troubles: Vec::new(),
            list_lag: SignedDuration::ZERO,
            read_lag: SignedDuration::ZERO,
            shares_log: false,
            label_takes: SignedDuration::ZERO,
            two_accounts: false,
        }
    }

    /// Whether failures of its rotations may be counted once or twice: the service tries again with another version, or so
    /// late that nobody follows the log any more, or an error is logged long before its invocation ends.
    pub fn fails_unclearly(&self) -> bool {
        let mut manners = self.rotations.iter().filter_map(|plan| plan.manner.as_ref());
        manners.any(
            |Manner {
                 retries, sets_back, ..
             }| { retries.anew || retries.after > FOLLOWED || sets_back.is_some() },
        )
    }

    /// The same rotations, and nothing that disturbs them.
    pub fn calm(&mut self) {
        let rotations = std::mem::take(&mut self.rotations);
        let rotations = rotations.into_iter().map(RotationPlan::calm).collect();
        let two_accounts = self.two_accounts;
        *self = Self {
            two_accounts,
            ..Self::new(self.arn.clone(), self.kind, rotations)
        };
    }
}

/// What really happened to a version, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub started: Option<Timestamp>,
    pub created: Option<Timestamp>,
    /// Its testSecret logged in with nothing.
    pub weak_test: bool,
    /// When logins of the watchdog with it were answered.
    pub answered: Vec<Timestamp>,
    /// When setSecret had done its work, each time.
    pub set: Vec<Timestamp>,
    /// When the database took its password, each time.
    pub exposed: Vec<Timestamp>,
    /// When testSecret succeeded, each time.
    pub tested: Vec<Timestamp>,
    pub promoted: Vec<Timestamp>,
    /// How the rotation Lambda's invocations for it ended.
    pub invoked: Vec<Invoked>,
}

impl History {
    /// Whether it came to be AWSCURRENT once, from AWSPENDING as by finishSecret, and no testSecret logged in with it.
    pub(super) fn looks_tested(&self) -> bool {
        let is_by_hand = self.started.is_some() && self.tested.is_empty() && self.promoted.len() == 1;
        self.weak_test || is_by_hand
    }
}

/// What the API shows of a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub labels: Labels,
    /// The versions that have a value.
    pub valued: BTreeSet<VersionId>,
    pub tags: BTreeMap<String, String>,
    pub rotation_enabled: bool,
    pub last_changed: Timestamp,
    pub last_rotated: Option<Timestamp>,
    pub next_rotation: Option<Timestamp>,
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
    /// When the database took which password of a user, where it had another.
    pub(super) taken: Vec<Taken>,
    pub tags: BTreeMap<String, String>,
    pub rotation_enabled: bool,
    pub last_changed: Timestamp,
    pub last_rotated: Option<Timestamp>,
    pub next_rotation: Option<Timestamp>,
    /// From then on it is scheduled for deletion: no longer listed, and its value cannot be read.
    pub deleted: Option<Timestamp>,
    /// When the database began to refuse the version that consumers had been given.
    pub exposed: Vec<Timestamp>,
    /// When AWSCURRENT moved.
    pub promoted: Vec<Timestamp>,
    /// The same, with who moved it where.
    pub moves: Vec<Move>,
    /// When the watchdog's logins were refused, by user.
    pub refused: BTreeMap<String, Vec<Timestamp>>,
    pub troubles: Vec<Trouble>,
    pub list_lag: SignedDuration,
    pub read_lag: SignedDuration,
    pub(super) shares_log: bool,
    pub(super) label_takes: SignedDuration,
    pub two_accounts: bool,
    /// Its user's password goes through RDS, and each time it did.
    pub is_of_rds: bool,
    pub resets: Vec<Resetting>,
    /// It is made again one day: whoever uses it names it by what stays.
    pub is_recreated: bool,
    pub(super) rotations: Vec<RotationPlan>,
    /// The version that the service is rotating to.
    pub(super) rotating: Option<VersionId>,
    /// How often a rotation was begun.
    pub(super) runs: u32,
    /// What the API showed, and since when.
    past: Vec<(Timestamp, Shown)>,
    made: u32,
}

impl Secret {
    fn new(plan: &SecretPlan, now: Timestamp) -> Self {
        let month_ago = now - SignedDuration::from_hours(30 * 24);
        Self {
            arn: plan.arn.clone(),
            kind: plan.kind,
            history: BTreeMap::new(),
            labels: Labels::default(),
            values: BTreeMap::new(),
            accepted: BTreeMap::new(),
            taken: Vec::new(),
            tags: BTreeMap::new(),
            rotation_enabled: true,
            last_changed: month_ago,
            last_rotated: Some(month_ago),
            next_rotation: plan.rotations.first().map(|rotation| rotation.at),
            deleted: None,
            exposed: Vec::new(),
            promoted: Vec::new(),
            moves: Vec::new(),
            refused: BTreeMap::new(),
            troubles: plan.troubles.clone(),
            list_lag: plan.list_lag,
            read_lag: plan.read_lag,
            shares_log: plan.shares_log,
            label_takes: plan.label_takes,
            two_accounts: plan.two_accounts,
            is_of_rds: is_of_rds(plan.kind, &plan.rotations),
            resets: Vec::new(),
            is_recreated: plan
                .touches
                .iter()
                .any(|(_, touch)| matches!(touch, Touch::Recreate(_))),
            rotations: plan.rotations.clone(),
            rotating: None,
            runs: 0,
            past: Vec::new(),
            made: 0,
        }
    }

    /// The same secret made again: its value is that of the one before, and everything else begins anew.
    pub(super) fn again(&self, arn: SecretArn, now: Timestamp) -> (Self, VersionId) {
        let mut new = Self {
            arn,
            tags: BTreeMap::new(),
            rotation_enabled: true,
            last_changed: now,
            last_rotated: None,
            rotating: None,
            past: Vec::new(),
            ..self.clone()
        };
        let version = new.next_version();
        let value = self
            .labels
            .current
            .as_ref()
            .and_then(|current| self.values[current].clone());
        new.values.insert(version.clone(), value);
        new.history_of(&version).promoted.push(now);
        new.promoted.push(now);
        new.labels = Labels {
            current: Some(version.clone()),
            ..Labels::default()
        };
        new.remember(now);
        (new, version)
    }

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
        if self.shares_log {
            return SHARED_LOG.to_owned();
        }
        format!("/aws/lambda/{}", self.lambda_name())
    }

    /// What the API showed at a moment, or showed first.
    pub fn as_of(&self, moment: Timestamp) -> &Shown {
        let later = self.past.partition_point(|(since, _)| *since <= moment);
        &self.past[later.saturating_sub(1)].1
    }

    /// Remembers what the API shows from now on, where that changed.
    pub(super) fn remember(&mut self, now: Timestamp) {
        let valued = self.values.iter().filter(|(_, value)| value.is_some());
        let shown = Shown {
            labels: self.labels.clone(),
            valued: valued.map(|(version, _)| version.clone()).collect(),
            tags: self.tags.clone(),
            rotation_enabled: self.rotation_enabled,
            last_changed: self.last_changed,
            last_rotated: self.last_rotated,
            next_rotation: self.next_rotation,
        };
        if self.past.last().is_none_or(|(_, last)| *last != shown) {
            self.past.push((now, shown));
        }
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
        let current = self.labels.current.as_ref().and_then(|v| self.values[v].as_ref());
        let user = match (self.kind, current) {
            (Kind::AlternatingUsers { .. }, Some(current)) if current.user == "app" => "app_clone",
            _ => "app",
        };
        Value {
            user: user.to_owned(),
            password: format!("{PASSWORD_MARKER}-{version}"),
        }
    }

    /// AWSCURRENT moves; AWSPREVIOUS follows by itself to the version it left.
    pub(super) fn promote(&mut self, version: &VersionId, now: Timestamp, by: Mover) {
        let from = self.labels.current.replace(version.clone());
        self.moves.push(Move {
            at: now,
            from: from.clone(),
            to: version.clone(),
            by,
        });
        self.labels.previous = from;
        self.last_changed = now;
        self.promoted.push(now);
        self.history_of(version).promoted.push(now);
    }

    pub(super) fn history_of(&mut self, version: &VersionId) -> &mut History {
        self.history.entry(version.clone()).or_default()
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
        let mut secret = Secret::new(&plan, self.now);
        let first = secret.next_version();
        let value = secret.new_value(&first);
        let month_ago = secret.last_changed;
        for user in secret.users_of(&value) {
            secret.take_password(user, &value.password, month_ago);
        }
        secret.values.insert(first.clone(), Some(value));
        secret.history_of(&first).promoted.push(month_ago);
        secret.labels.current = Some(first);
        secret.remember(self.now);
        self.secrets.insert(plan.arn.clone(), secret);
        for rotation in plan.rotations {
            self.plan(rotation.at, Happening::RotationStarts(plan.arn.clone()));
        }
        for (at, touch) in plan.touches {
            let secret = plan.arn.clone();
            self.plan(at, Happening::SecretTouched { secret, touch });
        }
    }
}
