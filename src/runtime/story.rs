//! The log of what happens: one line for each thing seen, decided and done. A line reads alone.

use std::collections::BTreeMap;

use machine::facts::state::State;
use machine::findings::{Finding, FindingId, Severity};
use machine::judge::{Judgement, RotationView};
use machine::model::{
    ConsumerId, Decision, Done, Event, Evidence, LoginAnswer, Outcome, SecretArn, Stage, Target, VersionId,
};
use machine::story::rotations::Origin;

use tracing::field::DisplayValue;

use crate::telemetry::{Metrics, words};

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

/// Tells which findings came or changed their severity, and which went. One that only changed its words is the same.
pub(super) fn tell_findings(before: &[Finding], after: &[Finding]) {
    let known = by_id(before);
    let is_told = |finding: &Finding| known.get(&finding.id()) == Some(&finding.severity);
    for finding in after.iter().filter(|finding| !is_told(finding)) {
        tell_finding(finding);
    }
    let stands = by_id(after);
    for finding in before.iter().filter(|known| !stands.contains_key(&known.id())) {
        let Finding { kind, subject, .. } = finding;
        tracing::info!(kind = kind.name(), %subject, "finding ended");
    }
}

fn by_id(findings: &[Finding]) -> BTreeMap<FindingId, Severity> {
    let severities = findings.iter().map(|finding| (finding.id(), finding.severity));
    severities.collect()
}

fn tell_finding(finding: &Finding) {
    let Finding {
        severity,
        kind,
        subject,
        secret,
        text,
        remedy,
    } = finding;
    let secret = secret.as_ref().map(SecretArn::name);
    match severity {
        Severity::Critical => {
            tracing::error!(kind = kind.name(), %subject, secret, to_do = remedy, "finding: {subject}: {text}")
        }
        Severity::Warning => {
            tracing::warn!(kind = kind.name(), %subject, secret, to_do = remedy, "finding: {subject}: {text}")
        }
        Severity::Info => {
            tracing::info!(kind = kind.name(), %subject, secret, to_do = remedy, "finding: {subject}: {text}")
        }
    }
}
