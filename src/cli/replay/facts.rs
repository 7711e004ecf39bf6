//! What each fact of the journal says, in words.

use jiff::{SignedDuration, Timestamp};
use machine::facts::stages::StageRun;
use machine::facts::state::State;
use machine::facts::track::{Run, Track, began};
use machine::judge::RotationView;
use machine::model::{
    AttemptId, Belongs, Brake, ConsumerId, Dates, Decision, Labels, LogFact, LogLine, LoginAnswer, Look,
    MasterState, Outcome, Reset, RotationKey, SecretArn, VersionId, When, WouldAct,
};
use machine::procedures::{would_text, write_text};
use machine::story::proof::{Proof, Works};
use machine::words;

use super::super::story::Entry;

/// An entry about secrets and rotations, known at a time.
pub(super) fn entry(what: &str, text: String, at: Timestamp, when: When, sources: &[&str]) -> Entry {
    Entry {
        at: Some(at),
        what: what.to_owned(),
        text,
        not_before: when.not_before,
        not_after: when.not_after,
        sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        ..Entry::default()
    }
}

/// What the watchdog itself did or concluded, at that time.
pub(super) fn own(what: &str, text: String, at: Timestamp) -> Entry {
    entry(what, text, at, When::between(at, at), &["watchdog"])
}

impl Entry {
    pub(super) fn of(mut self, secret: &SecretArn) -> Self {
        if !self.secret_arns.iter().any(|known| known == secret.as_str()) {
            self.secret_arns.push(secret.to_string());
            self.secrets.push(secret.name().to_owned());
        }
        self
    }

    pub(super) fn about<'a>(mut self, rotations: impl IntoIterator<Item = &'a RotationKey>) -> Self {
        for rotation in rotations {
            self.rotations.push(rotation.id().to_string());
            self = self.of(&rotation.secret);
        }
        self
    }
}

/// The run that an answer belongs to, and when its state began, as told by a source that may be behind by `lag`.
fn run_of<'a, T: Clone + Eq>(
    track: &'a Track<T>,
    look: Look,
    state: &T,
    lag: SignedDuration,
) -> Option<(Option<&'a Run<T>>, When)> {
    let runs = track.runs();
    let is_it =
        |run: &Run<T>| run.state == *state && run.first.sent <= look.sent && look.sent <= run.last.sent;
    let i = runs.iter().position(is_it)?;
    let before = i.checked_sub(1).map(|i| &runs[i]);
    Some((before, began(before, &runs[i], lag)))
}

pub(super) fn labels(
    state: &State,
    secret: &SecretArn,
    look: Look,
    labels: &Labels,
    settle: SignedDuration,
    at: Timestamp,
) -> Option<Entry> {
    let (before, when) = run_of(&state.secret(secret)?.labels, look, labels, settle)?;
    let text = changes(before.map(|run| &run.state), labels);
    Some(entry("labels", text, at, when, &["labels"]).of(secret))
}

/// LastRotatedDate, which is written a little after finishSecret.
pub(super) fn rotated(secret: &SecretArn, look: Look, dates: Dates, at: Timestamp) -> Option<Entry> {
    let rotated = dates.rotated?;
    let text = format!("Secrets Manager says that it was last rotated at {rotated:.0}");
    Some(entry("rotated", text, at, When::by(look.arrived), &["labels"]).of(secret))
}

/// What differs. AWSPREVIOUS follows AWSCURRENT, and is told only where it moved alone.
fn changes(before: Option<&Labels>, after: &Labels) -> String {
    let nothing = Labels::default();
    let from = before.unwrap_or(&nothing);
    let both = [
        ("AWSCURRENT", &from.current, &after.current),
        ("AWSPENDING", &from.pending, &after.pending),
        ("AWSPREVIOUS", &from.previous, &after.previous),
    ];
    let mut told = Vec::new();
    for (label, from, to) in both.into_iter().filter(|(_, from, to)| from != to) {
        match (from, to) {
            (Some(from), Some(to)) if label != "AWSPREVIOUS" => {
                told.push(format!("{label} moved from {from} to {to}"));
            }
            (Some(from), None) => told.push(format!("{label} left {from}")),
            (None, Some(to)) if before.is_none() => told.push(format!("{label} is on {to}")),
            (None, Some(to)) if label != "AWSPREVIOUS" => told.push(format!("{label} appeared on {to}")),
            (_, Some(to)) if told.is_empty() => told.push(format!("{label} is on {to}")),
            (_, _) => {}
        }
    }
    match (before, told.is_empty()) {
        (None, true) => "first look: no label".to_owned(),
        (None, false) => format!("first look: {}", told.join(", ")),
        (Some(_), _) => told.join(", "),
    }
}

pub(super) fn value(
    state: &State,
    secret: &SecretArn,
    version: &VersionId,
    look: Look,
    present: bool,
    settle: SignedDuration,
    at: Timestamp,
) -> Option<Entry> {
    let track = state.secret(secret)?.valued.get(version)?;
    let (_, when) = run_of(track, look, &present, settle)?;
    let has = if present {
        "has a value"
    } else {
        "has no value yet"
    };
    Some(entry("value", format!("{version} {has}"), at, when, &["versions"]).of(secret))
}

pub(super) fn login(
    state: &State,
    secret: &SecretArn,
    version: &VersionId,
    look: Look,
    answer: &LoginAnswer,
    at: Timestamp,
) -> Option<Entry> {
    let track = state.secret(secret)?.logins.get(version)?;
    let (_, when) = run_of(track, look, answer, SignedDuration::ZERO)?;
    let text = format!("login with {version}: {}", answer);
    Some(entry("login", text, at, when, &["login"]).of(secret))
}

pub(super) fn line(secret: &SecretArn, fact: &LogFact, at: Timestamp) -> Entry {
    let text = match &fact.line {
        LogLine::Done {
            step,
            version,
            strategy,
        } => {
            let version = version.as_ref().map(|version| format!(" for {version}"));
            let strategy = strategy.map(|strategy| format!(", {}", words::strategy(strategy)));
            format!(
                "{step} says that it is done{}{}",
                version.unwrap_or_default(),
                strategy.unwrap_or_default()
            )
        }
        LogLine::Failed {
            step: Some(step),
            why,
            ..
        } => format!("{step} failed: {why}"),
        LogLine::SetEnded => "setSecret's invocation ended without a failure".to_owned(),
        LogLine::Failed { step: None, why, .. } => format!("an unknown step failed: {why}"),
    };
    entry("log", text, at, When::between(fact.at, fact.at), &["log"]).of(secret)
}

pub(super) fn stage(
    state: &State,
    rotation: &RotationKey,
    consumer: &ConsumerId,
    looked: Timestamp,
    at: Timestamp,
) -> Option<Entry> {
    let facts = state.secret(&rotation.secret)?;
    let runs = facts.reached.get(&(rotation.clone(), consumer.clone()))?;
    let i = runs.iter().rposition(|run| run.first == looked)?;
    let StageRun { stage, why, .. } = &runs[i];
    let when = i
        .checked_sub(1)
        .map_or(When::by(looked), |i| When::between(runs[i].last, looked));
    let stage = words::stage(*stage);
    let text = format!("{consumer} is {stage}: {why}");
    Some(Entry {
        consumer: Some(consumer.to_string()),
        stage: Some(stage.to_owned()),
        ..entry("consumer", text, at, when, &["look"]).about([rotation])
    })
}

/// The brake's tag, from the look on that showed it.
pub(super) fn brake(secret: &SecretArn, seen: Timestamp, brake: Option<Brake>, at: Timestamp) -> Entry {
    let text = match brake {
        Some(Brake::Observe) => "the tag rotation-watchdog = observe lowers its mode",
        Some(Brake::Hold) => "the tag rotation-watchdog = hold lets nobody be restarted for it",
        None => "the brake's tag was taken off",
    };
    entry("brake", text.to_owned(), at, When::by(seen), &["labels"]).of(secret)
}

/// How the master user's password stands, as RDS tells it.
pub(super) fn master(
    state: &State,
    secret: &SecretArn,
    look: Look,
    told: MasterState,
    at: Timestamp,
) -> Option<Entry> {
    let master = state.secret(secret)?.master.as_deref()?;
    let (_, when) = run_of(&master.states, look, &told, SignedDuration::ZERO)?;
    Some(entry("rds", words::master_text(told), at, when, &["rds"]).of(secret))
}

pub(super) fn reset(secret: &SecretArn, reset: Reset, at: Timestamp) -> Entry {
    let text = words::reset_text(reset).to_owned();
    entry("rds", text, at, When::by(reset.at), &["rds"]).of(secret)
}

/// Which database of RDS logins with the secret went to.
pub(super) fn belongs(secret: &SecretArn, belongs: &Belongs, at: Timestamp) -> Entry {
    let master = if belongs.master_user {
        ", and is its master user's"
    } else {
        ""
    };
    let text = format!("it belongs to {}{master}", belongs.database);
    entry("rds", text, at, When::by(at), &["login"]).of(secret)
}

/// Whom a promotion has to come to.
pub(super) fn users(
    rotation: &RotationKey,
    consumers: &[ConsumerId],
    searched: Timestamp,
    at: Timestamp,
) -> Entry {
    let names: Vec<String> = consumers.iter().map(ToString::to_string).collect();
    let text = if names.is_empty() {
        "everything was searched, and nobody was found who uses the secret".to_owned()
    } else {
        format!("it is used by {}", names.join(", "))
    };
    entry("users", text, at, When::by(searched), &["look"]).about([rotation])
}

/// What only the mode kept from being done.
pub(super) fn would(would: &WouldAct, at: Timestamp) -> Entry {
    let WouldAct {
        rotation,
        consumer,
        procedure,
        at: wanted,
        why,
    } = would;
    let text = format!("{}; {why}", would_text(consumer, *procedure));
    let when = When::between(*wanted, *wanted);
    Entry {
        consumer: Some(consumer.to_string()),
        action: Some(procedure.name().to_owned()),
        ..entry("would-remediate", text, at, when, &["watchdog"]).about([rotation])
    }
}

/// A decision, and what it rests on: `told` finds a rotation as it was judged then.
pub(super) fn decision<'a>(
    decision: &Decision,
    told: impl Fn(&RotationKey) -> Option<&'a RotationView>,
    at: Timestamp,
) -> Entry {
    let (action, target) = (decision.write.kind().name(), decision.target());
    let because: Vec<String> = match decision.write.restores() {
        true => vec!["what was switched off is put back".to_owned()],
        false => decision
            .serves
            .iter()
            .map(|key| because(key, told(key)))
            .collect(),
    };
    let what = write_text(&decision.write);
    let text = format!(
        "{action} of {target} decided: {what}; because {}",
        because.join(", and ")
    );
    let when = When::between(decision.at, decision.at);
    Entry {
        consumer: target.consumer().map(ToString::to_string),
        attempt: Some(decision.attempt.to_string()),
        action: Some(action.to_owned()),
        ..entry("remediation-decided", text, at, when, &["watchdog"]).about(&decision.serves)
    }
}

/// Why a restart for a rotation was allowed (design rule 3), as far as the journal tells.
fn because(key: &RotationKey, told: Option<&RotationView>) -> String {
    let version = &key.version;
    let proof = match told.map(|view| view.works) {
        Some(Works::Yes(Proof::Login(at))) => format!("logged in at {at:.3}"),
        Some(Works::Yes(Proof::TestSecret(at))) => format!("was tested by testSecret by {at:.3}"),
        Some(Works::Yes(Proof::Protocol)) => "came through AWSPENDING, whose protocol tests it".to_owned(),
        Some(Works::No { .. } | Works::Unproven) | None => {
            return format!("{version} became current; what proved it the journal does not tell");
        }
    };
    format!("{version} became current and {proof}")
}

pub(super) fn outcome(
    state: &State,
    attempt: &AttemptId,
    answered: Timestamp,
    outcome: &Outcome,
    at: Timestamp,
) -> Option<Entry> {
    let decision = &state.attempt(attempt)?.decision;
    let (action, target) = (decision.write.kind().name(), decision.target());
    let text = format!("{action} of {target}: {}", words::outcome_text(outcome));
    let when = When::between(decision.at, answered);
    Some(Entry {
        consumer: target.consumer().map(ToString::to_string),
        attempt: Some(attempt.to_string()),
        action: Some(action.to_owned()),
        outcome: Some(words::outcome(outcome).to_owned()),
        ..entry("remediation-answered", text, at, when, &["watchdog"]).about(&decision.serves)
    })
}
