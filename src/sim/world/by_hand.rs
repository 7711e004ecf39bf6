//! What people and infrastructure tools do to a secret beside its rotations, and to services (aws-facts: Staging labels).

use machine::model::{ConsumerId, SecretArn, VersionId};

use super::{Fate, Happening, Mover, Secret, ServiceTouch, World};

/// A change by a person or a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// PutSecretValue without stages: AWSCURRENT moves at once. `told`: the database was given the password first.
    Put { told: bool },
    /// A tool puts the value of AWSPREVIOUS again, as a version of its own.
    Revert,
    /// AWSCURRENT moved back to AWSPREVIOUS's version, and the database left as it is.
    LabelBack,
    /// AWSCURRENT moved back to AWSPREVIOUS's version, and the database given its password again.
    RollBack,
    /// AWSCURRENT moved to AWSPENDING's version, before finishSecret does.
    Promote,
    /// The database given AWSCURRENT's password again, and no label touched.
    SetBack,
    /// CancelRotateSecret: the rotation stops where it is, labels stay, and rotation is off.
    Cancel,
    /// RotateSecret: rotation is on again, and what AWSPENDING was left on is taken up.
    Rotate,
    /// RotateSecret with RotateImmediately=false: AWSPENDING comes, testSecret runs, AWSPENDING goes.
    TestRotation,
    /// The brake's tag, or its removal.
    Brake(Option<&'static str>),
    /// Deleted without recovery, and made again under its name with these random characters.
    Recreate(&'static str),
}

impl World {
    pub(super) fn touch_secret(&mut self, arn: &SecretArn, touch: Touch) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        // No source would tell a change within seconds of finishSecret from the rotation's own.
        if let Some(soon) = secret
            .promoted
            .last()
            .map(|at| *at + APART)
            .filter(|soon| now < *soon)
        {
            let secret = arn.clone();
            self.plan(soon, Happening::SecretTouched { secret, touch });
            return;
        }
        match touch {
            Touch::Put { told } => secret.put_by_hand(now, told),
            Touch::Revert => secret.revert(now),
            Touch::LabelBack => secret.label_back(now),
            Touch::RollBack => {
                if let Some(previous) = secret.labels.previous.clone() {
                    self.ask_by_hand(arn, previous, true);
                }
            }
            Touch::Promote => {
                if let Some(pending) = secret.labels.in_progress().cloned() {
                    self.ask_by_hand(arn, pending, false);
                }
            }
            Touch::SetBack => {
                if let Some(current) = secret.labels.current.clone() {
                    secret.accept(&current, now);
                }
            }
            Touch::Cancel => {
                secret.rotating = None;
                secret.rotation_enabled = false;
                secret.next_rotation = None;
                secret.last_changed = now;
            }
            Touch::Rotate => {
                secret.rotation_enabled = true;
                self.start_rotation(arn);
            }
            Touch::TestRotation => self.begin_test(arn),
            Touch::Recreate(random) => self.recreate(arn, random),
            Touch::Brake(word) => {
                match word {
                    Some(word) => secret.tags.insert(BRAKE.to_owned(), word.to_owned()),
                    None => secret.tags.remove(BRAKE),
                };
                secret.last_changed = now;
            }
        }
    }

    fn begin_test(&mut self, arn: &SecretArn) {
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        if secret.rotating.is_some() || secret.labels.pending.is_some() {
            return;
        }
        let version = secret.next_version();
        secret.values.insert(version.clone(), None);
        secret.labels.pending = Some(version.clone());
        secret.last_changed = self.now;
        secret.history_of(&version).started = Some(self.now);
        let secret = arn.clone();
        self.plan_in(TEST, Happening::TestEnds { secret, version });
    }

    /// Removes the version that was made for the test.
    pub(super) fn end_test(&mut self, arn: &SecretArn, version: &VersionId) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        if secret.labels.pending.as_ref() == Some(version) && secret.rotating.is_none() {
            secret.labels.pending = None;
            secret.values.remove(version);
            secret.last_changed = now;
        }
    }

    pub(super) fn touch_service(&mut self, id: &ConsumerId, touch: ServiceTouch) {
        let now = self.now;
        let Some(service) = self.services.get_mut(id).filter(|service| service.exists(now)) else {
            return;
        };
        match touch {
            ServiceTouch::Redeploy => drop(self.deploy(id, Fate::Healthy)),
            ServiceTouch::Delete => {
                service.deleted = Some(now);
                service.stop(now, usize::MAX);
            }
            ServiceTouch::Scale(desired) => {
                service.desired = desired;
                service.shed(now);
                self.fill_up(id);
            }
        }
    }
}

/// The tag that lowers a secret's mode.
pub(super) const BRAKE: &str = "rotation-watchdog";

/// People do nothing sooner after a rotation.
const APART: jiff::SignedDuration = jiff::SignedDuration::from_secs(6);

/// RotateImmediately=false takes so long.
const TEST: jiff::SignedDuration = jiff::SignedDuration::from_secs(3);

impl Secret {
    /// A rotation under way is abandoned by it.
    fn put_by_hand(&mut self, now: jiff::Timestamp, told: bool) {
        let version = self.next_version();
        let mut value = self.new_value(&version);
        if told && let Some(user) = self.current_user() {
            value.user = user;
        }
        self.values.insert(version.clone(), Some(value));
        if told {
            self.accept(&version, now);
        }
        self.rotating = None;
        self.promote(&version, now, Mover::Person);
    }

    fn current_user(&self) -> Option<String> {
        let current = self.labels.current.as_ref()?;
        Some(self.values.get(current)?.as_ref()?.user.clone())
    }

    fn revert(&mut self, now: jiff::Timestamp) {
        let previous = self
            .labels
            .previous
            .as_ref()
            .and_then(|previous| self.values.get(previous));
        let Some(Some(value)) = previous.cloned() else {
            return;
        };
        let version = self.next_version();
        self.values.insert(version.clone(), Some(value));
        self.rotating = None;
        self.promote(&version, now, Mover::Person);
    }

    fn label_back(&mut self, now: jiff::Timestamp) {
        if let Some(previous) = self.labels.previous.clone() {
            self.rotating = None;
            self.promote(&previous, now, Mover::Person);
        }
    }
}
