//! The end of a life: no new remediations, what is switched off is put back, answers are waited for.

use machine::cadence::Agenda;
use machine::consumers::{Left, left_by_us};
use machine::findings::{put_back, untag};
use machine::model::{ConsumerId, LookKey, SleepTag};

use super::watchdog::Watchdog;

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    Whole,
    /// Its deadline passed. What is left was told as errors.
    InPart,
}

impl Watchdog {
    pub(super) fn begin_drain(&mut self) {
        tracing::info!("draining: no new remediations, what is switched off is put back");
        self.drain = Some(self.parts.clock.now() + self.options.drain);
        self.agenda.clear();
        self.fleet_stale = true;
    }

    /// Nothing while the life goes on.
    pub(super) fn drained(&self) -> Option<Drained> {
        let deadline = self.drain?;
        let left = self.left();
        if left.is_empty() && self.writes_under_way.is_empty() && self.backlog.is_empty() {
            return Some(Drained::Whole);
        }
        if self.parts.clock.now() < deadline {
            return None;
        }
        for (function, left) in &left {
            tell_left(function, *left);
        }
        tracing::error!(
            functions_left = left.len(),
            writes_without_answer = self.writes_under_way.len(),
            facts_not_journalled = self.backlog.len(),
            "not drained: its deadline, shutdown.drain, has passed; the next start goes on with what is left"
        );
        Some(Drained::InPart)
    }

    /// The functions that we have switched off, or that still bear our note.
    fn left(&self) -> Vec<(&ConsumerId, Left)> {
        let all = self.state.consumers.iter();
        all.filter_map(|(id, facts)| Some((id, left_by_us(facts)?)))
            .collect()
    }

    pub(super) fn unless_draining(&self, looks: Agenda) -> Agenda {
        if self.drain.is_some() {
            Agenda::new()
        } else {
            looks
        }
    }

    /// While draining only what is switched off is looked at.
    pub(super) fn consumers_alone_while_draining(&self, mut looks: Agenda) -> Agenda {
        if self.drain.is_some() {
            looks.retain(|key, _| matches!(key, LookKey::Consumer(_)));
        }
        looks
    }
}

fn tell_left(id: &ConsumerId, left: Left) {
    let (ConsumerId::Function { name } | ConsumerId::Service { name, .. } | ConsumerId::Declared { name }) =
        id;
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
