//! What is learned beside the values while sections are read: problems, warnings, and what is in effect.

use super::place::Place;
use super::problem::Problem;

/// What reading learned beside the values.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) problems: Vec<Problem>,
    /// What is dangerous and may be meant so.
    pub(super) warnings: Vec<Problem>,
    pub(super) shown: Vec<Shown>,
    /// Keys that no section asked for, each with its problem among them.
    pub(super) unknown: Vec<(usize, String)>,
}

impl Notes {
    /// A key that stands in another section is no misspelling: said once all sections are read.
    pub(super) fn tell_misplaced(&mut self) {
        for (problem, key) in &self.unknown {
            let ends_so = |shown: &&Shown| shown.key.rsplit('.').next() == Some(key.as_str());
            let found: Vec<&str> = self
                .shown
                .iter()
                .filter(ends_so)
                .map(|s| s.key.as_str())
                .collect();
            if !found.is_empty() {
                self.problems[*problem].remedy = format!("did you mean {}?", found.join(" or "));
            }
        }
    }
}

/// One effective value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `cadence.sweep`
    pub key: String,
    /// As TOML would have it; nothing where the key is absent and has no default.
    pub value: Option<String>,
    pub(super) place: Place,
}
