//! What the rules make of the last list of secrets: what each gets, and what none takes.

use std::sync::Arc;

use machine::findings::{Coverage, RuleCoverage, Unwatched};
use machine::model::{SecretArn, SecretSummary};

use super::parts::Options;

/// The last list, by the rules.
#[derive(Clone, Debug, Default)]
pub(super) struct Covered {
    pub(super) coverage: Coverage,
    pub(super) unwatched: Arc<Vec<Unwatched>>,
}

/// `watched`: whether the secret is, be it for a rule of now or of before.
pub(super) fn cover<'a>(
    options: &Options,
    listed: impl Iterator<Item = &'a SecretSummary>,
    watched: impl Fn(&SecretArn) -> bool,
    watching: usize,
) -> Covered {
    let rules = options.rule_list.iter().map(|rule| RuleCoverage {
        rule: rule.rule.clone(),
        catches_all: rule.catches_all,
        matches: 0,
        gets: 0,
    });
    let mut coverage = Coverage {
        region: options.region.clone(),
        watched: watching,
        rules: rules.collect(),
        ..Coverage::default()
    };
    let mut unwatched = Vec::new();
    for summary in listed {
        let gets = (options.rules)(summary).map(|assignment| assignment.rule);
        let goes_by = count(&mut coverage, options, summary, gets.as_deref());
        if !watched(&summary.arn) {
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
fn count(coverage: &mut Coverage, options: &Options, summary: &SecretSummary, gets: Option<&str>) -> bool {
    coverage.listed += 1;
    let (region, account) = (summary.arn.region(), summary.arn.account());
    coverage.region = coverage.region.take().or_else(|| region.map(str::to_owned));
    coverage.account = coverage.account.take().or_else(|| account.map(str::to_owned));
    let mut goes_by = false;
    for (rule, counted) in options.rule_list.iter().zip(&mut coverage.rules) {
        if (rule.covers)(summary) {
            goes_by = true;
            counted.matches += 1;
        }
        counted.gets += usize::from(gets == Some(&*rule.rule));
    }
    goes_by
}
