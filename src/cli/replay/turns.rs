//! What the facts mean, in words: phases, findings, and how a secret stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use machine::facts::stages::Reached;
use machine::facts::state::State;
use machine::findings::FindingId;
use machine::judge::RotationView;
use machine::model::finding::{FindingFact, FindingNews};
use machine::model::{RotationKey, SecretArn, Stage};
use machine::policy::Settings;
use machine::story::phase::Phase;
use machine::story::rotations::Origin;
use machine::words;

use super::super::story::{self, Entry};
use super::facts::{entry, own};

/// Steps that were seen, and steps whose interval another source narrowed. A baseline's promotion is none.
pub(super) fn step_entries(before: Option<&RotationView>, after: &RotationView, at: Timestamp) -> Vec<Entry> {
    let rotation = &after.rotation;
    let known = before.map(|view| words::steps(&view.rotation).map(|(_, _, seen)| seen));
    let is_baseline = |what: &str| what == "promoted" && rotation.origin == Origin::Baseline;
    let all = words::steps(rotation).into_iter().enumerate();
    let told = all.filter_map(|(i, (what, text, seen))| {
        let news = known.is_none_or(|known| known[i] != seen) && !is_baseline(what);
        let seen = seen.as_ref().filter(|_| news)?;
        let sources: Vec<&str> = seen.sources.iter().copied().map(words::source).collect();
        let text = format!("rotation {}: {text}", rotation.key.id());
        Some(entry(what, text, at, seen.when, &sources).about([&rotation.key]))
    });
    told.collect()
}

/// A rotation that came to another phase.
pub(super) fn phase_entry(view: &RotationView, settings: &Settings, at: Timestamp) -> Entry {
    let key = &view.rotation.key;
    let text = if view.rotation.origin == Origin::Baseline {
        format!("{} was current at the first look: the baseline", key.version)
    } else {
        let why = why(view, settings).map(|why| format!(": {why}"));
        let (id, version, phase) = (key.id(), &key.version, view.phase);
        format!("rotation {id} to {version} is {phase}{}", why.unwrap_or_default())
    };
    Entry {
        phase: Some(phase_word(view).to_owned()),
        ..own("phase", text, at).about([key])
    }
}

/// What was current at the first look has come through no phase that anybody saw.
fn phase_word(view: &RotationView) -> &'static str {
    match view.rotation.origin {
        Origin::Baseline => words::origin(Origin::Baseline),
        Origin::Rotation | Origin::Manual | Origin::Replicated | Origin::Rollback => view.phase.name(),
    }
}

/// What a phase rests on, where the steps told before do not say it.
fn why(view: &RotationView, settings: &Settings) -> Option<String> {
    let rotation = &view.rotation;
    if let Some((ending, _)) = rotation.ending {
        return Some(
            words::ending_text(ending)
                .trim_start_matches("abandoned: ")
                .to_owned(),
        );
    }
    match view.phase {
        Phase::Failed { .. } => Some(rotation.failures.last()?.why.clone()),
        Phase::Stalled => {
            let after = settings.timing.stalled_after;
            Some(format!("nothing of it moved for {after:#}"))
        }
        Phase::Propagating => Some("consumers that may hold the old value are left".to_owned()),
        Phase::Creating
        | Phase::Created
        | Phase::Exposed
        | Phase::Tested
        | Phase::Verifying
        | Phase::Watching
        | Phase::Settled
        | Phase::Superseded
        | Phase::Abandoned
        | Phase::RolledBack => None,
    }
}

/// What happened to a finding, as it was told then.
pub(super) fn finding(fact: &FindingFact, state: &State, at: Timestamp) -> Option<Entry> {
    let FindingId {
        kind,
        subject,
        secret,
    } = &fact.id;
    let (what, severity, text, remedy) = match &fact.news {
        FindingNews::Opened(words) => ("finding", words.severity, words.text.clone(), Some(&words.remedy)),
        FindingNews::Changed(words) => {
            let text = format!("another cause: {}", words.text);
            ("finding-changed", words.severity, text, Some(&words.remedy))
        }
        FindingNews::Ended => {
            let ended = state.lives.ended().back()?;
            let text = format!("{subject}: since {:.0}, and no longer", ended.since);
            ("finding-ended", ended.finding.severity, text, None)
        }
    };
    let text = match remedy {
        Some(remedy) => format!("{severity}: {subject}: {text} [{kind}]; remedy: {remedy}"),
        None => format!("{severity}: {text} [{kind}]"),
    };
    let entry = own(what, text, at);
    Some(Entry {
        severity: Some(severity.to_string()),
        kind: Some(kind.name().to_owned()),
        finding: Some(fact.id.short()),
        remedy: remedy.cloned(),
        consumer: subject.consumer().map(ToString::to_string),
        ..match secret {
            Some(secret) => entry.of(secret),
            None => entry,
        }
    })
}

/// How a secret stands at the end of the journal.
pub(super) fn standing_entry(
    state: &State,
    secret: &SecretArn,
    view: &RotationView,
    end: Timestamp,
) -> Entry {
    let rotation = &view.rotation;
    let reached = state.secret(secret).map(|facts| &facts.reached);
    let mut text = format!(
        "at the end of the journal: rotation {} to {} is {}",
        rotation.key.id(),
        rotation.key.version,
        phase_word(view)
    );
    if let Some(window) = view.window {
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
        phase: Some(phase_word(view).to_owned()),
        ..own("stands", text, end).about([&rotation.key])
    }
}

/// The stage at which each consumer was last seen.
fn stages(reached: &Reached, rotation: &RotationKey) -> Vec<Stage> {
    let of_it = reached.iter().filter(|((of, _), _)| of == rotation);
    of_it.filter_map(|(_, runs)| Some(runs.last()?.stage)).collect()
}
