//! What keeps the rotation Lambda's log from telling what it holds (aws-facts: The rotation Lambda's log).

use jiff::{SignedDuration, Timestamp};

use super::{Kind, List, Severity, commands};
use crate::facts::state::SecretFacts;
use crate::judge::Judgement;
use crate::model::{LogReach, LogTrouble};

/// A rotation's function has logged its first line by then.
const INVOKED_WITHIN: SignedDuration = SignedDuration::from_secs(30);

impl List<'_> {
    pub(super) fn rotation_log(&mut self, facts: &SecretFacts, judgement: &Judgement, now: Timestamp) {
        let (Some(trouble), Some(function)) = (&facts.log_trouble, facts.rotation_lambda_name()) else {
            return;
        };
        let LogTrouble { group, reach } = trouble;
        match reach {
            LogReach::Whole => {}
            LogReach::Absent if absence_told_at(facts, judgement).is_some_and(|at| now < at) => {}
            LogReach::Absent => self.absent(group, function, judgement),
            LogReach::Refused { why } => self.add(
                Severity::Warning,
                Kind::LogUnreadable,
                format!(
                    "the log group {group} of its rotation function cannot be searched: {why}; steps and failures of its \
                     rotations are not seen there"
                ),
                own_group(
                    function,
                    "a group of the class Standard, whose key, if it has one, CloudWatch Logs may use (the class of a group \
                     cannot be changed)",
                ),
            ),
            LogReach::Cut { until } => self.add(
                Severity::Warning,
                Kind::LogUnreadable,
                format!(
                    "the log group {group} of its rotation function holds more than is read at once: read up to {until:.0}, \
                     the rest follows as far as it can be kept up with"
                ),
                own_group(function, "a group that no other function logs to"),
            ),
        }
    }

    /// A function that was never invoked has no group yet.
    fn absent(&mut self, group: &str, function: &str, judgement: &Judgement) {
        let (severity, what) = match judgement.open() {
            Some(_) => (
                Severity::Warning,
                "steps and failures of the rotation are not seen",
            ),
            None => (Severity::Info, "it never logged, or it may not"),
        };
        self.add(
            severity,
            Kind::LogAbsent,
            format!("the log group {group} of its rotation function does not exist: {what}"),
            format!(
                "once the function is invoked its role must allow logs:CreateLogGroup, logs:CreateLogStream and \
                 logs:PutLogEvents; where it logs: {}; another place goes into the rule as log_group",
                commands::configuration(function)
            ),
        );
    }
}

/// When it is told that the log of a rotation under way does not exist: its first invocation may be about to make it.
pub(crate) fn absence_told_at(facts: &SecretFacts, judgement: &Judgement) -> Option<Timestamp> {
    let trouble = facts.log_trouble.as_ref()?;
    let started = judgement.open()?.rotation.started.as_ref()?;
    (trouble.reach == LogReach::Absent).then(|| started.when.not_after + INVOKED_WITHIN)
}

fn own_group(function: &str, which: &str) -> String {
    format!("give the function {which}: {}", commands::log_group(function))
}
