//! Events that are believed.

use machine::facts::{merge::merge, state::State};
use machine::model::{Event, Evidence, Hint, HintAbout, Look, SecretSeen};

use super::caught_by;
use super::deciding::merging;
use crate::sim::case::Profile;

/// The labels as a label's event would have them: AWSPENDING's version is AWSCURRENT now.
fn believed(state: &State, look: Look, hint: &Hint) -> Option<Event> {
    let HintAbout::Secret(named) = &hint.about else {
        return None;
    };
    let secret = state.named(named).into_iter().next()?;
    let (_, seen) = state.secret(&secret)?.seen.as_ref()?;
    let mut seen = SecretSeen::clone(seen);
    let pending = seen.labels.in_progress().cloned()?;
    seen.labels.previous = seen.labels.current.replace(pending);
    seen.labels.pending = None;
    let evidence = Evidence::Secret { secret, seen };
    Some(Event::Seen { look, evidence })
}

/// A forged event cannot be told apart.
#[test]
fn believing_an_event_without_a_look() {
    caught_by("intervals-contain-the-truth", Profile::None, |parts| {
        merging(parts, |state, event, timing| {
            let told = match &event {
                Event::Seen {
                    look,
                    evidence: Evidence::Hints { hints },
                } => hints
                    .iter()
                    .filter_map(|hint| believed(state, *look, hint))
                    .collect(),
                _ => Vec::new(),
            };
            let mut facts = merge(state, event, timing);
            facts.extend(told.into_iter().flat_map(|event| merge(state, event, timing)));
            facts
        })
    });
}
