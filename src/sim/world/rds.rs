//! RDS: what it tells of the master users whose passwords go through it (aws-facts: RDS). That is every secret that RDS
//! itself rotates, and each whose rotation Lambda calls ModifyDBInstance: its password comes true later.

use jiff::{SignedDuration, Timestamp};
use machine::model::{ManagedStatus, SecretArn, VersionId};

use super::{Kind, RotationPlan, Secret, World};

/// From a reset to its event.
const EVENT_TAKES: SignedDuration = SignedDuration::from_secs(2);

/// A password on its way into a database, from when RDS was asked until it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resetting {
    from: Timestamp,
    to: Option<Timestamp>,
}

/// How the master user's password stood at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RdsShown {
    pub resetting: bool,
    /// Of a secret that RDS keeps.
    pub managed: Option<ManagedStatus>,
}

/// Whether the master user's password goes through RDS.
pub(super) fn is_of_rds(kind: Kind, rotations: &[RotationPlan]) -> bool {
    kind == Kind::Managed || rotations.iter().any(|plan| !plan.comes_true_after.is_zero())
}

impl Secret {
    pub(super) fn begin_reset(&mut self, now: Timestamp) {
        if self.is_of_rds {
            self.resets.push(Resetting { from: now, to: None });
        }
    }

    pub(super) fn end_reset(&mut self, now: Timestamp) {
        for reset in self.resets.iter_mut().filter(|reset| reset.to.is_none()) {
            reset.to = Some(now);
        }
    }

    /// By the secret's name: RDS knows no slashes.
    pub fn rds_identifier(&self) -> String {
        let name = self.name().trim_start_matches("rds!").trim_matches('/');
        name.replace('/', "-")
    }

    pub fn rds_as_of(&self, at: Timestamp) -> RdsShown {
        let is_then = |reset: &Resetting| reset.from <= at && reset.to.is_none_or(|to| at < to);
        let is_rotating = self.as_of(at).labels.in_progress().is_some();
        let status = if is_rotating {
            ManagedStatus::Rotating
        } else {
            ManagedStatus::Active
        };
        RdsShown {
            resetting: self.resets.iter().any(is_then),
            managed: (self.kind == Kind::Managed).then_some(status),
        }
    }

    /// When passwords were set, as far as events tell by then.
    pub fn resets_told(&self, by: Timestamp) -> impl Iterator<Item = Timestamp> {
        let set = self.resets.iter().filter_map(|reset| reset.to);
        set.filter(move |at| *at + EVENT_TAKES <= by)
    }
}

impl World {
    /// RDS rotates by itself: it sets the password as soon as setSecret begins, and needs the step's time for it.
    pub(super) fn set_by_rds(&mut self, arn: &SecretArn, version: &VersionId) {
        let now = self.now;
        if let Some(secret) = self
            .secrets
            .get_mut(arn)
            .filter(|secret| secret.kind == Kind::Managed)
        {
            secret.history_of(version).set.push(now);
            secret.begin_reset(now);
        }
    }
}
