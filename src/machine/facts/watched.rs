//! Which secrets are watched, by which rule, and what the rules make of the last list.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::facts::state::State;
use crate::findings::{Coverage, RuleCoverage, Unwatched};
use crate::model::{Consumer, Reference, ReferenceKind, ScopeSeen, SecretArn, SecretSummary};
use crate::policy::Policy;

/// The longest time that a deleted secret can be restored.
const RECOVERY_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Which rule a listed secret gets; none where no rule takes it.
pub type Rules = Arc<dyn Fn(&SecretSummary) -> Option<Arc<Policy>> + Send + Sync>;

/// A rule by itself, whatever comes before it.
#[derive(Clone)]
pub struct RuleWords {
    /// As [`Policy::rule`] has it.
    pub rule: String,
    /// It takes what the others leave, and may well be left nothing.
    pub catches_all: bool,
    pub covers: Arc<dyn Fn(&SecretSummary) -> bool + Send + Sync>,
}

/// What a person has said is to be watched, for a whole life.
#[derive(Clone)]
pub struct Watch {
    pub rules: Rules,
    /// The same rules one by one, to tell which of them gets nothing.
    pub rule_list: Vec<RuleWords>,
    /// Where secrets are listed; what their ARNs say where nobody knows.
    pub region: Option<String>,
    /// The clusters to search; nothing for all.
    pub clusters: Option<Vec<String>>,
    /// Database hosts by the name of their secret: consumers that name one are suspected.
    pub database_hosts: BTreeMap<String, String>,
    /// RDS is asked, for proxies too.
    pub rds: bool,
}

/// Secrets with the rule that each gets.
pub type Watched = BTreeMap<SecretArn, Arc<Policy>>;

/// The last list, by the rules.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    pub coverage: Coverage,
    /// Listed, and taken by no rule.
    pub unwatched: Arc<Vec<Unwatched>>,
}

impl Watch {
    /// Gives each secret of the last list its rule. `before`: what each had until now.
    pub(crate) fn give_out(&self, state: &State, before: &Watched) -> Watched {
        let newest = newest(state);
        let mut watched = Watched::new();
        // A list may go on to name one that is dead, beside the one that was made anew under its name.
        for summary in listed(state, newest).filter(|summary| state.successor(&summary.arn).is_none()) {
            if let Some(policy) = (self.rules)(summary) {
                watched.insert(summary.arn.clone(), policy);
            }
        }
        let kept = before.iter().filter(|(secret, _)| {
            !watched.contains_key(*secret) && self.is_kept(state, secret, newest).unwrap_or(false)
        });
        let kept: Watched = kept
            .map(|(secret, policy)| (secret.clone(), Arc::clone(policy)))
            .collect();
        watched.extend(kept);
        watched
    }

    /// Secrets keep their rule where the list has lost them, and where their rotation was switched off: consumers may
    /// be left behind, and a deleted secret must say so. Not one that is gone for good, or has a successor.
    fn is_kept(&self, state: &State, secret: &SecretArn, newest: Option<Timestamp>) -> Option<bool> {
        let (listed, summary) = state.secret(secret)?.summary.as_ref()?;
        let unlisted_for = newest?.duration_since(listed.sent);
        let rotating = SecretSummary {
            rotation_enabled: true,
            ..summary.clone()
        };
        Some(if state.successor(secret).is_some() {
            false
        } else if unlisted_for.is_zero() {
            (self.rules)(&rotating).is_some()
        } else {
            unlisted_for < RECOVERY_WINDOW && !state.is_dead(secret)
        })
    }

    /// Which rules get anything of the last list, and which secrets none.
    pub(crate) fn cover(&self, state: &State, watched: &Watched) -> Covered {
        let rules = self.rule_list.iter().map(|rule| RuleCoverage {
            rule: rule.rule.clone(),
            catches_all: rule.catches_all,
            matches: 0,
            gets: 0,
        });
        let mut coverage = Coverage {
            region: self.region.clone(),
            watched: watched.len(),
            rules: rules.collect(),
            ..Coverage::default()
        };
        let mut unwatched = Vec::new();
        for summary in listed(state, newest(state)) {
            let goes_by = self.count(&mut coverage, summary);
            if !watched.contains_key(&summary.arn) {
                unwatched.push(Unwatched {
                    arn: summary.arn.clone(),
                    name: summary.name.clone(),
                    rotation_enabled: summary.rotation_enabled,
                    excluded: goes_by,
                });
            }
        }
        Covered {
            coverage,
            unwatched: Arc::new(unwatched),
        }
    }

    /// Counts one secret of the list. Whether any rule goes by it.
    fn count(&self, coverage: &mut Coverage, summary: &SecretSummary) -> bool {
        coverage.listed += 1;
        let (region, account) = (summary.arn.region(), summary.arn.account());
        coverage.region = coverage.region.take().or_else(|| region.map(str::to_owned));
        coverage.account = coverage.account.take().or_else(|| account.map(str::to_owned));
        let policy = (self.rules)(summary);
        let gets = policy.as_ref().map(|policy| &*policy.rule);
        let mut goes_by = false;
        for (rule, counted) in self.rule_list.iter().zip(&mut coverage.rules) {
            if (rule.covers)(summary) {
                goes_by = true;
                counted.matches += 1;
            }
            counted.gets += usize::from(gets == Some(&*rule.rule));
        }
        goes_by
    }
}

/// The consumers that rules name.
pub(crate) fn declared(watched: &Watched) -> ScopeSeen {
    let mut consumers: BTreeMap<_, Consumer> = BTreeMap::new();
    for (secret, policy) in watched {
        for declared in &policy.declared {
            let consumer = consumers.entry(declared.id.clone()).or_insert_with(|| Consumer {
                id: declared.id.clone(),
                references: Vec::new(),
                mutable_images: Vec::new(),
                settings: None,
                endpoint: None,
                target_groups: Vec::new(),
            });
            consumer.references.push(Reference {
                secret: secret.clone(),
                kind: ReferenceKind::Declared,
            });
        }
    }
    let databases = watched
        .iter()
        .filter_map(|(secret, policy)| Some((secret.clone(), policy.rds.clone()?)));
    ScopeSeen {
        consumers: consumers.into_values().collect(),
        databases: databases.collect(),
        ..ScopeSeen::default()
    }
}

/// When the last list was asked for.
fn newest(state: &State) -> Option<Timestamp> {
    let summaries = state.secrets.values().filter_map(|facts| facts.summary.as_ref());
    summaries.map(|(look, _)| look.sent).max()
}

/// What the last list has.
fn listed(state: &State, newest: Option<Timestamp>) -> impl Iterator<Item = &SecretSummary> {
    let summaries = state.secrets.values().filter_map(|facts| facts.summary.as_ref());
    let listed = summaries.filter(move |(look, _)| Some(look.sent) == newest);
    listed.map(|(_, summary)| summary)
}
