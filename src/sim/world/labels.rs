//! Moves of AWSCURRENT: by whom, and only from the version that carries it (aws-facts: Staging labels).

use jiff::Timestamp;
use machine::model::{SecretArn, VersionId};

use super::{Happening, World};

/// Who moved a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// finishSecret.
    Function,
    Person,
    Watchdog,
}

/// One move of AWSCURRENT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub at: Timestamp,
    pub from: Option<VersionId>,
    pub to: VersionId,
    pub by: Mover,
}

/// What is asked of UpdateSecretVersionStage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub to: VersionId,
    /// RemoveFromVersionId.
    pub from: Option<VersionId>,
}

/// Why AWSCURRENT stayed where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmoved {
    NoSuchSecret,
    Deleted,
    NoSuchVersion,
    /// The version has no value yet.
    Empty,
    /// It is on another version than it was to be taken from.
    Elsewhere {
        on: Option<VersionId>,
    },
}

impl World {
    /// UpdateSecretVersionStage takes effect, if AWSCURRENT is on `asked.from`.
    pub fn move_current(&mut self, arn: &SecretArn, asked: &Asked, by: Mover) -> Result<(), Unmoved> {
        let now = self.now;
        let secret = self.secrets.get_mut(arn).ok_or(Unmoved::NoSuchSecret)?;
        if secret.deleted(now).is_some() {
            return Err(Unmoved::Deleted);
        }
        match secret.values.get(&asked.to) {
            None => return Err(Unmoved::NoSuchVersion),
            Some(None) => return Err(Unmoved::Empty),
            Some(Some(_)) => {}
        }
        if secret.labels.current != asked.from {
            let on = secret.labels.current.clone();
            return Err(Unmoved::Elsewhere { on });
        }
        secret.promote(&asked.to, now, by);
        self.tell(format!("AWSCURRENT moves to {}, by {by:?}", asked.to));
        Ok(())
    }

    /// The watchdog's own move.
    pub fn promote(&mut self, arn: &SecretArn, version: &VersionId, from: &VersionId) -> Result<(), Unmoved> {
        let last = self.secrets.get(arn).and_then(|secret| secret.moves.last());
        if last.is_some_and(|last| last.by == Mover::Watchdog && last.to == *version) {
            let again = (self.now, arn.clone(), version.clone());
            self.promoted_again.push(again);
        }
        let asked = Asked {
            to: version.clone(),
            from: Some(from.clone()),
        };
        self.move_current(arn, &asked, Mover::Watchdog)?;
        self.show();
        self.note("secretsmanager:UpdateSecretVersionStage", arn, Vec::new());
        Ok(())
    }

    /// A person looks where AWSCURRENT is, and asks for it to be moved. The move comes as late as labels of the secret do.
    pub(super) fn ask_by_hand(&mut self, arn: &SecretArn, to: VersionId, sets_back: bool) {
        let Some(secret) = self.secrets.get(arn) else {
            return;
        };
        let from = secret.labels.current.clone();
        let (takes, secret) = (secret.label_takes, arn.clone());
        let asked = Asked { to, from };
        self.plan_in(
            takes,
            Happening::LabelMoved {
                secret,
                asked,
                sets_back,
            },
        );
    }

    /// The person's call takes effect, or is refused. After a rollback the database gets the password of before.
    pub(super) fn move_by_hand(&mut self, arn: &SecretArn, asked: &Asked, sets_back: bool) {
        let now = self.now;
        match self.move_current(arn, asked, Mover::Person) {
            Ok(()) if sets_back => {
                if let Some(secret) = self.secrets.get_mut(arn) {
                    secret.rotating = None;
                    secret.accept(&asked.to, now);
                }
            }
            Ok(()) => {}
            Err(why) => self.tell(format!("a person's call is refused: {why:?}")),
        }
    }
}
