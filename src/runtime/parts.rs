//! What the loop is made of: everything outside it, each part replaceable (by the simulation, by a seeded defect).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use machine::facts::watched::{RuleWords, Watch};
use machine::model::{LogPatterns, SecretSummary};
use machine::policy::{Policy, Settings};
use machine::turn::Decide;

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

/// What a rule assigns to a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub policy: Arc<Policy>,
    pub login: LoginTarget,
    /// The rotation Lambda's log group, where it is not the function's own.
    pub log_group: Option<String>,
}

/// Which rule a secret gets; none where no rule matches.
pub type Rules = Arc<dyn Fn(&SecretSummary) -> Option<Arc<Assignment>> + Send + Sync>;

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

impl Options {
    /// What the machine must know of it.
    pub(super) fn watch(&self) -> Watch {
        let rules = Arc::clone(&self.rules);
        Watch {
            rules: Arc::new(move |secret| Some(Arc::clone(&rules(secret)?.policy))),
            rule_list: self.rule_list.clone(),
            region: self.region.clone(),
            clusters: self.clusters.clone(),
            database_hosts: self.database_hosts.clone(),
            rds: self.settings.rds,
        }
    }

    /// What its rule says of a secret that is watched: it keeps its rule where its rotation was switched off.
    pub(super) fn assignment(&self, secret: &SecretSummary) -> Option<Arc<Assignment>> {
        let rotating = || SecretSummary {
            rotation_enabled: true,
            ..secret.clone()
        };
        (self.rules)(secret).or_else(|| (self.rules)(&rotating()))
    }
}
