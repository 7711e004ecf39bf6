//! What happened in one rotation, in order: its steps, its consumers, what was done, with intervals and sources.

use jiff::{SignedDuration, Timestamp};
use machine::facts::stages::StageRun;
use machine::facts::state::Would;
use machine::facts::track::began;
use machine::judge::RotationView;
use machine::model::{Attempt, ConsumerId, Measure, Point, SecretArn, When};
use machine::numbers::{self, Series, Spell};
use machine::procedures::{would_text, write_text};
use machine::story::rotations::{Ending, Rotation};
use machine::words;
use serde::Serialize;

use super::rotations::is_latest;
use super::views::Interval;
use crate::runtime::{MeasuredView, SecretView, Snapshot};

/// One thing that happened. Fields that do not concern it are absent.
#[derive(Serialize)]
pub(super) struct Entry {
    /// `started`, `createSecret`, `setSecret`, `testSecret`, `finishSecret`, `promoted`, `step-failed`, `login`,
    /// `ended`, `consumer`, `application-fails`, `application-well`, `would-remediate`, `remediation-decided` or
    /// `remediation-answered`.
    what: &'static str,
    /// The same for people.
    text: String,
    #[serde(flatten)]
    interval: Interval,
    /// Who told: `labels`, `versions`, `log`, `login`, `look`, `cloudwatch` or `watchdog`.
    sources: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<&'static str>,
    /// What orders it: not the interval alone, for a step that was seen late still came before the next.
    #[serde(skip)]
    order: Timestamp,
}

impl Entry {
    fn new(what: &'static str, text: impl Into<String>, when: When, sources: Vec<&'static str>) -> Self {
        Self {
            what,
            text: text.into(),
            interval: when.into(),
            sources,
            step: None,
            consumer: None,
            stage: None,
            attempt: None,
            action: None,
            outcome: None,
            ending: None,
            order: when.not_after,
        }
    }
}

pub(super) fn timeline(snapshot: &Snapshot, view: &SecretView, rotation: &RotationView) -> Vec<Entry> {
    let mut entries = milestones(&rotation.rotation);
    entries.extend(failures(&rotation.rotation));
    entries.extend(logins(view, &rotation.rotation));
    if is_latest(view, rotation) {
        entries.extend(measured(snapshot, &view.arn));
    }
    let key = &rotation.rotation.key;
    for ((_, consumer), runs) in view.reached.iter().filter(|((of, _), _)| of == key) {
        entries.extend(stage_entries(consumer, runs));
    }
    for ((_, consumer), would) in view.would.iter().filter(|((of, _), _)| of == key) {
        entries.push(would_entry(consumer, *would));
    }
    for (consumer, facts) in snapshot.consumers.iter() {
        entries.extend(
            facts
                .attempts
                .serving(key)
                .flat_map(|attempt| attempt_entries(Some(consumer), attempt)),
        );
    }
    let of_secret = view.attempts.serving(key);
    entries.extend(of_secret.flat_map(|attempt| attempt_entries(None, attempt)));
    entries.extend(
        rotation
            .rotation
            .ending
            .map(|(ending, when)| ending_entry(ending, when)),
    );
    entries.sort_by_key(|entry| entry.order);
    entries
}

/// Each step before the next, however late it was seen.
fn milestones(rotation: &Rotation) -> Vec<Entry> {
    let mut entries: Vec<Entry> = words::steps(rotation)
        .into_iter()
        .filter_map(|(what, text, seen)| {
            let seen = seen.as_ref()?;
            let sources = seen.sources.iter().copied().map(words::source).collect();
            Some(Entry::new(what, text, seen.when, sources))
        })
        .collect();
    let mut next: Option<Timestamp> = None;
    for entry in entries.iter_mut().rev() {
        entry.order = next.map_or(entry.order, |next| entry.order.min(next));
        next = Some(entry.order);
    }
    entries
}

fn failures(rotation: &Rotation) -> impl Iterator<Item = Entry> {
    rotation.failures.iter().map(|failure| {
        let step = failure.step.map(|step| step.to_string());
        let text = words::failure_text(failure);
        Entry {
            step,
            ..Entry::new("step-failed", text, When::by(failure.at), vec!["log"])
        }
    })
}

/// What logins with the new version and with the one before it answered, wherever the answer changed.
fn logins(view: &SecretView, rotation: &Rotation) -> Vec<Entry> {
    let begun = rotation.started.as_ref().or(rotation.promoted.as_ref());
    let from = begun.map(|seen| seen.when.not_before.unwrap_or(seen.when.not_after));
    let to = rotation.ending.map(|(_, when)| when.not_after);
    let versions = [
        (Some(&rotation.key.version), "the new version"),
        (rotation.replaced.as_ref(), "the version before"),
    ];
    let mut entries = Vec::new();
    for (version, name) in versions {
        let Some(track) = version.and_then(|version| view.logins.get(version)) else {
            continue;
        };
        for (i, run) in track.runs().iter().enumerate() {
            let before = i.checked_sub(1).map(|i| &track.runs()[i]);
            let when = began(before, run, SignedDuration::ZERO);
            if from.is_none_or(|from| when.not_after >= from) && to.is_none_or(|to| when.not_after <= to) {
                let text = format!("login with {name}: {}", run.state);
                entries.push(Entry::new("login", text, when, vec!["login"]));
            }
        }
    }
    entries
}

/// When applications began to fail by their numbers, and when they were well again.
fn measured(snapshot: &Snapshot, secret: &SecretArn) -> Vec<Entry> {
    let mut entries = Vec::new();
    for view in snapshot.numbers.iter() {
        let mut rotations = view.secrets.iter();
        let Some((_, began)) = rotations.find(|(of, _)| of == secret) else {
            continue;
        };
        let series = view.taken.series.iter();
        for (measure, series) in series.filter(|(measure, _)| measure.tells_of_failures()) {
            let spells = series.spells().into_iter();
            // Another rotation may have begun before this one.
            let later = spells.filter(|spell| spell.over.is_none_or(|over| over.minute >= *began));
            entries.extend(later.flat_map(|spell| spell_entries(view, (measure, series), spell)));
        }
    }
    entries
}

fn spell_entries(view: &MeasuredView, (measure, series): (&Measure, &Series), spell: Spell) -> Vec<Entry> {
    let before = series.before();
    let worst = numbers::told(measure, spell.worst.value, before);
    let text = format!("{} fails: {worst}", view.measured);
    let mut entries = vec![minute_entry("application-fails", text, spell.first)];
    entries.extend(spell.over.map(|over| {
        let now = numbers::told(measure, over.value, before);
        let text = format!("{} is well again: {now}", view.measured);
        minute_entry("application-well", text, over)
    }));
    entries
}

/// Something that happened within a minute.
fn minute_entry(what: &'static str, text: String, point: Point) -> Entry {
    let when = When::between(point.minute, point.minute + SignedDuration::from_mins(1));
    Entry::new(what, text, when, vec!["cloudwatch"])
}

/// Each stage began between the last look that showed the one before, and the first that showed it.
fn stage_entries(consumer: &ConsumerId, runs: &[StageRun]) -> Vec<Entry> {
    let before = [None].into_iter().chain(runs.iter().map(|run| Some(run.last)));
    let entry = |(before, run): (Option<Timestamp>, &StageRun)| {
        let text = format!("{consumer} is {}: {}", words::stage(run.stage), run.why);
        let when = before.map_or(When::by(run.first), |before| When::between(before, run.first));
        Entry {
            consumer: Some(consumer.to_string()),
            stage: Some(words::stage(run.stage)),
            ..Entry::new("consumer", text, when, vec!["look"])
        }
    };
    before.zip(runs).map(entry).collect()
}

/// What only the mode kept from being done.
fn would_entry(consumer: &ConsumerId, would: Would) -> Entry {
    let at = When::between(would.at, would.at);
    Entry {
        consumer: Some(consumer.to_string()),
        action: Some(would.procedure.name()),
        ..Entry::new(
            "would-remediate",
            would_text(consumer, would.procedure),
            at,
            vec!["watchdog"],
        )
    }
}

/// `consumer`: nothing for a write to the secret itself.
fn attempt_entries(consumer: Option<&ConsumerId>, attempt: &Attempt) -> Vec<Entry> {
    let decision = &attempt.decision;
    let target = decision.target();
    let kind = decision.write.kind().name();
    let entry = |what, text: String, when| Entry {
        consumer: consumer.map(ToString::to_string),
        attempt: Some(decision.attempt.to_string()),
        action: Some(kind),
        ..Entry::new(what, text, when, vec!["watchdog"])
    };
    let at = When::between(decision.at, decision.at);
    let text = write_text(&decision.write);
    let decided = entry(
        "remediation-decided",
        format!("{kind} of {target} decided: {text}"),
        at,
    );
    let answered = attempt.outcome.as_ref().map(|(answered, outcome)| Entry {
        outcome: Some(words::outcome(outcome)),
        ..entry(
            "remediation-answered",
            format!("{kind} of {target}: {}", words::outcome_text(outcome)),
            When::between(decision.at, *answered),
        )
    });
    [decided].into_iter().chain(answered).collect()
}

fn ending_entry(ending: Ending, when: When) -> Entry {
    Entry {
        ending: Some(words::ending(ending)),
        ..Entry::new("ended", words::ending_text(ending), when, vec!["labels"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fixture::{at, shop_rotation};
    use machine::story::rotations::{Moves, Origin, Seen, Source};

    #[test]
    fn a_step_that_was_seen_late_still_comes_before_the_next() {
        let seen = |from, to, source| Some(Seen::by(When::between(at(from), at(to)), source));
        let rotation = Rotation {
            key: shop_rotation(),
            origin: Origin::Rotation,
            replaced: None,
            started: seen(1, 2, Source::Labels),
            created: None,
            exposed: seen(3, 9, Source::Login),
            set_ended: false,
            tested: None,
            promoted: seen(5, 6, Source::Labels),
            failures: Vec::new(),
            ending: None,
            moves: Moves::One,
            early: false,
        };
        let entries = milestones(&rotation);
        let order: Vec<_> = entries.iter().map(|entry| (entry.what, entry.order)).collect();
        assert_eq!(
            order,
            [("started", at(2)), ("setSecret", at(6)), ("finishSecret", at(6))]
        );
        assert_eq!(entries[1].interval.not_after, at(9), "shown as it was seen");
    }
}
