//! Where the time of a simulation goes, by the machine's clock: for measurements, never for decisions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use machine::admission::{Admission, Situation};
use machine::facts::state::State;
use machine::judge::{Judgement, Judgements};
use machine::model::{Event, Fact, SecretArn};
use machine::policy::{Policy, Settings, Timing};
use machine::turn::Decide;

/// What a thread is busy with; all that nobody names is the loop's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Loop,
    Machine,
    Journal,
    World,
    Checks,
    Answers,
}

impl Part {
    pub fn name(self) -> &'static str {
        match self {
            Self::Loop => "loop",
            Self::Machine => "machine",
            Self::Journal => "journal",
            Self::World => "world",
            Self::Checks => "checks",
            Self::Answers => "the API's answers",
        }
    }
}

pub type Spent = BTreeMap<Part, Duration>;

struct Watch {
    spent: Spent,
    busy: Part,
    since: Instant,
}

thread_local! {
    /// Nothing where nobody measures.
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Measures this thread from now on.
pub fn start() {
    let watch = Watch {
        spent: Spent::new(),
        busy: Part::Loop,
        since: now(),
    };
    WATCH.set(Some(watch));
}

/// What was measured on this thread since the start, if it was.
pub fn stop() -> Spent {
    switch(Part::Loop);
    WATCH.take().map(|watch| watch.spent).unwrap_or_default()
}

/// Busy with a part, until it is dropped.
pub struct On(Option<Part>);

impl On {
    pub fn part(part: Part) -> Self {
        Self(switch(part))
    }
}

impl Drop for On {
    fn drop(&mut self) {
        if let Some(before) = self.0 {
            switch(before);
        }
    }
}

/// Returns what the thread was busy with before.
fn switch(part: Part) -> Option<Part> {
    WATCH.with_borrow_mut(|watch| {
        let watch = watch.as_mut()?;
        let now = now();
        *watch.spent.entry(watch.busy).or_default() += now - watch.since;
        watch.since = now;
        Some(std::mem::replace(&mut watch.busy, part))
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulation's own time stands still while it works"
)]
fn now() -> Instant {
    Instant::now()
}

/// The machine's functions, measured.
pub fn decide() -> Decide {
    Decide { merge, judge, admit }
}

fn merge(state: &mut State, event: Event, timing: &Timing) -> Vec<Fact> {
    let _on = On::part(Part::Machine);
    machine::facts::merge::merge(state, event, timing)
}

fn judge(
    state: &State,
    secret: &SecretArn,
    policy: &Policy,
    settings: &Settings,
    now: Timestamp,
) -> Judgement {
    let _on = On::part(Part::Machine);
    machine::judge::judge(state, secret, policy, settings, now)
}

fn admit(state: &State, judgements: &Judgements, settings: &Settings, situation: Situation) -> Admission {
    let _on = On::part(Part::Machine);
    machine::admission::admit(state, judgements, settings, situation)
}
