//! How consumers came along with each rotation: runs of equal stages.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{ConsumerId, RotationKey, Stage};

/// The stages that consumers came to, for each rotation, in order of time.
pub type Reached = BTreeMap<(RotationKey, ConsumerId), Vec<StageRun>>;

/// A consumer was seen at one stage from the first look to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRun {
    pub stage: Stage,
    pub first: Timestamp,
    pub last: Timestamp,
    /// What the first look showed.
    pub why: Arc<str>,
    /// The last moment at which a look showed that the old value is certainly held.
    pub old: Option<Timestamp>,
}

impl StageRun {
    pub fn at(moment: Timestamp, stage: Stage, why: &str) -> Self {
        Self {
            stage,
            first: moment,
            last: moment,
            why: why.into(),
            old: None,
        }
    }

    /// The same, where the look also showed that the old value is certainly held.
    #[must_use]
    pub fn holding_old(mut self, old: Option<Timestamp>) -> Self {
        self.old = old;
        self
    }

    /// Notes a look. News is a change: the last look at the stage before, and the first at this one. A look that shows
    /// the same only lengthens its run.
    pub(crate) fn note(runs: &mut Vec<Self>, seen: Self) -> Vec<Self> {
        const RUN_LIMIT: usize = 32;
        let next = runs.partition_point(|run| run.first <= seen.first);
        let border = match next.checked_sub(1).map(|i| &mut runs[i]) {
            Some(run) if run.stage == seen.stage => {
                run.last = run.last.max(seen.last);
                run.old = run.old.max(seen.old);
                return Vec::new();
            }
            before => before.map(|run| Self::at(run.last, run.stage, &run.why).holding_old(run.old)),
        };
        let mut next = next;
        if runs.len() >= RUN_LIMIT {
            let Some(forgotten) = Self::forget_two(runs, next) else {
                return Vec::new();
            };
            next -= forgotten;
        }
        runs.insert(next, seen.clone());
        border.into_iter().chain([seen]).collect()
    }

    /// Makes room among tries that came to nothing: two neighbours between the first run and what is noted. Returns how many
    /// runs went; nothing where the consumer had come to the new value already, for no later run matters then.
    fn forget_two(runs: &mut Vec<Self>, before: usize) -> Option<usize> {
        let is_open = |run: &Self| !run.stage.is_over();
        let until = before.min(runs.iter().position(|run| !is_open(run)).unwrap_or(runs.len()));
        if until < 3 {
            return None;
        }
        let old = runs.drain(1..3).filter_map(|run| run.old).max();
        runs[0].old = runs[0].old.max(old);
        Some(2)
    }
}
