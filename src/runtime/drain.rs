//! The end of a life: no new remediations, what is switched off is put back, answers are waited for.

use jiff::Timestamp;
use machine::facts::state::State;
use machine::findings::{put_back, untag};
use machine::model::{ConsumerId, SleepTag};
use machine::procedures::{Left, left_by_us};

use super::keeper::Keeper;
use super::writes::Writes;

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    Whole,
    /// Its deadline passed. What is left was told as errors.
    InPart,
}

/// A drain under way.
pub(super) struct Drain {
    pub(super) deadline: Timestamp,
}

impl Drain {
    /// How it ended; nothing while it goes on.
    pub(super) fn over(
        &self,
        now: Timestamp,
        state: &State,
        writes: &Writes,
        keeper: &Keeper,
    ) -> Option<Drained> {
        let left: Vec<(&ConsumerId, Left)> = left(state).collect();
        if left.is_empty() && writes.is_empty() && keeper.has_all() {
            return Some(Drained::Whole);
        }
        if now < self.deadline {
            return None;
        }
        for (function, left) in &left {
            tell_left(function, *left);
        }
        tracing::error!(
            functions_left = left.len(),
            writes_without_answer = writes.len(),
            facts_not_journalled = keeper.held_up(),
            "not drained: its deadline, shutdown.drain, has passed; the next start goes on with what is left"
        );
        Some(Drained::InPart)
    }
}

/// The functions that we have switched off, or that still bear our note.
fn left(state: &State) -> impl Iterator<Item = (&ConsumerId, Left)> {
    state
        .asleep()
        .filter_map(|(id, facts)| Some((id, left_by_us(facts)?)))
}

fn tell_left(id: &ConsumerId, left: Left) {
    let (ConsumerId::Function { name }
    | ConsumerId::Service { name, .. }
    | ConsumerId::Proxy { name }
    | ConsumerId::Declared { name }) = id;
    match left {
        Left::Asleep { former } => tracing::error!(
            consumer = %id,
            to_do = format!("{}; then: {}", put_back(name, former), untag(name, SleepTag::KEY)),
            "left switched off: its reserved concurrency is 0, or may be; the next start puts it back"
        ),
        Left::Note => tracing::error!(
            consumer = %id,
            to_do = untag(name, SleepTag::KEY),
            "left with our note on it: its concurrency is as it was; the next start removes the note"
        ),
    }
}
