//! What a list of secrets tells.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::keep_latest;
use crate::facts::state::{SecretFacts, State};
use crate::model::{Fact, Look, SecretArn, SecretSummary};
use crate::policy::Timing;
use crate::story::stale_labels::span;

/// ListSecrets may lag so far behind (aws-facts: Reading cheaply).
const SWEEP_LAG: SignedDuration = SignedDuration::from_mins(5);

impl State {
    /// A sweep tells that a state held within the last five minutes: it confirms what is known,
    /// and where it differs it only makes us look (cadence), for it may be old.
    pub(super) fn see_list(
        &mut self,
        look: Look,
        secrets: Vec<SecretSummary>,
        known: (Option<Timestamp>, &Timing),
    ) -> Vec<Fact> {
        let (_, timing) = known;
        self.touched.listed = true;
        self.forget_unasked();
        self.forget_unlisted(&secrets);
        secrets
            .into_iter()
            .for_each(|summary| self.see_summary(look, summary, known));
        self.touch_unlisted(look);
        self.forget_refusals(look.sent - timing.refusals_within);
        self.forget_the_dead();
        Vec::new()
    }

    /// Of a secret that was only ever listed nothing is kept once it is not.
    fn forget_unlisted(&mut self, listed: &[SecretSummary]) {
        let listed: BTreeSet<&SecretArn> = listed.iter().map(|summary| &summary.arn).collect();
        let is_left_out = |secret: &SecretArn, facts: &mut SecretFacts| {
            facts.first_look.is_none() && !listed.contains(secret)
        };
        let left_out = self
            .secrets
            .extract_if(.., |secret, facts| is_left_out(secret, facts));
        let left_out: Vec<SecretArn> = left_out.map(|(secret, _)| secret).collect();
        left_out.iter().for_each(|secret| self.note_rotator(secret));
    }

    /// What is not listed any more is most likely deleted.
    fn touch_unlisted(&mut self, look: Look) {
        let is_unlisted = |facts: &SecretFacts| {
            let listed = facts.summary.as_ref().map(|(listed, _)| listed.sent);
            listed.is_none_or(|listed| listed < look.sent)
        };
        let unlisted = self.secrets.iter().filter(|(_, facts)| is_unlisted(facts));
        let unlisted: Vec<SecretArn> = unlisted.map(|(secret, _)| secret.clone()).collect();
        for secret in unlisted {
            self.touch_namesakes(&secret);
            self.touch_users_of_missing(&secret);
            self.touched.secrets.insert(secret);
        }
    }

    /// `listed`: when the list before this one was asked for.
    fn see_summary(
        &mut self,
        look: Look,
        summary: SecretSummary,
        (listed, timing): (Option<Timestamp>, &Timing),
    ) {
        let secret = summary.arn.clone();
        let facts = self.secrets.entry(secret.clone()).or_default();
        let lagging = look.lagging(SWEEP_LAG);
        let known = facts.labels.latest();
        let differs = known.is_none_or(|run| run.state != summary.labels);
        let confirmed = known.filter(|run| run.state == summary.labels && run.last.sent < lagging.sent);
        // Labels that seem to go back are believed from now on.
        let is_settled = confirmed.is_some_and(|run| span(run) < timing.settle);
        if confirmed.is_some() {
            facts.labels.see(lagging, summary.labels.clone());
        }
        let before = facts.summary.as_ref();
        let before = before.filter(|(look, _)| Some(look.sent) == listed);
        let before = before.map(|(_, before)| before);
        let is_new = before.is_none();
        let has_changed = differs || is_settled || before != Some(&summary);
        keep_latest(&mut facts.summary, look, summary);
        facts.listed_since.get_or_insert(look.arrived);
        if has_changed {
            self.note_rotator(&secret);
            self.touched.secrets.insert(secret.clone());
        }
        if is_new {
            self.touch_namesakes(&secret);
            self.touch_users(&secret);
        }
    }
}
