//! What the loop is made of: everything outside it, each part replaceable (by the simulation, by a seeded defect).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use machine::fleet::{Admission, Situation};
use machine::judge::{Judgement, Judgements};
use machine::model::{Event, Fact, LogPatterns, SecretArn, SecretSummary};
use machine::policy::{Policy, Settings, Timing};
use machine::state::State;

use super::Clock;
use crate::ports::{LoginTarget, Ports};
use crate::store::JournalPort;
use crate::telemetry::Metrics;

/// What a life of the watchdog runs on.
#[derive(Clone)]
pub struct Parts {
    pub ports: Ports,
    pub journal: Arc<dyn JournalPort>,
    pub decide: Decide,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
}

/// The machine's three functions.
#[derive(Clone, Copy)]
pub struct Decide {
    pub step: fn(&mut State, Event, &Timing) -> Vec<Fact>,
    pub judge: fn(&State, &SecretArn, &Policy, &Settings, Timestamp) -> Judgement,
    pub admit: fn(&State, &Judgements, &Settings, Situation) -> Admission,
}

impl Default for Decide {
    fn default() -> Self {
        Self {
            step: machine::step::step,
            judge: machine::judge::judge,
            admit: machine::fleet::admit,
        }
    }
}

/// What a rule assigns to a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The rule, in words.
    pub rule: String,
    pub policy: Policy,
    pub login: LoginTarget,
    /// The rotation Lambda's log group, where it is not the function's own.
    pub log_group: Option<String>,
}

/// Which rule a secret gets; none where no rule matches.
pub type Rules = Arc<dyn Fn(&SecretSummary) -> Option<Assignment> + Send + Sync>;

/// A rule by itself, whatever comes before it.
#[derive(Clone)]
pub struct RuleWords {
    /// As [`Assignment::rule`] has it.
    pub rule: String,
    /// It takes what the others leave, and may well be left nothing.
    pub catches_all: bool,
    pub covers: Arc<dyn Fn(&SecretSummary) -> bool + Send + Sync>,
}

/// What the configuration fixes for a whole life.
#[derive(Clone)]
pub struct Options {
    pub rules: Rules,
    /// The same rules one by one, to tell which of them gets nothing.
    pub rule_list: Vec<RuleWords>,
    /// Where secrets are listed; what their ARNs say where nobody knows.
    pub region: Option<String>,
    pub settings: Settings,
    /// The clusters to search; nothing for all.
    pub clusters: Option<Vec<String>>,
    /// Database hosts by the name of their secret: functions that name one are suspected consumers.
    pub database_hosts: BTreeMap<String, String>,
    pub patterns: Arc<LogPatterns>,
    pub retention: SignedDuration,
    /// Where the journal lies, for people.
    pub journal: String,
    /// From the signal to the end.
    pub drain: SignedDuration,
    pub simulated: bool,
}
