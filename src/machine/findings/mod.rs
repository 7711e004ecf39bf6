//! What a person should know, with a severity and a way out. What is to be told is derived from the facts each time;
//! since when it stands, and when it ended, is kept ([`Lives`]).

mod asked;
mod at_rest;
mod beyond;
mod cause;
mod commands;
mod discovered;
mod events;
mod fleet;
mod lives;
mod log;
mod logins;
mod not_there;
mod numbers;
mod open;
mod rds;
mod roll_forward;
mod rules;
mod secret;
pub mod told;
mod waits;
mod way_out;
mod window;
mod worth;

use jiff::Timestamp;

pub(crate) use self::at_rest::{beyond, beyond_next, unmatched};
use self::beyond::{beyond_remedy, severity_of};
pub use self::commands::{commands_in, put_back, untag};
pub(crate) use self::events::of_events;
pub use self::fleet::of_fleet;
pub(crate) use self::fleet::{looks_given_up, of_consumer, of_journal, of_looks, of_search};
pub use self::lives::{Ended, Life, Lives, Standing};
pub(crate) use self::log::absence_told_at;
pub(crate) use self::logins::silence_told_at;
pub(crate) use self::numbers::of_numbers;
pub(crate) use self::rds::of_rds;
#[cfg(test)]
pub(crate) use self::roll_forward::stopped as roll_forward_stopped;
pub(crate) use self::rules::of_rules;
pub use self::rules::{Coverage, RuleCoverage, Unwatched};
pub(crate) use self::waits::Waits;
use crate::consumers::Why;
use crate::facts::state::{SecretFacts, State};
use crate::judge::{Judgement, RotationView};
pub use crate::model::finding::{Finding, FindingId, Kind, Severity};
use crate::model::{SecretArn, Stage, Strategy, Subject};
use crate::policy::Settings;
use crate::procedures::NO_EFFECT_LIMIT;

/// The findings about one secret.
pub fn of_secret(
    state: &State,
    secret: &SecretArn,
    judgement: &Judgement,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Finding> {
    let empty = SecretFacts::default();
    let mut list = List {
        secret,
        login_test: judgement.login_test,
        found: Vec::new(),
    };
    let facts = state.secret(secret).unwrap_or(&empty);
    if state.successor(secret).is_none() {
        list.gone(facts, state);
        list.account(facts);
    }
    list.impaired(state);
    list.logins(facts, judgement, settings, now);
    list.references(state);
    list.stale_at_the_baseline(state, judgement);
    list.rotation_log(facts, judgement, now);
    list.left_exposed(state, facts, judgement);
    list.pending_left(facts, judgement);
    if let Some(view) = judgement.open() {
        list.open_rotation(view, judgement, (state, facts));
        let strategy = judgement.strategy.0;
        list.open_window(view, (state, facts), strategy, (&settings.timing, now));
    }
    if let Some(view) = judgement.current() {
        let next = judgement.open().or(judgement.left_exposed());
        list.promotion(state, view, next, (settings, now));
    }
    list.last_window(judgement, settings);
    list.standalone_tasks(state, judgement, settings);
    list.no_consumers(state);
    list.strengthen(state, settings);
    list.once_each()
}

struct List<'a> {
    secret: &'a SecretArn,
    /// The rule switches the login test on.
    login_test: bool,
    found: Vec<Finding>,
}

impl List<'_> {
    /// In the order in which they were found.
    fn once_each(self) -> Vec<Finding> {
        let mut once: Vec<Finding> = Vec::with_capacity(self.found.len());
        for finding in self.found {
            if !once.contains(&finding) {
                once.push(finding);
            }
        }
        once
    }

    fn add(&mut self, severity: Severity, kind: Kind, text: impl Into<String>, remedy: impl Into<String>) {
        let subject = Subject::Secret(self.secret.clone());
        self.about(severity, kind, subject, text, remedy);
    }

    fn about(
        &mut self,
        severity: Severity,
        kind: Kind,
        subject: Subject,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (text, remedy) = (text.into(), remedy.into());
        self.found.push(Finding {
            severity,
            kind,
            subject,
            secret: Some(self.secret.clone()),
            text,
            remedy,
        });
    }

    fn promotion(
        &mut self,
        state: &State,
        view: &RotationView,
        next: Option<&RotationView>,
        (settings, now): (&Settings, Timestamp),
    ) {
        if !self.undone(state, view) {
            self.worth(state, view, next);
            self.rolled_forward(state, view, settings, now);
        }
        for (consumer, standing) in &view.consumers {
            self.created_around(state, consumer, standing);
            if standing.why == Why::TasksUnseen {
                self.about(
                    Severity::Warning,
                    Kind::TasksUnseen,
                    Subject::Consumer(consumer.clone()),
                    "its tasks cannot be listed: nothing proves it fresh or stale, so it is not restarted",
                    "allow ecs:ListTasks and ecs:DescribeTasks on its cluster",
                );
            }
            if let Why::NoEffect { why, times } = &standing.why
                && *times >= NO_EFFECT_LIMIT
                && standing.stage != Stage::Beyond
            {
                self.about(
                    Severity::Critical,
                    Kind::InVain,
                    Subject::Consumer(consumer.clone()),
                    format!("{times} tries to refresh it changed nothing, last: {why}; it is tried again every five minutes"),
                    "find out what keeps AWS from answering; it goes on by itself",
                );
            }
            if standing.stage == Stage::Beyond {
                let remedy = beyond_remedy(consumer, &standing.why);
                self.about(
                    severity_of(&standing.why),
                    Kind::BeyondUs,
                    Subject::Consumer(consumer.clone()),
                    standing.why.to_string(),
                    remedy,
                );
            }
        }
    }

    /// A long time between setSecret and finishSecret only lengthens the danger.
    fn last_window(&mut self, judgement: &Judgement, settings: &Settings) {
        let Some(view) = judgement.current() else { return };
        let (Some(exposed), Some(promoted)) = (&view.rotation.exposed, &view.rotation.promoted) else {
            return;
        };
        // Only what was certainly that long.
        let least = promoted
            .when
            .not_before
            .map(|bound| bound.duration_since(exposed.when.not_after));
        // Where the old password works on, there is no window.
        if let Some(lasted) =
            least.filter(|lasted| view.window.is_some() && *lasted > settings.timing.long_window)
        {
            let text = format!(
                "{} s passed between setSecret and finishSecret: all that time only the new password worked",
                lasted.as_secs()
            );
            let (severity, remedy) = long_window_of(judgement.strategy.0);
            self.add(severity, Kind::LongWindow, text, remedy);
        }
    }
}

/// Who can shorten it: the function's author; where a service rotates by itself, nobody.
fn long_window_of(strategy: Strategy) -> (Severity, &'static str) {
    match strategy {
        Strategy::Managed | Strategy::External => (
            Severity::Info,
            "the service that rotates it takes so long: let applications try their logins again for as long",
        ),
        Strategy::SingleUser | Strategy::Unknown | Strategy::AlternatingUsers | Strategy::DualPasswords => (
            Severity::Warning,
            "take sleeps out of the rotation Lambda: they only lengthen the outage",
        ),
    }
}
