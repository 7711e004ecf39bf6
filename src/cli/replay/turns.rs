//! What the facts mean, in words: phases, findings, and how a secret stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use machine::facts::state::State;
use machine::findings::Finding;
use machine::model::SecretArn;
use machine::policy::{Settings, Timing};
use machine::story::danger_window::DangerWindow;
use machine::story::phase::Phase;
use machine::story::rotations::{Origin, Rotation};

use super::super::story::{self, Entry};
use super::facts::{entry, own};
use super::judged::{Known, Told, stages};
use crate::http::{ending_text, source_word, steps};
use crate::telemetry::words;

/// Steps that were seen, and steps whose interval another source narrowed. A baseline's promotion is none.
pub(super) fn step_entries(before: Option<&Told>, after: &Told, at: Timestamp) -> Vec<Entry> {
    let rotation = &after.view.rotation;
    let known = before.map(|told| steps(&told.view.rotation).map(|(_, _, seen)| seen));
    let is_baseline = |what: &str| what == "promoted" && rotation.origin == Origin::Baseline;
    let all = steps(rotation).into_iter().enumerate();
    let told = all.filter_map(|(i, (what, text, seen))| {
        let news = known.is_none_or(|known| known[i] != seen) && !is_baseline(what);
        let seen = seen.as_ref().filter(|_| news)?;
        let sources: Vec<&str> = seen.sources.iter().copied().map(source_word).collect();
        let text = format!("rotation {}: {text}", rotation.key.id());
        Some(entry(what, text, at, seen.when, &sources).about([&rotation.key]))
    });
    told.collect()
}

/// A rotation that came to another phase.
pub(super) fn phase_entry(told: &Told, settings: &Settings, at: Timestamp) -> Entry {
    let key = &told.view.rotation.key;
    let text = match told.phase {
        Known::Baseline => format!("{} was current at the first look: the baseline", key.version),
        known => {
            let why = why(&told.view.rotation, known, settings).map(|why| format!(": {why}"));
            let (id, version, phase) = (key.id(), &key.version, known.text());
            format!("rotation {id} to {version} is {phase}{}", why.unwrap_or_default())
        }
    };
    Entry {
        phase: Some(told.phase.name().to_owned()),
        ..own("phase", text, at).about([key])
    }
}

/// What a phase rests on, where the steps told before do not say it.
fn why(rotation: &Rotation, known: Known, settings: &Settings) -> Option<String> {
    if let Some((ending, _)) = rotation.ending {
        return Some(ending_text(ending).trim_start_matches("abandoned: ").to_owned());
    }
    Some(match known {
        Known::Phase(Phase::Failed { .. }) => rotation.failures.last()?.why.clone(),
        Known::Phase(Phase::Stalled) => {
            format!("nothing of it moved for {:#}", settings.timing.stalled_after)
        }
        Known::Phase(Phase::Propagating) => "consumers that may hold the old value are left".to_owned(),
        Known::Reached => "every consumer that the journal names is fresh, presumed or beyond us".to_owned(),
        Known::Phase(_) | Known::Promoted | Known::Baseline => return None,
    })
}

/// Findings that came, and findings that went. One that only changed its words is the same.
pub(super) fn finding_entries(before: &[Finding], after: &[Finding], at: Timestamp) -> Vec<Entry> {
    let is_among = |list: &[Finding], finding: &Finding| {
        let mut others = list.iter();
        others.any(|other| {
            (other.kind, &other.subject, other.severity) == (finding.kind, &finding.subject, finding.severity)
        })
    };
    let came = after.iter().filter(|finding| !is_among(before, finding));
    let came = came.map(|finding| {
        let Finding {
            severity,
            kind,
            text,
            remedy,
            ..
        } = finding;
        let text = format!("{severity}: {text} [{kind}]; remedy: {remedy}");
        Entry {
            remedy: Some(remedy.clone()),
            ..about_finding(own("finding", text, at), finding)
        }
    });
    let went = before.iter().filter(|finding| !is_among(after, finding));
    let went = went.map(|finding| {
        let text = format!("{} is no longer [{}]", finding.severity, finding.kind);
        about_finding(own("finding-ended", text, at), finding)
    });
    came.chain(went).collect()
}

fn about_finding(entry: Entry, finding: &Finding) -> Entry {
    let entry = match &finding.secret {
        Some(secret) => entry.of(secret),
        None => entry,
    };
    Entry {
        severity: Some(finding.severity.to_string()),
        kind: Some(finding.kind.name().to_owned()),
        ..entry
    }
}

/// How a secret stands at the end of the journal.
pub(super) fn standing_entry(
    state: &State,
    secret: &SecretArn,
    told: &Told,
    timing: &Timing,
    end: Timestamp,
) -> Entry {
    let rotation = &told.view.rotation;
    let reached = state.secret(secret).map(|facts| &facts.reached);
    let mut text = format!(
        "at the end of the journal: rotation {} to {} is {}",
        rotation.key.id(),
        rotation.key.version,
        told.phase.text()
    );
    if let Some(window) = reached.and_then(|reached| DangerWindow::told(&told.view, reached, timing)) {
        let most = window.at_most(end).map(|most| most.as_secs_f64());
        let lasted = story::window(window.closed.is_none(), window.at_least(end).as_secs_f64(), most);
        text += &format!("; danger window {lasted}, for the consumers that it names");
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for stage in reached
        .into_iter()
        .flat_map(|reached| stages(reached, &rotation.key))
    {
        *counts.entry(words::stage(stage)).or_default() += 1;
    }
    if !counts.is_empty() {
        let counts: Vec<String> = counts.iter().map(|(stage, n)| format!("{n} {stage}")).collect();
        text += &format!("; consumers {}", counts.join(", "));
    }
    Entry {
        phase: Some(told.phase.name().to_owned()),
        ..own("stands", text, end).about([&rotation.key])
    }
}
