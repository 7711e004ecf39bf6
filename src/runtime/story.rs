//! The log of what happens: one line for each thing seen, decided and done. A line reads alone.

use machine::facts::state::State;
use machine::findings::Severity;
use machine::judge::{Judgement, RotationView};
use machine::model::finding::{FindingFact, FindingNews};
use machine::model::{
    ConsumerId, Decision, Done, Event, Evidence, Fact, LoginAnswer, Measured, Outcome, SecretArn, Stage,
    Target, VersionId,
};
use machine::numbers::{self, Health};
use machine::story::rotations::Origin;
use machine::words;

use tracing::field::DisplayValue;

use crate::telemetry::Metrics;

/// Tells what an event says that no judgement will.
pub(super) fn tell_event(event: &Event, state: &State, metrics: &Metrics) {
    match event {
        Event::Seen {
            evidence:
                Evidence::Login {
                    secret,
                    version,
                    answer,
                    ..
                },
            ..
        } => {
            tell_login(secret, version, answer, state, metrics);
        }
        Event::Seen { look, evidence } => {
            if state.failing.contains_key(&evidence.key()) {
                tracing::info!(look = %evidence.key(), at = %look.arrived, "can be looked at again");
            }
        }
        Event::Unseen { key, failure, .. } if !state.failing.contains_key(key) => {
            tracing::warn!(look = %key, %failure, "could not be looked at");
        }
        Event::Unseen { .. } => {}
        Event::Decided(_) => {}
        Event::Ended { attempt, outcome, .. } => {
            if let Some(known) = state.attempt(attempt) {
                tell_outcome(&known.decision, outcome);
            }
        }
    }
}

fn tell_login(
    secret: &SecretArn,
    version: &VersionId,
    answer: &LoginAnswer,
    state: &State,
    metrics: &Metrics,
) {
    metrics.login(answer);
    let result = words::login(answer);
    let known = state
        .secret(secret)
        .and_then(|facts| facts.logins.get(version)?.latest());
    if known.is_some_and(|run| run.state == *answer) {
        return;
    }
    match answer {
        LoginAnswer::Accepted => tracing::info!(secret = secret.name(), %version, "login accepted"),
        LoginAnswer::Admitted { .. } => tracing::info!(secret = secret.name(), %version, "login {answer}"),
        other => {
            tracing::info!(secret = secret.name(), %version, result, "login not accepted: {other}")
        }
    }
}

pub(super) fn tell_decision(decision: &Decision) {
    let target = decision.target();
    let rotations: Vec<String> = decision
        .serves
        .iter()
        .map(|rotation| rotation.id().to_string())
        .collect();
    tracing::info!(
        consumer = consumer(&target),
        secret = secret(&target),
        action = decision.write.kind().name(),
        attempt = %decision.attempt,
        rotations = rotations.join(","),
        "decided"
    );
}

fn consumer(target: &Target) -> Option<DisplayValue<&ConsumerId>> {
    target.consumer().map(tracing::field::display)
}

fn secret(target: &Target) -> Option<&str> {
    match target {
        Target::Secret(secret) => Some(secret.name()),
        Target::Consumer(_) => None,
    }
}

fn tell_outcome(decision: &Decision, outcome: &Outcome) {
    let (target, action, attempt) = (decision.target(), decision.write.kind().name(), &decision.attempt);
    let (consumer, secret) = (consumer(&target), secret(&target));
    match outcome {
        Outcome::Done(Done::Written { began }) => {
            let began = began.as_ref().map(tracing::field::display);
            tracing::info!(consumer, secret, action, %attempt, began, "written");
        }
        Outcome::Done(Done::AlreadySo) => tracing::info!(consumer, secret, action, %attempt, "already so"),
        Outcome::NoEffect(why) if decision.write.restores() => {
            tracing::error!(consumer, secret, action, %attempt, %why, "could not be put back; it is tried again");
        }
        Outcome::NoEffect(why) => tracing::warn!(consumer, secret, action, %attempt, %why, "no effect"),
        Outcome::InDoubt { why } => {
            tracing::warn!(consumer, secret, action, %attempt, why, "in doubt: looked at before anything is repeated")
        }
    }
}

/// Tells how a secret's rotations and their consumers moved on since the judgement before. Until everything was looked at
/// once, nobody knows who uses what was promoted, and how far that has come.
pub(super) fn tell_judgement(before: Option<&Judgement>, after: &Judgement, has_looked: bool) {
    for view in &after.rotations {
        let known = before.and_then(|judgement| {
            judgement
                .rotations
                .iter()
                .find(|b| b.rotation.key == view.rotation.key)
        });
        let is_known = has_looked || !view.rotation.is_current();
        if known.is_none_or(|known| known.phase != view.phase)
            && is_known
            && (before.is_some() || view.rotation.is_open())
        {
            tell_phase(view);
        }
        for (consumer, standing) in &view.consumers {
            let stage = known
                .and_then(|known| known.consumers.iter().find(|(id, _)| id == consumer))
                .map(|(_, s)| s.stage);
            if stage != Some(standing.stage) && standing.stage != Stage::Unknown {
                let secret = view.rotation.key.secret.name();
                tracing::info!(secret, rotation = %view.rotation.key.id(), %consumer, stage = words::stage(standing.stage), "consumer: {}", standing.why);
            }
        }
    }
}

fn tell_phase(view: &RotationView) {
    let key = &view.rotation.key;
    let (secret, rotation, version, phase) = (key.secret.name(), key.id(), &key.version, view.phase.name());
    if view.rotation.origin != Origin::Baseline {
        tracing::info!(secret, %rotation, %version, phase, "rotation is {}", view.phase);
    }
}

/// Tells what RDS says of a master user's password, where that is another word than before.
pub(super) fn tell_fact(fact: &Fact, state: &State) {
    match fact {
        Fact::Master {
            secret,
            look,
            state: told,
        } => {
            let known = state.secret(secret).and_then(|facts| facts.master.as_deref());
            let runs = known.map_or(&[][..], |master| master.states.runs());
            if let [.., _, now] = runs
                && now.first == *look
            {
                tracing::info!(secret = secret.name(), "{}", words::master_text(*told));
            }
        }
        Fact::Reset { secret, reset } => {
            tracing::info!(secret = secret.name(), at = %reset.at, "{}", words::reset_text(*reset));
        }
        _ => {}
    }
}

/// Tells that an application or a database began to fail, or is well again, by its numbers.
pub(super) fn tell_health(measured: &Measured, health: Health, state: &State) {
    let secrets = state
        .numbers()
        .wanted_by(measured)
        .map(|(secret, _)| secret.name());
    let secrets = secrets.collect::<Vec<_>>().join(", ");
    let taken = state.numbers().get(measured);
    match health {
        Health::Failing => {
            let fails = taken.and_then(|taken| numbers::failing(measured, taken));
            tracing::warn!(secrets, "fails by its numbers: {}", fails.unwrap_or_default());
        }
        Health::Well => tracing::info!(secrets, "well again by its numbers: {measured}"),
        Health::Unknown => {}
    }
}

/// Tells that a finding opened, changed or ended. A number that only counts on is no news.
pub(super) fn tell_finding(fact: &FindingFact) {
    let FindingFact { id, news, .. } = fact;
    let (kind, finding, subject) = (id.kind.name(), id.short(), &id.subject);
    let secret = id.secret.as_ref().map(SecretArn::name);
    let (words, changed) = match news {
        FindingNews::Opened(words) => (words, None),
        FindingNews::Changed(words) => (words, Some(true)),
        FindingNews::Ended => {
            tracing::info!(kind, %subject, secret, finding, "finding ended");
            return;
        }
    };
    let (to_do, text) = (&words.remedy, &words.text);
    match words.severity {
        Severity::Critical => {
            tracing::error!(kind, %subject, secret, finding, changed, to_do, "finding: {subject}: {text}")
        }
        Severity::Warning => {
            tracing::warn!(kind, %subject, secret, finding, changed, to_do, "finding: {subject}: {text}")
        }
        Severity::Info => {
            tracing::info!(kind, %subject, secret, finding, changed, to_do, "finding: {subject}: {text}")
        }
    }
}
