//! Answers about one secret that tell more than what they merge.

use crate::facts::state::State;
use crate::model::{Dates, Fact, LoginAnswer, Look, SecretArn, SecretSeen, VersionId};
use crate::policy::Timing;
use crate::procedures::roll_forward::answered_for;
use crate::story::stale_labels::is_settling;

impl State {
    /// A secret whose labels went back is looked at until that is believed.
    pub(super) fn see_doubted(
        &mut self,
        look: Look,
        secret: &SecretArn,
        seen: SecretSeen,
        timing: &Timing,
    ) -> Vec<Fact> {
        let is_doubted = |state: &Self| {
            let facts = state.secret(secret);
            facts.is_some_and(|facts| is_settling(facts, timing))
        };
        let was_doubted = is_doubted(self);
        let before = self.current_of(secret);
        let news = self.see_secret(look, secret, seen);
        if let (Some((was, last)), Some((is, _))) = (before, self.current_of(secret))
            && was != is
            && !is_doubted(self)
            && !self.is_replica(secret)
        {
            self.await_event(secret, last, look);
        }
        if was_doubted && news.is_empty() && !is_doubted(self) {
            self.believed(secret)
        } else {
            news
        }
    }

    /// A replica's labels are moved by the region where it is rotated, of whose events nothing is known here.
    fn is_replica(&self, secret: &SecretArn) -> bool {
        let seen = self.secret(secret).and_then(|facts| facts.seen.as_ref());
        seen.is_some_and(|(_, seen)| seen.primary_elsewhere(secret).is_some())
    }

    /// What AWSCURRENT was last seen on, and by which look.
    fn current_of(&self, secret: &SecretArn) -> Option<(VersionId, Look)> {
        let run = self.secret(secret)?.labels.latest()?;
        Some((run.state.current.clone()?, run.last))
    }

    pub(super) fn see_login(
        &mut self,
        look: Look,
        secret: SecretArn,
        version: VersionId,
        answer: LoginAnswer,
    ) -> Vec<Fact> {
        let refused = if answer.may_lock() {
            self.see_refusal(look, &secret, &version)
        } else {
            Vec::new()
        };
        let tells = answer.is_accepted() && self.is_first_beside_another(&secret, &version, look)
            || self.is_first_since_our_promotion(&secret, &version, look);
        let fact = Fact::Login {
            secret,
            version,
            look,
            answer,
        };
        let news = self.learn(fact.clone());
        // The same answer as before, but two passwords work, or it proves what we promoted: a restart would not know.
        let mut news = if news.is_empty() && tells {
            vec![fact]
        } else {
            news
        };
        news.extend(refused);
        news
    }

    /// Labels that went back were seen so for long enough: the look that says so is kept, or a restart would doubt it again.
    fn believed(&self, secret: &SecretArn) -> Vec<Fact> {
        let run = self.secret(secret).and_then(|facts| facts.labels.latest());
        let fact = run.map(|run| Fact::Labels {
            secret: secret.clone(),
            look: run.last,
            labels: run.state.clone(),
            dates: Dates::default(),
        });
        fact.into_iter().collect()
    }

    /// Whether another version was accepted since this one was last logged in with.
    fn is_first_beside_another(&self, secret: &SecretArn, version: &VersionId, look: Look) -> bool {
        let logins = self.secret(secret).map(|facts| &facts.logins);
        let before = logins
            .and_then(|logins| logins.get(version)?.latest())
            .map(|run| run.last.sent);
        let others = logins
            .into_iter()
            .flatten()
            .filter(|(other, _)| *other != version);
        let mut accepted = others.filter_map(|(_, track)| {
            let run = track.runs().iter().find(|run| run.state.is_accepted())?;
            Some(run.first.arrived)
        });
        accepted.any(|at| before < Some(at) && at <= look.sent)
    }

    /// Whether a login with a version that was rolled forward was asked for after our write's answer, and none before it
    /// was: only such a login proves the version.
    fn is_first_since_our_promotion(&self, secret: &SecretArn, version: &VersionId, look: Look) -> bool {
        let Some(facts) = self.secret(secret) else {
            return false;
        };
        let Some(answered) = answered_for(&facts.attempts, version) else {
            return false;
        };
        let last = facts.logins.get(version).and_then(|track| track.latest());
        look.sent >= answered && last.is_none_or(|run| run.last.sent < answered)
    }
}
