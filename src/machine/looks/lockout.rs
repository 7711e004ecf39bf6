//! The lock-out budget: databases lock an account after so many refused logins, whichever secret or version they were
//! with. So that none is locked by us, a login waits while too many of its account were refused of late.
//!
//! Which account a version logs in as is known in the life that has read it. A refusal is journalled with each secret
//! that is known to name the account: after a crash the secret's own refusals are all that count until it is read again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::facts::state::State;
use crate::judge::{Judgement, Reason};
use crate::model::{Fact, Look, Refusal, SecretArn, VersionId};
use crate::policy::Settings;
use crate::procedures::roll_forward::asked_at;
use crate::story::proof::{Proof, Works};

/// One refused login is left for what decides a failed rotation.
const KEPT_BACK: usize = 1;
/// Refusals kept for a secret: more than any budget has.
const LIMIT: usize = 64;
/// Secrets that a refusal is told of.
const TOLD_LIMIT: usize = 50;

impl State {
    /// A login was refused: news for each secret that is known to name the account. Whoever turned out only now to name
    /// it is told of the refusals before, too.
    pub(crate) fn see_refusal(&mut self, look: Look, of: &SecretArn, version: &VersionId) -> Vec<Fact> {
        let others: Vec<SecretArn> = self.sharing((of, version)).take(TOLD_LIMIT).cloned().collect();
        let known = self.told((of, version)).into_iter();
        let mut refusals: Vec<(Timestamp, SecretArn, VersionId)> = known
            .map(|(at, of, version)| (at, of.clone(), version.clone()))
            .collect();
        refusals.push((look.arrived, of.clone(), version.clone()));
        let told = others.iter().chain([of]).flat_map(|secret| {
            refusals.iter().cloned().map(|(at, of, version)| Refusal {
                at,
                of,
                version,
                secret: secret.clone(),
            })
        });
        told.flat_map(|refusal| self.learn(Fact::Refused(refusal)))
            .collect()
    }

    pub(crate) fn learn_refusal(&mut self, refusal: &Refusal) -> bool {
        let facts = self.secrets.entry(refusal.secret.clone()).or_default();
        let news = facts.refused.insert(refusal.clone());
        if facts.refused.len() > LIMIT {
            facts.refused.pop_first();
        }
        self.touched.secrets.insert(refusal.secret.clone());
        news
    }

    /// Those from before then count no more.
    pub(crate) fn forget_refusals(&mut self, before: Timestamp) {
        for facts in self
            .secrets
            .values_mut()
            .filter(|facts| !facts.refused.is_empty())
        {
            facts.refused.retain(|refusal| refusal.at >= before);
        }
    }

    /// Why no login with this version is made now, and until when; nothing where one may be.
    pub(crate) fn login_waits(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<Reason> {
        let refused = self.refusals(secret, version, settings, now);
        let over = refused.len().checked_sub(places(settings))?;
        let until = *refused.get(over)? + settings.timing.refusals_within;
        let refusals = refused.len();
        Some(Reason::Refusals { refusals, until })
    }

    /// Whether a login may be made beside those that are under way: each of them may be refused, too.
    pub fn may_log_in<'a>(
        &self,
        (secret, version): (&SecretArn, &VersionId),
        under_way: impl Iterator<Item = (&'a SecretArn, &'a VersionId)>,
        settings: &Settings,
        now: Timestamp,
    ) -> bool {
        let account = self.account(secret, version);
        let beside = under_way.filter(|(of, other)| {
            let is_one = account.is_some() && self.account(of, other) == account;
            is_one || *of == secret && self.may_be_one((secret, version), (of, other))
        });
        self.refusals(secret, version, settings, now).len() + beside.count() < places(settings)
    }

    /// The refusals that may have been of the account of this version, oldest first.
    fn refusals(
        &self,
        secret: &SecretArn,
        version: &VersionId,
        settings: &Settings,
        now: Timestamp,
    ) -> Vec<Timestamp> {
        let told = self.told((secret, version)).into_iter().map(|(at, ..)| at);
        let guards = self.secret(secret).map(|facts| asked_at(&facts.attempts));
        let all = told.chain(guards.into_iter().flatten());
        let mut refused: Vec<Timestamp> = all
            .filter(|at| now < *at + settings.timing.refusals_within)
            .collect();
        refused.sort();
        refused
    }

    /// What it and the secrets that name its account were told of, once each, oldest first.
    fn told(&self, one: (&SecretArn, &VersionId)) -> BTreeSet<(Timestamp, &SecretArn, &VersionId)> {
        let secrets = self.sharing(one).chain([one.0]);
        let known = secrets.filter_map(|secret| self.secret(secret));
        known
            .flat_map(|facts| &facts.refused)
            .map(|Refusal { at, of, version, .. }| (*at, of, version))
            .filter(|(_, of, version)| self.may_be_one(one, (of, version)))
            .collect()
    }

    /// The other secrets that are known to name the account of this version.
    fn sharing<'a>(
        &'a self,
        (secret, version): (&SecretArn, &VersionId),
    ) -> impl Iterator<Item = &'a SecretArn> {
        let account = self.account(secret, version);
        let naming = account.into_iter().flat_map(|account| self.naming(account));
        naming.filter(move |other| *other != secret)
    }

    /// Whether two values may name one account, of two that have to do with each other: nobody knows that they do not.
    fn may_be_one(&self, one: (&SecretArn, &VersionId), other: (&SecretArn, &VersionId)) -> bool {
        match (self.account(one.0, one.1), self.account(other.0, other.1)) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        }
    }
}

/// Why no login is made with the version that matters most, where nothing has proven it by a login yet.
pub(crate) fn login_put_off(
    state: &State,
    judgement: &Judgement,
    settings: &Settings,
    now: Timestamp,
) -> Option<Reason> {
    let view = judgement.latest().filter(|_| judgement.login_test)?;
    let key = &view.rotation.key;
    match view.works {
        Works::Yes(Proof::Login(_)) => None,
        Works::Yes(Proof::TestSecret(_) | Proof::Protocol) | Works::No { .. } | Works::Unproven => {
            state.login_waits(&key.secret, &key.version, settings, now)
        }
    }
}

/// Refused logins that there is room for; one at least.
fn places(settings: &Settings) -> usize {
    settings.limits.refusals.saturating_sub(KEPT_BACK).max(1)
}
