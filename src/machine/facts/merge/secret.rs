//! What is learned of one secret.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::facts::stages::StageRun;
use crate::facts::state::{SecretFacts, Would};
use crate::model::{
    ConsumerId, Dates, Fact, Labels, LogFact, LogLine, Look, Pace, RotationKey, SecretArn, WouldAct,
};
use crate::procedures::roll_forward::PACES;

impl SecretFacts {
    pub(super) fn learn_labels(
        &mut self,
        secret: &SecretArn,
        look: Look,
        labels: Labels,
        dates: Dates,
    ) -> Vec<Fact> {
        self.first_look = Some(self.first_look.map_or(look.sent, |first| first.min(look.sent)));
        let border = self.labels.latest().cloned();
        let since = since_changed(look, dates, border.as_ref().map(|run| run.last.sent));
        let narrowed = self.labels.see(since, labels.clone());
        self.labels.see(look, labels.clone());
        if !self.keep_dates(look, dates, narrowed) {
            return Vec::new();
        }
        let fact = |look, labels, dates| Fact::Labels {
            secret: secret.clone(),
            look,
            labels,
            dates,
        };
        let border = border.filter(|_| narrowed);
        let border = border.map(|run| fact(run.last, run.state, Dates::default()));
        border.into_iter().chain([fact(look, labels, dates)]).collect()
    }

    /// Dates go on with each rotation, so those of a past one must be kept: the first that came with new labels, and each
    /// LastRotatedDate. Returns whether there is anything to keep.
    fn keep_dates(&mut self, look: Look, dates: Dates, came_with_news: bool) -> bool {
        let mut known = self.dates.runs().iter().map(|run| run.state.rotated);
        let is_news = dates.rotated.is_some() && !known.any(|rotated| rotated == dates.rotated);
        let keeps = came_with_news || is_news;
        if keeps && dates != Dates::default() {
            self.dates.see(look, dates);
        }
        keeps
    }

    pub(super) fn see_current(&mut self, look: Look, labels: &Labels) {
        let known = self.current_seen.as_ref().map(|(version, _)| version);
        if known != labels.current.as_ref() {
            self.current_seen = labels.current.clone().map(|version| (version, look.arrived));
        }
    }

    pub(super) fn learn_line(&mut self, fact: &LogFact) -> bool {
        if self.is_told_better(fact) {
            return false;
        }
        self.log.retain(|known| !is_the_end_of(fact, known));
        let news = self.log.insert(fact.clone());
        self.thin_out(fact);
        if self.log.len() > Self::LOG_LIMIT {
            self.log.pop_first();
        }
        news && self.log.contains(fact)
    }

    /// A failure is read again without the lines before it, which told its step, or without those after it, which told its
    /// end.
    fn is_told_better(&self, fact: &LogFact) -> bool {
        let is_of_a_step = |other: &LogFact| matches!(other.line, LogLine::Failed { step: Some(_), .. });
        let is_vague = matches!(fact.line, LogLine::Failed { step: None, .. });
        let tells_better = |other: &LogFact| is_vague && is_of_a_step(other) || is_the_end_of(other, fact);
        self.log
            .iter()
            .any(|other| other.at == fact.at && tells_better(other))
    }

    /// Of lines that a retry repeats within the hour, the first and the last stay: else thousands of retries would
    /// push out what came before them. A line that names a version begins or ends a rotation, and is no retry.
    fn thin_out(&mut self, fact: &LogFact) {
        const HOUR: SignedDuration = SignedDuration::from_hours(1);
        let names_a_version = |other: &&LogFact| matches!(other.line, LogLine::Done { version: Some(_), .. });
        let borders = || self.log.iter().filter(names_a_version).map(|other| other.at);
        let from = borders().filter(|at| *at <= fact.at).max();
        let to = borders().filter(|at| *at > fact.at).min();
        let is_near = |other: &&LogFact| {
            let of_one_rotation = Some(other.at) >= from && to.is_none_or(|to| other.at < to);
            of_one_rotation && other.at.duration_since(fact.at).abs() <= HOUR
        };
        let same = self.log.iter().filter(|other| other.line == fact.line);
        let same: Vec<LogFact> = same.filter(is_near).cloned().collect();
        let within_the_hour = |three: &&[LogFact]| three[2].at.duration_since(three[0].at) <= HOUR;
        if let Some(three) = same.windows(3).find(within_the_hour) {
            self.log.remove(&three[1]);
        }
    }

    pub(super) fn learn_reached(
        &mut self,
        rotation: &RotationKey,
        consumer: &ConsumerId,
        seen: StageRun,
    ) -> Vec<Fact> {
        let fact = |run: StageRun| Fact::Reached {
            rotation: rotation.clone(),
            consumer: consumer.clone(),
            stage: run.stage,
            at: run.first,
            why: run.why.to_string(),
            old: run.old,
        };
        let news = self.learn_stage(rotation, consumer, seen);
        news.into_iter().map(fact).collect()
    }

    /// A few promotions are kept: the last one matters.
    pub(super) fn learn_users(&mut self, rotation: &RotationKey, consumers: &[ConsumerId]) -> bool {
        const LIMIT: usize = 4;
        let consumers: BTreeSet<ConsumerId> = consumers.iter().cloned().collect();
        if let Some((_, known)) = self.users.iter_mut().find(|(of, _)| of == rotation) {
            return std::mem::replace(known, consumers.clone()) != consumers;
        }
        if self.users.len() == LIMIT {
            self.users.remove(0);
        }
        self.users.push((rotation.clone(), consumers));
        true
    }

    /// The first time is kept.
    pub(super) fn learn_would(&mut self, told: &WouldAct) -> bool {
        let key = (told.rotation.clone(), told.consumer.clone());
        if self.would.contains_key(&key) {
            return false;
        }
        if self.would.len() >= Self::REACHED_LIMIT {
            let oldest = self.would.iter().min_by_key(|(_, known)| known.at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.would.remove(&oldest);
            }
        }
        let WouldAct { procedure, at, .. } = *told;
        self.would.insert(key, Would { procedure, at });
        true
    }

    pub(super) fn learn_pace(&mut self, rotation: &RotationKey, pace: Pace) -> bool {
        if self.paces.iter().any(|(known, _)| known == rotation) {
            return false;
        }
        let later = self.paces.partition_point(|(_, known)| known.at <= pace.at);
        self.paces.insert(later, (rotation.clone(), pace));
        if self.paces.len() <= PACES {
            return true;
        }
        self.paces.remove(0).0 != *rotation
    }

    fn learn_stage(
        &mut self,
        rotation: &RotationKey,
        consumer: &ConsumerId,
        seen: StageRun,
    ) -> Vec<StageRun> {
        let key = (rotation.clone(), consumer.clone());
        if !self.reached.contains_key(&key) && self.reached.len() >= Self::REACHED_LIMIT {
            let oldest = self
                .reached
                .iter()
                .min_by_key(|(_, runs)| runs.first().map(|run| run.first));
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.reached.remove(&oldest);
            }
        }
        StageRun::note(self.reached.entry(key).or_default(), seen)
    }
}

/// Whether a line tells of the same failure as another, and that the invocation ended with it, which the other does not.
fn is_the_end_of(line: &LogFact, other: &LogFact) -> bool {
    match (&line.line, &other.line) {
        (
            LogLine::Failed {
                step, ended: true, ..
            },
            LogLine::Failed {
                step: of,
                ended: false,
                ..
            },
        ) => line.at == other.at && step == of,
        _ => false,
    }
}

/// LastChangedDate says that the labels were already so at that moment: useful after downtime, when it is later
/// than the last look with other labels. That a label's move changes it is not documented: LastRotatedDate, which follows
/// a rotation's last move, must not be later. Rounded up, since some answers cut dates to whole seconds.
fn since_changed(look: Look, dates: Dates, other_labels: Option<Timestamp>) -> Look {
    let rounded = |at: Timestamp| match at.subsec_nanosecond() {
        0 => at + SignedDuration::from_secs(1),
        _ => at,
    };
    let changed = dates
        .changed
        .map(|changed| changed.max(dates.rotated.unwrap_or(changed)));
    match (changed.map(rounded), other_labels) {
        (Some(at), Some(other)) if at > other && at < look.sent => Look::at(at),
        (Some(at), None) if at < look.sent => Look::at(at),
        _ => look,
    }
}
