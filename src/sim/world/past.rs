//! What was so at any moment: whose password a database had, how a rotation Lambda's invocations ended, who moved labels.

use jiff::Timestamp;
use machine::model::{SecretArn, Step, VersionId};

use super::invocation::{End, Invoked};
use super::labels::{Move, Mover};
use super::truth::Truth;
use super::{Account, Secret};

impl<'a> Truth<'a> {
    /// Since when the database let this version in at a moment, as one account; nothing where it refused it then.
    pub fn accepted_since(
        self,
        arn: &SecretArn,
        version: &VersionId,
        account: Account,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let secret = self.secret(arn)?;
        let value = secret.values.get(version)?.as_ref()?;
        let user = secret.user(value, account);
        let mut taken = secret.taken.iter().rev();
        let last = taken.find(|taken| taken.at <= at && taken.user == user)?;
        (last.password == value.password).then_some(last.at)
    }

    /// Whether setSecret is known to have ended well for a version by then: an invocation of it did, or a later step ran.
    pub fn was_set_by(self, arn: &SecretArn, version: &VersionId, at: Timestamp) -> bool {
        let mut invoked = self.invoked(arn, version).filter(|one| one.at <= at);
        invoked.any(|one| match (one.step, one.end) {
            (Step::CreateSecret, _) | (_, End::AtOnce) => false,
            (Step::SetSecret, end) => end == End::Well,
            (Step::TestSecret | Step::FinishSecret, _) => true,
        })
    }

    /// When an invocation of testSecret or finishSecret for a version first ended in failure. One that somebody overtook
    /// did not fail.
    pub fn failed_after_set(self, arn: &SecretArn, version: &VersionId) -> Option<Timestamp> {
        let late = |one: &Invoked| matches!(one.step, Step::TestSecret | Step::FinishSecret);
        let mut invoked = self.invoked(arn, version);
        let failed = invoked.find(|one| late(one) && one.end == End::Failed);
        failed.map(|one| one.at)
    }

    fn invoked(self, arn: &SecretArn, version: &VersionId) -> impl Iterator<Item = &'a Invoked> + use<'a> {
        let history = self.secret(arn).and_then(|secret| secret.history.get(version));
        history.into_iter().flat_map(|history| &history.invoked)
    }

    /// Every move of AWSCURRENT, in order.
    pub fn moves(self, arn: &SecretArn) -> &'a [Move] {
        self.secret(arn).map_or(&[], |secret| &secret.moves)
    }

    /// Whether lines of setSecret and testSecret for another version may be read as ones for this: the service tries again
    /// with another version, or somebody else than the function moved AWSCURRENT to this one, and the next is set within
    /// seconds.
    pub fn may_be_taken_for_another(self, arn: &SecretArn, version: &VersionId) -> bool {
        let Some(secret) = self.secret(arn) else {
            return false;
        };
        let manners = secret.rotations.iter().filter_map(|plan| plan.manner.as_ref());
        let is_tried_anew = manners.into_iter().any(|manner| manner.retries.anew);
        is_tried_anew || secret.was_overtaken(version)
    }

    /// When the rotation to a version ended last of which somebody else than the function had moved AWSCURRENT to it.
    pub fn ended_after_a_move(self, arn: &SecretArn, version: &VersionId) -> Option<Timestamp> {
        let secret = self.secret(arn)?;
        secret.last_rotated.filter(|_| secret.was_overtaken(version))
    }

    /// Whether a second account has another password than AWSCURRENT's, which the first has: the rotation Lambda failed
    /// between the two, and nobody sets the rest.
    pub fn left_an_account_behind(self, arn: &SecretArn) -> bool {
        let is_behind = |secret: &Secret| {
            let current = secret.labels.current.as_ref();
            current.is_some_and(|current| secret.accepts(current) && !secret.accepts_for_all(current))
        };
        self.secret(arn).is_some_and(is_behind)
    }
}

impl Secret {
    /// Whether somebody else than the function moved AWSCURRENT to a version that the service rotates to.
    fn was_overtaken(&self, version: &VersionId) -> bool {
        let is_rotated = self
            .history
            .get(version)
            .is_some_and(|history| history.started.is_some());
        let mut moves = self.moves.iter().filter(|one| one.to == *version);
        is_rotated && moves.any(|one| one.by != Mover::Function)
    }
}
