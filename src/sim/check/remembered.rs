//! What a life told is what its journal tells when it is folded anew.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::facts::state::State;
use machine::findings::{FindingId, Life as FindingLife};
use machine::judge::{Judgement, RotationView, judge};
use machine::model::{Fact, Stage};
use machine::policy::Policy;
use machine::story::rotations::Rotation;

use super::Checks;
use crate::runtime::{Options, Snapshot};
use crate::sim::life::{End, Life};

/// A snapshot may be so much older than the last transaction.
const PUBLISHED_WITHIN: SignedDuration = SignedDuration::from_secs(1);

impl Checks {
    /// At the end of a life that was not killed, and whose journal could be written.
    pub fn remembered(&mut self, facts: Vec<Fact>, life: &Life, options: &Options) {
        let is_told_whole = match &life.end {
            End::Stopped | End::Drained => life.last.missing.is_empty(),
            End::Crashed { .. } | End::Failed(_) => false,
        };
        if !is_told_whole {
            return;
        }
        let mut folded = State::at_the_start();
        facts.into_iter().for_each(|fact| folded.recall(fact));
        self.findings_are_remembered(&folded, &life.last);
        self.rotations_are_remembered(&folded, &life.last, options);
    }

    /// The same rotations, with the same intervals, at the same phase.
    fn rotations_are_remembered(&mut self, folded: &State, last: &Snapshot, options: &Options) {
        for view in last.secrets.values() {
            let policy = Policy {
                mode: view.judgement.mode,
                login_test: view.judgement.login_test,
                ..Policy::default()
            };
            let again = judge(folded, &view.arn, &policy, &options.settings, last.at);
            let rotations = |judgement: &Judgement| -> Vec<Rotation> {
                judgement
                    .rotations
                    .iter()
                    .map(|view| view.rotation.clone())
                    .collect()
            };
            let (told, kept) = (rotations(&view.judgement), rotations(&again));
            // What was forgotten, for nobody named it, and is listed again was not looked at yet.
            self.holds(
                "rotations-are-remembered",
                told.is_empty() || told == kept,
                || format!("{}: told {told:?}, kept {kept:?}", view.name),
            );
            let pairs = view.judgement.rotations.iter().zip(&again.rotations);
            for (told, kept) in pairs.filter(|(told, _)| !is_uncertain(told)) {
                // A life verifies from its own first look on, and the journal from the promotion on.
                let are_through = told.phase.is_through() && kept.phase.is_through();
                self.holds(
                    "phases-are-remembered",
                    told.phase == kept.phase || are_through,
                    || format!("{}: told {told:?}, kept {kept:?}", view.name),
                );
            }
        }
    }

    fn findings_are_remembered(&mut self, folded: &State, last: &Snapshot) {
        let settled = last.at - PUBLISHED_WITHIN;
        let ended = folded.lives.ended().iter();
        let just_ended: Vec<FindingId> = ended
            .filter(|life| life.ended >= settled)
            .map(|life| life.finding.id())
            .collect();
        let told = last.all_findings();
        let told = since(told.iter().map(|life| &**life), settled, &just_ended);
        let kept = since(folded.lives.all().map(|life| &**life), settled, &just_ended);
        self.holds("findings-are-remembered", told == kept, || {
            format!("told {told:#?}, kept {kept:#?}")
        });
    }
}

/// A look could not tell whether a consumer holds the old value: no stage that it came to, so the journal has none.
fn is_uncertain(view: &RotationView) -> bool {
    let mut consumers = view.consumers.iter();
    consumers.any(|(_, standing)| standing.stage == Stage::Unknown && standing.as_of.is_some())
}

/// Since when each finding stands, but for those that came or went just now.
fn since<'a>(
    lives: impl Iterator<Item = &'a FindingLife>,
    settled: Timestamp,
    just_ended: &[FindingId],
) -> BTreeMap<FindingId, Timestamp> {
    let settled = lives.filter(|life| life.since < settled);
    let all = settled.map(|life| (life.finding.id(), life.since));
    all.filter(|(id, _)| !just_ended.contains(id)).collect()
}
